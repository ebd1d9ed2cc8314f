package operator_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/operator/operatortest"
)

func tens(n int) int { return n / 10 }

func TestDedup(t *testing.T) {
	in := operatortest.Of[int]().At("10:00", 10, 11, 20).At("10:30", 12).Watermark("10:59").At("11:00", 13).
		Watermark("11:30").At("12:00", 21).At("11:45", 14)
	want := operatortest.Of[int]().At("10:00", 10, 20).At("11:00", 13).At("12:00", 21)
	operatortest.RunKeyed(t, tens, operator.NewDedup[int](time.Hour), in, want, operatortest.WantCounter("duplicates", 3))
	forever := operatortest.Of[int]().At("10:00", 10, 20)
	operatortest.RunKeyed(t, tens, operator.NewDedup[int](0), in, forever, operatortest.WantCounter("duplicates", 5))
	untimed := operatortest.Of(10, 11).Clock("00:59:59").Untimed(12).Clock("01:00").Untimed(13)
	operatortest.RunKeyed(t, tens, operator.NewDedup[int](time.Hour), untimed, operatortest.Of(10, 13))
	require.Error(t, operator.NewDedup[int](-1).(interface{ Validate() error }).Validate())
}

func TestDedupBloom(t *testing.T) {
	one := func(int) bool { return true }
	id := func(n int) int { return n }
	operatortest.RunKeyed(t, one, operator.NewDedupBloom(id, operator.Bloom{Capacity: 100, Error: 0.001}),
		operatortest.Of(1, 2, 1, 3, 2, 1), operatortest.Of(1, 2, 3), operatortest.WantCounter("duplicates", 3))
	err := operator.NewDedupBloom[int, int](nil, operator.Bloom{Error: 1}).(interface{ Validate() error }).Validate()
	require.ErrorContains(t, err, "nil")
	require.ErrorContains(t, err, "Capacity")
}

// TestDedupBloomError: new ids are dropped by mistake no more often than was said, and no duplicate of the newest comes
// through.
func TestDedupBloomError(t *testing.T) {
	for _, wrong := range []float64{0.1, 0.01, 0.001} {
		const n = 20_000
		in := operatortest.Of[int]()
		for i := range n {
			in.Untimed(i, i)
		}
		b := operator.Bloom{Capacity: n / 4, Error: wrong}
		dropped := 0
		f := operator.NewDedupBloom(func(i int) int { return i }, b)
		operatortest.RunKeyed(t, func(int) bool { return true }, counted(f, &dropped), in, nothing(), operatortest.Only(operatortest.ItemWise))
		mistakes := float64(n - dropped)
		require.LessOrEqual(t, mistakes, wrong*n*1.3+3, "of %d at %v", n, wrong)
	}
}

// counted counts what an operator puts out, and hands nothing on.
func counted(f operator.Factory[int, int], n *int) operator.Factory[int, int] {
	return operator.NewFactory("counted", func() operator.Operator[int, int] { return &countingOutput{f.New(), n} })
}

type countingOutput struct {
	operator.Operator[int, int]
	n *int
}

func (c *countingOutput) Open(x operator.Context, out operator.Receiver[int]) error {
	return c.Operator.Open(x, swallow{out, c.n})
}

type swallow struct {
	operator.Receiver[int]
	n *int
}

func (s swallow) Push(int64, *int) error { *s.n++; return nil }

func nothing() *operatortest.Script[int] { return operatortest.Of[int]() }

func TestSample(t *testing.T) {
	for _, share := range []float64{0, 0.1, 0.5, 1} {
		in, all := operatortest.Of[int](), 0
		for i := range 400 {
			in.Untimed(i)
		}
		operatortest.Trace(t, operator.NewSample[int](share, 7), in)
		many := operatortest.Of[int]()
		for i := range 20_000 {
			many.Untimed(i)
		}
		for _, f := range []operator.Factory[int, int]{
			operator.NewSample[int](share, 7), operator.NewSampleBy(func(i int) string { return fmt.Sprint(i) }, share),
		} {
			all = 0
			operatortest.Run(t, counted(f, &all), many, nothing(), operatortest.Only(operatortest.ItemWise))
			require.InDelta(t, share*20_000, all, 300)
		}
	}
	require.Error(t, operator.NewSample[int](1.1, 0).(interface{ Validate() error }).Validate())
	require.Error(t, operator.NewSampleBy[int, int](nil, 0.5).(interface{ Validate() error }).Validate())
}

func TestThrottle(t *testing.T) {
	in := operatortest.Of(1, 2).Clock("00:00:01").Untimed(3).Barrier().Clock("00:00:02").Clock("00:00:05").Untimed(4).Clock("00:00:07")
	operatortest.Run(t, operator.NewThrottle[int](1), in, operatortest.Of(1, 2, 3, 4))
	require.Error(t, operator.NewThrottle[int](0).(interface{ Validate() error }).Validate())
}

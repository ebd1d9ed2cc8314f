package operator_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/connector/memory"
	"github.com/turgo-io/turgo/operator"
)

type counting struct{ n int }

func (c *counting) Push(int64, *int) error   { c.n++; return nil }
func (c *counting) Mark(operator.Mark) error { return nil }

type handClock struct{ now int64 }

func (c *handClock) Now() int64 { return c.now }

// pacedReader is the reader of subtask 0 of some, with its share of four splits.
func pacedReader(t *testing.T, perSecond float64, parallelism int) (operator.Reader[int], *handClock) {
	t.Helper()
	source := operator.Paced[int](memory.Slice(make([]int, 100_000)).Spread(4), perSecond)
	require.NoError(t, source.Validate())
	splits, err := source.Splits(t.Context())
	require.NoError(t, err)
	clock := &handClock{now: 1e18}
	r, err := source.Reader(operator.NewContext(&operator.Env{Parallelism: parallelism, Clock: clock, Task: &operator.TaskState{}, Ctx: t.Context()}))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	for i, s := range splits {
		if int(s.Ord)%parallelism == 0 {
			require.NoError(t, r.Add(s, int32(i), nil))
		}
	}
	return r, clock
}

// pollFor polls for a while of the clock's time and returns how many records came.
func pollFor(t *testing.T, r operator.Reader[int], c *handClock, d time.Duration) int {
	t.Helper()
	sink := &counting{}
	out := &operator.Emitter[int]{Next: sink, Task: &operator.TaskState{}}
	for end := c.now + int64(d); c.now < end; {
		status, at, err := r.Poll(out, 256)
		require.NoError(t, err)
		if status == operator.Blocked {
			require.Greater(t, at, c.now, "a deadline that has passed makes the task spin")
			c.now = min(at, end)
		}
	}
	return sink.n
}

func TestPacedGivesItsRate(t *testing.T) {
	for _, parallelism := range []int{1, 2, 4} {
		r, clock := pacedReader(t, 4000, parallelism)
		require.InDelta(t, 4000/parallelism, pollFor(t, r, clock, time.Second), 410, "a tenth of a second may be made up for")
		require.InDelta(t, 8000/parallelism, pollFor(t, r, clock, 2*time.Second), 10)
	}
}

func TestPacedMakesUpForLittle(t *testing.T) {
	r, clock := pacedReader(t, 1000, 1)
	pollFor(t, r, clock, time.Second)
	clock.now += int64(time.Minute)
	require.InDelta(t, 1100, pollFor(t, r, clock, time.Second), 10)
}

func TestPacedRate(t *testing.T) {
	require.ErrorContains(t, operator.Paced[int](memory.Of(1), 0).Validate(), "more than 0")
}

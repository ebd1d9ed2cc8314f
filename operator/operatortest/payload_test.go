package operatortest_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/operator/operatortest"
)

// lag puts out each record when the next one comes. What it holds at a barrier is the payload of the checkpoint, which
// a goroutine of its own hands in.
type lag struct {
	operator.Base[int]
	held      []operator.Record[int]
	committed int64
	late      bool // forgets what it held
}

func (o *lag) Open(c operator.Context, out operator.Receiver[int]) error {
	for _, p := range c.Env().Payloads {
		for _, line := range strings.Fields(string(p)) {
			at, v, _ := strings.Cut(line, "=")
			t, _ := strconv.ParseInt(at, 10, 64)
			n, _ := strconv.Atoi(v)
			o.held = append(o.held, operator.Record[int]{Time: t, Value: n})
		}
	}
	return o.Base.Open(c, out)
}

func (o *lag) Push(time int64, v *int) error {
	n := *v
	if err := o.release(); err != nil {
		return err
	}
	o.held = append(o.held, operator.Record[int]{Time: time, Value: n})
	return nil
}

func (o *lag) release() error {
	for i := range o.held {
		if err := o.Out.Push(o.held[i].Time, &o.held[i].Value); err != nil {
			return err
		}
	}
	o.held = o.held[:0]
	return nil
}

func (o *lag) Mark(m operator.Mark) error {
	if m.Kind == operator.Watermark || m.Kind == operator.End {
		if err := o.release(); err != nil {
			return err
		}
	}
	return o.Out.Mark(m)
}

func (o *lag) Prepare(n int64, done func([]byte, error)) {
	text := ""
	for _, h := range o.held {
		text += strconv.FormatInt(h.Time, 10) + "=" + strconv.Itoa(h.Value) + " "
	}
	if text == "" || o.late {
		done(nil, nil)
		return
	}
	o.Context.Env().Executor.Go("hand in", func() {
		go done([]byte(text), nil)
	})
}

func (o *lag) Committed(n int64) error {
	o.committed = n
	return nil
}

func newLag(late bool) operator.Factory[int, int] {
	return operator.NewFactory("lag", func() operator.Operator[int, int] { return &lag{late: late} })
}

// An operator that keeps what it holds in payloads is right in every mode, and one that forgets it is found out.
func TestPayloads(t *testing.T) {
	in := func() *operatortest.Script[int] {
		return operatortest.Of(1, 2).At("10:00:00", 3, 4).Barrier().Watermark("10:00:01").At("10:00:02", 5, 6)
	}
	want := operatortest.Of(1, 2).At("10:00:00", 3, 4).At("10:00:02", 5, 6)
	operatortest.Run(t, newLag(false), in(), want)

	r := &recorder{TB: t}
	operatortest.Run(r, newLag(true), in(), want)
	if len(r.said) != 1 || !strings.Contains(r.said[0], "restored (a checkpoint and a restore after each record)") {
		t.Errorf("said %q", r.said)
	}
}

// Marks that an operator makes are compared as far as they are wanted, and in every mode that keeps what they come from.
func TestOwnMarks(t *testing.T) {
	in := func() *operatortest.Script[int] {
		return operatortest.Of[int]().Split("a").Untimed(1).Split("b").Untimed(2, 5).SplitIdle("a").SplitDone("b").Flush().EndOfTime()
	}
	run := func(t testing.TB, want *operatortest.Script[int]) {
		operatortest.Run(t, operator.NewEventTime(operator.Watermarks[int]{Time: second}), in(), want, operatortest.MakesWatermarks())
	}
	run(t, operatortest.Of[int]().At("10:00:01", 1).Watermark("10:00:00.999999999").At("10:00:02", 2).At("10:00:05", 5).
		Watermark("10:00:04.999999999").Idle())
	run(t, operatortest.Of[int]().At("10:00:01", 1).At("10:00:02", 2).At("10:00:05", 5))
	r := &recorder{TB: t}
	run(r, operatortest.Of[int]().At("10:00:01", 1).Watermark("10:00:01").At("10:00:02", 2).At("10:00:05", 5))
	if len(r.said) != 1 || !strings.Contains(r.said[0], "  - watermark 10:00:01\n  + watermark 10:00:00.999999999\n") {
		t.Errorf("said %q", r.said)
	}
}

// second is when a number happened.
func second(n int) time.Time { return time.Date(2026, 1, 1, 10, 0, n, 0, time.UTC) }

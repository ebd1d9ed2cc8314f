package operator_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/operator/operatortest"
	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/window"
)

// hit is a record with a key.
type hit struct {
	User string
	N    int
}

func userOf(h hit) string { return h.User }

// hits are of several users in turn, in every key group range of three subtasks.
func hits() *operatortest.Script[hit] {
	return operatortest.Of[hit]().
		At("10:00:00", hit{"ann", 1}, hit{"bob", 2}, hit{"cid", 3}, hit{"ann", 4}).
		Watermark("10:00:30").
		At("10:00:40", hit{"bob", 5}, hit{"dan", 6}).
		Barrier().
		At("10:00:50", hit{"ann", 7}, hit{"cid", 8}, hit{"bob", 9})
}

func TestWithState(t *testing.T) {
	type total struct{ Count, Sum int }
	operatortest.RunKeyed(t, userOf, operator.NewWithState(func(s *total, h hit) string {
		s.Count++
		s.Sum += h.N
		return fmt.Sprint(h.User, s.Count, s.Sum)
	}), hits(), operatortest.Of[string]().
		At("10:00:00", "ann1 1", "bob1 2", "cid1 3", "ann2 5").
		At("10:00:40", "bob2 7", "dan1 6").
		At("10:00:50", "ann3 12", "cid2 11", "bob3 16"))
}

func TestReduce(t *testing.T) {
	operatortest.RunKeyed(t, userOf, operator.NewReduce(func(sum, h hit) hit { return hit{sum.User, sum.N + h.N} }),
		hits(), operatortest.Of[hit]().
			At("10:00:00", hit{"ann", 1}, hit{"bob", 2}, hit{"cid", 3}, hit{"ann", 5}).
			At("10:00:40", hit{"bob", 7}, hit{"dan", 6}).
			At("10:00:50", hit{"ann", 12}, hit{"cid", 11}, hit{"bob", 16}))
}

func TestCount(t *testing.T) {
	operatortest.RunKeyed(t, userOf, operator.NewCount[string, hit](func(k string, n int64) string { return fmt.Sprint(k, n) }),
		hits(), operatortest.Of[string]().
			At("10:00:00", "ann1", "bob1", "cid1", "ann2").
			At("10:00:40", "bob2", "dan1").
			At("10:00:50", "ann3", "cid2", "bob3"))
}

func TestOver(t *testing.T) {
	operatortest.RunKeyed(t, userOf, operator.NewOver(window.Range(10*time.Second, time.Minute),
		func(h hit) float64 { return float64(h.N) },
		func(h hit, w *window.Rolling) string {
			short, long := w.Stats(0), w.Stats(1)
			return fmt.Sprintf("%s %g/%d %g/%d", h.User, short.Sum, short.Count, long.Max, long.Count)
		}), hits().At("10:01:45", hit{"ann", 10}), operatortest.Of[string]().
		At("10:00:00", "ann 1/1 1/1", "bob 2/1 2/1", "cid 3/1 3/1", "ann 5/2 4/2").
		At("10:00:40", "bob 5/1 5/2", "dan 6/1 6/1").
		At("10:00:50", "ann 7/1 7/3", "cid 8/1 8/2", "bob 9/1 9/3").
		At("10:01:45", "ann 10/1 10/2"))
}

func TestOverNeedsEventTime(t *testing.T) {
	operatortest.RunKeyed(t, userOf, operator.NewOver(window.Range(time.Minute), func(h hit) float64 { return 0 },
		func(h hit, w *window.Rolling) hit { return h }),
		operatortest.Of[hit]().At("10:00:00", hit{"ann", 1}).Untimed(hit{"ann", 2}).At("10:00:01", hit{"ann", 3}),
		operatortest.Of[hit]().At("10:00:00", hit{"ann", 1}), operatortest.Fails("put EventTime before it"))
}

// alarm reports a user who was not seen for a minute of event time, and greets each after five seconds of
// processing time; a stopped user's timers are taken back.
type alarm struct {
	last  state.Value[int64]
	stops *operator.Collector[string]
}

var stopped = operator.NewSide[string]("stopped")

func (a *alarm) Open(c operator.Context) (err error) {
	a.last = state.NewValue[int64](c, "last")
	a.stops, err = stopped.Output(c)
	return err
}

func (a *alarm) Process(c operator.KeyedContext[string], h hit, out *operator.Collector[string]) error {
	if last, ok := a.last.Get(); ok {
		c.DeleteTimer(time.Unix(0, last).Add(time.Minute))
	} else {
		c.SetProcessingTimer(c.Now().Add(5 * time.Second))
	}
	if h.N < 0 {
		c.DeleteProcessingTimer(c.Now().Add(5 * time.Second))
		a.last.Clear()
		a.stops.At(c.Time().UnixNano())
		a.stops.Emit(c.Key())
		return nil
	}
	a.last.Set(c.Time().UnixNano())
	c.SetTimer(c.Time().Add(time.Minute))
	return nil
}

func (a *alarm) OnTimer(c operator.KeyedContext[string], at time.Time, out *operator.Collector[string]) error {
	if c.Time().IsZero() {
		out.Emit("hello " + c.Key())
		return nil
	}
	a.last.Clear()
	out.Emit(fmt.Sprint("lost ", c.Key(), " ", at.Format("15:04:05")))
	return nil
}

func TestKeyedTimers(t *testing.T) {
	in := operatortest.Of[hit]().
		At("10:00:00", hit{"ann", 1}, hit{"bob", 1}, hit{"cid", 1}, hit{"dan", 1}).
		At("10:00:20", hit{"ann", 2}).
		Watermark("10:00:50").
		At("10:00:55", hit{"cid", -1}).
		Clock("00:00:05").
		Watermark("10:01:00").
		At("10:01:01", hit{"eve", 1}).
		Clock("00:00:11").
		Watermark("10:01:20")
	want := operatortest.Of[string]().
		Untimed("hello ann", "hello bob", "hello dan").
		At("10:01:00", "lost bob 10:01:00", "lost dan 10:01:00").
		Untimed("hello eve").
		At("10:01:20", "lost ann 10:01:20").
		At("10:02:01", "lost eve 10:02:01")
	operatortest.RunKeyed(t, userOf, operator.NewKeyed("alarm", func() operator.Keyed[string, hit, string] { return &alarm{} }),
		in, want, operatortest.WantSide(stopped, operatortest.Of[string]().At("10:00:55", "cid")))
}

// repeater emits when a timer fires, and says what went wrong when told so.
type repeater struct {
	process func(operator.KeyedContext[string], hit, *operator.Collector[hit]) error
}

func (r *repeater) Process(c operator.KeyedContext[string], h hit, out *operator.Collector[hit]) error {
	return r.process(c, h, out)
}

func keyedFunc(fn func(operator.KeyedContext[string], hit, *operator.Collector[hit]) error) operator.Factory[hit, hit] {
	return operator.NewKeyed("fn", func() operator.Keyed[string, hit, hit] { return &repeater{fn} })
}

func TestKeyedFaults(t *testing.T) {
	in := func() *operatortest.Script[hit] {
		return operatortest.Of[hit]().At("10:00:00", hit{"ann", 1}, hit{"ann", -1}, hit{"ann", 2})
	}
	first := operatortest.Of[hit]().At("10:00:00", hit{"ann", 1})
	t.Run("error", func(t *testing.T) {
		operatortest.RunKeyed(t, userOf, keyedFunc(func(c operator.KeyedContext[string], h hit, out *operator.Collector[hit]) error {
			if out.Emit(h); h.N < 0 {
				return errors.New("no negatives")
			}
			return nil
		}), in(), operatortest.Of[hit]().At("10:00:00", hit{"ann", 1}, hit{"ann", -1}), operatortest.Fails("no negatives"))
	})
	t.Run("timer without OnTimer", func(t *testing.T) {
		operatortest.RunKeyed(t, userOf, keyedFunc(func(c operator.KeyedContext[string], h hit, out *operator.Collector[hit]) error {
			if h.N == 1 {
				out.Emit(h)
			}
			c.SetTimer(c.Time())
			return nil
		}), in(), first, operatortest.Fails("fn sets timers but has no OnTimer(operator.KeyedContext[string]"))
	})
	t.Run("key of another type", func(t *testing.T) {
		operatortest.RunKeyed(t, func(h hit) int { return h.N },
			keyedFunc(func(operator.KeyedContext[string], hit, *operator.Collector[hit]) error { return nil }),
			in(), operatortest.Of[hit](), operatortest.Fails("works on keys of type string, but its input is keyed by *state.Keys[int]"))
	})
	t.Run("no key", func(t *testing.T) {
		operatortest.Run(t, keyedFunc(func(operator.KeyedContext[string], hit, *operator.Collector[hit]) error { return nil }),
			in(), operatortest.Of[hit](), operatortest.Fails("put it right behind KeyBy"))
	})
}

// burst is a Function that has all optional methods.
type burst struct{ opened, closed *int }

func (b burst) Open(operator.Context) error { *b.opened++; return nil }
func (b burst) Close() error                { *b.closed++; return nil }

func (b burst) Process(c operator.RecordContext, n int, out *operator.Collector[string]) error {
	for i := range n {
		out.Emit(fmt.Sprint(i))
	}
	if at := c.Time(); !at.IsZero() {
		out.EmitAt(at.Add(time.Second), "later")
	}
	return nil
}

func TestFunction(t *testing.T) {
	var opened, closed int
	operatortest.Run(t, operator.NewFunction("burst", func() operator.Function[int, string] { return burst{&opened, &closed} }),
		operatortest.Of(2, 0).Watermark("09:00:00").At("10:00:00", 1),
		operatortest.Of("0", "1").At("10:00:00", "0").At("10:00:01", "later"))
	if opened == 0 || opened != closed {
		t.Errorf("opened %d times, closed %d times", opened, closed)
	}
}

// forever is a function whose timer sets the next one, for as long as it may.
type forever struct{ polite bool }

func (forever) Process(c operator.KeyedContext[string], _ hit, _ *operator.Collector[int]) error {
	c.SetTimer(c.Time().Add(time.Minute))
	return nil
}

func (f forever) OnTimer(c operator.KeyedContext[string], at time.Time, out *operator.Collector[int]) error {
	if f.polite && c.InputEnded() {
		out.Emit(at.Minute())
		return nil
	}
	c.SetTimer(at.Add(time.Minute))
	return nil
}

// The end of the input fires what timers set as well, but not without end.
func TestTimersAtTheEnd(t *testing.T) {
	in := func() *operatortest.Script[hit] {
		return operatortest.Of[hit]().At("10:00:00", hit{"ann", 1}).Watermark("10:04:00")
	}
	none := operatortest.Of[int]()
	operatortest.RunKeyed(t, userOf, operator.NewKeyed("tick", func() operator.Keyed[string, hit, int] { return forever{} }),
		in(), none, operatortest.Fails("set no timer in OnTimer when the context's InputEnded is true"))
	operatortest.RunKeyed(t, userOf, operator.NewKeyed("tick", func() operator.Keyed[string, hit, int] { return forever{polite: true} }),
		in(), none.At("10:05:00", 5))
}

package exchange_test

import (
	"testing"

	"github.com/turgo-io/turgo/internal/exchange"
	"github.com/turgo-io/turgo/internal/sched"
	"github.com/turgo-io/turgo/operator"
)

// event is a record of 32 bytes.
type event struct{ A, B, C, D int64 }

// counter takes records, and the control elements of one input.
type counter struct{ n int }

func (c *counter) Push(int64, *event) error { c.n++; return nil }
func (*counter) Mark(operator.Mark) error   { return nil }

type ends struct{ over bool }

func (e *ends) Mark(_ *exchange.Gate, m operator.Mark) error {
	e.over = e.over || m.Kind == operator.End
	return nil
}

// half is one of the two tasks of a hop.
type half struct {
	sched.Parker
	step func() sched.Status
}

func (h *half) Step() sched.Status  { return h.step() }
func (h *half) Deadline() int64     { return 0 }
func (h *half) Park() *sched.Parker { return &h.Parker }
func (h *half) Close()              {}
func (h *half) Progress() uint64    { return 0 }

// A hop from one task to another, each on its own goroutine, driven as in production.
func BenchmarkCoreHop(b *testing.B) {
	from, to := &half{}, &half{}
	x := exchange.New[event](exchange.Config{Batch: 256, Slots: 8}, []exchange.Waker{from}, []exchange.Waker{to}, false)
	out, outs := x.Output(0, exchange.Route[event]{})
	c, e := &counter{}, &ends{}
	in := x.Inputs(0, c)[0]
	sent := 0
	from.step = func() sched.Status {
		if !outs[0].Drain() {
			return sched.Blocked
		}
		if sent >= b.N {
			_ = out.Mark(operator.Mark{Kind: operator.End}) // an exchange has no errors
			if outs[0].Drain() {
				return sched.Done
			}
			return sched.Blocked
		}
		v := event{A: int64(sent)}
		for range 256 {
			_ = out.Push(int64(sent), &v)
		}
		sent += 256
		return sched.Ready
	}
	to.step = func() sched.Status {
		worked, err := in.Step(e)
		switch {
		case err != nil:
			b.Error(err)
			return sched.Done
		case e.over:
			return sched.Done
		case worked:
			return sched.Ready
		}
		return sched.Blocked
	}
	b.ReportAllocs()
	b.ResetTimer()
	var g sched.Group
	g.Start(from, to)
	g.Wait()
	b.ReportMetric(float64(c.n)/b.Elapsed().Seconds()/1e6, "Mrec/s")
}

// The same on one goroutine: what the exchange itself costs.
func BenchmarkCoreHopAlone(b *testing.B) {
	w := &waker{}
	x := exchange.New[event](exchange.Config{Batch: 256, Slots: 8}, []exchange.Waker{w}, []exchange.Waker{w}, false)
	out, outs := x.Output(0, exchange.Route[event]{})
	c, e := &counter{}, &ends{}
	in := x.Inputs(0, c)[0]
	v := event{}
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += 256 {
		for range 256 {
			_ = out.Push(int64(n), &v) // an exchange has no errors
		}
		outs[0].Flush()
		if _, err := in.Step(e); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(c.n)/b.Elapsed().Seconds()/1e6, "Mrec/s")
}

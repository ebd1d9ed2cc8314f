package exchange_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/turgo-io/turgo/internal/exchange"
	"github.com/turgo-io/turgo/operator"
)

// TestEqualsQueue does random things to a pair and compares what comes out with a plain queue.
func TestEqualsQueue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := newPair(rapid.IntRange(1, 5).Draw(t, "batch"), rapid.IntRange(1, 5).Draw(t, "slots"))
		p.hold = true
		var queue []string
		ended := false
		put := func(s string) {
			if !ended {
				queue = append(queue, s)
			}
		}
		n := 0
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) {
				if ended {
					return // nothing follows the end
				}
				for range rapid.IntRange(1, 9).Draw(t, "records") {
					n++
					p.push(t, n)
					put(fmt.Sprintf("%d@%d", n, 10*n))
				}
			},
			"mark": func(t *rapid.T) {
				m := operator.Mark{Kind: rapid.SampledFrom([]operator.MarkKind{operator.Watermark, operator.Barrier, operator.Idle, operator.SplitIdle}).Draw(t, "kind"), Value: int64(n)}
				require.NoError(t, p.to.Mark(m))
				if !m.Kind.Local() {
					put(mark(m))
				}
			},
			"end": func(t *rapid.T) {
				if rapid.IntRange(0, 20).Draw(t, "chance") == 0 {
					p.mark(t, operator.End, 0)
					put("end")
					ended = true
				}
			},
			"flush": func(*rapid.T) { p.out().Flush() },
			"drain": func(*rapid.T) { p.out().Drain() },
			"read": func(t *rapid.T) {
				_, err := p.ins[0].Step(control{p.reader})
				require.NoError(t, err)
			},
			"go": func(*rapid.T) { p.ins[0].Gate().Held = false },
		})
		p.out().Flush()
		for done := false; !done; {
			done = p.out().Drain()
			p.ins[0].Gate().Held = false
			p.drain(t, p.ins)
			done = done && !p.ins[0].Gate().Held
		}
		require.Equal(t, joined(queue), joined(p.got))
	})
}

// joined drops watermarks right before another one: whether they are joined depends on the batch.
func joined(all []string) (some []string) {
	watermark := func(s string) bool { return len(s) > 9 && s[:9] == "watermark" }
	for i, s := range all {
		if watermark(s) && i+1 < len(all) && watermark(all[i+1]) {
			continue
		}
		some = append(some, s)
	}
	return some
}

// signal is a task that sleeps on a channel.
type signal chan struct{}

func (s signal) Wake() {
	select {
	case s <- struct{}{}:
	default:
	}
}

// summing reads records that must come in order.
type summing struct {
	next, end int
	watermark int64
	err       error
}

func (s *summing) Push(time int64, v *int) error {
	if *v != s.next || time != int64(*v) || s.watermark >= time {
		s.err = fmt.Errorf("record %d at %d behind watermark %d, want %d", *v, time, s.watermark, s.next)
	}
	s.next++
	return s.err
}

func (s *summing) Mark(operator.Mark) error { return nil }

func (s *summing) control() exchange.Control { return summingControl{s} }

type summingControl struct{ *summing }

func (c summingControl) Mark(_ *exchange.Gate, m operator.Mark) error {
	if m.Kind == operator.End {
		c.end++
	}
	c.watermark = m.Value
	return nil
}

// TestTwoGoroutines moves records between goroutines that sleep whenever there is nothing to do: a wake-up that
// is lost stops the test, a race is the race detector's.
func TestTwoGoroutines(t *testing.T) {
	const n = 50_000
	for _, slots := range []int{1, 2, 8} {
		from, to := make(signal, 1), make(signal, 1)
		x := exchange.New[int](exchange.Config{Batch: 16, Slots: slots}, []exchange.Waker{from}, []exchange.Waker{to}, false)
		var wg sync.WaitGroup
		wg.Go(func() { send(x, from, n) })
		s := &summing{watermark: -1}
		in := x.Inputs(0, s)[0]
		for s.end == 0 {
			worked, err := in.Step(s.control())
			require.NoError(t, err)
			if !worked {
				<-to
			}
		}
		wg.Wait()
		require.Equal(t, n, s.next)
	}
}

func send(x *exchange.Exchange[int], from signal, n int) {
	to, outs := x.Output(0, exchange.Route[int]{})
	for v := range n {
		if v%100 == 50 {
			_ = to.Mark(operator.Mark{Kind: operator.Watermark, Value: int64(v) - 1}) // an exchange has no errors
		}
		_ = to.Push(int64(v), &v)
		if v%40 == 0 {
			outs[0].Flush()
		}
		for !outs[0].Drain() {
			<-from
		}
	}
	_ = to.Mark(operator.Mark{Kind: operator.End})
	for !outs[0].Drain() {
		<-from
	}
}

func TestNoAllocations(t *testing.T) {
	p := newPair(64, 4)
	s := &summing{}
	x := exchange.New[int](exchange.Config{Batch: 64, Slots: 4}, []exchange.Waker{p.from}, []exchange.Waker{p.dest}, false)
	to, outs := x.Output(0, exchange.Route[int]{})
	in := x.Inputs(0, s)[0]
	c := s.control()
	v := 0
	round := func() {
		for range 1000 {
			_ = to.Push(int64(v), &v)
			v++
			if v%100 == 0 {
				_ = to.Mark(operator.Mark{Kind: operator.Watermark, Value: int64(v) - 1})
			}
			if v%64 == 0 && v%3 == 0 { // the ring fills up now and then, and batches are spilled
				for !outs[0].Drain() {
					_, _ = in.Step(c)
				}
			}
		}
	}
	s.watermark = -1
	round()
	require.Zero(t, testing.AllocsPerRun(20, round))
	require.NoError(t, s.err)
}

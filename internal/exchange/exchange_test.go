package exchange_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/turgo-io/turgo/internal/exchange"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
)

// waker counts how often it was woken.
type waker struct{ n int }

func (w *waker) Wake() { w.n++ }

func wakers(n int) (all []exchange.Waker) {
	for range n {
		all = append(all, new(waker))
	}
	return all
}

// reader is the task behind some inputs: it writes down what comes, as text.
type reader struct {
	got  []string
	err  error // of the next record
	hold bool  // a barrier holds its input
}

func (r *reader) Push(time int64, v *int) error {
	r.got = append(r.got, fmt.Sprintf("%d@%d", *v, time))
	return r.err
}

func (r *reader) Mark(m operator.Mark) error { return errors.New("marks come by the gate") }

// control is the reader as the one that takes control elements.
type control struct{ *reader }

func (c control) Mark(g *exchange.Gate, m operator.Mark) error {
	c.got = append(c.got, mark(m))
	g.Held = m.Kind == operator.Barrier && c.hold
	return nil
}

func mark(m operator.Mark) string {
	if m.Kind == operator.Watermark || m.Kind == operator.Barrier {
		return fmt.Sprint(m.Kind, " ", m.Value)
	}
	return m.Kind.String()
}

// drain reads all inputs until there is nothing more.
func (r *reader) drain(t require.TestingT, ins []exchange.In) {
	for worked := true; worked; {
		worked = false
		for _, in := range ins {
			w, err := in.Step(control{r})
			require.NoError(t, err)
			worked = worked || w
		}
	}
}

// pair is one sender and one receiver.
type pair struct {
	*reader
	to   operator.Receiver[int]
	outs []exchange.Out
	ins  []exchange.In
	from *waker // the sending task
	dest *waker // the receiving one
}

func newPair(batch, slots int) *pair {
	p := &pair{reader: &reader{}, from: &waker{}, dest: &waker{}}
	x := exchange.New[int](exchange.Config{Batch: batch, Slots: slots}, []exchange.Waker{p.from}, []exchange.Waker{p.dest}, false)
	p.to, p.outs = x.Output(0, exchange.Route[int]{})
	p.ins = x.Inputs(0, p.reader)
	return p
}

func (p *pair) push(t require.TestingT, values ...int) {
	for _, v := range values {
		require.NoError(t, p.to.Push(int64(10*v), &v))
	}
}

func (p *pair) mark(t require.TestingT, kind operator.MarkKind, value int64) {
	require.NoError(t, p.to.Mark(operator.Mark{Kind: kind, Value: value}))
}

func (p *pair) out() exchange.Out { return p.outs[0] }

func TestOrder(t *testing.T) {
	for _, batch := range []int{1, 2, 3, 100} {
		t.Run(fmt.Sprint("batch ", batch), func(t *testing.T) {
			p := newPair(batch, 64)
			p.mark(t, operator.Watermark, 1)
			p.push(t, 1, 2)
			p.mark(t, operator.Watermark, 2)
			p.push(t, 3)
			p.mark(t, operator.Barrier, 1)
			p.mark(t, operator.Barrier, 2)
			p.push(t, 4, 5, 6, 7)
			p.mark(t, operator.Watermark, 3)
			p.mark(t, operator.Idle, 0)
			p.push(t, 8)
			p.mark(t, operator.Flush, 0) // stays in its task
			p.mark(t, operator.Watermark, operator.MaxTime)
			p.mark(t, operator.End, 0)
			p.drain(t, p.ins)
			require.Equal(t, []string{
				"watermark 1", "1@10", "2@20", "watermark 2", "3@30", "barrier 1", "barrier 2", "4@40", "5@50", "6@60", "7@70",
				"watermark 3", "idle", "8@80", fmt.Sprint("watermark ", operator.MaxTime), "end",
			}, p.got)
			require.Equal(t, uint64(8), p.ins[0].Records())
		})
	}
}

// What waits for a full batch waits no longer than a barrier, idleness or the end; a watermark waits.
func TestFlush(t *testing.T) {
	for _, c := range []struct {
		kind operator.MarkKind
		want []string
	}{
		{operator.Watermark, nil},
		{operator.Flush, nil},
		{operator.Barrier, []string{"1@10", "barrier 0"}},
		{operator.Idle, []string{"1@10", "idle"}},
		{operator.End, []string{"1@10", "end"}},
	} {
		t.Run(c.kind.String(), func(t *testing.T) {
			p := newPair(4, 4)
			p.push(t, 1)
			p.mark(t, c.kind, 0)
			p.drain(t, p.ins)
			require.Equal(t, c.want, p.got)
		})
	}
	p := newPair(4, 4)
	p.out().Flush()
	require.Zero(t, p.dest.n, "nothing to flush")
	p.push(t, 1)
	p.out().Flush()
	require.Equal(t, 1, p.dest.n)
	p.drain(t, p.ins)
	require.Equal(t, []string{"1@10"}, p.got)
}

// A watermark says all that one right before it did.
func TestWatermarksJoin(t *testing.T) {
	p := newPair(4, 4)
	for w := range int64(5) {
		p.mark(t, operator.Watermark, w)
	}
	p.push(t, 1)
	p.mark(t, operator.Watermark, 5)
	p.mark(t, operator.Idle, 0)
	p.mark(t, operator.Watermark, 6)
	p.out().Flush()
	p.drain(t, p.ins)
	require.Equal(t, []string{"watermark 4", "1@10", "watermark 5", "idle", "watermark 6"}, p.got)
}

func TestNothingFollowsTheEnd(t *testing.T) {
	p := newPair(4, 4)
	p.push(t, 1)
	p.mark(t, operator.End, 0)
	p.mark(t, operator.Barrier, 7) // a task that has ended still answers checkpoints
	p.mark(t, operator.End, 0)
	p.out().Flush()
	p.drain(t, p.ins)
	require.Equal(t, []string{"1@10", "end"}, p.got)
}

func TestBackpressure(t *testing.T) {
	for _, slots := range []int{1, 2, 3, 8} {
		t.Run(fmt.Sprint(slots, " slots"), func(t *testing.T) {
			p := newPair(2, slots)
			var want []string
			for v := range 101 { // never blocks: what does not fit is spilled
				p.push(t, v)
				want = append(want, fmt.Sprintf("%d@%d", v, 10*v))
			}
			p.mark(t, operator.Barrier, 1)
			want = append(want, "barrier 1")
			require.False(t, p.out().Drain())
			used, size := p.out().Fill()
			require.GreaterOrEqual(t, size, slots)
			require.Equal(t, 51, used)

			wakes := 0
			for round := 0; !p.out().Drain(); round++ {
				require.Less(t, round, 200, "the sender is not woken")
				p.from.n = 0
				for p.from.n == 0 { // the receiver reads on until it wakes the sender
					worked, err := p.ins[0].Step(control{p.reader})
					require.NoError(t, err)
					require.True(t, worked, "everything was read and the sender still sleeps")
				}
				wakes++
			}
			require.LessOrEqual(t, wakes, 51)
			p.drain(t, p.ins)
			require.Equal(t, want, p.got)
			require.True(t, p.out().Drain())
			used, _ = p.out().Fill()
			require.Zero(t, used)
		})
	}
}

// A sender whose ring was full goes on in order, spill first.
func TestSpillStaysInOrder(t *testing.T) {
	p := newPair(1, 1)
	p.push(t, 1, 2, 3)
	p.drain(t, p.ins)
	p.push(t, 4)
	require.False(t, p.out().Drain())
	for range 4 {
		p.drain(t, p.ins)
		p.out().Drain()
	}
	p.drain(t, p.ins)
	require.Equal(t, []string{"1@10", "2@20", "3@30", "4@40"}, p.got)
}

func TestHeldInput(t *testing.T) {
	p := newPair(8, 4)
	p.hold = true
	p.push(t, 1)
	p.mark(t, operator.Barrier, 1)
	p.push(t, 2)
	p.mark(t, operator.Watermark, 5)
	p.mark(t, operator.Barrier, 2)
	p.mark(t, operator.End, 0)
	gate := p.ins[0].Gate()
	require.Equal(t, operator.NoTime, gate.Watermark)

	p.drain(t, p.ins)
	require.Equal(t, []string{"1@10", "barrier 1"}, p.got)
	require.True(t, gate.Held)
	gate.Held = false
	p.drain(t, p.ins)
	require.Equal(t, []string{"1@10", "barrier 1", "2@20", "watermark 5", "barrier 2"}, p.got)
	gate.Held = false
	p.drain(t, p.ins)
	require.Equal(t, "end", p.got[len(p.got)-1])
}

// A hold in the middle of a batch keeps the rest of it.
func TestHoldInsideBatch(t *testing.T) {
	p := newPair(8, 4)
	x := exchange.New[int](exchange.Config{Batch: 8, Slots: 4}, wakers(1), wakers(1), true)
	to, outs := x.Output(0, exchange.Route[int]{Kind: exchange.Forward})
	r := &reader{}
	holding := holdAt{control{r}, 5}
	for _, v := range []int{1, 2} {
		require.NoError(t, to.Push(0, &v))
	}
	require.NoError(t, to.Mark(operator.Mark{Kind: operator.Watermark, Value: 5}))
	v := 3
	require.NoError(t, to.Push(0, &v))
	outs[0].Flush()
	in := x.Inputs(0, r)[0]
	worked, err := in.Step(holding)
	require.True(t, worked)
	require.NoError(t, err)
	worked, err = in.Step(holding)
	require.False(t, worked)
	require.NoError(t, err)
	require.Equal(t, []string{"1@0", "2@0", "watermark 5"}, r.got)
	in.Gate().Held = false
	r.drain(t, []exchange.In{in})
	require.Equal(t, []string{"1@0", "2@0", "watermark 5", "3@0"}, r.got)
	require.Empty(t, p.got)
}

// holdAt holds an input at a watermark: unlike a barrier it can stand inside a batch.
type holdAt struct {
	control
	at int64
}

func (h holdAt) Mark(g *exchange.Gate, m operator.Mark) error {
	err := h.control.Mark(g, m)
	g.Held = m.Value == h.at
	return err
}

func TestErrorsComeBack(t *testing.T) {
	p := newPair(2, 4)
	p.err = errors.New("full disk")
	p.push(t, 1, 2)
	_, err := p.ins[0].Step(control{p.reader})
	require.ErrorIs(t, err, p.err)
	require.Equal(t, []string{"1@10"}, p.got)

	p = newPair(1, 4)
	p.mark(t, operator.Barrier, 1)
	_, err = p.ins[0].Step(refuse{})
	require.ErrorIs(t, err, errRefused)

	p = newPair(4, 4)
	p.err = errors.New("full disk")
	p.push(t, 1)
	p.mark(t, operator.Barrier, 1)
	_, err = p.ins[0].Step(control{p.reader})
	require.ErrorIs(t, err, p.err, "before the mark")
}

var errRefused = errors.New("refused")

type refuse struct{}

func (refuse) Mark(*exchange.Gate, operator.Mark) error { return errRefused }

// batches is a head that takes records together.
type batches struct {
	*reader
	sizes []int
}

func (b *batches) PushBatch(recs []operator.Record[int]) error {
	b.sizes = append(b.sizes, len(recs))
	for i := range recs {
		if err := b.Push(recs[i].Time, &recs[i].Value); err != nil {
			return err
		}
	}
	return nil
}

func TestBatchReceiver(t *testing.T) {
	x := exchange.New[int](exchange.Config{Batch: 5, Slots: 4}, wakers(1), wakers(1), false)
	to, outs := x.Output(0, exchange.Route[int]{})
	for v := range 12 {
		if v == 7 {
			require.NoError(t, to.Mark(operator.Mark{Kind: operator.Watermark, Value: 1}))
		}
		require.NoError(t, to.Push(0, &v))
	}
	outs[0].Flush()
	b := &batches{reader: &reader{}}
	b.drain(t, x.Inputs(0, b))
	require.Equal(t, []int{5, 2, 3, 2}, b.sizes)
	require.Len(t, b.got, 13)
}

// Records end the idleness of an input.
func TestRecordsEndIdleness(t *testing.T) {
	p := newPair(2, 4)
	gate := p.ins[0].Gate()
	gate.Idle = true
	p.push(t, 1, 2)
	p.drain(t, p.ins)
	require.False(t, gate.Idle)
}

func TestRoutes(t *testing.T) {
	const receivers = 3
	mod := func(v *int) int { return *v % 128 }
	for _, c := range []struct {
		name  string
		route exchange.Route[int]
		from  int
		want  [receivers][]int
	}{
		{"rebalance", exchange.Route[int]{Kind: exchange.Rebalance}, 0, [3][]int{{0, 3, 6}, {1, 4, 7}, {2, 5}}},
		{"rebalance from another", exchange.Route[int]{Kind: exchange.Rebalance}, 1, [3][]int{{2, 5}, {0, 3, 6}, {1, 4, 7}}},
		{"broadcast", exchange.Route[int]{Kind: exchange.Broadcast}, 0, [3][]int{{0, 1, 2, 3, 4, 5, 6, 7}, {0, 1, 2, 3, 4, 5, 6, 7}, {0, 1, 2, 3, 4, 5, 6, 7}}},
		{"global", exchange.Route[int]{Kind: exchange.Global}, 1, [3][]int{{0, 1, 2, 3, 4, 5, 6, 7}, nil, nil}},
		{"custom", exchange.Route[int]{Kind: exchange.Custom, Pick: func(v, n int) int { return n - 1 - v%n }}, 0, [3][]int{{2, 5}, {1, 4, 7}, {0, 3, 6}}},
		{"custom, any number", exchange.Route[int]{Kind: exchange.Custom, Pick: func(v, _ int) int { return -v }}, 0, [3][]int{{0, 3, 6}, {2, 5}, {1, 4, 7}}},
		{"hash", exchange.Route[int]{Kind: exchange.Hash, Group: func(v *int) int { return *v * 16 % 128 }, Groups: 128}, 0, [3][]int{{0, 1, 2}, {3, 4, 5}, {6, 7}}},
		{"hash, few groups", exchange.Route[int]{Kind: exchange.Hash, Group: func(v *int) int { return mod(v) % 3 }, Groups: 3}, 0, [3][]int{{0, 3, 6}, {1, 4, 7}, {2, 5}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := exchange.New[int](exchange.Config{Batch: 2, Slots: 8}, wakers(2), wakers(receivers), false)
			to, outs := x.Output(c.from, c.route)
			require.Len(t, outs, receivers)
			require.NoError(t, to.Mark(operator.Mark{Kind: operator.Watermark, Value: 1}))
			for v := range 8 {
				n := v
				require.NoError(t, to.Push(0, &n))
				require.Equal(t, v, n, "an exchange changes no record")
			}
			require.NoError(t, to.Mark(operator.Mark{Kind: operator.Barrier, Value: 1}))
			for i := range receivers {
				r := &reader{}
				r.drain(t, x.Inputs(i, r))
				want := []string{"watermark 1"}
				for _, v := range c.want[i] {
					want = append(want, fmt.Sprintf("%d@0", v))
				}
				require.Equal(t, append(want, "barrier 1"), r.got, "receiver %d", i)
			}
		})
	}
}

func TestForward(t *testing.T) {
	x := exchange.New[int](exchange.Config{Batch: 1, Slots: 8}, wakers(3), wakers(3), true)
	for from := range 3 {
		to, outs := x.Output(from, exchange.Route[int]{Kind: exchange.Forward})
		require.Len(t, outs, 1)
		require.NoError(t, to.Push(0, &from))
	}
	for i := range 3 {
		r, ins := &reader{}, []exchange.In(nil)
		ins = x.Inputs(i, r)
		require.Len(t, ins, 1)
		r.drain(t, ins)
		require.Equal(t, []string{fmt.Sprintf("%d@0", i)}, r.got)
	}
}

// The exchange sends a key group where the state of it is.
func TestHashAgreesWithState(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		groups := rapid.IntRange(1, 400).Draw(t, "groups")
		n := rapid.IntRange(1, groups).Draw(t, "receivers")
		x := exchange.New[int](exchange.Config{Batch: 1, Slots: 1}, wakers(1), wakers(n), false)
		to, _ := x.Output(0, exchange.Route[int]{Kind: exchange.Hash, Groups: groups, Group: func(v *int) int { return *v }})
		g := rapid.IntRange(0, groups-1).Draw(t, "group")
		require.NoError(t, to.Push(0, &g))
		for i := range n {
			r := &reader{}
			r.drain(t, x.Inputs(i, r))
			require.Equal(t, state.KeyGroupRange(n, i, groups).Contains(g), len(r.got) == 1, "receiver %d", i)
		}
	})
}

func TestKindNames(t *testing.T) {
	var names []string
	for k := exchange.Forward; k <= exchange.Custom; k++ {
		names = append(names, k.String())
	}
	require.Equal(t, []string{"forward", "hash", "rebalance", "broadcast", "global", "custom"}, names)
}

package exchange_test

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/turgo-io/turgo/internal/exchange"
	"github.com/turgo-io/turgo/operator"
)

// numbers writes ints, and fails at -1.
type numbers struct{}

var errNegative = errors.New("negative")

func (numbers) Append(dst []byte, v *int) ([]byte, error) {
	if *v < 0 {
		return nil, errNegative
	}
	return binary.AppendUvarint(dst, uint64(*v)), nil
}

func decoded(t require.TestingT, src []byte) (all []int) {
	for len(src) > 0 {
		time, value, rest, err := exchange.NextCaptured(src)
		require.NoError(t, err)
		v, n := binary.Uvarint(value)
		require.Len(t, value, n)
		require.Equal(t, int64(v)*10, time)
		all, src = append(all, int(v)), rest
	}
	return all
}

func newStored(batch, slots int) *pair {
	p := &pair{reader: &reader{}, from: &waker{}, dest: &waker{}}
	x := exchange.New[int](exchange.Config{Batch: batch, Slots: slots}, []exchange.Waker{p.from}, []exchange.Waker{p.dest}, false)
	x.Store(numbers{})
	p.to, p.outs = x.Output(0, exchange.Route[int]{})
	p.ins = x.Inputs(0, p.reader)
	return p
}

// Whatever the order of sending, reading and gathering, the gathered records are those before the barrier that were not
// read when gathering began.
func TestCapture(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := newStored(rapid.IntRange(1, 5).Draw(rt, "batch"), rapid.IntRange(1, 4).Draw(rt, "slots"))
		in, next := p.ins[0], 0
		send := func(name string) {
			for range rapid.IntRange(0, 12).Draw(rt, name) {
				p.push(rt, next)
				next++
			}
			if rapid.Bool().Draw(rt, "mark") {
				p.mark(rt, operator.Watermark, int64(next))
			}
		}
		read := func(name string) {
			for range rapid.IntRange(0, 4).Draw(rt, name) {
				_, err := in.Step(control{p.reader})
				require.NoError(rt, err)
			}
			p.out().Drain()
		}
		count := func() (n int) { return int(in.Records()) }

		p.mark(rt, operator.Barrier, 1) // of a checkpoint before, given up
		send("long before")
		p.out().Flush()
		read("long before")
		began, first := count(), rapid.Bool().Draw(rt, "receiver first")
		if first {
			in.Capture(2)
		}
		send("before")
		if first {
			read("before")
		}
		p.mark(rt, operator.Barrier, 2)
		sent := next
		records, waits, err := p.out().Overtake(2)
		require.NoError(rt, err)
		if waits {
			p.out().Overtaken(2)
		}
		send("behind")
		if !first {
			began = count()
			in.Capture(2)
		}
		for done := false; !done; read("behind") {
			bytes, more, all, err := in.Captured()
			require.NoError(rt, err)
			if done = all; !done {
				send("on and on")
				continue
			}
			require.Equal(rt, waits, more)
			got := append(decoded(rt, bytes), decoded(rt, records)...)
			require.Len(rt, got, sent-began)
			for i, v := range got {
				require.Equal(rt, began+i, v)
			}
		}
	})
}

func TestCaptureEnds(t *testing.T) {
	p := newStored(2, 4)
	p.push(t, 1, 2, 3)
	p.mark(t, operator.End, 0)
	p.ins[0].Capture(1)
	bytes, more, done, err := p.ins[0].Captured()
	require.NoError(t, err)
	require.True(t, done, "nothing follows the end")
	require.False(t, more)
	require.Equal(t, []int{1, 2, 3}, decoded(t, bytes))

	p = newStored(2, 4)
	p.push(t, 1)
	p.out().Flush()
	p.ins[0].Capture(1)
	_, _, done, _ = p.ins[0].Captured()
	require.False(t, done)
	p.ins[0].EndCapture()
	p.push(t, 2)
	p.mark(t, operator.Barrier, 1)
	p.drain(t, p.ins)
	require.Equal(t, []string{"1@10", "2@20", "barrier 1"}, p.got)
}

func TestCaptureFails(t *testing.T) {
	p := newStored(1, 1)
	p.push(t, 1, -1)
	p.mark(t, operator.Barrier, 1)
	_, waits, err := p.out().Overtake(1)
	require.True(t, waits)
	require.ErrorIs(t, err, errNegative)

	p = newStored(2, 2)
	p.push(t, 1, -1)
	p.ins[0].Capture(1)
	_, _, done, err := p.ins[0].Captured()
	require.True(t, done, "there is nothing to wait for")
	require.ErrorIs(t, err, errNegative)
	p.drain(t, p.ins)
	require.Equal(t, []string{"1@10", "-1@-10"}, p.got, "the job goes on")
}

func FuzzNextCaptured(f *testing.F) {
	p := newStored(2, 4)
	p.push(f, 1, 300, 70000)
	p.mark(f, operator.End, 0)
	p.ins[0].Capture(1)
	bytes, _, _, _ := p.ins[0].Captured()
	f.Add(bytes)
	f.Add(bytes[:len(bytes)-1])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, src []byte) {
		for len(src) > 0 {
			_, value, rest, err := exchange.NextCaptured(src)
			if err != nil {
				require.ErrorIs(t, err, exchange.ErrCaptured)
				return
			}
			require.Less(t, len(value)+len(rest), len(src))
			src = rest
		}
	})
}

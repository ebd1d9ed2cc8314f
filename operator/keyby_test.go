package operator_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
)

// seen is what an operator behind a KeyBy sees of a record.
type seen struct {
	Key, Value int
	Split      int32
	Watermark  int64
}

// look puts out what it sees, and keeps something for each key.
type look struct {
	operator.Base[seen]
	known state.Value[bool]
}

func (o *look) Open(c operator.Context, out operator.Receiver[seen]) error {
	o.known = state.NewValue[bool](c, "known")
	return o.Base.Open(c, out)
}

func (o *look) Push(time int64, v *int) error {
	o.known.Set(true)
	key, _ := o.Context.Env().Keys.(*state.Keys[int]).Current()
	return o.Out.Push(time, &seen{key, *v, o.Context.Split(), o.Context.Watermark().UnixNano()})
}

// manyKeys is more keys than a KeyBy looks up one by one.
const manyKeys = 6000

func TestKeyByGathers(t *testing.T) {
	h := newHarness(t, func(n int) int { return n % manyKeys }, operator.NewFactory("look", func() operator.Operator[int, seen] { return &look{} }), 1)
	h.out.recs = make([]operator.Record[seen], 0, 4*manyKeys)
	var want []seen
	push := func(v int) {
		require.NoError(t, h.push(int64(v), v))
		want = append(want, seen{v % manyKeys, v, h.env.Task.Split, h.env.Task.Watermark})
	}
	for v := range 2*manyKeys + 10 {
		if v%37 == 0 {
			h.env.Task.Split = int32(v % 2)
		}
		if v%1000 == 999 {
			require.NoError(t, h.watermark(int64(v)))
			require.Len(t, h.out.recs, v, "a mark lets what was gathered pass")
		}
		push(v)
	}
	require.Less(t, len(h.out.recs), len(want), "records are gathered")
	require.NoError(t, h.key.Mark(operator.Mark{Kind: operator.Flush}))
	var got []seen
	for i, r := range h.out.recs {
		require.Equal(t, int64(i), r.Time)
		got = append(got, r.Value)
	}
	require.Equal(t, want, got)
	require.Equal(t, operator.Mark{Kind: operator.Flush}, h.out.marks[len(h.out.marks)-1])
	require.NoError(t, h.close())
}

package state_test

import (
	"strconv"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/state/statetest"
)

type euroV1 struct{ Amount string }

type euroV2 struct{ Cents int64 }

func toCents(old euroV1) euroV2 {
	n, _ := strconv.ParseInt(old.Amount, 10, 64)
	return euroV2{n}
}

// evolving is a backend with a value, a map and a list of one type.
type evolving[T any] struct {
	b    *state.Backend
	jobs statetest.Steps
	keys *state.Keys[int]
	val  state.Value[T]
	m    state.Map[string, T]
	list state.List[T]
	op   state.OperatorList[T]
}

func newEvolving[T any](t *testing.T, fs vfs.FS, dir string, from *state.Snapshot, opts ...state.Option) (*evolving[T], error) {
	p := &evolving[T]{}
	o := state.Options{FS: fs, Dir: dir, Executor: &p.jobs, DisableCompaction: true}
	if from != nil {
		o.Restore = []state.RestorePart{{Dir: from.Dir, Files: from.Files, Groups: from.Groups, States: from.States, Operator: from.Operator}}
	}
	var err error
	p.b, err = state.OpenBackend(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.b.Close()) })
	p.keys, err = state.NewKeys[int](p.b)
	require.NoError(t, err)
	scope := p.keys.Operator("card")
	p.val = state.NewValue[T](scope, "value", opts...)
	p.m = state.NewMap[string, T](scope, "map", opts...)
	p.list = state.NewList[T](scope, "list", opts...)
	p.op = state.NewOperatorList[T](p.b.Operator("card"), "all", state.Split, opts...)
	return p, p.b.Start()
}

func (p *evolving[T]) snapshot(t *testing.T) *state.Snapshot {
	s, err := p.b.Freeze(1, nil)
	require.NoError(t, err)
	p.jobs.Run()
	require.NoError(t, s.Err())
	return s
}

func TestMigrate(t *testing.T) {
	fs := vfs.NewMem()
	old, err := newEvolving[euroV1](t, fs, "old", nil)
	require.NoError(t, err)
	for k := range 50 {
		old.keys.Seek(k)
		old.val.Set(euroV1{strconv.Itoa(100 * k)})
		old.m.Set("x", euroV1{strconv.Itoa(k)})
		for i := range 40 { // more than a piece
			old.list.Append(euroV1{strconv.Itoa(k + i)})
		}
	}
	old.op.Set([]euroV1{{"7"}, {"8"}})
	snap := old.snapshot(t)

	p, err := newEvolving[euroV2](t, fs, "new", snap, state.Migrate(toCents))
	require.NoError(t, err)
	check := func(p *evolving[euroV2]) {
		for k := range 50 {
			p.keys.Seek(k)
			v, _ := p.val.Get()
			require.Equal(t, euroV2{int64(100 * k)}, v)
			x, _ := p.m.Get("x")
			require.Equal(t, euroV2{int64(k)}, x)
			require.Equal(t, 40, p.list.Len())
			last, _ := p.list.Get(39)
			require.Equal(t, euroV2{int64(k + 39)}, last)
		}
		require.Equal(t, []euroV2{{7}, {8}}, p.op.Get())
		require.NoError(t, p.b.Err())
	}
	check(p)
	p.keys.Seek(3)
	p.val.Set(euroV2{300}) // now some values are of one schema, some of the other
	again, err := newEvolving[euroV2](t, fs, "again", p.snapshot(t), state.Migrate(toCents))
	require.NoError(t, err)
	check(again)
}

// TestAMigrationOfTheVeryTypeGoesBeforeTheRules: by the rules the old field would be dropped without a word.
func TestAMigrationOfTheVeryTypeGoesBeforeTheRules(t *testing.T) {
	fs := vfs.NewMem()
	old, err := newEvolving[euroV1](t, fs, "old", nil)
	require.NoError(t, err)
	old.keys.Seek(1)
	old.val.Set(euroV1{"5"})
	snap := old.snapshot(t)
	without, err := newEvolving[euroV2](t, fs, "without", snap)
	require.NoError(t, err)
	without.keys.Seek(1)
	v, ok := without.val.Get()
	require.True(t, ok)
	require.Zero(t, v.Cents)
	with, err := newEvolving[euroV2](t, fs, "with", snap, state.Migrate(toCents))
	require.NoError(t, err)
	with.keys.Seek(1)
	v, _ = with.val.Get()
	require.EqualValues(t, 5, v.Cents)
}

func TestAMigrationThatDoesNotFitIsSaid(t *testing.T) {
	fs := vfs.NewMem()
	old, err := newEvolving[[]bool](t, fs, "old", nil)
	require.NoError(t, err)
	old.keys.Seek(1)
	old.val.Set([]bool{true})
	_, err = newEvolving[euroV2](t, fs, "new", old.snapshot(t), state.Migrate(toCents))
	require.ErrorIs(t, err, state.ErrIncompatible)
	require.ErrorContains(t, err, `value "value" of operator "card"`)
	require.ErrorContains(t, err, "euroV2 was written as []bool")
	require.ErrorContains(t, err, "nor does a migration read it")
}

package state_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/state/statetest"
)

// TestSharesShrink lets a second task join the budget of one that has filled it: slots are given back, and nothing is
// lost, with snapshots in between.
func TestSharesShrink(t *testing.T) {
	budget := state.NewBudget(4 << 20)
	t.Cleanup(budget.Close)
	var steps statetest.Steps
	fs := vfs.NewMem()
	openOne := func(dir string) (*state.Backend, *state.Keys[string], state.Value[account]) {
		b, err := state.OpenBackend(state.Options{FS: fs, Dir: dir, Executor: &steps, DisableCompaction: true, Budget: budget})
		require.NoError(t, err)
		keys := keysOf[string](t, b)
		v := state.NewValue[account](keys.Operator("op"), "v")
		require.NoError(t, b.Start())
		t.Cleanup(func() { require.NoError(t, b.Close()); steps.Run() })
		return b, keys, v
	}
	b, keys, value := openOne("first")
	rng := rand.New(rand.NewPCG(3, 3))
	want := map[string]int64{}
	work := func(batches int) {
		batch := make([]string, 100)
		for range batches {
			for i := range batch {
				batch[i] = fmt.Sprint(rng.IntN(40_000))
			}
			keys.Prepare(batch)
			for i, k := range batch {
				keys.Select(i)
				require.Equal(t, want[k], value.Ref().N, k)
				value.Ref().N++
				want[k]++
			}
			require.NoError(t, b.Err())
		}
	}
	work(1000)
	before := state.SlotsOf(b)
	for i := range 3 {
		openOne(fmt.Sprint("other", i))
	}
	for i := range 5 {
		s, err := b.Freeze(uint64(i+1), nil)
		require.NoError(t, err)
		work(50)
		steps.Run()
		<-s.Done()
		require.NoError(t, s.Err())
		work(50)
		require.NoError(t, s.Complete())
	}
	work(1000)
	require.Less(t, state.SlotsOf(b), before/2, "slots were given back")
	for k, n := range want {
		keys.Seek(k)
		got, ok := value.Get()
		require.True(t, ok, k)
		require.Equal(t, n, got.N, k)
	}
	require.NoError(t, b.Err())
}

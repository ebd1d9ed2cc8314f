package stream_test

import (
	"context"
	"flag"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/connector/memory"
	"github.com/turgo-io/turgo/state/snapshot"
	"github.com/turgo-io/turgo/stream"
)

// The long form: go test ./stream -run Large -large-mb 1024 -large-within 2s -timeout 20m
var (
	largeMB     = flag.Int("large-mb", 16, "MiB of state in TestLargeState")
	largeWithin = flag.Duration("large-within", 0, "how long a restore may take to the first output in TestLargeState; 0: it is only logged")
)

// bulky is about 1 KiB that does not compress.
type bulky struct {
	N   int64
	Pad [1016]byte
}

func (b *bulky) fill(seed int) {
	x := uint64(seed)*0x9e3779b97f4a7c15 + 1
	for i := range b.Pad {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b.Pad[i] = byte(x)
	}
}

// runLarge runs a job over the numbers up to limit, whose state has that many keys, and returns when the first output came.
func runLarge(t *testing.T, dir string, keys, limit, parallelism int) (first time.Duration, wrong int64) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var at atomic.Int64
	var bad atomic.Int64
	job := stream.NewJob("large", stream.Logger(nil), stream.StateDir(dir), stream.Parallelism(parallelism), stream.RetainCheckpoints(5))
	began := time.Now()
	stream.From(job, count{n: limit, splits: 2, idle: cancel}).ID("numbers").Parallelism(1).
		KeyBy(func(v int) int { return v % keys }).
		WithState(func(s *bulky, v int) int {
			if s.N++; s.N == 1 {
				s.fill(v % keys)
			}
			if s.N != int64(v/keys)+1 {
				bad.Add(1)
			}
			return v
		}).ID("bulky").
		Filter(func(int) bool {
			at.CompareAndSwap(0, int64(time.Since(began)))
			return false
		}).
		To(memory.Collect[int]())
	require.NoError(t, job.Run(ctx))
	return time.Duration(at.Load()), bad.Load()
}

// uploaded is how many bytes the newest checkpoint has, and how many of them the one before has not.
func uploaded(t *testing.T, dir string) (all, fresh int64) {
	t.Helper()
	store := snapshot.NewDir(vfs.Default, dir)
	ids, err := snapshot.List(t.Context(), store)
	require.NoError(t, err)
	seen := map[string]bool{}
	for i, id := range ids {
		m, err := snapshot.Read(t.Context(), store, id)
		require.NoError(t, err)
		for _, task := range m.Tasks {
			for _, f := range task.Files {
				if i == len(ids)-1 {
					all += f.Bytes
					if !seen[f.Blob] {
						fresh += f.Bytes
					}
				}
				seen[f.Blob] = true
			}
		}
	}
	return all, fresh
}

// TestLargeState fills a state, changes one key in a hundred, and runs on with as many and with twice as many subtasks.
func TestLargeState(t *testing.T) {
	dir := t.TempDir()
	keys := *largeMB << 10
	_, wrong := runLarge(t, dir, keys, keys, 2)
	require.Zero(t, wrong)

	first, wrong := runLarge(t, dir, keys, keys+keys/100, 2)
	require.Zero(t, wrong)
	all, fresh := uploaded(t, dir)
	t.Logf("%d MiB: restored to the first output in %v", all>>20, first)
	t.Logf("1 %% of the keys changed: %.2f %% of the bytes uploaded", 100*float64(fresh)/float64(all))
	require.Less(t, float64(fresh), 0.05*float64(all))

	rescaled, wrong := runLarge(t, dir, keys, keys+keys/50, 4)
	require.Zero(t, wrong)
	t.Logf("rescaled from 2 to 4 to the first output in %v", rescaled)
	if *largeWithin > 0 {
		require.Less(t, max(first, rescaled), *largeWithin)
	}
}

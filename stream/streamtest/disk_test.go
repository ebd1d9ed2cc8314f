package streamtest_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/stream"
	"github.com/turgo-io/turgo/stream/streamtest"
)

// disk is a file system in memory that has no room while full says so. Only what takes room fails.
type disk struct {
	ops    int // that take room, so far
	full   func(op int) bool
	failed int
}

func (d *disk) fs() vfs.FS {
	return errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() != errorfs.OpIsWrite || op.Kind == errorfs.OpRemove || op.Kind == errorfs.OpRemoveAll {
			return nil
		}
		d.ops++
		if !d.full(d.ops) {
			return nil
		}
		d.failed++
		return fmt.Errorf("%s: %w", op.Path, syscall.ENOSPC)
	}))
}

// onDisk runs a job of clicks on a disk.
func onDisk(t *testing.T, d *disk, n int, job func(*stream.Stream[click]) *stream.Stream[string], opts ...stream.Option) ([]string, int64, error) {
	h := streamtest.New(t, streamtest.With(append([]stream.Option{
		stream.FileSystem(d.fs()), stream.CheckpointEvery(200 * time.Microsecond),
	}, opts...)...))
	out := streamtest.Collect(h, job(script(h, 3, n).Stream()))
	err := h.RunErr(context.Background())
	return out.Values(), h.Job().Checkpoints(), err
}

// A disk that is full for a while costs checkpoints, not the job nor its result.
func TestDiskFullForAWhile(t *testing.T) {
	want := expected(t, 5000, timed)
	for _, from := range []int{30, 100, 200, 400} {
		d := &disk{full: func(op int) bool { return op >= from && op < from+100 }}
		got, checkpoints, err := onDisk(t, d, 5000, timed)
		require.NoError(t, err, "from operation %d", from)
		require.ElementsMatch(t, want, got)
		require.Equal(t, 100, d.failed)
		require.NotZero(t, checkpoints)
	}
}

// A disk that stays full ends the job when more checkpoints have failed than it tolerates, and at its end.
func TestDiskStaysFull(t *testing.T) {
	d := &disk{full: func(op int) bool { return op > 200 }}
	_, _, err := onDisk(t, d, 1000, timed, stream.TolerateFailedCheckpoints(2))
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.ErrorContains(t, err, "checkpoint")
	_, _, err = onDisk(t, d, 1000, timed)
	require.ErrorIs(t, err, syscall.ENOSPC)
}

// Whichever operation of the file system fails: with a restart strategy the answer is exact.
func TestEachFileOperationFailsOnce(t *testing.T) {
	want := expected(t, 200, timed)
	count := &disk{full: func(int) bool { return false }}
	_, _, err := onDisk(t, count, 200, timed)
	require.NoError(t, err)
	step := max(1, count.ops/150)
	for n := 3; n <= count.ops; n += step { // behind the directory and its lock: without those no job begins
		d := &disk{full: func(op int) bool { return op == n }}
		got, _, err := onDisk(t, d, 200, timed, stream.Restart(stream.FixedDelay(3, time.Millisecond)))
		require.NoError(t, err, "operation %d", n)
		require.ElementsMatch(t, want, got, "operation %d", n)
	}
}

// The same with errors of reading as well: a job either gives the exact answer or says what is wrong.
func TestAnyFileOperationFails(t *testing.T) {
	want := expected(t, 200, timed)
	broken := errors.New("input/output error")
	run := func(fails func(op int) bool) (int, []string, error) {
		var ops atomic.Int64 // Pebble looks at new tables in a goroutine of its own
		fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(errorfs.Op) error {
			if fails(int(ops.Add(1))) {
				return broken
			}
			return nil
		}))
		h := streamtest.New(t, streamtest.With(
			stream.FileSystem(fs), stream.CheckpointEvery(200*time.Microsecond), stream.Restart(stream.FixedDelay(3, time.Millisecond)),
		))
		out := streamtest.Collect(h, timed(script(h, 3, 200).Stream()))
		err := h.RunErr(context.Background())
		return int(ops.Load()), out.Values(), err
	}
	total, _, err := run(func(int) bool { return false })
	require.NoError(t, err)
	for n := 1; n <= total; n += max(1, total/150) {
		_, got, err := run(func(op int) bool { return op == n })
		if err != nil {
			require.ErrorIs(t, err, broken, "operation %d", n)
			continue
		}
		require.ElementsMatch(t, want, got, "operation %d", n)
	}
}

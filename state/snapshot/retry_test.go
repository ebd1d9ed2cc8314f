package snapshot_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/state/snapshot"
	"github.com/turgo-io/turgo/state/snapshot/snapshottest"
)

// waits records how long a retrying store has waited.
type waits []time.Duration

func (w *waits) sleep(ctx context.Context, d time.Duration) error {
	*w = append(*w, d)
	return ctx.Err()
}

// failing fails the first n operations of a kind.
func failing(operation string, n int, err error) func(string, string) error {
	return func(op, _ string) error {
		if op == operation && n > 0 {
			n--
			return err
		}
		return nil
	}
}

func TestRetryWaitsTwiceAsLongEachTime(t *testing.T) {
	var w waits
	f := &snapshottest.Faulty{Store: snapshot.NewDir(vfs.NewMem(), "s"), Before: failing("atomic", 4, snapshottest.ErrFault)}
	s := snapshot.Retry(f, snapshot.RetryOptions{First: time.Second, Most: 5 * time.Second, Sleep: w.sleep})
	require.NoError(t, s.PutAtomic(ctx, "checkpoints/a", []byte("x")))
	require.Equal(t, waits{time.Second, 2 * time.Second, 4 * time.Second, 5 * time.Second}, w)

	f.Before = failing("read", 100, snapshottest.ErrFault)
	_, err := s.Read(ctx, "checkpoints/a")
	require.ErrorIs(t, err, snapshottest.ErrFault)
	require.ErrorContains(t, err, "read checkpoints/a: given up after 5 tries")
}

func TestRetryDoesNotTryWhatCannotBeMended(t *testing.T) {
	var w waits
	for _, final := range []error{snapshot.ErrNotFound, snapshot.ErrExists, snapshot.ErrRefused, snapshot.ErrCorrupt, snapshot.ErrTaken, context.Canceled} {
		f := &snapshottest.Faulty{Store: snapshot.NewDir(vfs.NewMem(), "s"), Before: failing("list", 1, fmt.Errorf("x: %w", final))}
		_, err := snapshot.Retry(f, snapshot.RetryOptions{Sleep: w.sleep}).List(ctx, "blobs")
		require.ErrorIs(t, err, final)
	}
	require.Empty(t, w)
}

// TestCreateKnowsItsOwnWork loses the answer of a create that has succeeded.
func TestCreateKnowsItsOwnWork(t *testing.T) {
	var w waits
	f := &snapshottest.Faulty{Store: snapshot.NewDir(vfs.NewMem(), "s"), After: failing("create", 1, snapshottest.ErrFault)}
	s := snapshot.Retry(f, snapshot.RetryOptions{Sleep: w.sleep})
	require.NoError(t, s.Create(ctx, "owners/1", []byte("me")))
	f.After = failing("create", 1, snapshottest.ErrFault)
	require.ErrorIs(t, s.Create(ctx, "owners/1", []byte("you")), snapshot.ErrExists)
}

// TestATryThatHangsIsCutShort: the store answers only when its context ends.
func TestATryThatHangsIsCutShort(t *testing.T) {
	var w waits
	hung := 0
	f := &hanging{Store: snapshot.NewDir(vfs.NewMem(), "s"), n: 2, hung: &hung}
	s := snapshot.Retry(f, snapshot.RetryOptions{Timeout: time.Millisecond, Sleep: w.sleep})
	require.NoError(t, s.Delete(ctx, "blobs/a"))
	require.Equal(t, 2, hung)
	f.n = 100
	err := s.Delete(ctx, "blobs/a")
	require.ErrorContains(t, err, "no answer from the store after 1ms")
	require.NotErrorIs(t, err, context.DeadlineExceeded, "that would look as if the caller's time was over")

	cancelled, cancel := context.WithCancelCause(ctx)
	cancel(errors.New("enough"))
	require.ErrorIs(t, s.Delete(cancelled, "blobs/a"), context.Canceled)
}

type hanging struct {
	snapshot.Store
	n    int
	hung *int
}

func (h *hanging) Delete(ctx context.Context, name string) error {
	if h.n--; h.n >= 0 {
		*h.hung++
		<-ctx.Done()
		return ctx.Err()
	}
	return h.Store.Delete(ctx, name)
}

package snapshot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/turgo-io/turgo/internal/sched"
)

// RetryOptions say how often and how soon a store is asked again. The zero value: five tries, 100 ms and then twice as
// long each time up to 10 s between them, 30 s and a second for each MiB for one try.
type RetryOptions struct {
	// Tries is how often an operation is tried in all. 1: once. 0: 5.
	Tries int
	// First is the wait before the second try; each further one is twice as long, up to Most.
	First, Most time.Duration
	// Timeout bounds one try, beside what its bytes are given. 0: 30 s.
	Timeout time.Duration
	// BytesPerSecond is the slowest transfer that is waited for. 0: 1 MiB/s.
	BytesPerSecond int64
	// Sleep waits. Nil: by the machine's clock.
	Sleep func(ctx context.Context, d time.Duration) error
	// Log hears of every try that failed. Nil: silence.
	Log *slog.Logger
}

func (o RetryOptions) filled() RetryOptions {
	o.Tries = orElse(o.Tries, 5)
	o.First = orElse(o.First, 100*time.Millisecond)
	o.Most = orElse(o.Most, 10*time.Second)
	o.Timeout = orElse(o.Timeout, 30*time.Second)
	o.BytesPerSecond = orElse(o.BytesPerSecond, 1<<20)
	if o.Sleep == nil {
		o.Sleep = func(ctx context.Context, d time.Duration) error {
			new(sched.Group).Sleep(ctx, d)
			return ctx.Err()
		}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

func orElse[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// retrying is a Store that tries again.
type retrying struct {
	store Store
	o     RetryOptions
}

// Retry returns a store that tries again what failed for reasons that may pass: timeouts, lost connections, errors of
// a server. What cannot be mended (ErrNotFound, ErrExists, ErrRefused, ErrCorrupt, the caller's context) is returned at once.
func Retry(store Store, o RetryOptions) Store { return &retrying{store, o.filled()} }

// IsRetryable says whether an operation on a store may succeed if it is tried again.
func IsRetryable(err error) bool {
	for _, final := range []error{ErrNotFound, ErrExists, ErrRefused, ErrCorrupt, ErrTaken, context.Canceled} {
		if errors.Is(err, final) {
			return false
		}
	}
	return err != nil
}

// do tries until it succeeds. size is of what is transferred, if that is known.
func (r *retrying) do(ctx context.Context, what, name string, size int64, f func(ctx context.Context, try int) error) error {
	wait := r.o.First
	for try := 1; ; try++ {
		err := r.once(ctx, size, try, f)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return errors.Join(ctx.Err(), err)
		case !IsRetryable(err):
			return err
		case try >= r.o.Tries:
			return fmt.Errorf("snapshot: %s %s: given up after %d tries: %w", what, name, try, err)
		}
		r.o.Log.Warn("checkpoint store: trying again", "operation", what, "name", name, "try", try, "wait", wait, "error", err)
		if err := r.o.Sleep(ctx, wait); err != nil {
			return err
		}
		wait = min(2*wait, r.o.Most)
	}
}

// once bounds one try in time. That its time is over must not look as if the caller had given up.
func (r *retrying) once(ctx context.Context, size int64, try int, f func(context.Context, int) error) error {
	if err := ctx.Err(); err != nil { // not every store looks
		return err
	}
	limit := r.o.Timeout + time.Duration(float64(size)/float64(r.o.BytesPerSecond)*float64(time.Second))
	inner, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := f(inner, try)
	if err != nil && inner.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("%w after %v: %s", errTimeout, limit, err.Error())
	}
	return err
}

var errTimeout = errors.New("snapshot: no answer from the store")

// Put implements Store.
func (r *retrying) Put(ctx context.Context, name string, fs vfs.FS, path string) error {
	info, err := fs.Stat(path)
	if err != nil {
		return fmt.Errorf("snapshot: put %s: %w", name, err)
	}
	return r.do(ctx, "put", name, info.Size(), func(ctx context.Context, _ int) error { return r.store.Put(ctx, name, fs, path) })
}

// Get implements Store. The name says how long it may take.
func (r *retrying) Get(ctx context.Context, name string, fs vfs.FS, path string) error {
	_, size, _ := parseBlob(name)
	return r.do(ctx, "get", name, size, func(ctx context.Context, try int) error {
		if try > 1 {
			_ = fs.Remove(path) // a part of it may be there
		}
		return r.store.Get(ctx, name, fs, path)
	})
}

// PutAtomic implements Store.
func (r *retrying) PutAtomic(ctx context.Context, name string, content []byte) error {
	return r.do(ctx, "put", name, int64(len(content)), func(ctx context.Context, _ int) error { return r.store.PutAtomic(ctx, name, content) })
}

// Create implements Store. A try that seemed to fail may have succeeded: then the object is there and is ours.
func (r *retrying) Create(ctx context.Context, name string, content []byte) error {
	return r.do(ctx, "create", name, int64(len(content)), func(ctx context.Context, try int) error {
		err := r.store.Create(ctx, name, content)
		if try == 1 || !errors.Is(err, ErrExists) {
			return err
		}
		if there, e := r.store.Read(ctx, name); e == nil && bytes.Equal(there, content) {
			return nil
		}
		return err
	})
}

// Read implements Store.
func (r *retrying) Read(ctx context.Context, name string) (content []byte, err error) {
	err = r.do(ctx, "read", name, 0, func(ctx context.Context, _ int) (err error) {
		content, err = r.store.Read(ctx, name)
		return err
	})
	return content, err
}

// List implements Store.
func (r *retrying) List(ctx context.Context, folder string) (names []string, err error) {
	err = r.do(ctx, "list", folder, 0, func(ctx context.Context, _ int) (err error) {
		names, err = r.store.List(ctx, folder)
		return err
	})
	return names, err
}

// Delete implements Store.
func (r *retrying) Delete(ctx context.Context, name string) error {
	return r.do(ctx, "delete", name, 0, func(ctx context.Context, _ int) error { return r.store.Delete(ctx, name) })
}

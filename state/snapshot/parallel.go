package snapshot

import (
	"context"
	"sync"
)

// each calls f with every item, at most n at a time, and returns the first error; then it starts no more. With n = 1
// the items have their turn in order, on the caller's goroutine.
func each[T any](ctx context.Context, n int, items []T, f func(context.Context, T) error) error {
	if n <= 1 || len(items) <= 1 {
		for _, item := range items {
			if err := f(ctx, item); err != nil {
				return err
			}
		}
		return nil
	}
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan T)
	var workers sync.WaitGroup
	for range min(n, len(items)) {
		workers.Go(func() {
			for item := range work {
				if err := f(inner, item); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, item := range items {
		if inner.Err() != nil {
			break
		}
		work <- item
	}
	close(work)
	workers.Wait()
	return context.Cause(inner)
}

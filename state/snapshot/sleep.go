package snapshot

import (
	"context"
	"time"
)

// sleep waits by the machine's clock: the default of RetryOptions.Sleep.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

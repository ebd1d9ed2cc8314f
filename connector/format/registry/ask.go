package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/twmb/franz-go/pkg/sr"

	"github.com/turgo-io/turgo/connector/format"
)

// askAgain is the pause before a question is asked again.
const askAgain = 100 * time.Millisecond

// ask asks the registry until it answers or Client.Timeout is over. An answer that will stay the same is returned at
// once; no answer is format.ErrUnavailable.
func (c *Codec[T]) ask(what string, question func(context.Context) error) error {
	limit := c.client.Timeout
	if limit == 0 {
		limit = 10 * time.Second
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	for {
		err := question(ctx)
		if err == nil {
			return nil
		}
		if answer := (*sr.ResponseError)(nil); errors.As(err, &answer) && answer.StatusCode < 500 && answer.StatusCode != http.StatusTooManyRequests {
			if answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden {
				return fmt.Errorf("%w: registry: %s: the registry refuses the credentials (%d)", format.ErrUnavailable, what, answer.StatusCode)
			}
			return fmt.Errorf("registry: %s: %s (code %d)", what, answer.Message, answer.ErrorCode)
		}
		if !wait(ctx, askAgain) {
			return fmt.Errorf("%w: registry: %s: %w", format.ErrUnavailable, what, err)
		}
	}
}

// wait reports whether d passed before ctx ended.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

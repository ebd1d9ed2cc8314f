package kafka

import (
	"context"
	"crypto/rand"
	"time"
)

// What touches the machine's clock and randomness is in this file. Neither decides about data: the pauses are those
// between questions to a broker, and brokers have clocks of their own.

// pause waits for d or the end of ctx, whose error it returns.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// within calls cut after d, unless the function that it returns is called before.
func within(d time.Duration, cut func()) (done func()) {
	t := time.AfterFunc(d, cut)
	return func() { t.Stop() }
}

// nonce returns text that nobody can guess.
func nonce() string { return rand.Text() }

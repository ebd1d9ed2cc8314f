package main

import (
	"fmt"

	"github.com/turgo-io/turgo/operator"
)

// deadLetters shows records that are no payments.
type deadLetters struct{ m *meter }

// Name implements operator.Sink.
func (d *deadLetters) Name() string { return "dead-letters" }

// Validate implements operator.Sink.
func (d *deadLetters) Validate() error { return nil }

// Guarantee implements operator.Sink.
func (d *deadLetters) Guarantee() operator.Guarantee { return operator.AtLeastOnce }

// Writer implements operator.Sink.
func (d *deadLetters) Writer(operator.Context) (operator.Writer[operator.DeadLetter], error) {
	return deadLetterWriter{d.m}, nil
}

type deadLetterWriter struct{ m *meter }

func (w deadLetterWriter) Write(_ int64, l *operator.DeadLetter) error {
	w.m.dead.Add(1)
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	_, err := fmt.Fprintf(w.m.out, "  ? not a payment: %s partition %d offset %d: %s\n", l.Topic, l.Split, l.Position, l.Error)
	return err
}

func (w deadLetterWriter) Flush() error                              { return nil }
func (w deadLetterWriter) Prepare(_ int64, done func([]byte, error)) { done(nil, nil) }
func (w deadLetterWriter) Commit(int64) error                        { return nil }
func (w deadLetterWriter) Close() error                              { return nil }

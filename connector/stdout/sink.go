package stdout

import (
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/turgo-io/turgo/operator"
)

// bufferBytes is how much text a subtask gathers before it writes without being asked to.
const bufferBytes = 32 << 10

// Sink prints records. The zero value prints to standard output as fmt.Println does, strings and bytes as
// they are. It must not be copied after its first use.
type Sink[T any] struct {
	// Out is where lines go; nil is os.Stdout. Only one call of its Write is under way at a time.
	Out io.Writer
	// Format appends the text of a record, without the end of the line. Several subtasks may call it at once.
	Format func(dst []byte, v *T) []byte
	// Prefix begins each line.
	Prefix string

	turn sync.Mutex // held for one Write
}

// Print returns a sink that prints records to standard output.
func Print[T any]() *Sink[T] { return &Sink[T]{} }

// Name returns "stdout".
func (s *Sink[T]) Name() string { return "stdout" }

// Validate reports nothing: every sink works.
func (s *Sink[T]) Validate() error { return nil }

// Guarantee returns AtLeastOnce: a restarted job prints again what came after its checkpoint.
func (s *Sink[T]) Guarantee() operator.Guarantee { return operator.AtLeastOnce }

// Writer returns the writer of one subtask.
func (s *Sink[T]) Writer(operator.Context) (operator.Writer[T], error) {
	w := &writer[T]{sink: s, out: s.Out, format: s.Format}
	if w.out == nil {
		w.out = os.Stdout
	}
	if w.format == nil {
		w.format = plain[T]
	}
	return w, nil
}

// plain appends a value as fmt.Print does, bytes as text.
func plain[T any](dst []byte, v *T) []byte {
	switch v := any(v).(type) {
	case *string:
		return append(dst, *v...)
	case *[]byte:
		return append(dst, *v...)
	}
	return fmt.Append(dst, *v)
}

type writer[T any] struct {
	sink   *Sink[T]
	out    io.Writer
	format func(dst []byte, v *T) []byte
	lines  []byte
}

// Write adds a line.
func (w *writer[T]) Write(_ int64, v *T) error {
	w.lines = append(w.lines, w.sink.Prefix...)
	w.lines = append(w.format(w.lines, v), '\n')
	if len(w.lines) < bufferBytes {
		return nil
	}
	return w.Flush()
}

// Flush writes the lines so far.
func (w *writer[T]) Flush() error {
	if len(w.lines) == 0 {
		return nil
	}
	w.sink.turn.Lock()
	_, err := w.out.Write(w.lines)
	w.sink.turn.Unlock()
	w.lines = w.lines[:0]
	if err != nil {
		return fmt.Errorf("stdout: print: %w", err)
	}
	return nil
}

// Prepare writes the lines of the checkpoint.
func (w *writer[T]) Prepare(_ int64, done func([]byte, error)) { done(nil, w.Flush()) }

// Commit has nothing to do.
func (w *writer[T]) Commit(int64) error { return nil }

// Close drops what was not prepared.
func (w *writer[T]) Close() error { return nil }

package operator

import (
	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/window"
)

// WindowFunction is user code that takes what a window has aggregated, when the window fires. It may also have these
// methods:
//
//	Open(c operator.Context) error             // state handles, side outputs
//	Clear(c operator.WindowContext[K]) error   // the window is over: its state can go
//	Close() error
//
// During Process and Clear the window's key is current: handles made in Open read and write its state.
type WindowFunction[K comparable, V, R any] interface {
	// Process takes a window's aggregate and emits any number of records. An error ends the job's attempt.
	Process(c WindowContext[K], v V, out *Collector[R]) error
}

// WindowCleaner is a WindowFunction that wants to know when a window is over.
type WindowCleaner[K comparable] interface {
	Clear(c WindowContext[K]) error
}

// WindowContext is what a window function sees.
type WindowContext[K comparable] struct {
	RecordContext
	key    K
	firing window.Firing
}

// Key returns the window's key.
func (c WindowContext[K]) Key() K { return c.key }

// Firing says which window fires, and why.
func (c WindowContext[K]) Firing() window.Firing { return c.firing }

// Span returns the window's bounds.
func (c WindowContext[K]) Span() window.Span { return c.firing.Span }

// WindowState is state of a window function for each key and window. The function's Clear drops it; for sessions, which
// change their bounds, it is of no use.
type WindowState[S any] struct{ of state.Map[window.Span, S] }

// NewWindowState declares state of a window function, in Open.
func NewWindowState[S any](c Context, name string, opts ...state.Option) WindowState[S] {
	return WindowState[S]{state.NewMap[window.Span, S](c, name, opts...)}
}

// Ref returns the value of a window of the current key, for changing it in place; a new window's is the zero value.
func (s WindowState[S]) Ref(w window.Span) *S { return s.of.Ref(w) }

// Get returns the value of a window of the current key.
func (s WindowState[S]) Get(w window.Span) (S, bool) { return s.of.Get(w) }

// Clear drops the value of a window of the current key.
func (s WindowState[S]) Clear(w window.Span) { s.of.Delete(w) }

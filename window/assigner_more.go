package window

import (
	"fmt"
	"time"
)

// ValueAssigner is an assigner that looks at the record, not only at its time.
type ValueAssigner interface {
	Assigner
	// AssignValue is called in place of Assign; v is a *T.
	AssignValue(dst []Span, t int64, v any) []Span
}

// ValueSession is what [SessionBy] returns.
type ValueSession struct{ gap func(v any) int64 }

// SessionBy is a session whose gap each record says: it opens [t, t+gap), and windows that touch merge. A gap that is
// not positive counts as a nanosecond. T is the type of the window's records.
func SessionBy[T any](gap func(T) time.Duration) ValueSession {
	if gap == nil {
		return ValueSession{}
	}
	return ValueSession{func(v any) int64 { return int64(gap(*v.(*T))) }}
}

// Validate implements [Assigner].
func (w ValueSession) Validate() error {
	if w.gap != nil {
		return nil
	}
	return fmt.Errorf("%w: session: the function that gives the gap is nil", ErrInvalid)
}

// Assign implements [Assigner].
func (w ValueSession) Assign(dst []Span, t int64) []Span {
	return append(dst, Span{Start: t, End: satAdd(t, 1)})
}

// AssignValue implements [ValueAssigner].
func (w ValueSession) AssignValue(dst []Span, t int64, v any) []Span {
	return append(dst, Span{Start: t, End: satAdd(t, max(1, w.gap(v)))})
}

// Merging implements [Assigner].
func (w ValueSession) Merging() bool { return true }

// Staggered is what [Stagger] returns.
type Staggered struct {
	Assigner
	Most int64 // nanoseconds
}

// Stagger shifts the windows of each key by an offset of its own, from 0 up to but not including most, so that not all
// keys fire at once. The offset comes from the key alone: it is the same after a restart and at any parallelism.
func Stagger(a Assigner, most time.Duration) Staggered { return Staggered{a, int64(most)} }

// Validate implements [Assigner].
func (s Staggered) Validate() error {
	if s.Assigner == nil {
		return fmt.Errorf("%w: stagger: the assigner is nil", ErrInvalid)
	}
	if s.Assigner.Merging() {
		return fmt.Errorf("%w: stagger: sessions begin when their records do; stagger other windows", ErrInvalid)
	}
	if err := positive("stagger", "most", s.Most); err != nil {
		return err
	}
	return s.Assigner.Validate()
}

// Shift is the offset of a key with that hash.
func (s Staggered) Shift(hash uint64) int64 { return int64(hash % uint64(s.Most)) }

// AssignShifted appends the windows of a record at time t of a key with that offset.
func (s Staggered) AssignShifted(dst []Span, t, shift int64) []Span {
	n := len(dst)
	dst = s.Assigner.Assign(dst, satSub(t, shift))
	for i := n; i < len(dst); i++ {
		dst[i] = Span{satAdd(dst[i].Start, shift), satAdd(dst[i].End, shift)}
	}
	return dst
}

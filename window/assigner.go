package window

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/turgo-io/turgo/internal/bug"
)

// Assigner maps the time of a record to the windows that it belongs to. The
// built-in ones are plain comparable values without state; one value serves
// any number of goroutines.
type Assigner interface {
	// Validate reports every wrong setting, wrapping [ErrInvalid]. A planner
	// calls it once before a job starts; the other methods may then rely on it.
	Validate() error
	// Assign appends the windows of a record at time t to dst, oldest first,
	// and returns the extended slice. It is called once per record, allocates
	// only when dst is too small, and may append nothing (a gap between
	// windows).
	Assign(dst []Span, t int64) []Span
	// Merging says that windows which touch become one (sessions).
	Merging() bool
}

// Sliced is an assigner whose windows are runs of whole slices: records are
// aggregated per slice, and a window is the merge of its slices. There is at
// most one window for each end.
type Sliced interface {
	Assigner
	// SliceOf is the slice of a record at time t.
	SliceOf(t int64) Span
	// SliceWidth is the length of every slice in nanoseconds.
	SliceWidth() int64
	// NextEnd is the smallest window end that is greater than t.
	NextEnd(t int64) int64
	// Ending is the window with the given end, which must come from NextEnd.
	Ending(end int64) Span
}

// AlignOption shifts the grid of an aligned window; see [Offset].
type AlignOption func(*int64)

// Offset moves the window borders: Tumbling(24*time.Hour, Offset(-2*time.Hour))
// starts its days at 22:00 UTC. Any offset is valid; it counts modulo the
// window's step.
func Offset(d time.Duration) AlignOption {
	return func(o *int64) { *o = int64(d) }
}

func alignment(opts []AlignOption) (offset int64) {
	for _, o := range opts {
		o(&offset)
	}
	return offset
}

// TumblingWindow is an [Assigner] of windows of equal length, side by side.
type TumblingWindow struct {
	Size   int64 // nanoseconds
	Offset int64 // nanoseconds
}

// Tumbling cuts time into windows of one size; each record is in exactly one.
func Tumbling(size time.Duration, opts ...AlignOption) TumblingWindow {
	return TumblingWindow{Size: int64(size), Offset: alignment(opts)}
}

// Validate implements [Assigner].
func (w TumblingWindow) Validate() error { return positive("tumbling", "size", w.Size) }

// SpanOf is the window of a record at time t: the fast path of Assign.
func (w TumblingWindow) SpanOf(t int64) Span {
	start := floorTo(t, w.Size, w.Offset)
	return Span{Start: start, End: satAdd(start, w.Size)}
}

// Assign implements [Assigner].
func (w TumblingWindow) Assign(dst []Span, t int64) []Span { return append(dst, w.SpanOf(t)) }

// Merging implements [Assigner].
func (w TumblingWindow) Merging() bool { return false }

// SliceOf implements [Sliced].
func (w TumblingWindow) SliceOf(t int64) Span { return w.SpanOf(t) }

// SliceWidth implements [Sliced].
func (w TumblingWindow) SliceWidth() int64 { return w.Size }

// NextEnd implements [Sliced].
func (w TumblingWindow) NextEnd(t int64) int64 { return w.SpanOf(t).End }

// Ending implements [Sliced].
func (w TumblingWindow) Ending(end int64) Span { return Span{Start: satSub(end, w.Size), End: end} }

// SlidingWindow is an [Assigner] of windows of one size that start every slide.
type SlidingWindow struct {
	Size   int64 // nanoseconds
	Slide  int64 // nanoseconds
	Offset int64 // nanoseconds
}

// Sliding starts a window of the given size every slide. With slide < size
// windows overlap; with slide > size there are gaps, and a record in a gap is
// in no window.
func Sliding(size, slide time.Duration, opts ...AlignOption) SlidingWindow {
	return SlidingWindow{Size: int64(size), Slide: int64(slide), Offset: alignment(opts)}
}

// Validate implements [Assigner].
func (w SlidingWindow) Validate() error {
	return errors.Join(positive("sliding", "size", w.Size), positive("sliding", "slide", w.Slide))
}

// Assign implements [Assigner]. A record is in about size/slide windows; use
// the slices where that is many.
func (w SlidingWindow) Assign(dst []Span, t int64) []Span {
	last := floorTo(t, w.Slide, w.Offset)
	first := w.NextEnd(t) - w.Size
	for start := first; start <= last; start += w.Slide {
		dst = append(dst, Span{Start: start, End: satAdd(start, w.Size)})
	}
	return dst
}

// Merging implements [Assigner].
func (w SlidingWindow) Merging() bool { return false }

// SliceWidth implements [Sliced]: the greatest common divisor of size and
// slide, so that every border of a window is a border of a slice.
func (w SlidingWindow) SliceWidth() int64 { return gcd(w.Size, w.Slide) }

// SliceOf implements [Sliced].
func (w SlidingWindow) SliceOf(t int64) Span {
	width := w.SliceWidth()
	start := floorTo(t, width, w.Offset)
	return Span{Start: start, End: satAdd(start, width)}
}

// NextEnd implements [Sliced].
func (w SlidingWindow) NextEnd(t int64) int64 {
	return satAdd(floorTo(t, w.Slide, w.Offset+floorMod(w.Size, w.Slide)), w.Slide)
}

// Ending implements [Sliced].
func (w SlidingWindow) Ending(end int64) Span {
	if bug.Enabled && bug.On(bug.FirstSlideMissed) && w.Slide < w.Size {
		return Span{Start: satSub(end, w.Size-w.Slide), End: end}
	}
	return Span{Start: satSub(end, w.Size), End: end}
}

// CumulateWindow is an [Assigner] of windows that share a start and grow step
// by step up to a maximum, then start anew.
type CumulateWindow struct {
	Max    int64 // nanoseconds
	Step   int64 // nanoseconds
	Offset int64 // nanoseconds
}

// Cumulate grows windows: Cumulate(24h, 1h) gives [0,1h), [0,2h) … [0,24h) and
// then the next day's. Max must be a multiple of step.
func Cumulate(limit, step time.Duration, opts ...AlignOption) CumulateWindow {
	return CumulateWindow{Max: int64(limit), Step: int64(step), Offset: alignment(opts)}
}

// Validate implements [Assigner].
func (w CumulateWindow) Validate() error {
	err := errors.Join(positive("cumulate", "max", w.Max), positive("cumulate", "step", w.Step))
	if err == nil && w.Max%w.Step != 0 {
		err = fmt.Errorf("%w: cumulate: max %v is not a multiple of step %v; choose a step that divides it",
			ErrInvalid, time.Duration(w.Max), time.Duration(w.Step))
	}
	return err
}

// Assign implements [Assigner].
func (w CumulateWindow) Assign(dst []Span, t int64) []Span {
	start := floorTo(t, w.Max, w.Offset)
	limit := satAdd(start, w.Max)
	for end := w.NextEnd(t); end <= limit; end += w.Step {
		dst = append(dst, Span{Start: start, End: end})
		if end > math.MaxInt64-w.Step {
			break
		}
	}
	return dst
}

// Merging implements [Assigner].
func (w CumulateWindow) Merging() bool { return false }

// SliceWidth implements [Sliced].
func (w CumulateWindow) SliceWidth() int64 { return w.Step }

// SliceOf implements [Sliced].
func (w CumulateWindow) SliceOf(t int64) Span {
	start := floorTo(t, w.Step, w.Offset)
	return Span{Start: start, End: satAdd(start, w.Step)}
}

// NextEnd implements [Sliced].
func (w CumulateWindow) NextEnd(t int64) int64 { return w.SliceOf(t).End }

// Ending implements [Sliced].
func (w CumulateWindow) Ending(end int64) Span {
	return Span{Start: floorTo(satSub(end, 1), w.Max, w.Offset), End: end}
}

// SessionWindow is an [Assigner] of windows that last as long as records keep
// coming at most Gap apart.
type SessionWindow struct {
	Gap int64 // nanoseconds
}

// Session ends a window after a gap without records. Each record opens
// [t, t+gap); windows that touch merge.
func Session(gap time.Duration) SessionWindow { return SessionWindow{Gap: int64(gap)} }

// Validate implements [Assigner].
func (w SessionWindow) Validate() error { return positive("session", "gap", w.Gap) }

// EndOf is the end of the session that a record at time t alone makes.
func (w SessionWindow) EndOf(t int64) int64 { return satAdd(t, w.Gap) }

// Assign implements [Assigner].
func (w SessionWindow) Assign(dst []Span, t int64) []Span {
	return append(dst, Span{Start: t, End: satAdd(t, w.Gap)})
}

// Merging implements [Assigner].
func (w SessionWindow) Merging() bool { return true }

// GlobalWindow is an [Assigner] with a single window over all time.
type GlobalWindow struct{}

// Global puts every record of a key into one window, which only a trigger or
// the end of the input fires.
func Global() GlobalWindow { return GlobalWindow{} }

// Validate implements [Assigner].
func (GlobalWindow) Validate() error { return nil }

// Assign implements [Assigner].
func (GlobalWindow) Assign(dst []Span, _ int64) []Span {
	return append(dst, Span{Start: math.MinInt64, End: math.MaxInt64})
}

// Merging implements [Assigner].
func (GlobalWindow) Merging() bool { return false }

func positive(kind, field string, v int64) error {
	if v > 0 {
		return nil
	}
	return fmt.Errorf("%w: %s: %s is %v; it must be positive", ErrInvalid, kind, field, time.Duration(v))
}

package window

import (
	"fmt"
	"math"
)

// CountWindow is an [Assigner] of windows that hold a number of records, whatever their times: records need none. Its
// span is all of time. What is not full when the input ends is not put out.
type CountWindow struct {
	Size  int64 // records
	Slide int64 // records
}

// CountTumbling puts each n records of a key into a window.
func CountTumbling(n int) CountWindow { return CountWindow{int64(n), int64(n)} }

// CountSliding fires after each slide records of a key, over the last size of them, or as many as there were yet. What is
// older has to be dropped: put Evict(KeepLast[T](size), …) around the aggregator.
func CountSliding(size, slide int) CountWindow { return CountWindow{int64(size), int64(slide)} }

// Validate implements [Assigner].
func (w CountWindow) Validate() error {
	if w.Size > 0 && w.Slide > 0 {
		return nil
	}
	return fmt.Errorf("%w: count: size %d and slide %d; both must be positive", ErrInvalid, w.Size, w.Slide)
}

// Assign implements [Assigner].
func (w CountWindow) Assign(dst []Span, _ int64) []Span {
	return append(dst, Span{Start: math.MinInt64, End: math.MaxInt64})
}

// Merging implements [Assigner].
func (w CountWindow) Merging() bool { return false }

// Trigger is the one that such windows have unless another is set.
func (w CountWindow) Trigger() Trigger {
	if w.Slide != w.Size {
		return EveryCount(int(w.Slide))
	}
	return Purging(EveryCount(int(w.Slide)))
}

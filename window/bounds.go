package window

import (
	"fmt"
	"math"
	"time"
)

// Bounds say how far apart in event time two records may be that are joined: the right one's time is from Lower up to and
// including Upper after the left one's, in nanoseconds.
type Bounds struct{ Lower, Upper int64 }

// Between joins a left record with right ones from lower to upper after it; negative is before.
func Between(lower, upper time.Duration) Bounds { return Bounds{int64(lower), int64(upper)} }

// Within joins records that are at most d apart, whichever is first.
func Within(d time.Duration) Bounds { return Bounds{-int64(d), int64(d)} }

// Always joins records however far apart they are: everything stays in state.
func Always() Bounds { return Bounds{math.MinInt64, math.MaxInt64} }

// Unbounded says that records are joined however far apart they are.
func (b Bounds) Unbounded() bool { return b == Always() }

// Validate reports bounds that nothing can be between.
func (b Bounds) Validate() error {
	if b.Lower <= b.Upper {
		return nil
	}
	return fmt.Errorf("%w: between %v and %v: the lower bound is above the upper one", ErrInvalid, time.Duration(b.Lower), time.Duration(b.Upper))
}

// RightOf is the span of times, both included, in which a left record's partners are.
func (b Bounds) RightOf(t int64) (from, to int64) { return satAdd(t, b.Lower), satAdd(t, b.Upper) }

// LeftOf is the span of times, both included, in which a right record's partners are.
func (b Bounds) LeftOf(t int64) (from, to int64) { return satSub(t, b.Upper), satSub(t, b.Lower) }

package window

import (
	"fmt"
	"math"
	"time"
)

// Span is a half-open interval of event time, [Start, End), in nanoseconds
// since the Unix epoch. It is comparable, so it can be a map key or part of a
// state key.
type Span struct {
	Start, End int64
}

// SpanBetween is the span of two points in time.
func SpanBetween(start, end time.Time) Span {
	return Span{Start: start.UnixNano(), End: end.UnixNano()}
}

// Contains says whether a record at time t (nanoseconds) lies in the span.
func (s Span) Contains(t int64) bool { return s.Start <= t && t < s.End }

// Last is the greatest time that the span contains. The window is complete
// once the watermark has reached it.
func (s Span) Last() int64 { return satSub(s.End, 1) }

// Duration is the length of the span. It saturates for the global window.
func (s Span) Duration() time.Duration { return time.Duration(satSub(s.End, s.Start)) }

// StartTime is the first instant of the span, in UTC.
func (s Span) StartTime() time.Time { return time.Unix(0, s.Start).UTC() }

// EndTime is the first instant after the span, in UTC.
func (s Span) EndTime() time.Time { return time.Unix(0, s.End).UTC() }

// Touches says whether two spans overlap or meet end to start. Sessions merge
// when they touch: two records exactly one gap apart are one session.
func (s Span) Touches(o Span) bool { return s.Start <= o.End && o.Start <= s.End }

// Cover is the smallest span that contains both.
func (s Span) Cover(o Span) Span {
	return Span{Start: min(s.Start, o.Start), End: max(s.End, o.End)}
}

// String prints the span in UTC, e.g. "[2026-01-02T10:00:00Z, 2026-01-02T10:01:00Z)".
func (s Span) String() string {
	return fmt.Sprintf("[%s, %s)", timeString(s.Start), timeString(s.End))
}

func timeString(t int64) string {
	switch t {
	case math.MinInt64:
		return "-inf"
	case math.MaxInt64:
		return "+inf"
	}
	return time.Unix(0, t).UTC().Format(time.RFC3339Nano)
}

// satAdd adds without wrapping around.
func satAdd(a, b int64) int64 {
	s := a + b
	if (s > a) == (b > 0) || b == 0 {
		return s
	}
	if b > 0 {
		return math.MaxInt64
	}
	return math.MinInt64
}

// satSub subtracts without wrapping around.
func satSub(a, b int64) int64 {
	s := a - b
	if (s < a) == (b > 0) || b == 0 {
		return s
	}
	if b > 0 {
		return math.MinInt64
	}
	return math.MaxInt64
}

// floorTo is the greatest offset + k*width that is not after t. Width must be
// positive. Near the start of the int64 range the result saturates.
func floorTo(t, width, offset int64) int64 {
	r := floorMod(t, width)
	if offset != 0 {
		r = floorMod(r-floorMod(offset, width), width)
	}
	return satSub(t, r)
}

// floorMod is the remainder with the sign of the divisor, 0 <= r < width.
func floorMod(t, width int64) int64 {
	r := t % width
	if r < 0 {
		r += width
	}
	return r
}

// gcd is the greatest common divisor of two positive numbers.
func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

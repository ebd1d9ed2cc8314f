package window

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Bucketed is the fixed part of approximate rolling aggregates: the time spans,
// and into how many buckets each is cut. It is settings, not state.
type Bucketed struct {
	// Spans are the lengths of the time ranges, in any order.
	Spans []time.Duration
	// PerSpan is the number of buckets of each span: the range that is answered
	// is between span-span/PerSpan and span long.
	PerSpan int
}

// InBuckets sets up rolling aggregates of fixed size; 16 buckets per span are a
// good start.
func InBuckets(perSpan int, spans ...time.Duration) Bucketed {
	return Bucketed{Spans: spans, PerSpan: perSpan}
}

// Validate reports every wrong setting, wrapping [ErrInvalid].
func (c Bucketed) Validate() error {
	var errs []error
	if len(c.Spans) == 0 {
		errs = append(errs, fmt.Errorf("%w: buckets: no span; name at least one", ErrInvalid))
	}
	if c.PerSpan < 1 || c.PerSpan > 1<<16 {
		errs = append(errs, fmt.Errorf("%w: buckets: %d per span; choose 1 to 65,536", ErrInvalid, c.PerSpan))
	}
	for _, s := range c.Spans {
		if int64(s) < int64(max(c.PerSpan, 1)) {
			errs = append(errs, fmt.Errorf("%w: buckets: span %v is too short for %d buckets", ErrInvalid, s, c.PerSpan))
		}
	}
	return errors.Join(errs...)
}

// width is the length of a bucket of the i-th span, rounded up so that the
// buckets cover the span.
func (c *Bucketed) width(i int) int64 {
	n := int64(c.PerSpan)
	return (int64(c.Spans[i])-1)/n + 1
}

// Cell is one bucket of [Buckets]: what came at times [Bucket*width,
// (Bucket+1)*width).
type Cell struct {
	Bucket        int64
	Count         int64
	Sum, Min, Max float64
}

// Buckets are the approximate counterpart of [Rolling] for keys with any number
// of entries: memory is fixed at PerSpan cells for each span. A range that ends
// at the frontier (the greatest time seen) covers the bucket of the frontier
// and the PerSpan-1 before it, so its older end moves in steps of a bucket:
// what it answers is exact for a span that is up to one bucket shorter than
// asked. A late entry goes into the bucket of its time. The zero value is ready;
// the settings must stay the same for one state, other ones start afresh.
type Buckets struct {
	Now   int64
	Cells []Cell // PerSpan for each span, a ring by bucket number
}

// Add enters value v at time t (nanoseconds). It reports false for a value that
// is not finite and for an entry older than every range.
func (b *Buckets) Add(c *Bucketed, t int64, v float64) (entered bool) {
	if n := len(c.Spans) * c.PerSpan; len(b.Cells) != n {
		*b = Buckets{Now: t, Cells: make([]Cell, n)}
		for i := range b.Cells {
			b.Cells[i].Bucket = math.MinInt64
		}
	}
	b.Now = max(b.Now, t)
	if v-v != 0 {
		return false
	}
	for i := range c.Spans {
		w := c.width(i)
		if bucket := floorDiv(t, w); bucket > floorDiv(b.Now, w)-int64(c.PerSpan) {
			b.cell(c, i, bucket).add(v)
			entered = true
		}
	}
	return entered
}

// cell is the place of a bucket that is inside its range, emptied if an older
// one was there.
func (b *Buckets) cell(c *Bucketed, span int, bucket int64) *Cell {
	cell := &b.Cells[span*c.PerSpan+int(floorMod(bucket, int64(c.PerSpan)))]
	if cell.Bucket != bucket {
		*cell = Cell{Bucket: bucket}
	}
	return cell
}

func (c *Cell) add(v float64) {
	if c.Count == 0 {
		c.Min, c.Max = v, v
	}
	c.Count++
	c.Sum += v
	c.Min, c.Max = min(c.Min, v), max(c.Max, v)
}

// Stats reads the range of the i-th span in O(PerSpan).
func (b *Buckets) Stats(c *Bucketed, i int) (s Stats) {
	if i < 0 || i >= len(c.Spans) || len(b.Cells) != len(c.Spans)*c.PerSpan {
		return s
	}
	oldest := floorDiv(b.Now, c.width(i)) - int64(c.PerSpan)
	for _, cell := range b.Cells[i*c.PerSpan : (i+1)*c.PerSpan] {
		if cell.Count == 0 || cell.Bucket <= oldest {
			continue
		}
		if s.Count == 0 {
			s.Min, s.Max = cell.Min, cell.Max
		}
		s.Count += cell.Count
		s.Sum += cell.Sum
		s.Min, s.Max = min(s.Min, cell.Min), max(s.Max, cell.Max)
	}
	if s.Count > 0 {
		s.Mean = s.Sum / float64(s.Count)
	}
	return s
}

// floorDiv divides towards the past.
func floorDiv(t, width int64) int64 {
	q := t / width
	if t%width < 0 {
		q--
	}
	return q
}

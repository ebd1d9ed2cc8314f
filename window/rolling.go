package window

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/turgo-io/turgo/internal/bug"
)

// Ranges is the fixed part of rolling aggregates: which time spans are answered
// and how much may be kept. It is settings, not state: one value serves every
// key. The zero value is not valid; start with [Range].
type Ranges struct {
	// Spans are the lengths of the time ranges, in any order. A range that ends
	// at time t covers (t-span, t].
	Spans []time.Duration
	// Limit bounds the entries kept per key; 0 means no bound. With a limit, a
	// range covers at most the latest Limit entries, so that counts saturate.
	Limit int
}

// Range sets up rolling aggregates over one or several time spans that share
// one list of entries.
func Range(spans ...time.Duration) Ranges { return Ranges{Spans: spans} }

// AtMost returns the ranges with a bound on the entries kept per key.
func (c Ranges) AtMost(entries int) Ranges {
	c.Limit = entries
	return c
}

// Validate reports every wrong setting, wrapping [ErrInvalid].
func (c Ranges) Validate() error {
	var errs []error
	if len(c.Spans) == 0 {
		errs = append(errs, fmt.Errorf("%w: range: no span; name at least one", ErrInvalid))
	}
	for _, s := range c.Spans {
		errs = append(errs, positive("range", "span", int64(s)))
	}
	if c.Limit < 0 {
		errs = append(errs, fmt.Errorf("%w: range: limit is %d; use 0 for no bound", ErrInvalid, c.Limit))
	}
	return errors.Join(errs...)
}

// Sample is one entry of a [Rolling]: a value at a time (nanoseconds).
type Sample struct {
	Time  int64
	Value float64
}

// Stats is what a range holds. Over no entry every field is 0.
type Stats struct {
	Count               int64
	Sum, Mean, Min, Max float64
}

// Rolling holds the rolling aggregates of one key. The zero value is ready. All
// of its state is in exported fields, so it can be part of a keyed state struct
// and is restored exactly; programs read it through its methods only.
//
// The ranges end at the frontier, the greatest time seen. An entry that arrives
// late is sorted into its place (behind those of the same time) and counts in
// each range that still covers its time; one older than every range is refused,
// and with a limit also one older than all that is kept.
// So the answer is a function of the sequence of Add calls alone.
//
//	Entries   . . . . . . . . . . . . . .  ordered by time
//	              ^Cuts[2]     ^Cuts[1] ^Cuts[0]   first entry inside 24 h, 1 h, 1 min
//	Highs         9            7   5       may still become a maximum: values fall, times rise
//	Lows          1     2      2           may still become a minimum
//
// Invariants: (1) Entries[Start:] is ordered by time and holds what the widest
// span covers; (2) a Cut's sum is that of Entries[First:]; (3) the first element
// of Highs inside a span is that span's maximum, so that one list serves all.
// A sum that overflows stays infinite until an entry leaves the span.
//
// Add costs O(1) amortized per span, plus the number of entries that a late one
// has to pass.
type Rolling struct {
	Entries []Sample
	Start   int
	Now     int64
	Cuts    []Cut
	Highs   []Sample
	Lows    []Sample
}

// Cut is one span's place in the entries of a [Rolling].
type Cut struct {
	Span      int64           // nanoseconds
	Sum       SumAcc[float64] // of Entries[First:]
	First     int32           // index into Entries of the oldest one inside the span
	Removed   int32           // values taken out since Sum was last computed afresh
	Weight    float64         // about the sum of the absolute values
	High, Low int32           // index of the oldest one inside the span in Highs, Lows
}

// Add enters value v at time t (nanoseconds) and moves the frontier. It reports
// false, and enters nothing, for a value that is not finite (one NaN would hide
// every other value) and for an entry older than every range.
func (r *Rolling) Add(c *Ranges, t int64, v float64) bool {
	r.Advance(c, t)
	if v-v != 0 || !r.covers(t) {
		return false
	}
	at := len(r.Entries)
	for at > r.Start && r.Entries[at-1].Time > t && !(bug.Enabled && bug.On(bug.RollingUnsorted)) {
		at--
	}
	if at == r.Start && r.full(c, 0) {
		return false
	}
	r.insert(at, Sample{t, v})
	r.Highs = r.offer(r.Highs, Sample{t, v}, high)
	r.Lows = r.offer(r.Lows, Sample{t, v}, low)
	for r.full(c, 1) {
		r.dropOldest()
	}
	r.settle()
	return true
}

// full says whether more entries are kept than the limit and the slack allow:
// with slack 0 whether there is no room, with 1 whether one is too many.
func (r *Rolling) full(c *Ranges, slack int) bool {
	return c.Limit > 0 && len(r.Entries)-r.Start >= c.Limit+slack
}

// Advance moves the frontier to t without entering a value, so that the ranges
// end there. A t before the frontier changes nothing.
func (r *Rolling) Advance(c *Ranges, t int64) {
	if !r.fits(c) {
		r.rebuild(c, t)
	}
	if t <= r.Now {
		return
	}
	r.Now = t
	start := int32(len(r.Entries))
	for i := range r.Cuts {
		r.evict(&r.Cuts[i])
		start = min(start, r.Cuts[i].First)
	}
	r.Start = int(start)
	r.settle()
	r.compact()
}

// Stats reads the range of the i-th span of the [Ranges] that were used to Add.
func (r *Rolling) Stats(i int) Stats {
	if i < 0 || i >= len(r.Cuts) {
		return Stats{}
	}
	c := &r.Cuts[i]
	n := len(r.Entries) - int(c.First)
	if n == 0 {
		return Stats{}
	}
	sum := c.Sum.Value()
	return Stats{
		Count: int64(n), Sum: sum, Mean: sum / float64(n),
		Min: r.Lows[c.Low].Value, Max: r.Highs[c.High].Value,
	}
}

// Samples are the entries that the i-th span covers, oldest first. The slice is
// valid until the next Add or Advance and must not be changed.
func (r *Rolling) Samples(i int) []Sample {
	if i < 0 || i >= len(r.Cuts) {
		return nil
	}
	return r.Entries[r.Cuts[i].First:]
}

// fits says whether the cuts were made for these spans: a new version of a
// program may ask for others than the one that wrote the state.
func (r *Rolling) fits(c *Ranges) bool {
	if len(r.Cuts) != len(c.Spans) {
		return false
	}
	for i := range r.Cuts {
		if r.Cuts[i].Span != int64(c.Spans[i]) {
			return false
		}
	}
	return true
}

// rebuild makes cuts and extreme lists for new spans from the entries at hand.
// A wider span than before starts with what the old ones had kept.
func (r *Rolling) rebuild(c *Ranges, t int64) {
	if len(r.Cuts) == 0 {
		r.Now = t
	}
	r.Cuts = make([]Cut, len(c.Spans))
	start := int32(len(r.Entries))
	for i := range r.Cuts {
		r.Cuts[i] = Cut{Span: int64(c.Spans[i]), First: int32(r.Start)}
		r.evict(&r.Cuts[i])
		r.resum(&r.Cuts[i])
		start = min(start, r.Cuts[i].First)
	}
	r.Start = int(start)
	r.Highs, r.Lows = r.Highs[:0], r.Lows[:0]
	for _, s := range r.Entries[r.Start:] {
		r.Highs = r.offer(r.Highs, s, high)
		r.Lows = r.offer(r.Lows, s, low)
	}
	r.settle()
}

// covers says whether any span still reaches back to t.
func (r *Rolling) covers(t int64) bool {
	for i := range r.Cuts {
		if t > r.cutoff(&r.Cuts[i]) {
			return true
		}
	}
	return false
}

// cutoff is the greatest time that the span no longer covers.
func (r *Rolling) cutoff(c *Cut) int64 { return satSub(r.Now, c.Span) }

// insert puts an entry at its place and into the sums of the spans that cover
// it; for the others it lies before their first entry, which moves up by one.
func (r *Rolling) insert(at int, s Sample) {
	if at == len(r.Entries) {
		r.Entries = append(r.Entries, s)
	} else {
		r.Entries = slices.Insert(r.Entries, at, s)
	}
	for i := range r.Cuts {
		c := &r.Cuts[i]
		if s.Time > r.cutoff(c) {
			c.Sum.Add(s.Value)
			c.Weight += math.Abs(s.Value)
		} else {
			c.First++
		}
	}
}

// evict takes the entries out of a span that it no longer covers.
func (r *Rolling) evict(c *Cut) {
	cut, first := r.cutoff(c), c.First
	for int(c.First) < len(r.Entries) && r.Entries[c.First].Time <= cut {
		c.First++
	}
	r.taken(c, first)
}

// outweigh is how many times heavier than the rest a value must be for its
// leaving to call for a fresh sum: what it has swallowed is then too much of
// what is left.
const outweigh = 1e10

// taken brings the sum in line after entries from first to c.First have left.
// They are subtracted one by one, or the sum is computed afresh: when as many
// were taken out as are left, so that rounding errors do not add up; after an
// overflow; and when one outweighed all that is left. In a stream in order of
// time each fresh sum is paid for by the values that left before it.
func (r *Rolling) taken(c *Cut, first int32) {
	if first == c.First {
		return
	}
	c.Removed += c.First - first
	if sum := c.Sum.Value(); int(c.Removed) >= len(r.Entries)-int(c.First) || sum-sum != 0 {
		r.resum(c)
		return
	}
	heaviest := 0.0
	for _, s := range r.Entries[first:c.First] {
		c.Sum.Add(-s.Value)
		c.Weight -= math.Abs(s.Value)
		heaviest = max(heaviest, math.Abs(s.Value))
	}
	if heaviest > outweigh*c.Weight {
		r.resum(c)
	}
}

// resum computes a span's sum from its entries.
func (r *Rolling) resum(c *Cut) {
	c.Sum, c.Weight, c.Removed = SumAcc[float64]{}, 0, 0
	for _, s := range r.Entries[c.First:] {
		c.Sum.Add(s.Value)
		c.Weight += math.Abs(s.Value)
	}
}

package window

import "slices"

// The two lists of possible extremes, by the sign of the value that wins.
const (
	high = +1
	low  = -1
)

// place is the span's position in the list of that sign.
func (c *Cut) place(sign float64) *int32 {
	if sign == high {
		return &c.High
	}
	return &c.Low
}

// offer enters s into a list of possible extremes. Times rise and values fall
// (for Lows: rise) strictly; an element that a later one equals or beats can
// never be an answer again and is left out.
func (r *Rolling) offer(list []Sample, s Sample, sign float64) []Sample {
	at := len(list)
	for at > 0 && list[at-1].Time > s.Time {
		at--
	}
	if at < len(list) && sign*list[at].Value >= sign*s.Value {
		return list
	}
	from := at
	for from > 0 && sign*list[from-1].Value <= sign*s.Value {
		from--
	}
	for i := range r.Cuts {
		p := r.Cuts[i].place(sign)
		*p = min(*p, int32(from))
	}
	if from == at {
		return slices.Insert(list, at, s)
	}
	list[from] = s
	return slices.Delete(list, from+1, at)
}

// settle moves each span's places in Highs and Lows to the first element that
// it covers; there is one unless the span is empty.
func (r *Rolling) settle() {
	for i := range r.Cuts {
		c := &r.Cuts[i]
		cut := r.cutoff(c)
		c.High = firstAfter(r.Highs, c.High, cut)
		c.Low = firstAfter(r.Lows, c.Low, cut)
	}
}

// firstAfter is the first index from i on whose time is after cut.
func firstAfter(list []Sample, i int32, cut int64) int32 {
	for int(i) < len(list) && list[i].Time <= cut {
		i++
	}
	return i
}

// dropOldest forgets the oldest entry to keep within the limit.
func (r *Rolling) dropOldest() {
	r.settle()
	old := r.Entries[r.Start]
	r.Start++
	for i := range r.Cuts {
		if c := &r.Cuts[i]; int(c.First) < r.Start {
			c.First = int32(r.Start)
			r.taken(c, c.First-1)
		}
	}
	if !r.holdsTwin(old) {
		r.pass(r.Highs, old, high)
		r.pass(r.Lows, old, low)
	}
	r.compact()
}

// holdsTwin says whether an equal entry of the same time is still kept, which
// is then the one that the lists of extremes name.
func (r *Rolling) holdsTwin(old Sample) bool {
	for _, s := range r.Entries[r.Start:] {
		if s.Time != old.Time {
			return false
		}
		if s == old {
			return true
		}
	}
	return false
}

// pass moves the places that stand on a dropped entry to the next element. The
// entry stays in the list as one before every place, like an outdated one: no
// later entry is sorted in front of it, since Add refuses those.
func (r *Rolling) pass(list []Sample, old Sample, sign float64) {
	for i := range r.Cuts {
		p := r.Cuts[i].place(sign)
		if int(*p) < len(list) && list[*p] == old {
			*p++
		}
	}
}

// compactMin keeps short lists from being moved again and again.
const compactMin = 8

// compact moves live entries down once the dead ones in front are as many, so
// that each move is paid for by an eviction; likewise for the extremes.
func (r *Rolling) compact() {
	if len(r.Cuts) == 0 {
		return
	}
	front := r.Cuts[0]
	for i := range r.Cuts {
		front.High, front.Low = min(front.High, r.Cuts[i].High), min(front.Low, r.Cuts[i].Low)
	}
	var first, peak, dip int32
	r.Entries, first = shift(r.Entries, int32(r.Start))
	r.Highs, peak = shift(r.Highs, front.High)
	r.Lows, dip = shift(r.Lows, front.Low)
	if first+peak+dip == 0 {
		return
	}
	r.Start -= int(first)
	for i := range r.Cuts {
		c := &r.Cuts[i]
		c.First, c.High, c.Low = c.First-first, c.High-peak, c.Low-dip
	}
}

// shift drops the first n elements in place if that pays, and says how many it
// dropped.
func shift(list []Sample, n int32) ([]Sample, int32) {
	if n < compactMin || int(n)*2 < len(list) {
		return list, 0
	}
	return append(list[:0], list[n:]...), n
}

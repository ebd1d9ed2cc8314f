package operator

import (
	"slices"

	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/window"
)

// slice is a piece of time that every window has whole or not at all, with the aggregate of a key's records in it.
type slice[A any] struct {
	Start int64
	Acc   A
	Sum   A // of this slice and those behind it that are in front, see keySlices
}

// keySlices is the slices of a key that some window may still want, oldest first, as a queue that knows the sum of what is
// in it (two stacks, laid out as one array):
//
//	          Head             Front              In
//	gone …     | slices in front | slices at back  | not in the window yet …
//	           | Sum: up to Front| summed in Back  |
//
// The window's aggregate is Slices[Head].Sum and Back. A slice that leaves moves Head; when the front is used up, the back
// becomes the front, which costs a merge for each of its slices: one for each slice's life.
type keySlices[A any] struct {
	Slices          []slice[A]
	Head, Front, In int
	Back            A
	End             int64 // of the next window to fire: the key is on that list
}

// slicing is the window operator for windows that overlap: a record enters one slice.
type slicing[K comparable, T, A, V, R any] struct {
	windowCore[K, T, A, V, R]
	slices window.Sliced
	state  state.Value[keySlices[A]]
	ends   state.Agenda
	hot    hotSlice
	spare  [][]slice[A]
	grows  bool // accumulators grow with their records: sums of sums would hold everything many times
	work   A
}

// hotSlice is what is known of the slice that the last record was in.
type hotSlice struct {
	span    window.Span
	end     int64 // of the first window that has the slice and has not fired
	inTime  bool
	outside bool  // it is in no window at all
	passed  int64 // the watermark at which this was so
}

func (o *slicing[K, T, A, V, R]) Open(c Context, out Receiver[R]) error {
	if err := o.windowCore.Open(c, out); err != nil {
		return err
	}
	o.state = state.NewValue[keySlices[A]](c, "slices")
	o.ends = state.NewAgenda(c, "ends")
	o.grows = window.Grows(o.Aggregator)
	return nil
}

// locate makes hot the slice of a time.
func (o *slicing[K, T, A, V, R]) locate(time int64) {
	h := hotSlice{span: o.slices.SliceOf(time), passed: o.passed}
	h.outside = o.slices.Ending(o.slices.NextEnd(time)).Start > time
	from := time
	if o.passed >= time && o.passed < MaxTime {
		from = o.passed + 1
	}
	h.end = o.slices.NextEnd(from)
	h.inTime = o.passed < MaxTime && o.slices.Ending(h.end).Start <= time
	o.hot = h
}

func (o *slicing[K, T, A, V, R]) Push(time int64, v *T) error {
	o.Context.Enter() // the aggregator and the assigner may be the user's
	if time == NoTime {
		return errNoTime
	}
	h := &o.hot
	if h.passed != o.passed || !h.span.Contains(time) {
		o.locate(time)
	}
	if !h.inTime {
		if h.outside {
			return nil
		}
		return o.drop(time, v)
	}
	k := o.state.Ref()
	o.Aggregator.Add(o.slice(k, h.span.Start), v)
	if k.End == 0 || h.end < k.End {
		o.ends.Add(h.end - 1)
		k.End = h.end
	}
	return nil
}

// slice returns the accumulator of a slice.
func (o *slicing[K, T, A, V, R]) slice(k *keySlices[A], start int64) *A {
	i := len(k.Slices)
	if i > k.In && k.Slices[i-1].Start == start {
		return &k.Slices[i-1].Acc
	}
	for i > k.Head && k.Slices[i-1].Start > start {
		i--
	}
	if i > k.Head && k.Slices[i-1].Start == start {
		if i <= k.In {
			k.unsum()
		}
		return &k.Slices[i-1].Acc
	}
	if i < k.In {
		k.unsum()
	}
	if k.Slices == nil {
		k.Slices = o.takeSpare()
	}
	k.Slices = slices.Insert(k.Slices, i, slice[A]{Start: start})
	return &k.Slices[i].Acc
}

// unsum forgets the sums: a record has come for a slice that is part of them. The next firing makes them anew.
func (k *keySlices[A]) unsum() {
	var zero A
	k.Front, k.In, k.Back = k.Head, k.Head, zero
}

// spareSlices is how many arrays of keys that are gone are kept for others.
const spareSlices = 1024

func (o *slicing[K, T, A, V, R]) takeSpare() []slice[A] {
	n := len(o.spare)
	if n == 0 {
		return make([]slice[A], 0, 2)
	}
	s := o.spare[n-1]
	o.spare = o.spare[:n-1]
	return s
}

// Mark fires the windows that a watermark closes before it hands the watermark on.
func (o *slicing[K, T, A, V, R]) Mark(m Mark) error {
	if m.Kind == Watermark {
		o.passed = m.Value
		for {
			at, ok := o.ends.PopDue(m.Value)
			if !ok {
				break
			}
			if err := o.fire(at + 1); err != nil {
				return err
			}
		}
	}
	return o.Out.Mark(m)
}

// fire puts out the window of the current key that has this end, and puts the key on the list of the next one.
func (o *slicing[K, T, A, V, R]) fire(end int64) error {
	k := o.state.Ref()
	if k.End != end { // an older record came: the key was put on an earlier list
		if len(k.Slices) == k.Head {
			o.state.Clear()
		}
		return nil
	}
	w := o.slices.Ending(end)
	o.leave(k, w.Start)
	o.enter(k, end)
	if k.In > k.Head {
		if err := o.emit(w, o.sum(k)); err != nil {
			return err
		}
	}
	o.plan(k, end)
	return nil
}

// leave takes the slices before a time out of the sums.
func (o *slicing[K, T, A, V, R]) leave(k *keySlices[A], before int64) {
	for k.Head < len(k.Slices) && k.Slices[k.Head].Start < before {
		if k.Head == k.Front && k.In > k.Front {
			o.turn(k, before)
			continue
		}
		k.Head++
		k.Front, k.In = max(k.Front, k.Head), max(k.In, k.Head)
	}
}

// turn makes the slices at the back the front, without those that leave anyway.
func (o *slicing[K, T, A, V, R]) turn(k *keySlices[A], before int64) {
	var zero A
	for k.Head < k.In && k.Slices[k.Head].Start < before {
		k.Head++
	}
	for i := k.In - 1; i >= k.Head && !o.grows; i-- {
		s := &k.Slices[i]
		s.Sum = zero
		o.Aggregator.Merge(&s.Sum, &s.Acc)
		if i+1 < k.In {
			o.Aggregator.Merge(&s.Sum, &k.Slices[i+1].Sum)
		}
	}
	k.Front, k.Back = k.In, zero
}

// enter takes the slices before the window's end into the sums.
func (o *slicing[K, T, A, V, R]) enter(k *keySlices[A], end int64) {
	for k.In < len(k.Slices) && k.Slices[k.In].Start < end {
		if !o.grows {
			o.Aggregator.Merge(&k.Back, &k.Slices[k.In].Acc)
		}
		k.In++
	}
}

// sum is the aggregate of the slices from Head to In.
func (o *slicing[K, T, A, V, R]) sum(k *keySlices[A]) *A {
	var zero A
	o.work = zero
	switch {
	case o.grows:
		for i := k.Head; i < k.In; i++ {
			o.Aggregator.Merge(&o.work, &k.Slices[i].Acc)
		}
		return &o.work
	case k.Front == k.Head:
		return &k.Back
	case k.Front == k.In:
		return &k.Slices[k.Head].Sum
	}
	o.Aggregator.Merge(&o.work, &k.Slices[k.Head].Sum)
	o.Aggregator.Merge(&o.work, &k.Back)
	return &o.work
}

// plan puts the key on the list of the next window that has something of it, or forgets the key.
func (o *slicing[K, T, A, V, R]) plan(k *keySlices[A], end int64) {
	next := o.slices.NextEnd(end)
	start := o.slices.Ending(next).Start
	i := k.Head
	for i < len(k.Slices) && k.Slices[i].Start < start {
		i++
	}
	if i == len(k.Slices) {
		if s := k.Slices; len(o.spare) < spareSlices && cap(s) <= 64 {
			clear(s)
			o.spare = append(o.spare, s[:0])
		}
		o.state.Clear()
		return
	}
	k.End = max(next, o.slices.NextEnd(k.Slices[i].Start))
	o.ends.Add(k.End - 1)
	k.compact()
}

// compact gives the room of slices that are gone back once they are the larger part.
func (k *keySlices[A]) compact() {
	if k.Head < 8 || 2*k.Head < len(k.Slices) {
		return
	}
	k.Slices = slices.Delete(k.Slices, 0, k.Head)
	k.Front, k.In, k.Head = k.Front-k.Head, k.In-k.Head, 0
}

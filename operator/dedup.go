package operator

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/turgo-io/turgo/state"
)

// NewDedup returns the operator that hands on the first record of each key, and drops the others for as long as keep
// says, exactly; 0 is for ever. Time is the records' event time; a record without one counts at the processing time, and is
// forgotten then. Dropped records are counted as "duplicates".
//
// State: a time and a timer for each key that is not forgotten.
func NewDedup[T any](keep time.Duration) Factory[T, T] { return dedupFactory[T]{keep} }

type dedupFactory[T any] struct{ keep time.Duration }

func (f dedupFactory[T]) Name() string { return "dedup" }

func (f dedupFactory[T]) New() Operator[T, T] { return &dedup[T]{keep: int64(f.keep)} }

// Validate reports a time that makes no sense.
func (f dedupFactory[T]) Validate() error {
	if f.keep < 0 {
		return fmt.Errorf("dedup: keys are kept for %v: it cannot be negative; 0 is for ever", f.keep)
	}
	return nil
}

type dedup[T any] struct {
	Base[T]
	keep       int64
	until      state.Value[int64] // when the key is forgotten
	timers     state.Timers
	duplicates *Counter
}

func (o *dedup[T]) Open(c Context, out Receiver[T]) error {
	o.until, o.timers = state.NewValue[int64](c, "until"), state.NewTimers(c)
	o.duplicates = c.Counter("duplicates")
	return o.Base.Open(c, out)
}

func (o *dedup[T]) Push(time int64, v *T) error {
	at, kind := time, state.EventTime
	if time == NoTime {
		at, kind = o.Context.env.Clock.Now(), state.ProcessingTime
	}
	if until, seen := o.until.Get(); seen && at < until {
		o.duplicates.Add(1)
		return nil
	}
	until := MaxTime
	if o.keep > 0 {
		until = at + o.keep
		o.timers.Set(kind, until, 0)
	}
	o.until.Set(until)
	return o.Out.Push(time, v)
}

// Mark forgets the keys whose time is over.
func (o *dedup[T]) Mark(m Mark) error {
	if m.Kind == Watermark {
		o.forget(state.EventTime, m.Value)
	}
	return o.Out.Mark(m)
}

func (o *dedup[T]) forget(kind state.TimeKind, now int64) {
	for {
		at, _, ok := o.timers.PopDue(kind, now)
		if !ok {
			return
		}
		if until, seen := o.until.Get(); seen && until <= at {
			o.until.Clear()
		}
	}
}

// Deadline is when a key that was seen without event time is forgotten.
func (o *dedup[T]) Deadline() int64 {
	at, _ := o.timers.Next(state.ProcessingTime)
	return at
}

// Tick forgets the keys whose time is over.
func (o *dedup[T]) Tick(now int64) error {
	o.forget(state.ProcessingTime, now)
	return nil
}

// Bloom says how large a Bloom filter is. Of Capacity different ids at most one in 1/Error is taken for a duplicate by
// mistake; a duplicate is never taken for new while its id is remembered.
type Bloom struct {
	// Capacity is how many of the newest ids are remembered at least, and twice that at most.
	Capacity int
	// Error is the share of new ids that are dropped by mistake: more than 0, less than 1.
	Error float64
}

// words returns the size of one of the two filters in words, and how many bits an id sets.
func (b Bloom) words() (words, hashes int) {
	e := b.Error / 2 // each filter may be wrong
	bits := -float64(b.Capacity) * math.Log(e) / (math.Ln2 * math.Ln2)
	return int(bits/64) + 1, max(1, int(math.Round(-math.Log2(e))))
}

// NewDedupBloom returns the operator that drops the records of a key whose id has been there before, as far as two Bloom
// filters remember: when one has taken Capacity ids, the older one is emptied and takes the next. Dropped records
// are counted as "duplicates". State: two filters for each key, of about 1.44 log2(2/Error) bits an id each.
func NewDedupBloom[T any, I comparable](id func(T) I, b Bloom) Factory[T, T] {
	return bloomFactory[T, I]{id, b}
}

type bloomFactory[T any, I comparable] struct {
	id    func(T) I
	bloom Bloom
}

func (f bloomFactory[T, I]) Name() string { return "dedup" }

func (f bloomFactory[T, I]) New() Operator[T, T] {
	o := &dedupBloom[T, I]{id: f.id, capacity: f.bloom.Capacity}
	o.words, o.hashes = f.bloom.words()
	return o
}

// Validate reports a size that makes no sense, and ids that have no hash.
func (f bloomFactory[T, I]) Validate() error {
	var faults []error
	if f.id == nil {
		faults = append(faults, errors.New("dedup: the function is nil: say what a record's id is"))
	}
	if f.bloom.Capacity < 1 || f.bloom.Error <= 0 || f.bloom.Error >= 1 {
		faults = append(faults, fmt.Errorf("dedup: Bloom %+v: Capacity must be at least 1, and Error between 0 and 1", f.bloom))
	}
	_, err := state.HashOf[I]()
	return errors.Join(append(faults, err)...)
}

type dedupBloom[T any, I comparable] struct {
	Base[T]
	id            func(T) I
	hasher        state.Hasher[I]
	capacity      int
	words, hashes int
	filters       state.Value[bloomFilters]
	duplicates    *Counter
}

// bloomFilters is the state of a key. Fields are exported because they are state.
type bloomFilters struct {
	New, Old []uint64
	Taken    int64 // ids in New
}

func (o *dedupBloom[T, I]) Open(c Context, out Receiver[T]) (err error) {
	if o.hasher, err = state.HashOf[I](); err != nil {
		return err
	}
	o.filters, o.duplicates = state.NewValue[bloomFilters](c, "filters"), c.Counter("duplicates")
	return o.Base.Open(c, out)
}

func (o *dedupBloom[T, I]) Push(time int64, v *T) error {
	o.Context.Enter()
	hash := o.hasher.Hash(o.id(*v))
	f := o.filters.Ref()
	if len(f.New) != o.words { // a new key, or another size than before: what was remembered has no meaning in it
		*f = bloomFilters{New: make([]uint64, o.words), Old: make([]uint64, o.words)}
	}
	if f.has(f.New, hash, o.hashes) || f.has(f.Old, hash, o.hashes) {
		o.duplicates.Add(1)
		return nil
	}
	if int(f.Taken) >= o.capacity {
		f.New, f.Old, f.Taken = f.Old, f.New, 0
		clear(f.New)
	}
	f.add(hash, o.hashes)
	return o.Out.Push(time, v)
}

// bit returns which bit the i-th hash of an id is.
func bit(hash uint64, i, bits int) int {
	step := hash>>33 | 1
	return int((hash + uint64(i)*step*0x9E3779B97F4A7C15) % uint64(bits))
}

func (f *bloomFilters) has(words []uint64, hash uint64, hashes int) bool {
	for i := range hashes {
		if b := bit(hash, i, 64*len(words)); words[b/64]&(1<<(b%64)) == 0 {
			return false
		}
	}
	return true
}

func (f *bloomFilters) add(hash uint64, hashes int) {
	for i := range hashes {
		b := bit(hash, i, 64*len(f.New))
		f.New[b/64] |= 1 << (b % 64)
	}
	f.Taken++
}

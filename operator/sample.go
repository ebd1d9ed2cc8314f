package operator

import (
	"errors"
	"fmt"
	"math"

	"github.com/turgo-io/turgo/state"
)

// NewSample returns the operator that hands on each record with the same probability, each by itself. The numbers come
// from seed; how far each subtask is with them is part of checkpoints, so that a restart repeats the choice.
func NewSample[T any](share float64, seed uint64) Factory[T, T] { return sampleFactory[T]{share, seed} }

type sampleFactory[T any] struct {
	share float64
	seed  uint64
}

func (f sampleFactory[T]) Name() string { return "sample" }

func (f sampleFactory[T]) New() Operator[T, T] {
	return &sample[T]{below: threshold(f.share), seed: f.seed}
}

// Validate reports a share that is none.
func (f sampleFactory[T]) Validate() error { return validShare(f.share) }

func validShare(share float64) error {
	if !(share >= 0 && share <= 1) {
		return fmt.Errorf("sample: the share is %v: it must be 0 to 1", share)
	}
	return nil
}

// threshold is the number that a share of all 63-bit numbers is below.
func threshold(share float64) uint64 {
	if share >= 1 {
		return math.MaxUint64
	}
	return uint64(share * (1 << 63))
}

// chosen reports whether a random number is one of the share.
func chosen(number, below uint64) bool { return number>>1 < below }

type sample[T any] struct {
	Base[T]
	below uint64
	seed  uint64
	drawn state.OperatorList[uint64]
}

func (o *sample[T]) Open(c Context, out Receiver[T]) error {
	o.drawn = state.NewOperatorList[uint64](c, "drawn", state.Split)
	o.seed += uint64(c.Subtask()) << 40
	return o.Base.Open(c, out)
}

// Start goes on where the restored checkpoint was.
func (o *sample[T]) Start() error {
	if d := o.drawn.Get(); len(d) > 0 {
		o.seed = d[0]
	}
	return nil
}

func (o *sample[T]) Push(time int64, v *T) error {
	o.seed += 0x9E3779B97F4A7C15
	if !chosen(scramble(o.seed), o.below) {
		return nil
	}
	return o.Out.Push(time, v)
}

// scramble spreads every bit of a number over all of them.
func scramble(z uint64) uint64 {
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// Mark notes how far the numbers are.
func (o *sample[T]) Mark(m Mark) error {
	if m.Kind == Barrier {
		o.drawn.Set([]uint64{o.seed})
	}
	return o.Out.Mark(m)
}

// NewSampleBy returns the operator that hands on all records of a share of the keys, and none of the others: the same
// keys in every run, on every machine, and with a larger share the same and more.
func NewSampleBy[T any, K comparable](key func(T) K, share float64) Factory[T, T] {
	return sampleByFactory[T, K]{key, share}
}

type sampleByFactory[T any, K comparable] struct {
	key   func(T) K
	share float64
}

func (f sampleByFactory[T, K]) Name() string { return "sample" }

func (f sampleByFactory[T, K]) New() Operator[T, T] {
	hasher, _ := state.HashOf[K]() // Validate has reported an error
	below := threshold(f.share)
	return NewFilter(func(v T) bool { return chosen(scramble(hasher.Hash(f.key(v))), below) }).New()
}

// Validate reports a share that is none, and keys that have no hash.
func (f sampleByFactory[T, K]) Validate() error {
	_, err := state.HashOf[K]()
	if f.key == nil {
		err = errors.Join(err, errors.New("sample: the function is nil: say what a record's key is"))
	}
	return errors.Join(validShare(f.share), err)
}

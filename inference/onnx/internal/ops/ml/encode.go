package ml

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// oneHot gives each value a row with a one at its category.
type oneHot struct {
	ints  map[int64]int
	strs  map[string]int
	n     int
	zeros bool // an unknown category gives zeros, else an error
}

func newOneHotEncoder(b *op.Build) (op.Kernel, error) {
	ints, strs := b.Int64s("cats_int64s"), b.Strs("cats_strings")
	k := &oneHot{n: max(len(ints), len(strs)), zeros: b.Bool("zeros", true)}
	if (len(ints) == 0) == (len(strs) == 0) {
		b.Fail("one of cats_int64s and cats_strings must be given")
	}
	k.ints, k.strs = indexOf(ints), indexOf(strs)
	return k, nil
}

// indexOf maps each element of a list to its place, the first of equals.
func indexOf[T comparable](list []T) map[T]int {
	m := make(map[T]int, len(list))
	for i, v := range list {
		if _, ok := m[v]; !ok {
			m[v] = i
		}
	}
	return m
}

func (k *oneHot) Run(c *op.Ctx) error {
	x, err := c.Need(0)
	if err != nil {
		return err
	}
	var buf [16]int
	shape := append(append(buf[:0], x.Shape()...), k.n)
	y, err := c.OutZero(0, tensor.Float32, shape)
	if err != nil {
		return err
	}
	dst := tensor.Slice[float32](y)
	switch {
	case (x.Elem() == tensor.String) != (len(k.strs) > 0):
		return fmt.Errorf("%w: OneHotEncoder of %v", op.ErrType, x)
	case x.Elem() == tensor.String:
		return hot(dst, k, x.Strings(), func(s string) (int, bool) { i, ok := k.strs[s]; return i, ok })
	case x.Elem() == tensor.Int64:
		return hot(dst, k, tensor.Slice[int64](x), k.find)
	case x.Elem() == tensor.Int32:
		return hot(dst, k, tensor.Slice[int32](x), func(v int32) (int, bool) { return k.find(int64(v)) })
	case x.Elem() == tensor.Float32:
		return hot(dst, k, tensor.Slice[float32](x), func(v float32) (int, bool) { return k.find(int64(v)) })
	case x.Elem() == tensor.Float64:
		return hot(dst, k, tensor.Slice[float64](x), func(v float64) (int, bool) { return k.find(int64(v)) })
	}
	return fmt.Errorf("%w: OneHotEncoder of %v", op.ErrType, x)
}

func (k *oneHot) find(v int64) (int, bool) {
	i, ok := k.ints[v]
	return i, ok
}

// hot sets the ones; dst is zero.
func hot[T any](dst []float32, k *oneHot, src []T, find func(T) (int, bool)) error {
	for i, v := range src {
		at, ok := find(v)
		if ok {
			dst[i*k.n+at] = 1
		} else if !k.zeros {
			return fmt.Errorf("%w: %v is no category of the OneHotEncoder", op.ErrInput, v)
		}
	}
	return nil
}

// newCategoryMapper maps strings to integers and integers to strings.
func newCategoryMapper(b *op.Build) (op.Kernel, error) {
	ints, strs := b.Int64s("cats_int64s"), b.Strs("cats_strings")
	if len(ints) != len(strs) {
		b.Fail("%d integers for %d strings", len(ints), len(strs))
	}
	m := &mapping{strDefault: b.Str("default_string", "_Unused"), intDefault: int64(b.Int("default_int64", -1))}
	m.fill(ints, strs)
	return m, nil
}

// mapping is a pair of maps between strings and integers.
type mapping struct {
	toInt      map[string]int64
	toStr      map[int64]string
	intDefault int64
	strDefault string
}

func (m *mapping) fill(ints []int64, strs []string) {
	m.toInt, m.toStr = map[string]int64{}, map[int64]string{}
	for i := range min(len(ints), len(strs)) {
		m.toInt[strs[i]] = ints[i]
		m.toStr[ints[i]] = strs[i]
	}
}

func (m *mapping) Run(c *op.Ctx) error {
	x, err := c.Need(0)
	if err != nil {
		return err
	}
	switch x.Elem() {
	case tensor.String:
		y, err := c.Out(0, tensor.Int64, x.Shape())
		if err != nil {
			return err
		}
		lookup(tensor.Slice[int64](y), x.Strings(), m.toInt, m.intDefault)
	case tensor.Int64:
		y, err := c.Out(0, tensor.String, x.Shape())
		if err != nil {
			return err
		}
		lookup(y.Strings(), tensor.Slice[int64](x), m.toStr, m.strDefault)
	default:
		return fmt.Errorf("%w: mapping of %v", op.ErrType, x)
	}
	return nil
}

func lookup[K comparable, V any](dst []V, src []K, m map[K]V, otherwise V) {
	for i, k := range src {
		v, ok := m[k]
		if !ok {
			v = otherwise
		}
		dst[i] = v
	}
}

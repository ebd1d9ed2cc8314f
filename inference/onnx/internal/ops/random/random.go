package random

import (
	"fmt"
	"math"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/convert"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// Table lists the family's operators.
func Table() []op.Def {
	return []op.Def{
		{Name: "RandomUniform", Since: 1, Random: true, New: filled(newUniform)},
		{Name: "RandomNormal", Since: 1, Random: true, New: filled(newNormal)},
		{Name: "RandomUniformLike", Since: 1, Random: true, New: alike(newUniform)},
		{Name: "RandomNormalLike", Since: 1, Random: true, New: alike(newNormal)},
		{Name: "Dropout", Since: 1, Wide: true, New: newDropout},
		{Name: "Bernoulli", Since: 15, Random: true, New: newBernoulli},
		{Name: "Multinomial", Since: 7, Random: true, New: newMultinomial},
	}
}

// Source gives a node its generator.
type Source struct {
	seeded bool
	seed   uint32
	serial uint32 // tells nodes without a seed apart
}

// NewSource reads a node's seed. Before version 12 of Dropout and in some exports
// it is a float, which numpy cuts to an integer.
func NewSource(b *op.Build, seed string) *Source {
	s := &Source{seeded: b.Has(seed)}
	if b.Node.Attrs[seed] != nil {
		s.seed = uint32(int64(b.Float(seed, 0)))
	}
	for _, c := range b.Node.Name {
		s.serial = s.serial*31 + uint32(c)
	}
	return s
}

// Fixed is a source with a seed.
func Fixed(seed int64) *Source { return &Source{seeded: true, seed: uint32(seed)} }

// Generator is the generator for one run.
func (s *Source) Generator(c *op.Ctx) *Generator {
	fresh := false
	g := op.Private(c, s, func() *Generator { fresh = true; return &Generator{} })
	switch {
	case s.seeded:
		g.Seed(s.seed)
	case fresh:
		g.Seed(s.serial)
	}
	return g
}

// draw gives one number at a time.
type draw func(g *Generator) float64

func newUniform(b *op.Build) draw {
	low, high := float64(b.Float("low", 0)), float64(b.Float("high", 1))
	return func(g *Generator) float64 { return low + g.Float64()*(high-low) }
}

func newNormal(b *op.Build) draw {
	mean, scale := float64(b.Float("mean", 0)), float64(b.Float("scale", 1))
	return func(g *Generator) float64 { return mean + g.Normal()*scale }
}

// filled makes a tensor of the shape that an attribute names.
func filled(distribution func(*op.Build) draw) func(*op.Build) (op.Kernel, error) {
	return func(b *op.Build) (op.Kernel, error) {
		elem, shape := b.ElemOf("dtype", tensor.Float32), b.Ints("shape")
		next, source := distribution(b), NewSource(b, "seed")
		return op.Func(func(c *op.Ctx) error {
			return fill(c, elem, shape, source.Generator(c), next)
		}), nil
	}
}

// alike makes a tensor of the input's shape, and its type if no other is named.
func alike(distribution func(*op.Build) draw) func(*op.Build) (op.Kernel, error) {
	return func(b *op.Build) (op.Kernel, error) {
		elem := b.ElemOf("dtype", tensor.Undefined)
		next, source := distribution(b), NewSource(b, "seed")
		return op.Func(func(c *op.Ctx) error {
			x, err := c.Need(0)
			if err != nil {
				return err
			}
			e := elem
			if e == tensor.Undefined {
				e = x.Elem()
			}
			return fill(c, e, x.Shape(), source.Generator(c), next)
		}), nil
	}
}

func fill(c *op.Ctx, e tensor.Elem, shape []int, g *Generator, next draw) error {
	if !e.IsFloat() {
		return fmt.Errorf("%w: random numbers as %v", op.ErrType, e)
	}
	y, err := c.Out(0, e, shape)
	if err != nil {
		return err
	}
	values, err := op.Scratch[float64](c, y.Len())
	if err != nil {
		return err
	}
	for i := range values {
		values[i] = next(g)
	}
	return convert.FromFloat64(y, values)
}

// newBernoulli draws 0 or 1 with the probabilities that the input gives.
func newBernoulli(b *op.Build) (op.Kernel, error) {
	elem, source := b.ElemOf("dtype", tensor.Undefined), NewSource(b, "seed")
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		e := elem
		if e == tensor.Undefined {
			e = x.Elem()
		}
		if !x.Elem().IsFloat() || e == tensor.String {
			return fmt.Errorf("%w: Bernoulli of %v as %v", op.ErrType, x, e)
		}
		y, err := c.Out(0, e, x.Shape())
		if err != nil {
			return err
		}
		p, err := op.Scratch[float64](c, x.Len())
		if err != nil {
			return err
		}
		if err := convert.ToFloat64(p, x); err != nil {
			return err
		}
		g := source.Generator(c)
		for i, v := range p {
			p[i] = 0
			if g.coin(v) {
				p[i] = 1
			}
		}
		return convert.FromFloat64(y, p)
	}), nil
}

// coin is true with probability p; it asks for the rarer side, as numpy does.
func (g *Generator) coin(p float64) bool {
	u := g.Float64()
	if p > 0.5 {
		return u <= p
	}
	return u > 1-p
}

// newMultinomial draws classes with probabilities in proportion to exp(x): x
// [batch, classes], y [batch, samples].
func newMultinomial(b *op.Build) (op.Kernel, error) {
	elem, n, source := b.ElemOf("dtype", tensor.Int32), b.Int("sample_size", 1), NewSource(b, "seed")
	if elem != tensor.Int32 && elem != tensor.Int64 || n < 0 {
		b.Fail("Multinomial of %d samples as %v", n, elem)
	}
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		if x.Rank() != 2 || !x.Elem().IsFloat() || x.Dim(1) == 0 {
			return fmt.Errorf("%w: Multinomial of %v", op.ErrInput, x)
		}
		shape := [2]int{x.Dim(0), n}
		y, err := c.Out(0, elem, shape[:])
		if err != nil {
			return err
		}
		sums, err := op.Scratch[float64](c, x.Len())
		if err != nil {
			return err
		}
		if err := convert.ToFloat64(sums, x); err != nil {
			return err
		}
		g, classes := source.Generator(c), x.Dim(1)
		for row := range x.Dim(0) {
			line := sums[row*classes:][:classes]
			cumulate(line)
			for k := range n {
				class := pick(line, g.Float64())
				if elem == tensor.Int32 {
					tensor.Slice[int32](y)[row*n+k] = int32(class)
				} else {
					tensor.Slice[int64](y)[row*n+k] = int64(class)
				}
			}
		}
		return nil
	}), nil
}

// cumulate turns logarithms of weights into sums of probabilities.
func cumulate(line []float64) {
	top := math.Inf(-1)
	for _, v := range line {
		top = max(top, v)
	}
	sum := 0.0
	for i, v := range line {
		sum += math.Exp(v - top)
		line[i] = sum
	}
}

// pick is the first class whose sum exceeds u of the total.
func pick(line []float64, u float64) int {
	limit := u * line[len(line)-1]
	for i, v := range line {
		if v > limit {
			return i
		}
	}
	return len(line) - 1
}

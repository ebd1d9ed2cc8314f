package random

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/convert"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// dropout passes its input on; only a third input that is true makes it drop
// elements and scale the others up, as in training.
type dropout struct {
	version int
	source  *Source
}

func newDropout(b *op.Build) (op.Kernel, error) {
	b.Ignore("ratio", "is_test", "seed")
	k := &dropout{version: b.Version(), source: &Source{}}
	if b.Has("seed") {
		k.source = Fixed(int64(b.Int("seed", 0)))
	}
	return k, nil
}

func (k *dropout) Run(c *op.Ctx) error {
	x, err := c.Need(0)
	if err != nil {
		return err
	}
	training := false
	if t := c.In(2); t != nil {
		if training, err = tensor.Item[bool](t); err != nil {
			return err
		}
	}
	ratio := [1]float64{0.5}
	if t := c.In(1); t != nil && training {
		if t.Len() != 1 {
			return fmt.Errorf("%w: ratio %v", op.ErrInput, t)
		}
		if err := convert.ToFloat64(ratio[:], t); err != nil {
			return err
		}
	}
	if !training || ratio[0] == 0 {
		if c.HasOut(1) {
			if err := k.keepAll(c, x); err != nil {
				return err
			}
		}
		return c.Pass(0, 0)
	}
	return k.drop(c, x, ratio[0])
}

// keepAll makes the mask all true: bool, or before version 10 of the input's type.
func (k *dropout) keepAll(c *op.Ctx, x *tensor.Tensor) error {
	elem := tensor.Bool
	if k.version < 10 {
		elem = x.Elem()
	}
	mask, err := c.Out(1, elem, x.Shape())
	if err != nil {
		return err
	}
	if elem == tensor.Bool {
		for i, m := 0, tensor.Slice[bool](mask); i < len(m); i++ {
			m[i] = true
		}
		return nil
	}
	ones, err := op.Scratch[float64](c, x.Len())
	if err != nil {
		return err
	}
	for i := range ones {
		ones[i] = 1
	}
	return convert.FromFloat64(mask, ones)
}

func (k *dropout) drop(c *op.Ctx, x *tensor.Tensor, ratio float64) error {
	if !x.Elem().IsFloat() || !(ratio > 0 && ratio < 1) {
		return fmt.Errorf("%w: Dropout of %v with ratio %g", op.ErrInput, x, ratio)
	}
	y, err := c.Out(0, x.Elem(), x.Shape())
	if err != nil {
		return err
	}
	mask, err := c.Out(1, tensor.Bool, x.Shape())
	if err != nil {
		return err
	}
	values, err := op.Scratch[float64](c, x.Len())
	if err != nil {
		return err
	}
	if err := convert.ToFloat64(values, x); err != nil {
		return err
	}
	g, kept := k.source.Generator(c), tensor.Slice[bool](mask)
	for i := range values {
		if kept[i] = g.Float64() >= ratio; kept[i] {
			values[i] /= 1 - ratio
		} else {
			values[i] = 0
		}
	}
	return convert.FromFloat64(y, values)
}

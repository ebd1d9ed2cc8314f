package training

import (
	"fmt"
	"math"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/convert"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// Domain is where the operators live.
const Domain = "ai.onnx.preview.training"

// Table lists the family's operators.
func Table() []op.Def {
	return []op.Def{
		{Domain: Domain, Name: "Adagrad", Since: 1, New: newAdagrad},
		{Domain: Domain, Name: "Adam", Since: 1, New: newAdam},
		{Domain: Domain, Name: "Momentum", Since: 1, New: newMomentum},
	}
}

// rule updates one element: x, its gradient, and its states in place.
type rule func(x, g float64, state []float64) float64

// optimizer applies a rule to all tensors of a node; states is how many each has.
type optimizer struct {
	states int
	rule   func(rate, step float64) rule
}

func newAdagrad(b *op.Build) (op.Kernel, error) {
	norm, epsilon, decay := float64(b.Float("norm_coefficient", 0)), float64(b.Float("epsilon", 1e-6)), float64(b.Float("decay_factor", 0))
	return &optimizer{1, func(rate, step float64) rule {
		rate /= 1 + step*decay
		return func(x, g float64, s []float64) float64 {
			g += norm * x
			s[0] += g * g
			return x - rate*g/(math.Sqrt(s[0])+epsilon)
		}
	}}, nil
}

func newAdam(b *op.Build) (op.Kernel, error) {
	norm, after := float64(b.Float("norm_coefficient", 0)), float64(b.Float("norm_coefficient_post", 0))
	alpha, beta, epsilon := float64(b.Float("alpha", 0.9)), float64(b.Float("beta", 0.999)), float64(b.Float("epsilon", 1e-6))
	return &optimizer{2, func(rate, step float64) rule {
		if step > 0 {
			rate *= math.Sqrt(1-math.Pow(beta, step)) / (1 - math.Pow(alpha, step))
		}
		return func(x, g float64, s []float64) float64 {
			g += norm * x
			s[0] = alpha*s[0] + (1-alpha)*g
			s[1] = beta*s[1] + (1-beta)*g*g
			return (1 - after) * (x - rate*s[0]/(math.Sqrt(s[1])+epsilon))
		}
	}}, nil
}

func newMomentum(b *op.Build) (op.Kernel, error) {
	norm, alpha, beta := float64(b.Float("norm_coefficient", 0)), float64(b.Float("alpha", 0)), float64(b.Float("beta", 0))
	nesterov := b.Str("mode", "standard", "standard", "nesterov") == "nesterov"
	return &optimizer{1, func(rate, step float64) rule {
		first := beta
		if step <= 0 {
			first = 1
		}
		return func(x, g float64, s []float64) float64 {
			g += norm * x
			s[0] = alpha*s[0] + first*g
			if nesterov {
				return x - rate*(g+alpha*s[0])
			}
			return x - rate*s[0]
		}
	}}, nil
}

func (k *optimizer) Run(c *op.Ctx) error {
	var head [2]float64
	for i := range head {
		t, err := c.Need(i)
		if err != nil {
			return err
		}
		if t.Len() != 1 {
			return fmt.Errorf("%w: input %d is %v, not a scalar", op.ErrInput, i, t)
		}
		if err := convert.ToFloat64(head[i:i+1], t); err != nil {
			return err
		}
	}
	each := k.states + 2
	if c.NumIn() < 2+each || (c.NumIn()-2)%each != 0 {
		return fmt.Errorf("%w: %d inputs after the first two, not a multiple of %d", op.ErrInput, c.NumIn()-2, each)
	}
	n, f := (c.NumIn()-2)/each, k.rule(head[0], head[1])
	for i := range n {
		if err := k.update(c, f, i, n); err != nil {
			return err
		}
	}
	return nil
}

// update makes the new values of tensor i of n.
func (k *optimizer) update(c *op.Ctx, f rule, i, n int) error {
	var columns [4][]float64 // value, gradient, states
	var first *tensor.Tensor
	for j := range k.states + 2 {
		t, err := c.Need(2 + j*n + i)
		if err != nil {
			return err
		}
		if first == nil {
			first = t
		}
		if !t.Elem().IsFloat() || t.Elem() != first.Elem() || t.Len() != first.Len() {
			return fmt.Errorf("%w: %v beside %v", op.ErrInput, t, first)
		}
		if columns[j], err = op.Scratch[float64](c, t.Len()); err != nil {
			return err
		}
		if err := convert.ToFloat64(columns[j], t); err != nil {
			return err
		}
	}
	var state [2]float64
	for e, x := range columns[0] {
		for s := range k.states {
			state[s] = columns[2+s][e]
		}
		columns[0][e] = f(x, columns[1][e], state[:])
		for s := range k.states {
			columns[2+s][e] = state[s]
		}
	}
	for o := range k.states + 1 {
		y, err := c.Out(o*n+i, first.Elem(), first.Shape())
		if err != nil {
			return err
		}
		column := columns[0]
		if o > 0 {
			column = columns[1+o]
		}
		if err := convert.FromFloat64(y, column); err != nil {
			return err
		}
	}
	return nil
}

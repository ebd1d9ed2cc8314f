package attention

import (
	"fmt"
	"math"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/convert"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// flex is attention whose scores and probabilities a subgraph may change. Query [B, H, L, E],
// key and value [B, H', S, ·], where H is a multiple of H'.
type flex struct {
	scale       float64
	score, prob op.Sub
	precision   tensor.Elem
}

func newFlex(b *op.Build) (op.Kernel, error) {
	k := &flex{scale: float64(b.Float("scale", 0)), precision: b.ElemOf("softmax_precision", tensor.Undefined)}
	for name, sub := range map[string]*op.Sub{"score_mod": &k.score, "prob_mod": &k.prob} {
		if !b.Has(name) {
			continue
		}
		if *sub = b.Graph(name); *sub != nil && ((*sub).NumIn() != 1 || (*sub).NumOut() != 1) {
			b.Fail("%s must have one input and one output", name)
		}
	}
	return k, nil
}

func (k *flex) Run(c *op.Ctx) error {
	var in [3]*tensor.Tensor
	var data [3][]float64
	for i := range in {
		t, err := c.Need(i)
		if err != nil {
			return err
		}
		if t.Rank() != 4 || !t.Elem().IsFloat() {
			return fmt.Errorf("%w: FlexAttention of %v", op.ErrInput, t)
		}
		if data[i], err = op.Scratch[float64](c, t.Len()); err != nil {
			return err
		}
		if err := convert.ToFloat64(data[i], t); err != nil {
			return err
		}
		in[i] = t
	}
	q, key, v := in[0], in[1], in[2]
	if key.Dim(0) != q.Dim(0) || v.Dim(0) != q.Dim(0) || key.Dim(1) != v.Dim(1) || key.Dim(2) != v.Dim(2) || key.Dim(3) != q.Dim(3) ||
		key.Dim(1) == 0 || q.Dim(1)%key.Dim(1) != 0 {
		return fmt.Errorf("%w: FlexAttention of %v, %v, %v", op.ErrInput, q, key, v)
	}
	p, err := k.probabilities(c, in, data)
	if err != nil {
		return err
	}
	y, err := op.Scratch[float64](c, q.Dim(0)*q.Dim(1)*q.Dim(2)*v.Dim(3))
	if err != nil {
		return err
	}
	weigh(y, p, data[2], q.Shape(), v.Shape())
	shape := [4]int{q.Dim(0), q.Dim(1), q.Dim(2), v.Dim(3)}
	out, err := c.Out(0, v.Elem(), shape[:])
	if err != nil {
		return err
	}
	return convert.FromFloat64(out, y)
}

// probabilities computes softmax(score_mod(q·kᵀ·scale)), changed by prob_mod.
func (k *flex) probabilities(c *op.Ctx, in [3]*tensor.Tensor, data [3][]float64) ([]float64, error) {
	q, s := in[0].Shape(), in[1].Dim(2)
	scores, err := op.Scratch[float64](c, q[0]*q[1]*q[2]*s)
	if err != nil {
		return nil, err
	}
	scale := k.scale
	if scale == 0 {
		scale = 1 / math.Sqrt(float64(max(q[3], 1)))
	}
	dots64(scores, data[0], data[1], q, in[1].Shape(), scale)
	elem := k.precision
	if elem == tensor.Undefined {
		if elem = in[0].Elem(); elem.IsHalf() {
			elem = tensor.Float32
		}
	}
	shape := []int{q[0], q[1], q[2], s}
	if err := modify(c, k.score, elem, shape, scores); err != nil {
		return nil, err
	}
	for row := range q[0] * q[1] * q[2] {
		softmax64(scores[row*s:][:s])
	}
	return scores, modify(c, k.prob, elem, shape, scores)
}

// modify runs a subgraph on values, in place.
func modify(c *op.Ctx, sub op.Sub, elem tensor.Elem, shape []int, values []float64) error {
	if sub == nil {
		return nil
	}
	x, err := tensor.New(elem, shape...)
	if err != nil {
		return err
	}
	if err := convert.FromFloat64(x, values); err != nil {
		return err
	}
	out, err := sub.Run(c, []tensor.Value{x})
	if err != nil {
		return err
	}
	y, ok := out[0].(*tensor.Tensor)
	if !ok || y.Len() != len(values) {
		return fmt.Errorf("%w: FlexAttention's subgraph makes %v of %v", op.ErrInput, out[0], x)
	}
	return convert.ToFloat64(values, y)
}

// dots64 fills scores [B, H, L, S]; several heads of q may share one of k.
func dots64(scores, q, k []float64, qs, ks []int, scale float64) {
	steps, n, e := qs[2], ks[2], qs[3]
	group := qs[1] / ks[1]
	for row := range qs[0] * qs[1] * steps {
		head := row / steps
		keys := k[(head/qs[1]*ks[1]+head%qs[1]/group)*n*e:]
		query := q[row*e:][:e]
		for j := range n {
			sum := 0.0
			for i, v := range keys[j*e:][:e] {
				sum += query[i] * v
			}
			scores[row*n+j] = sum * scale
		}
	}
}

// weigh fills y [B, H, L, Ev] with sums of values.
func weigh(y, p, v []float64, qs, vs []int) {
	steps, n, e := qs[2], vs[2], vs[3]
	group := qs[1] / vs[1]
	clear(y)
	for row := range qs[0] * qs[1] * steps {
		head := row / steps
		values := v[(head/qs[1]*vs[1]+head%qs[1]/group)*n*e:]
		out := y[row*e:][:e]
		for j, w := range p[row*n:][:n] {
			for i, x := range values[j*e:][:e] {
				out[i] += w * x
			}
		}
	}
}

func softmax64(row []float64) {
	top, sum := math.Inf(-1), 0.0
	for _, v := range row {
		top = max(top, v)
	}
	for i, v := range row {
		row[i] = math.Exp(v - top)
		sum += row[i]
	}
	for i := range row {
		row[i] /= sum
	}
}

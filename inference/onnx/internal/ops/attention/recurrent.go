package attention

import (
	"fmt"
	"math"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// linearAttention keeps a matrix [keys, values] per head instead of past keys: each
// step fades it, writes k ⊗ v into it, and reads it with q.
type linearAttention struct {
	qHeads, kvHeads int
	scale           float32
	gated, delta    bool
}

func newLinearAttention(b *op.Build) (op.Kernel, error) {
	b.Ignore("chunk_size") // how others split the work
	rule := b.Str("update_rule", "gated_delta", "linear", "gated", "delta", "gated_delta")
	k := &linearAttention{
		qHeads: b.Int("q_num_heads", 0), kvHeads: b.Int("kv_num_heads", 0), scale: b.Float("scale", 0),
		gated: rule == "gated" || rule == "gated_delta", delta: rule == "delta" || rule == "gated_delta",
	}
	if k.qHeads < 1 || k.kvHeads < 1 || k.qHeads%k.kvHeads != 0 {
		b.Fail("%d heads of queries for %d of keys", k.qHeads, k.kvHeads)
	}
	if k.gated != b.HasIn(4) || k.delta != b.HasIn(5) {
		b.Fail("update_rule %s with decay %v and beta %v", rule, b.HasIn(4), b.HasIn(5))
	}
	return k, nil
}

// linearRun is one run: the inputs seen as heads.
type linearRun struct {
	*linearAttention
	q, k, v, y    heads
	decay, beta   []float32
	nDecay, nBeta int // numbers of a step
	state         []float32
	update, fade  []float32
}

func (k *linearAttention) Run(c *op.Ctx) error {
	r := linearRun{linearAttention: k}
	if err := r.read(c); err != nil {
		return err
	}
	if err := r.outputs(c); err != nil {
		return err
	}
	for b := range r.q.batch {
		for h := range r.kvHeads {
			r.head(b, h)
		}
	}
	return nil
}

func (r *linearRun) read(c *op.Ctx) (err error) {
	for i, h := range []*heads{&r.q, &r.k, &r.v} {
		n := r.kvHeads
		if i == 0 {
			n = r.qHeads
		}
		if *h, err = newHeads(c.In(i), n); err != nil {
			return err
		}
		if c.In(i).Rank() != 3 || h.batch != r.q.batch || h.steps != r.q.steps {
			return fmt.Errorf("%w: LinearAttention of %v, %v, %v", op.ErrInput, c.In(0), c.In(1), c.In(2))
		}
	}
	if r.k.width != r.q.width {
		return fmt.Errorf("%w: LinearAttention of %v and %v", op.ErrInput, c.In(0), c.In(1))
	}
	if r.decay, r.nDecay, err = r.perStep(c.In(4), r.kvHeads, r.kvHeads*r.k.width); err != nil {
		return err
	}
	r.beta, r.nBeta, err = r.perStep(c.In(5), r.kvHeads, 1)
	return err
}

// perStep reads [batch, steps, n] for one of two n.
func (r *linearRun) perStep(t *tensor.Tensor, n, m int) ([]float32, int, error) {
	if t == nil {
		return nil, 0, nil
	}
	if t.Elem() != tensor.Float32 || t.Rank() != 3 || t.Dim(0) != r.q.batch || t.Dim(1) != r.q.steps || t.Dim(2) != n && t.Dim(2) != m {
		return nil, 0, fmt.Errorf("%w: LinearAttention with %v", op.ErrInput, t)
	}
	return tensor.Slice[float32](t), t.Dim(2), nil
}

func (r *linearRun) outputs(c *op.Ctx) error {
	shape := [3]int{r.q.batch, r.q.steps, r.qHeads * r.v.width}
	y, err := c.Out(0, tensor.Float32, shape[:])
	if err != nil {
		return err
	}
	if r.y, err = newHeads(y, r.qHeads); err != nil {
		return err
	}
	matrix := [4]int{r.q.batch, r.kvHeads, r.k.width, r.v.width}
	state, err := c.Out(1, tensor.Float32, matrix[:])
	if err != nil {
		return err
	}
	r.state = tensor.Slice[float32](state)
	clear(r.state)
	if past := c.In(3); past != nil {
		before, err := tensor.Data[float32](past)
		if err != nil {
			return err
		}
		if len(before) != len(r.state) {
			return fmt.Errorf("%w: past state %v for %v", op.ErrInput, past, state)
		}
		copy(r.state, before)
	}
	if r.scale == 0 {
		k := *r.linearAttention
		k.scale = float32(1 / math.Sqrt(float64(max(r.q.width, 1))))
		r.linearAttention = &k
	}
	if r.update, err = op.Scratch[float32](c, r.v.width); err != nil {
		return err
	}
	r.fade, err = op.Scratch[float32](c, r.k.width)
	return err
}

// head runs all steps of one head of keys.
func (r *linearRun) head(b, h int) {
	dk, dv, group := r.k.width, r.v.width, r.qHeads/r.kvHeads
	state := r.state[(b*r.kvHeads+h)*dk*dv:][:dk*dv]
	for t := range r.q.steps {
		key, value := r.k.at(b, h)[t*r.k.row:][:dk], r.v.at(b, h)[t*r.v.row:][:dv]
		if r.gated {
			r.forget(state, b, h, t)
		}
		copy(r.update, value)
		if r.delta {
			r.correct(state, key, b, h, t)
		}
		for d, f := range key {
			row := state[d*dv:][:dv]
			for m, u := range r.update {
				row[m] += f * u
			}
		}
		for g := range group {
			r.look(state, b, h*group+g, t)
		}
	}
}

// forget multiplies the state with exp(decay), one factor for each head or each row.
func (r *linearRun) forget(state []float32, b, h, t int) {
	dv := r.v.width
	decay := r.decay[(b*r.q.steps+t)*r.nDecay:][:r.nDecay]
	for d := range r.fade {
		at := h
		if r.nDecay != r.kvHeads || r.k.width == 1 {
			at = h*r.k.width + d
		}
		f := kernel.Exp(decay[at])
		row := state[d*dv:][:dv]
		for m := range row {
			row[m] *= f
		}
	}
}

// correct turns the value to write into what is missing of it, times beta.
func (r *linearRun) correct(state, key []float32, b, h, t int) {
	dv := r.v.width
	for d, f := range key {
		for m, s := range state[d*dv:][:dv] {
			r.update[m] -= f * s
		}
	}
	at := (b*r.q.steps + t) * r.nBeta
	if r.nBeta > 1 {
		at += h
	}
	for m := range r.update {
		r.update[m] *= r.beta[at]
	}
}

// look reads the state with one query.
func (r *linearRun) look(state []float32, b, head, t int) {
	dv := r.v.width
	out := r.y.at(b, head)[t*r.y.row:][:dv]
	clear(out)
	for d, f := range r.q.at(b, head)[t*r.q.row:][:r.q.width] {
		f *= r.scale
		for m, s := range state[d*dv:][:dv] {
			out[m] += f * s
		}
	}
}

// newCausalConv filters each channel of [batch, channels, steps] with taps of its
// own that look back only, and hands on the last inputs for the next call.
func newCausalConv(b *op.Build) (op.Kernel, error) {
	silu := b.Str("activation", "none", "none", "silu", "swish") != "none"
	return op.Func(func(c *op.Ctx) error {
		var data [4][]float32
		for i := range data {
			t := c.In(i)
			if t == nil && i >= 2 {
				continue
			}
			if t == nil || t.Elem() != tensor.Float32 {
				return fmt.Errorf("%w: CausalConvWithState of %v", op.ErrType, t)
			}
			data[i] = tensor.Slice[float32](t)
		}
		x, w := c.In(0), c.In(1)
		if x.Rank() != 3 || w.Rank() != 3 || w.Dim(0) != x.Dim(1) || w.Dim(1) != 1 || w.Dim(2) < 1 || data[2] != nil && len(data[2]) != x.Dim(1) {
			return fmt.Errorf("%w: CausalConvWithState of %v with %v", op.ErrInput, x, w)
		}
		shape := [3]int{x.Dim(0), x.Dim(1), w.Dim(2) - 1}
		if data[3] != nil && len(data[3]) != shape[0]*shape[1]*shape[2] {
			return fmt.Errorf("%w: state %v for %v", op.ErrInput, c.In(3), shape)
		}
		y, err := c.Out(0, tensor.Float32, x.Shape())
		if err != nil {
			return err
		}
		state, err := c.Out(1, tensor.Float32, shape[:])
		if err != nil {
			return err
		}
		line, err := op.Scratch[float32](c, shape[2]+x.Dim(2))
		if err != nil {
			return err
		}
		causal(tensor.Slice[float32](y), tensor.Slice[float32](state), line, data, x.Shape(), shape[2], silu)
		return nil
	}), nil
}

// causal runs all channels; line is room for the state and one channel's input.
func causal(y, state, line []float32, data [4][]float32, shape []int, past int, silu bool) {
	steps := shape[2]
	for ch := range shape[0] * shape[1] {
		clear(line[:past])
		if data[3] != nil {
			copy(line[:past], data[3][ch*past:])
		}
		copy(line[past:], data[0][ch*steps:][:steps])
		taps := data[1][ch%shape[1]*(past+1):][:past+1]
		for t := range steps {
			var sum float32
			if data[2] != nil {
				sum = data[2][ch%shape[1]]
			}
			for k, f := range taps {
				sum += f * line[t+k]
			}
			if silu {
				sum /= 1 + kernel.Exp(-sum)
			}
			y[ch*steps+t] = sum
		}
		copy(state[ch*past:][:past], line[steps:])
	}
}

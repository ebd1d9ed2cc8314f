package attention

import (
	"fmt"
	"math"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// attention is scaled dot-product attention with grouped heads, masks, a cache, and
// a window.
type attention struct {
	causal          bool
	qHeads, kvHeads int
	output          int // which stage of the scores output 3 shows
	scale           float32
	cap             float32
	left, right     int // window, -1 for none
}

func newAttention(b *op.Build) (op.Kernel, error) {
	b.Ignore("softmax_precision") // float32 or better is used throughout
	k := &attention{
		causal: b.Bool("is_causal", false), qHeads: b.Int("q_num_heads", 0), kvHeads: b.Int("kv_num_heads", 0),
		output: b.Int("qk_matmul_output_mode", 0), scale: b.Float("scale", 0), cap: b.Float("softcap", 0),
		left: b.Int("left_window_size", -1), right: b.Int("right_window_size", -1),
	}
	return k, nil
}

// run is one run of an attention operator.
type run struct {
	*attention
	q, k, v      heads
	factor       float32 // scale, or its default
	offset       int     // valid keys before the first query
	lens         []int64
	mask         mask
	y            heads
	scores       []float32 // output 3, nil if not wanted
	packK, packV []float32
	rows, bias   []float32
	scratch      []float32
}

func (k *attention) Run(c *op.Ctx) error {
	r := run{attention: k}
	if err := r.read(c); err != nil {
		return err
	}
	if err := r.cache(c); err != nil {
		return err
	}
	if err := r.mask.init(c.In(3), r.k.steps); err != nil {
		return err
	}
	if t := c.In(6); t != nil {
		if r.lens = tensor.Slice[int64](t); len(r.lens) != r.q.batch {
			return fmt.Errorf("%w: lengths %v for a batch of %d", op.ErrInput, t, r.q.batch)
		}
	}
	if err := r.outputs(c); err != nil {
		return err
	}
	if err := r.memory(c); err != nil {
		return err
	}
	for b := range r.q.batch {
		for h := range r.q.heads {
			r.head(b, h)
		}
	}
	return nil
}

func (r *run) read(c *op.Ctx) (err error) {
	if r.q, err = newHeads(c.In(0), r.qHeads); err != nil {
		return err
	}
	if r.k, err = newHeads(c.In(1), r.kvHeads); err != nil {
		return err
	}
	if r.v, err = newHeads(c.In(2), r.kvHeads); err != nil {
		return err
	}
	if r.k.batch != r.q.batch || r.v.batch != r.q.batch || r.k.width != r.q.width || r.v.steps != r.k.steps ||
		r.v.heads != r.k.heads || r.k.heads == 0 || r.q.heads%r.k.heads != 0 {
		return fmt.Errorf("%w: attention of %v, %v, %v", op.ErrInput, c.In(0), c.In(1), c.In(2))
	}
	return nil
}

// cache puts past keys and values in front, and gives the result as outputs.
func (r *run) cache(c *op.Ctx) error {
	for i, h := range []*heads{&r.k, &r.v} {
		var past *heads
		if t := c.In(4 + i); t != nil {
			p, err := newHeads(t, 0)
			if err != nil {
				return err
			}
			if p.batch != h.batch || p.heads != h.heads || p.width != h.width {
				return fmt.Errorf("%w: past %v for %v", op.ErrInput, t, c.In(1+i))
			}
			past = &p
			r.offset = p.steps
		}
		if past == nil && !c.HasOut(1+i) {
			continue
		}
		shape := [4]int{h.batch, h.heads, h.steps, h.width}
		if past != nil {
			shape[2] += past.steps
		}
		present, err := c.Out(1+i, tensor.Float32, shape[:])
		if err != nil {
			return err
		}
		*h = h.joined(tensor.Slice[float32](present), past)
	}
	if r.k.steps != r.v.steps {
		return fmt.Errorf("%w: %d keys for %d values", op.ErrInput, r.k.steps, r.v.steps)
	}
	return nil
}

func (r *run) outputs(c *op.Ctx) error {
	r.y = heads{batch: r.q.batch, heads: r.q.heads, steps: r.q.steps, width: r.v.width}
	shape := [4]int{r.y.batch, r.y.heads, r.y.steps, r.y.width}
	dims := shape[:]
	r.y.dense()
	if c.In(0).Rank() == 3 {
		r.y.row, r.y.head, r.y.item = r.y.heads*r.y.width, r.y.width, r.y.steps*r.y.heads*r.y.width
		shape[1], shape[2] = r.y.steps, r.y.heads*r.y.width
		dims = shape[:3]
	}
	y, err := c.Out(0, tensor.Float32, dims)
	if err != nil {
		return err
	}
	r.y.data = tensor.Slice[float32](y)
	if c.HasOut(3) {
		all := [4]int{r.q.batch, r.q.heads, r.q.steps, r.k.steps}
		t, err := c.Out(3, tensor.Float32, all[:])
		if err != nil {
			return err
		}
		r.scores = tensor.Slice[float32](t)
	}
	return nil
}

func (r *run) memory(c *op.Ctx) (err error) {
	isa := kernel.Best()
	for _, m := range []struct {
		dst *[]float32
		n   int
	}{
		{&r.packK, isa.PackedLen(r.q.width, r.k.steps)},
		{&r.packV, isa.PackedLen(r.k.steps, r.v.width)},
		{&r.rows, r.q.steps * r.k.steps},
		{&r.bias, r.k.steps},
		{&r.scratch, max(isa.ScratchLen(r.q.steps, r.q.width), isa.ScratchLen(r.q.steps, r.k.steps))},
	} {
		if *m.dst, err = op.Scratch[float32](c, m.n); err != nil {
			return err
		}
	}
	r.factor = r.scale
	if r.factor == 0 {
		r.factor = float32(1 / math.Sqrt(float64(max(r.q.width, 1))))
	}
	return nil
}

// head computes one head of one batch item.
func (r *run) head(b, h int) {
	isa := kernel.Best()
	kv := h / (r.q.heads / r.k.heads)
	keys := isa.Pack(r.packK, r.k.at(b, kv), r.q.width, r.k.steps, r.k.row, true, r.factor)
	keys.Mul(r.rows, r.k.steps, r.q.at(b, h), r.q.row, r.q.steps, false, r.scratch)
	n := r.k.steps
	for i := range r.q.steps {
		row := r.rows[i*n:][:n]
		if r.cap > 0 {
			for j, v := range row {
				row[j] = r.cap * kernel.Tanh(v/r.cap)
			}
		}
		r.show(b, h, i, 0, row)
		r.show(b, h, i, 1, row)
		if open := r.fillBias(b, h, i); !open {
			r.addBias(row)
			r.show(b, h, i, 2, row)
			clear(row)
		} else {
			r.addBias(row)
			r.show(b, h, i, 2, row)
			kernel.SoftmaxRow(row, row, false)
		}
		r.show(b, h, i, 3, row)
	}
	values := isa.Pack(r.packV, r.v.at(b, kv), n, r.v.width, r.v.row, false, 1)
	values.Mul(r.y.at(b, h), r.y.row, r.rows, n, r.q.steps, false, r.scratch)
}

func (r *run) addBias(row []float32) {
	for j, v := range r.bias {
		row[j] += v
	}
}

// show copies a row of scores to output 3 at the stage that is asked for.
func (r *run) show(b, h, i, stage int, row []float32) {
	if r.scores != nil && r.output == stage {
		copy(r.scores[((b*r.q.heads+h)*r.q.steps+i)*len(row):], row)
	}
}

// fillBias writes what is added to the scores of one query, and says whether it may
// look at anything.
func (r *run) fillBias(b, h, i int) bool {
	offset := r.offset
	if r.lens != nil && offset == 0 {
		offset = int(r.lens[b]) - r.q.steps
	}
	blocked, open := float32(math.Inf(-1)), false
	for j := range r.bias {
		v := r.mask.at(b, h, i, j)
		at := i + offset
		switch {
		case r.causal && j > at, r.left >= 0 && at-j > r.left, r.right >= 0 && j-at > r.right,
			r.lens != nil && int64(j) >= r.lens[b]:
			v = blocked
		}
		r.bias[j] = v
		open = open || v > blocked
	}
	return open
}

// mask is an additive or boolean mask that broadcasts to [batch, heads, q, kv].
type mask struct {
	bits   []bool
	values []float32
	stride [4]int
	n      int // keys that it covers; beyond them nothing may be looked at
}

func (m *mask) init(t *tensor.Tensor, keys int) error {
	if t == nil {
		m.n = keys
		return nil
	}
	switch t.Elem() {
	case tensor.Bool:
		m.bits = tensor.Slice[bool](t)
	case tensor.Float32:
		m.values = tensor.Slice[float32](t)
	default:
		return fmt.Errorf("%w: mask %v", op.ErrType, t)
	}
	if t.Rank() > 4 || t.Rank() == 0 {
		return fmt.Errorf("%w: mask %v", op.ErrInput, t)
	}
	m.n = t.Dim(-1)
	if m.n == 1 && keys > 1 {
		m.n = keys
	}
	run := 1
	for i := t.Rank() - 1; i >= 0; i-- {
		if t.Dim(i) > 1 {
			m.stride[4-t.Rank()+i] = run
		}
		run *= t.Dim(i)
	}
	return nil
}

func (m *mask) at(b, h, i, j int) float32 {
	switch {
	case j >= m.n:
		return float32(math.Inf(-1))
	case m.bits == nil && m.values == nil:
		return 0
	}
	k := b*m.stride[0] + h*m.stride[1] + i*m.stride[2] + j*m.stride[3]
	if m.values != nil {
		return m.values[k]
	}
	if m.bits[k] {
		return 0
	}
	return float32(math.Inf(-1))
}

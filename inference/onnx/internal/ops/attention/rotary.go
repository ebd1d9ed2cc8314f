package attention

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// newRotary turns pairs of features by an angle that depends on the position; the
// caches hold cosine and sine of half the rotated width for each position.
func newRotary(b *op.Build) (op.Kernel, error) {
	interleaved, width, n := b.Bool("interleaved", false), b.Int("rotary_embedding_dim", 0), b.Int("num_heads", 0)
	return op.Func(func(c *op.Ctx) error {
		x, heads := c.In(0), n
		if cos := c.In(1); heads == 0 && width == 0 && x != nil && x.Rank() == 3 && cos != nil && cos.Rank() > 0 {
			heads = x.Dim(2) / max(2*cos.Dim(-1), 1) // the caches cover a whole head
		}
		h, err := newHeads(x, heads)
		if err != nil {
			return err
		}
		r := rotation{interleaved: interleaved, width: width}
		if err := r.init(c, &h); err != nil {
			return err
		}
		y, err := c.Out(0, tensor.Float32, x.Shape())
		if err != nil {
			return err
		}
		copy(tensor.Slice[float32](y), h.data)
		out := h
		out.data = tensor.Slice[float32](y)
		for b := range h.batch {
			for s := range h.steps {
				at, err := r.position(b, s)
				if err != nil {
					return err
				}
				for k := range h.heads {
					r.turn(out.at(b, k)[s*h.row:][:h.width], at)
				}
			}
		}
		return nil
	}), nil
}

type rotation struct {
	interleaved bool
	width, half int
	cos, sin    []float32
	positions   []int64 // nil: the caches are [batch, steps, half]
	rows, steps int
}

func (r *rotation) init(c *op.Ctx, h *heads) error {
	if r.width == 0 {
		r.width = h.width
	}
	r.half, r.steps = r.width/2, h.steps
	cos, sin := c.In(1), c.In(2)
	if cos == nil || sin == nil || cos.Elem() != tensor.Float32 || sin.Elem() != tensor.Float32 || cos.Len() != sin.Len() ||
		cos.Dim(-1) != r.half || r.width > h.width || r.half == 0 {
		return fmt.Errorf("%w: RotaryEmbedding of width %d by %v and %v", op.ErrInput, r.width, cos, sin)
	}
	r.cos, r.sin = tensor.Slice[float32](cos), tensor.Slice[float32](sin)
	r.rows = cos.Len() / r.half
	if t := c.In(3); t != nil {
		if r.positions = tensor.Slice[int64](t); len(r.positions) != h.batch*h.steps {
			return fmt.Errorf("%w: positions %v", op.ErrInput, t)
		}
	} else if r.rows != h.batch*h.steps {
		return fmt.Errorf("%w: RotaryEmbedding by %v with no positions", op.ErrInput, cos)
	}
	return nil
}

// position is the row of the caches for one step.
func (r *rotation) position(b, s int) (int, error) {
	at := b*r.steps + s
	if r.positions == nil {
		return at, nil
	}
	p := r.positions[at]
	if p < 0 || p >= int64(r.rows) {
		return 0, fmt.Errorf("%w: position %d in a cache of %d", op.ErrInput, p, r.rows)
	}
	return int(p), nil
}

func (r *rotation) turn(x []float32, at int) {
	cos, sin := r.cos[at*r.half:][:r.half], r.sin[at*r.half:][:r.half]
	for i := range r.half {
		a, b := i, r.half+i
		if r.interleaved {
			a, b = 2*i, 2*i+1
		}
		x[a], x[b] = cos[i]*x[a]-sin[i]*x[b], sin[i]*x[a]+cos[i]*x[b]
	}
}

// newSwiGLU is swish(gate) times up.
func newSwiGLU(b *op.Build) (op.Kernel, error) {
	alpha := b.Float("alpha", 1)
	return op.Func(func(c *op.Ctx) error {
		gate, up := c.In(0), c.In(1)
		if gate == nil || up == nil || gate.Elem() != tensor.Float32 || up.Elem() != tensor.Float32 || gate.Len() != up.Len() {
			return fmt.Errorf("%w: SwiGLU of %v and %v", op.ErrInput, gate, up)
		}
		y, err := c.Out(0, tensor.Float32, gate.Shape())
		if err != nil {
			return err
		}
		g, u := tensor.Slice[float32](gate), tensor.Slice[float32](up)
		for i, d := 0, tensor.Slice[float32](y); i < len(d); i++ {
			d[i] = g[i] * kernel.Sigmoid(alpha*g[i]) * u[i]
		}
		return nil
	}), nil
}

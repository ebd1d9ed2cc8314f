package attention

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// heads is a tensor seen as matrices [steps, width], one for each batch and head.
type heads struct {
	data                       []float32
	batch, heads, steps, width int
	row                        int // elements from one step to the next
	head, item                 int // … from one head, and one batch item, to the next
}

// newHeads reads [batch, heads, steps, width], or [batch, steps, n·width].
func newHeads(t *tensor.Tensor, n int) (h heads, err error) {
	if t == nil || t.Elem() != tensor.Float32 {
		return h, fmt.Errorf("%w: attention on %v", op.ErrType, t)
	}
	h.data, h.batch = tensor.Slice[float32](t), t.Dim(0)
	switch {
	case t.Rank() == 4:
		h.heads, h.steps, h.width = t.Dim(1), t.Dim(2), t.Dim(3)
		h.row, h.head, h.item = h.width, h.steps*h.width, h.heads*h.steps*h.width
	case t.Rank() == 3 && n > 0 && t.Dim(2)%n == 0:
		h.heads, h.steps, h.width = n, t.Dim(1), t.Dim(2)/n
		h.row, h.head, h.item = t.Dim(2), h.width, t.Dim(1)*t.Dim(2)
	default:
		return h, fmt.Errorf("%w: attention on %v in %d heads", op.ErrInput, t, n)
	}
	return h, nil
}

// at is the matrix of one batch item and head, from its first element on.
func (h *heads) at(batch, head int) []float32 {
	return h.data[min(batch*h.item+head*h.head, len(h.data)):]
}

// dense sets the strides of [batch, heads, steps, width].
func (h *heads) dense() {
	h.row, h.head, h.item = h.width, h.steps*h.width, h.heads*h.steps*h.width
}

// joined is past followed by h along the steps, written to dst.
func (h *heads) joined(dst []float32, past *heads) heads {
	j := heads{data: dst, batch: h.batch, heads: h.heads, steps: h.steps, width: h.width}
	before := 0
	if past != nil {
		before = past.steps
		j.steps += before
	}
	j.dense()
	for b := range h.batch {
		for n := range h.heads {
			to := j.at(b, n)
			if before > 0 {
				copy(to[:before*h.width], past.at(b, n))
			}
			for s := range h.steps {
				copy(to[(before+s)*h.width:][:h.width], h.at(b, n)[s*h.row:])
			}
		}
	}
	return j
}

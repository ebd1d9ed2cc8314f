package attention

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// Fused lists the operators that passes put in the place of several.
func Fused() []op.Def {
	return []op.Def{{Domain: op.Internal, Name: "Attention", Since: 1, New: newFusedAttention}}
}

// fusedAttention is softmax(scale·q·k' + mask)·v over float32 heads [B, H, S, D],
// or where the attribute of an operand says so, [B, S, H, D].
type fusedAttention struct {
	scale float32
	// swapped says which of q, k, v and the result have their heads third.
	swapped [4]bool
}

func newFusedAttention(b *op.Build) (op.Kernel, error) {
	k := &fusedAttention{scale: b.Float("scale", 1)}
	for i, name := range []string{"q", "k", "v", "y"} {
		k.swapped[i] = b.Bool(name, false)
	}
	return k, nil
}

// headsOf is an operand as a stack of matrices.
type headsOf struct {
	data                 []float32
	batch, heads, rows   int
	width                int
	perBatch, perHead, d int // distances; d is that of rows
}

func (h *headsOf) init(t *tensor.Tensor, swapped bool) error {
	if t == nil || t.Elem() != tensor.Float32 || t.Rank() > 4 || t.Rank() < 2 || swapped && t.Rank() != 4 {
		return fmt.Errorf("%w: attention on %v", op.ErrInput, t)
	}
	s := [4]int{1, 1, 1, 1}
	copy(s[4-t.Rank():], t.Shape())
	h.data, h.width = tensor.Slice[float32](t), s[3]
	h.batch, h.perBatch = s[0], s[1]*s[2]*s[3]
	h.heads, h.rows, h.perHead, h.d = s[1], s[2], s[2]*s[3], s[3]
	if swapped {
		h.rows, h.heads, h.d, h.perHead = s[1], s[2], s[2]*s[3], s[3]
	}
	return nil
}

// stretch lets a single batch or head serve all.
func (h *headsOf) stretch(batch, heads int) bool {
	if h.batch != batch && h.batch != 1 || h.heads != heads && h.heads != 1 {
		return false
	}
	if h.batch == 1 {
		h.perBatch = 0
	}
	if h.heads == 1 {
		h.perHead = 0
	}
	return true
}

// matrix is the rows of one head. Those of an empty operand are empty.
func (h *headsOf) matrix(b, n int) []float32 {
	return h.data[min(b*h.perBatch+n*h.perHead, len(h.data)):]
}

// fusedRun is one run.
type fusedRun struct {
	*fusedAttention
	q, k, v, y, mask headsOf
	maskColumn       int // the distance of the mask's columns
}

func (f *fusedAttention) Run(c *op.Ctx) error {
	r := fusedRun{fusedAttention: f}
	for i, h := range []*headsOf{&r.q, &r.k, &r.v} {
		if err := h.init(c.In(i), f.swapped[i]); err != nil {
			return err
		}
	}
	batch, heads := max(r.q.batch, r.k.batch, r.v.batch), max(r.q.heads, r.k.heads, r.v.heads)
	if r.q.batch*r.q.heads == 0 || r.k.batch*r.k.heads == 0 {
		batch, heads = min(r.q.batch, r.k.batch), min(r.q.heads, r.k.heads)
	}
	fits := r.q.width == r.k.width && r.k.rows == r.v.rows
	for _, h := range []*headsOf{&r.q, &r.k, &r.v} {
		fits = h.stretch(batch, heads) && fits
	}
	if !fits {
		return fmt.Errorf("%w: attention of %v, %v and %v", op.ErrInput, c.In(0), c.In(1), c.In(2))
	}
	if err := r.masked(c, batch, heads); err != nil {
		return err
	}
	shape := [4]int{batch, heads, r.q.rows, r.v.width}
	if f.swapped[3] {
		shape[1], shape[2] = shape[2], shape[1]
	}
	y, err := c.Out(0, tensor.Float32, shape[:])
	if err != nil || y.Len() == 0 {
		return err
	}
	if err := r.y.init(y, f.swapped[3]); err != nil {
		return err
	}
	if r.k.rows == 0 {
		clear(tensor.Slice[float32](y))
		return nil
	}
	if r.q.rows <= fewRows {
		return r.rowByRow(c, batch, heads)
	}
	return r.blockwise(c, batch, heads)
}

// masked reads the mask, which broadcasts to [B, H, S, T].
func (r *fusedRun) masked(c *op.Ctx, batch, heads int) error {
	t := c.In(3)
	if t == nil {
		return nil
	}
	if t.Rank() == 1 && t.Elem() == tensor.Float32 {
		r.mask = headsOf{data: tensor.Slice[float32](t), batch: 1, heads: 1, rows: 1, width: t.Len()}
	} else if t.Rank() == 0 && t.Elem() == tensor.Float32 {
		r.mask = headsOf{data: tensor.Slice[float32](t), batch: 1, heads: 1, rows: 1, width: 1}
	} else if err := r.mask.init(t, false); err != nil {
		return err
	}
	m := &r.mask
	if !m.stretch(batch, heads) || m.rows != r.q.rows && m.rows != 1 || m.width != r.k.rows && m.width != 1 {
		return fmt.Errorf("%w: attention mask %v for %d queries and %d keys", op.ErrInput, t, r.q.rows, r.k.rows)
	}
	if m.rows == 1 {
		m.d = 0
	}
	r.maskColumn = 1
	if m.width == 1 {
		r.maskColumn = 0
	}
	return nil
}

// fewRows is the number of queries up to which keys and values are read in place.
const fewRows = 3

// softmax turns a row of scores into weights whose sum it returns.
func (r *fusedRun) softmax(isa *kernel.ISA, row []float32, b, h, q int) float32 {
	if r.mask.data != nil {
		m := r.mask.matrix(b, h)[q*r.mask.d:]
		if r.maskColumn == 1 {
			isa.Axpy(row, m[:len(row)], 1)
		} else {
			for i := range row {
				row[i] += m[0]
			}
		}
	}
	return isa.ExpSum(row, row, isa.Max(row))
}

// rowByRow computes each query by itself.
func (r *fusedRun) rowByRow(c *op.Ctx, batch, heads int) error {
	isa := kernel.Best()
	buf, err := op.Scratch[float32](c, r.k.rows+r.q.width)
	if err != nil {
		return err
	}
	row, query := buf[:r.k.rows], buf[r.k.rows:]
	for i := range batch * heads {
		b, h := i/heads, i%heads
		q, k, v, y := r.q.matrix(b, h), r.k.matrix(b, h), r.v.matrix(b, h), r.y.matrix(b, h)
		for s := range r.q.rows {
			for d, x := range q[s*r.q.d:][:r.q.width] {
				query[d] = x * r.scale
			}
			isa.DotRows(row, query, k, r.k.rows, r.k.d)
			sum := r.softmax(isa, row, b, h, s)
			out := y[s*r.y.d:][:r.v.width]
			isa.SumRows(out, row, v, r.v.d)
			isa.Scale(out, 1/sum)
		}
	}
	return nil
}

// queryBlock is how many queries' scores are kept at a time.
const queryBlock = 84

// blockwise lays each head's keys and values out for products.
func (r *fusedRun) blockwise(c *op.Ctx, batch, heads int) error {
	isa := kernel.Best()
	most := min(queryBlock, r.q.rows)
	keys, values := isa.PackedLen(r.q.width, r.k.rows), isa.PackedLen(r.k.rows, r.v.width)
	scratchLen := max(isa.ScratchLen(most, r.q.width), isa.ScratchLen(most, r.k.rows))
	buf, err := op.Scratch[float32](c, keys+values+most*(r.k.rows+1)+scratchLen)
	if err != nil {
		return err
	}
	keyBuf, buf := buf[:keys], buf[keys:]
	valueBuf, buf := buf[:values], buf[values:]
	scores, scratch := buf[:most*(r.k.rows+1)], buf[most*(r.k.rows+1):]
	sums := scores[most*r.k.rows:]
	for i := range batch * heads {
		b, h := i/heads, i%heads
		q, y := r.q.matrix(b, h), r.y.matrix(b, h)
		packedK := isa.Pack(keyBuf, r.k.matrix(b, h), r.q.width, r.k.rows, r.k.d, true, r.scale)
		packedV := isa.Pack(valueBuf, r.v.matrix(b, h), r.k.rows, r.v.width, r.v.d, false, 1)
		for at := 0; at < r.q.rows; at += most {
			n := min(most, r.q.rows-at)
			packedK.Mul(scores, r.k.rows, q[min(at*r.q.d, len(q)):], r.q.d, n, false, scratch)
			for s := range n {
				sums[s] = r.softmax(isa, scores[s*r.k.rows:][:r.k.rows], b, h, at+s)
			}
			packedV.Mul(y[at*r.y.d:], r.y.d, scores, r.k.rows, n, false, scratch)
			for s := range n {
				isa.Scale(y[(at+s)*r.y.d:][:r.v.width], 1/sums[s])
			}
		}
	}
	return nil
}

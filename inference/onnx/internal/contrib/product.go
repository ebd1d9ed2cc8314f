package contrib

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/ir"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/convert"
	"github.com/turgo-io/turgo/inference/tensor"
)

// productRules are matrix products and convolutions with something around them.
func productRules(name string) rule {
	switch name {
	case "FusedMatMul", "TransposeMatMul":
		return fusedMatMul
	case "FusedGemm":
		return func(w *writer) {
			y := w.op("Gemm", w.copied("alpha", "beta", "transA", "transB"), w.in(0), w.in(1), w.in(2))
			alpha, beta, gamma := w.Float("activation_alpha", 0), w.Float("activation_beta", 0), w.Float("activation_gamma", 0)
			w.give(0, w.activation(y, []float32{alpha, beta, gamma}))
		}
	case "FusedConv":
		return func(w *writer) {
			y := w.op("Conv", w.copied("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"), w.in(0), w.in(1), w.in(2))
			w.give(0, w.activation(w.plus(y, w.in(3)), w.Floats("activation_params")))
		}
	case "MatMulNBits":
		return matMulBits
	case "GatherBlockQuantized":
		return gatherBlocks
	}
	return nil
}

// activation applies the function that the attribute activation names.
func (w *writer) activation(v *ir.Value, params []float32) *ir.Value {
	at := func(i int, otherwise float32) float32 {
		if i < len(params) {
			return params[i]
		}
		return otherwise
	}
	switch name := w.Str("activation", ""); name {
	case "":
		return v
	case "Relu", "Tanh", "Sigmoid":
		return w.op(name, nil, v)
	case "LeakyRelu":
		return w.op(name, attrs{"alpha": at(0, 0.01)}, v)
	case "HardSigmoid":
		return w.op(name, attrs{"alpha": at(0, 0.2), "beta": at(1, 0.5)}, v)
	case "Clip":
		return w.op(name, nil, v, scalar(at(0, 0)), scalar(at(1, 0)))
	default:
		w.Fail("activation %q", name)
		return v
	}
}

// fusedMatMul is a product of operands that may be transposed in their last two
// dimensions, times a number.
func fusedMatMul(w *writer) {
	if w.Bool("transBatchA", false) || w.Bool("transBatchB", false) {
		w.Fail("transposed batches")
	}
	if !w.need(0, 1) {
		return
	}
	transA, transB := w.Bool("transA", false), w.Bool("transB", false)
	a, b := w.in(0), w.in(1)
	if b.Const != nil && transB && b.Const.Rank() >= 2 {
		b, transB = w.op("Transpose", attrs{"perm": lastTwo(b.Const.Rank())}, b), false
	}
	y := (*ir.Value)(nil)
	if !transA && !transB {
		y = w.op("MatMul", nil, a, b)
	} else {
		left, right := "...ik", "...kj"
		if transA {
			left = "...ki"
		}
		if transB {
			right = "...jk"
		}
		y = w.op("Einsum", attrs{"equation": left + "," + right + "->...ij"}, a, b)
	}
	if alpha := w.Float("alpha", 1); alpha != 1 {
		y = w.op("Mul", nil, y, w.op("CastLike", nil, scalar(alpha), a))
	}
	w.give(0, y)
}

// lastTwo is the order that swaps the last two of n dimensions.
func lastTwo(n int) []int64 {
	perm := make([]int64, n)
	for i := range perm {
		perm[i] = int64(i)
	}
	perm[n-1], perm[n-2] = perm[n-2], perm[n-1]
	return perm
}

// matMulBits multiplies with weights [n, k] in blocks of 2, 4 or 8 bits, each block
// with a scale and a zero point of its own.
func matMulBits(w *writer) {
	w.Ignore("accuracy_level", "weight_prepacked")
	w.refuse([]int{4}, nil) // rows in another order
	k, n, bits, block := w.Int("K", 0), w.Int("N", 0), w.Int("bits", 4), w.Int("block_size", 0)
	if w.Const(1) == nil || w.Const(2) == nil || w.HasIn(3) && w.Const(3) == nil {
		w.Fail("the weights are no constants")
		return
	}
	t, err := unblock(w.Const(1), w.Const(2), w.Const(3), n, k, bits, block)
	if err != nil {
		w.Fail("%v", err)
		return
	}
	weights := w.op("Transpose", attrs{"perm": []int64{1, 0}}, &ir.Value{Name: w.Node.Name + "/weights", Const: t})
	if half := w.Const(2).Elem(); half != tensor.Float32 {
		weights = w.cast(weights, half)
	}
	w.give(0, w.plus(w.op("MatMul", nil, w.in(0), weights), w.in(5)))
}

// gatherBlocks looks up rows of a table in blocks of 4 or 8 bits.
func gatherBlocks(w *writer) {
	bits, block := w.Int("bits", 4), w.Int("block_size", 128)
	if w.Int("gather_axis", 0) != 0 || w.Int("quantize_axis", 1) != 1 {
		w.Fail("axes other than 0 and 1")
	}
	data, scales := w.Const(0), w.Const(2)
	if data == nil || scales == nil || w.HasIn(3) && w.Const(3) == nil || data.Rank() != 2 || scales.Rank() != 2 {
		w.Fail("the table is no constant matrix")
		return
	}
	n, k, signed := data.Dim(0), data.Dim(1), data.Elem() == tensor.Int4 || data.Elem() == tensor.Int8
	raw := data
	if data.Elem() == tensor.Uint8 && bits == 4 {
		k *= 2
	} else if data.Elem() != tensor.Uint8 { // one element a byte: packed again
		raw = tensor.Vector(pack(data.Bytes(), bits)...)
	}
	t, err := unblockAs(raw, scales, w.Const(3), n, k, bits, block, signed)
	if err != nil {
		w.Fail("%v", err)
		return
	}
	table := &ir.Value{Name: w.Node.Name + "/table", Const: t}
	if half := scales.Elem(); half != tensor.Float32 {
		table = w.cast(table, half)
	}
	w.give(0, w.op("Gather", nil, table, w.in(1)))
}

// pack puts elements of few bits, a byte each, side by side, the first lowest.
func pack(b []byte, bits int) []uint8 {
	per := 8 / bits
	out := make([]uint8, (len(b)+per-1)/per)
	for i, v := range b {
		out[i/per] |= v & (1<<bits - 1) << (i % per * bits)
	}
	return out
}

// unblock makes float32 weights [n, k]. Without zero points the middle is zero.
func unblock(data, scales, zeros *tensor.Tensor, n, k, bits, block int) (*tensor.Tensor, error) {
	return unblockAs(data, scales, zeros, n, k, bits, block, false)
}

func unblockAs(data, scales, zeros *tensor.Tensor, n, k, bits, block int, signed bool) (*tensor.Tensor, error) {
	if n < 1 || k < 1 || n > 1<<28/k || bits != 2 && bits != 4 && bits != 8 || block < 16 || block > 1<<20 {
		return nil, fmt.Errorf("weights [%d, %d] of %d bits in blocks of %d", n, k, bits, block)
	}
	blocks := (k + block - 1) / block
	raw, row := data.Bytes(), data.Len()/n
	if len(raw) != data.Len() || row*8 < k*bits || scales.Len() != n*blocks {
		return nil, fmt.Errorf("weights %v and scales %v for [%d, %d] in blocks of %d", data, scales, n, k, block)
	}
	factor, err := wide(scales)
	if err != nil {
		return nil, err
	}
	zero, err := zeroPoints(zeros, n, blocks, bits, signed)
	if err != nil {
		return nil, err
	}
	out := make([]float32, n*k)
	per, mask := 8/bits, 1<<bits-1
	for i := range out {
		r, c := i/k, i%k
		v := int(raw[r*row+c/per]) >> (c % per * bits) & mask
		if signed && v > mask/2 {
			v -= mask + 1
		}
		at := r*blocks + c/block
		out[i] = float32((float64(v) - zero[at]) * factor[at])
	}
	return tensor.Of([]int{n, k}, out)
}

// wide is the elements of t, halves too, as float64.
func wide(t *tensor.Tensor) ([]float64, error) {
	out := make([]float64, t.Len())
	if t.Elem().IsHalf() {
		narrow := make([]float32, t.Len())
		tensor.Widen(narrow, t)
		convert.Slice(out, narrow)
		return out, nil
	}
	return out, convert.ToFloat64(out, t)
}

// zeroPoints reads one for each block: bytes with several in each, a row of blocks
// beginning a new byte, or numbers of the scales' own type.
func zeroPoints(t *tensor.Tensor, n, blocks, bits int, signed bool) ([]float64, error) {
	out := make([]float64, n*blocks)
	switch {
	case t == nil:
		for i := range out {
			if !signed {
				out[i] = float64(int(1) << (bits - 1))
			}
		}
		return out, nil
	case t.Elem() != tensor.Uint8:
		v, err := wide(t)
		if err != nil || len(v) != len(out) {
			return nil, fmt.Errorf("zero points %v for %d blocks: %w", t, len(out), err)
		}
		return v, nil
	}
	per := 8 / bits
	row := (blocks + per - 1) / per
	raw := tensor.Slice[uint8](t)
	if len(raw) != n*row {
		return nil, fmt.Errorf("zero points %v for %d rows of %d blocks", t, n, blocks)
	}
	for i := range out {
		r, c := i/blocks, i%blocks
		out[i] = float64(int(raw[r*row+c/per]) >> (c % per * bits) & (1<<bits - 1))
	}
	return out, nil
}

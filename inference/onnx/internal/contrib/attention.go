package contrib

import (
	"github.com/turgo-io/turgo/inference/onnx/internal/ir"
	"github.com/turgo-io/turgo/inference/tensor"
)

func attentionRules(name string) rule {
	switch name {
	case "Attention":
		return packedAttention
	case "QAttention":
		return quantAttention
	case "MultiHeadAttention":
		return multiHead
	case "GroupQueryAttention":
		return groupQuery
	case "RotaryEmbedding":
		return rotary
	}
	return nil
}

// core is the standard's attention: outputs are the result and both caches.
func (w *writer) core(a attrs, q, k, v, mask, pastK, pastV *ir.Value) []*ir.Value {
	if scale := w.Float("scale", 0); scale != 0 {
		a["scale"] = scale
	}
	return w.add("Attention", 3, a, q, k, v, mask, pastK, pastV)
}

// packedAttention projects its input to queries, keys and values itself.
func packedAttention(w *writer) {
	if !w.need(0, 1) {
		return
	}
	w.refuse([]int{6}, nil)
	qkv := w.plus(w.op("MatMul", nil, w.in(0), w.in(1)), w.in(2))
	w.attend(qkv, w.in(3), w.in(4), w.in(5))
}

// quantAttention is packedAttention on quantized input and weights.
func quantAttention(w *writer) {
	if !w.need(0, 1, 2, 3, 4) {
		return
	}
	qkv := w.scaled(w.in(0), w.in(6), w.in(1), w.in(7), w.in(3), w.in(4), w.in(2))
	w.attend(qkv, w.in(5), w.in(8), nil)
}

// attend splits queries, keys and values, and keeps both caches in one tensor
// [2, batch, heads, steps, width].
func (w *writer) attend(qkv, mask, past, bias *ir.Value) {
	w.Ignore("past_present_share_buffer")
	if w.Bool("do_rotary", false) || w.Int("rotary_embedding_dim", 0) != 0 {
		w.Fail("rotary embedding inside attention")
	}
	heads := w.Int("num_heads", 0)
	var parts []*ir.Value
	if sizes := w.Int64s("qkv_hidden_sizes"); len(sizes) == 3 {
		parts = w.add("Split", 3, attrs{"axis": -1}, qkv, ints(sizes...))
	} else {
		parts = w.parts(qkv, 3, -1)
	}
	var pastK, pastV *ir.Value
	keys := w.size(parts[1], 1)
	if past != nil {
		pastK, pastV = w.op("Gather", nil, past, scalarInt(0)), w.op("Gather", nil, past, scalarInt(1))
		keys = w.op("Add", nil, keys, w.size(past, 3))
	}
	a := attrs{"q_num_heads": heads, "kv_num_heads": heads, "is_causal": w.Bool("unidirectional", false)}
	out := w.core(a, parts[0], parts[1], parts[2], w.plusMask(w.mask(mask, keys), bias), pastK, pastV)
	w.give(0, out[0])
	if w.HasOut(1) {
		w.give(1, w.op("Concat", attrs{"axis": 0}, w.op("Unsqueeze", nil, out[1], ints(0)), w.op("Unsqueeze", nil, out[2], ints(0))))
	}
}

func (w *writer) plusMask(mask, bias *ir.Value) *ir.Value {
	if mask == nil {
		return bias
	}
	return w.plus(mask, bias)
}

// mask turns what says which keys count into what is added to the scores. It is the
// number of keys of each row, or ones and zeros: [batch, keys], [batch, queries, keys]
// or [batch, 1, queries, keys].
func (w *writer) mask(m, keys *ir.Value) *ir.Value {
	filter := w.Float("mask_filter_value", -10000)
	if m == nil {
		return nil
	}
	var ones *ir.Value
	switch rank(m, 2) {
	case 1:
		lengths := w.op("Unsqueeze", nil, w.cast(m, tensor.Int64), ints(1, 2, 3))
		ones = w.cast(w.op("Less", nil, w.count(keys), lengths), tensor.Float32)
	case 2:
		ones = w.op("Unsqueeze", nil, w.cast(m, tensor.Float32), ints(1, 2))
	case 3:
		ones = w.op("Unsqueeze", nil, w.cast(m, tensor.Float32), ints(1))
	case 4:
		ones = w.cast(m, tensor.Float32)
	default:
		w.Fail("a mask of rank %d", rank(m, 2))
		return nil
	}
	return w.op("CastLike", nil, w.op("Mul", nil, w.op("Sub", nil, scalar(1), ones), scalar(filter)), w.like())
}

// like is a value of the element type that the node computes in.
func (w *writer) like() *ir.Value {
	if w.Node.Op == "QAttention" {
		return w.in(2)
	}
	return w.in(0)
}

func multiHead(w *writer) {
	if !w.need(0) {
		return
	}
	w.refuse([]int{8, 9}, []int{3})
	heads := w.Int("num_heads", 0)
	q, k, v := w.in(0), w.in(1), w.in(2)
	flat := func(x *ir.Value) *ir.Value { return w.op("Reshape", nil, x, ints(0, 0, -1)) }
	switch {
	case k == nil: // [batch, steps, heads, 3, width]
		p := w.parts(q, 3, 3)
		q, k, v = flat(p[0]), flat(p[1]), flat(p[2])
	case v == nil: // [batch, steps, heads, 2, width]
		p := w.parts(k, 2, 3)
		k, v = flat(p[0]), flat(p[1])
	}
	if w.HasIn(3) {
		b := w.parts(w.in(3), 3, 0)
		q = w.plus(q, b[0])
		if rank(k, 3) == 3 { // keys that come as [batch, heads, …] have theirs
			k, v = w.plus(k, b[1]), w.plus(v, b[2])
		}
	}
	keys := w.size(k, rank(k, 3)-2)
	if w.HasIn(6) {
		keys = w.op("Add", nil, keys, w.size(w.in(6), 2))
	}
	a := attrs{"q_num_heads": heads, "kv_num_heads": heads, "is_causal": w.Bool("unidirectional", false)}
	out := w.core(a, q, k, v, w.plusMask(w.mask(w.in(4), keys), w.in(5)), w.in(6), w.in(7))
	for i, value := range out {
		w.give(i, value)
	}
}

// groupQuery is causal attention with a cache, positions counted from the cache, and
// heads of keys that serve several heads of queries.
func groupQuery(w *writer) {
	w.Ignore("kv_cache_bit_width", "k_quant_type", "v_quant_type", "qk_output")
	w.refuse([]int{11, 12, 13}, []int{3})
	if w.Bool("smooth_softmax", false) {
		w.Fail("smooth_softmax")
	}
	if !w.need(0, 5) {
		return
	}
	heads, shared := w.Int("num_heads", 0), w.Int("kv_num_heads", 0)
	if heads < 1 || shared < 1 {
		w.Fail("%d heads, %d of keys", heads, shared)
		return
	}
	q, k, v := w.in(0), w.in(1), w.in(2)
	if k == nil {
		width := w.op("Div", nil, w.size(q, 2), ints(int64(heads+2*shared)))
		sizes := w.op("Mul", nil, width, ints(int64(heads), int64(shared), int64(shared)))
		p := w.add("Split", 3, attrs{"axis": -1}, q, sizes)
		q, k, v = p[0], p[1], p[2]
	}
	if turned := w.Bool("do_rotary", false); turned && w.need(7, 8) {
		position := w.positions(q)
		a := func(n int) attrs { return attrs{"interleaved": w.Bool("rotary_interleaved", false), "num_heads": n} }
		q = w.op("RotaryEmbedding", a(heads), q, w.in(7), w.in(8), position)
		k = w.op("RotaryEmbedding", a(shared), k, w.in(7), w.in(8), position)
	}
	w.Ignore("rotary_interleaved")
	a := attrs{"q_num_heads": heads, "kv_num_heads": shared, "is_causal": true, "softcap": w.Float("softcap", 0)}
	if window := w.Int("local_window_size", -1); window > 0 {
		a["left_window_size"] = window - 1 // theirs counts the query's own place
	}
	for i, value := range w.core(a, q, k, v, w.in(10), w.in(3), w.in(4)) {
		w.give(i, value)
	}
}

// positions is [batch, steps]: as given, or counted on from what each row's cache holds.
func (w *writer) positions(q *ir.Value) *ir.Value {
	if w.HasIn(9) {
		return w.in(9)
	}
	steps := w.size(q, 1)
	last := w.op("Reshape", nil, w.cast(w.in(5), tensor.Int64), ints(-1, 1))
	first := w.op("Max", nil, w.op("Sub", nil, w.op("Add", nil, last, ints(1)), steps), ints(0))
	return w.op("Add", nil, first, w.count(steps))
}

// rotary has its positions before the caches, and may have only the first one.
func rotary(w *writer) {
	w.Ignore("scale") // of the positions; no exporter sets it
	if w.Bool("is_packed_batching", false) {
		w.Fail("packed batching")
	}
	if !w.need(0, 1, 2, 3) {
		return
	}
	x, position := w.in(0), w.in(1)
	if rank(position, 2) == 1 {
		dim := 1
		if rank(x, 3) == 4 {
			dim = 2
		}
		row := w.op("Unsqueeze", nil, w.op("Add", nil, position, w.count(w.size(x, dim))), ints(0))
		position = w.op("Expand", nil, row, w.op("Concat", attrs{"axis": 0}, w.size(x, 0), ints(1)))
	}
	a := attrs{
		"interleaved": w.Bool("interleaved", false), "num_heads": w.Int("num_heads", 0),
		"rotary_embedding_dim": w.Int("rotary_embedding_dim", 0),
	}
	w.give(0, w.op("RotaryEmbedding", a, x, w.in(2), w.in(3), position))
}

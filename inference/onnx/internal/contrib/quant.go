package contrib

import (
	"github.com/turgo-io/turgo/inference/onnx/internal/ir"
	"github.com/turgo-io/turgo/inference/tensor"
)

// quantRules compute on dequantized numbers and quantize what comes out; products of
// integers stay products of integers.
func quantRules(name string) rule {
	switch name {
	case "QuantizeLinear":
		return standard("QuantizeLinear", 1, "axis")
	case "DequantizeLinear":
		return standard("DequantizeLinear", 1, "axis")
	case "QLinearAdd":
		return quantPair("Add")
	case "QLinearMul":
		return quantPair("Mul")
	case "QLinearSigmoid":
		return quantOne(func(w *writer, x *ir.Value) *ir.Value { return w.op("Sigmoid", nil, x) })
	case "QLinearLeakyRelu":
		return quantOne(func(w *writer, x *ir.Value) *ir.Value {
			return w.op("LeakyRelu", attrs{"alpha": w.Float("alpha", 0.01)}, x)
		})
	case "QLinearSoftmax":
		return quantOne(quantSoftmax)
	case "QLinearReduceMean":
		return quantOne(func(w *writer, x *ir.Value) *ir.Value {
			return w.op("ReduceMean", attrs{"keepdims": w.Int("keepdims", 1)}, x, ints(w.Int64s("axes")...))
		})
	case "QLinearGlobalAveragePool":
		return quantOne(w4("GlobalAveragePool"))
	case "QLinearAveragePool":
		return quantOne(w4("AveragePool", "auto_pad", "ceil_mode", "count_include_pad", "kernel_shape", "pads", "strides"))
	case "QLinearConcat":
		return quantConcat
	case "QLinearWhere":
		return func(w *writer) {
			y := w.op("Where", nil, w.in(0), w.real(1), w.real(4))
			w.give(0, w.op("QuantizeLinear", nil, y, w.in(7), w.in(8)))
		}
	case "QLinearConv":
		return quantConv
	case "QGemm":
		return quantGemm
	case "DynamicQuantizeMatMul":
		return dynamicMatMul
	case "MatMulIntegerToFloat":
		return func(w *writer) {
			w.give(0, w.scaled(w.in(0), w.in(4), w.in(1), w.in(5), w.in(2), w.in(3), w.in(6)))
		}
	case "DynamicQuantizeLSTM":
		return dynamicLSTM
	}
	return nil
}

// real is input i with scale i+1 and zero point i+2, dequantized.
func (w *writer) real(i int) *ir.Value {
	return w.op("DequantizeLinear", nil, w.in(i), w.in(i+1), w.in(i+2))
}

func quantPair(name string) rule {
	return func(w *writer) {
		w.give(0, w.op("QuantizeLinear", nil, w.op(name, nil, w.real(0), w.real(3)), w.in(6), w.in(7)))
	}
}

func quantOne(f func(w *writer, x *ir.Value) *ir.Value) rule {
	return func(w *writer) {
		w.give(0, w.op("QuantizeLinear", nil, f(w, w.real(0)), w.in(3), w.in(4)))
	}
}

func quantSoftmax(w *writer, x *ir.Value) *ir.Value {
	axis, opset := w.Int("axis", -1), w.Int("opset", 13)
	if r := rank(w.in(0), 0); opset < 13 && axis != -1 && axis != r-1 {
		w.Fail("softmax of version %d along axis %d", opset, axis)
	}
	return w.op("Softmax", attrs{"axis": axis}, x)
}

// w4 is an operator on images whose channels may come last.
func w4(name string, known ...string) func(w *writer, x *ir.Value) *ir.Value {
	return func(w *writer, x *ir.Value) *ir.Value {
		a := w.copied(known...)
		if !w.Bool("channels_last", false) {
			return w.op(name, a, x)
		}
		x = w.op("Transpose", attrs{"perm": toChannelsFirst}, x)
		return w.op("Transpose", attrs{"perm": toChannelsLast}, w.op(name, a, x))
	}
}

// quantConcat has scale and zero point of the result first, then triples.
func quantConcat(w *writer) {
	var parts []*ir.Value
	for i := 2; i+2 < w.NumIn(); i += 3 {
		parts = append(parts, w.real(i))
	}
	y := w.op("Concat", attrs{"axis": w.Int("axis", 0)}, parts...)
	w.give(0, w.op("QuantizeLinear", nil, y, w.in(0), w.in(1)))
}

func quantConv(w *writer) {
	a := w.copied("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides")
	in := append([]*ir.Value(nil), w.Node.Inputs...)
	last := w.Bool("channels_last", false)
	if last {
		in[0] = w.op("Transpose", attrs{"perm": toChannelsFirst}, in[0])
	}
	y := w.op("QLinearConv", a, in...)
	if last {
		y = w.op("Transpose", attrs{"perm": toChannelsLast}, y)
	}
	w.give(0, y)
}

// quantGemm is a Gemm of quantized operands; its bias is in units of both scales.
func quantGemm(w *writer) {
	alpha, transA, transB := w.Float("alpha", 1), w.Bool("transA", false), w.Bool("transB", false)
	axis := 1
	if transB {
		axis = 0
	}
	a := w.real(0)
	b := w.op("DequantizeLinear", attrs{"axis": axis}, w.in(3), w.in(4), w.in(5))
	y := w.op("Gemm", attrs{"alpha": alpha, "transA": transA, "transB": transB}, a, b)
	if w.HasIn(6) {
		unit := w.op("Mul", nil, w.op("Mul", nil, w.in(1), w.in(4)), scalar(alpha))
		y = w.plus(y, w.op("Mul", nil, w.cast(w.in(6), tensor.Float32), unit))
	}
	if w.HasIn(7) {
		y = w.op("QuantizeLinear", nil, y, w.in(7), w.in(8))
	}
	w.give(0, y)
}

// scaled is a product of integers, times both scales, plus a bias.
func (w *writer) scaled(a, zeroA, b, zeroB, scaleA, scaleB, bias *ir.Value) *ir.Value {
	product := w.cast(w.op("MatMulInteger", nil, a, b, zeroA, zeroB), tensor.Float32)
	return w.plus(w.op("Mul", nil, product, w.op("Mul", nil, scaleA, scaleB)), bias)
}

func dynamicMatMul(w *writer) {
	q := w.add("DynamicQuantizeLinear", 3, nil, w.in(0))
	w.give(0, w.scaled(q[0], q[2], w.in(1), w.in(3), q[1], w.in(2), w.in(4)))
}

// dynamicLSTM dequantizes the weights, which lie transposed, and runs the plain one:
// its inputs and states are not rounded to eight bits, so that it is nearer to the
// model that was quantized.
func dynamicLSTM(w *writer) {
	a := w.copied("activation_alpha", "activation_beta", "activations", "clip", "direction", "hidden_size", "input_forget")
	weights := func(data, scale, zero int) *ir.Value {
		v := w.cast(w.in(data), tensor.Float32)
		if w.HasIn(zero) {
			v = w.op("Sub", nil, v, w.perDirection(w.cast(w.in(zero), tensor.Float32)))
		}
		v = w.op("Mul", nil, v, w.perDirection(w.in(scale)))
		return w.op("Transpose", attrs{"perm": []int64{0, 2, 1}}, v)
	}
	in := []*ir.Value{w.in(0), weights(1, 8, 9), weights(2, 10, 11), w.in(3), w.in(4), w.in(5), w.in(6), w.in(7)}
	for i, v := range w.add("LSTM", 3, a, in...) {
		w.give(i, v)
	}
}

// perDirection makes [directions] or [directions, n] fit [directions, ·, n].
func (w *writer) perDirection(v *ir.Value) *ir.Value {
	return w.op("Unsqueeze", nil, w.op("Reshape", nil, v, ints(0, -1)), ints(1))
}

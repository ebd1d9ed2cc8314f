package onnx_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/turgo-io/turgo/inference/onnx"
	"github.com/turgo-io/turgo/inference/onnx/internal/onnxtest"
	"github.com/turgo-io/turgo/inference/tensor"
)

// value is a tensor of the naive interpreter: a shape and float64 elements.
type value struct {
	name  string
	shape []int
	data  []float64
}

func (v *value) size() int { return sizeOf(v.shape) }

func sizeOf(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// make builds a value of a shape from a function of the index.
func build(shape []int, f func(at []int) float64) *value {
	v := &value{shape: shape, data: make([]float64, sizeOf(shape))}
	at := make([]int, len(shape))
	for i := range v.data {
		v.data[i] = f(at)
		for d := len(at) - 1; d >= 0; d-- {
			if at[d]++; at[d] < shape[d] {
				break
			}
			at[d] = 0
		}
	}
	return v
}

// get reads with an index that may be longer than the value's rank and reach over
// dimensions of 1, as broadcasting does.
func (v *value) get(at []int) float64 {
	at = at[len(at)-len(v.shape):]
	k := 0
	for d, n := range v.shape {
		k = k*n + at[d]%n
	}
	return v.data[k]
}

// maker grows a random graph and computes it at the same time, operator by operator
// as the standard defines it.
type maker struct {
	t      *rapid.T
	g      *onnxtest.Graph
	values []*value
	inputs []tensor.Value
	serial int
}

func (m *maker) name() string {
	m.serial++
	return fmt.Sprintf("v%d", m.serial)
}

func (m *maker) pick() *value {
	return m.values[rapid.IntRange(0, len(m.values)-1).Draw(m.t, "operand")]
}

func (m *maker) upTo(n int) int { return rapid.IntRange(0, n-1).Draw(m.t, "choice") }

// leaf is a new input or constant.
func (m *maker) leaf(shape []int, constant bool) *value {
	data := rapid.SliceOfN(rapid.Float32Range(-2, 2), sizeOf(shape), sizeOf(shape)).Draw(m.t, "data")
	dims := make([]int64, len(shape))
	v := &value{name: m.name(), shape: shape}
	for i, d := range shape {
		dims[i] = int64(d)
	}
	for _, x := range data {
		v.data = append(v.data, float64(x))
	}
	if constant {
		m.g.Const(v.name, dims, data...)
		return v
	}
	if len(dims) > 0 && m.upTo(2) == 0 {
		dims[0] = -1
	}
	m.g.Input(v.name, tensor.Float32, dims...)
	x, err := tensor.Of(shape, data)
	require.NoError(m.t, err)
	m.inputs = append(m.inputs, x)
	return v
}

// keep adds a node's result; values that grow too large to compare are dropped.
func (m *maker) keep(v *value, op string, in []string, attrs ...onnxtest.Attribute) *value {
	for _, x := range v.data {
		if !(math.Abs(x) < 50) {
			return nil
		}
	}
	v.name = m.name()
	m.g.Node(op, in, names(v.name), attrs...)
	m.values = append(m.values, v)
	return v
}

func (m *maker) ints(v ...int64) string {
	name := m.name()
	m.g.ConstInts(name, []int64{int64(len(v))}, v...)
	return name
}

func broadcast(a, b []int) ([]int, bool) {
	n := max(len(a), len(b))
	out := make([]int, n)
	for i := range out {
		x, y := 1, 1
		if k := i - n + len(a); k >= 0 {
			x = a[k]
		}
		if k := i - n + len(b); k >= 0 {
			y = b[k]
		}
		if x != y && x != 1 && y != 1 {
			return nil, false
		}
		out[i] = max(x, y)
		if x == 0 || y == 0 {
			out[i] = 0
		}
	}
	return out, true
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

var unaries = map[string]func(float64) float64{
	"Relu": func(x float64) float64 { return max(x, 0) }, "Neg": func(x float64) float64 { return -x }, "Abs": math.Abs,
	"Sigmoid": sigmoid, "Tanh": math.Tanh, "Erf": math.Erf, "Exp": math.Exp, "Identity": func(x float64) float64 { return x },
	"Softplus": func(x float64) float64 { return math.Log1p(math.Exp(x)) },
	"Gelu":     func(x float64) float64 { return x / 2 * (1 + math.Erf(x/math.Sqrt2)) },
}

var binaries = map[string]func(a, b float64) float64{
	"Add": func(a, b float64) float64 { return a + b }, "Sub": func(a, b float64) float64 { return a - b }, "Mul": func(a, b float64) float64 { return a * b },
	"Max": func(a, b float64) float64 { return max(a, b) }, "Min": func(a, b float64) float64 { return min(a, b) },
}

func sorted[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func (m *maker) unary() {
	x, op := m.pick(), rapid.SampledFrom(sorted(unaries)).Draw(m.t, "op")
	m.keep(build(x.shape, func(at []int) float64 { return unaries[op](x.get(at)) }), op, names(x.name))
}

// silu is x·sigmoid(x), a form that passes look for.
func (m *maker) silu() {
	x := m.pick()
	if s := m.keep(build(x.shape, func(at []int) float64 { return sigmoid(x.get(at)) }), "Sigmoid", names(x.name)); s != nil {
		m.keep(build(x.shape, func(at []int) float64 { return x.get(at) * s.get(at) }), "Mul", names(x.name, s.name))
	}
}

func (m *maker) binary() {
	a, b, op := m.pick(), m.pick(), rapid.SampledFrom(sorted(binaries)).Draw(m.t, "op")
	if m.upTo(2) == 0 { // a constant that fits the last dimension, such as a bias
		shape := []int{1}
		if n := len(a.shape); n > 0 {
			shape[0] = a.shape[n-1]
		}
		b = m.leaf(shape, true)
	}
	if shape, ok := broadcast(a.shape, b.shape); ok {
		m.keep(build(shape, func(at []int) float64 { return binaries[op](a.get(at), b.get(at)) }), op, names(a.name, b.name))
	}
}

func (m *maker) matMul() {
	a := m.pick()
	if len(a.shape) < 2 {
		return
	}
	k := a.shape[len(a.shape)-1]
	b := m.leaf([]int{k, 1 + m.upTo(20)}, m.upTo(3) > 0)
	shape := append(slices.Clone(a.shape[:len(a.shape)-1]), b.shape[1])
	m.keep(build(shape, func(at []int) float64 {
		sum, left := 0.0, slices.Clone(at)
		for i := range k {
			left[len(left)-1] = i
			sum += a.get(left) * b.get([]int{i, at[len(at)-1]})
		}
		return sum
	}), "MatMul", names(a.name, b.name))
}

func (m *maker) gemm() {
	a := m.pick()
	if len(a.shape) != 2 {
		return
	}
	n, trans := 1+m.upTo(20), m.upTo(2) == 1
	shape := []int{a.shape[1], n}
	if trans {
		shape = []int{n, a.shape[1]}
	}
	b, c := m.leaf(shape, true), m.leaf([]int{n}, true)
	m.keep(build([]int{a.shape[0], n}, func(at []int) float64 {
		sum := c.get(at[1:]) * 0.5
		for i := range a.shape[1] {
			w := []int{i, at[1]}
			if trans {
				w = []int{at[1], i}
			}
			sum += a.get([]int{at[0], i}) * b.get(w)
		}
		return sum
	}), "Gemm", names(a.name, b.name, c.name), onnxtest.Int("transB", int64(boolInt(trans))), onnxtest.Float("beta", 0.5))
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (m *maker) transpose() {
	x := m.pick()
	order := make([]int, len(x.shape))
	for i := range order {
		order[i] = i
	}
	order = rapid.Permutation(order).Draw(m.t, "order")
	shape, perm := make([]int, len(order)), make([]int64, len(order))
	for i, from := range order {
		shape[i], perm[i] = x.shape[from], int64(from)
	}
	m.keep(build(shape, func(at []int) float64 {
		from := make([]int, len(at))
		for i, d := range order {
			from[d] = at[i]
		}
		return x.get(from)
	}), "Transpose", names(x.name), onnxtest.Ints("perm", perm...))
}

func (m *maker) reshape() {
	x := m.pick()
	shape := []int{x.size()}
	if n := x.size(); n > 0 && n%2 == 0 && m.upTo(2) == 0 {
		shape = []int{2, n / 2}
	}
	dims := make([]int64, len(shape))
	for i, d := range shape {
		dims[i] = int64(d)
	}
	if x.size() > 0 {
		dims[len(dims)-1] = -1
	}
	m.keep(&value{shape: shape, data: x.data}, "Reshape", names(x.name, m.ints(dims...)), onnxtest.Int("allowzero", int64(boolInt(x.size() == 0))))
}

func (m *maker) concat() {
	a, b := m.pick(), m.pick()
	if len(a.shape) == 0 || !slices.Equal(a.shape[1:], b.shape[min(1, len(b.shape)):]) || len(a.shape) != len(b.shape) || a.shape[0]+b.shape[0] > 40 {
		return
	}
	shape := slices.Clone(a.shape)
	shape[0] += b.shape[0]
	m.keep(&value{shape: shape, data: append(slices.Clone(a.data), b.data...)}, "Concat", names(a.name, b.name), onnxtest.Int("axis", 0))
}

func (m *maker) slice() {
	x := m.pick()
	if len(x.shape) == 0 {
		return
	}
	axis := m.upTo(len(x.shape))
	from := m.upTo(x.shape[axis] + 1)
	to := from + m.upTo(x.shape[axis]-from+1)
	step := 1 + m.upTo(2)
	shape := slices.Clone(x.shape)
	shape[axis] = (to - from + step - 1) / step
	m.keep(build(shape, func(at []int) float64 {
		from2 := slices.Clone(at)
		from2[axis] = from + at[axis]*step
		return x.get(from2)
	}), "Slice", names(x.name, m.ints(int64(from)), m.ints(int64(to)), m.ints(int64(axis)), m.ints(int64(step))))
}

func (m *maker) reduce() {
	x := m.pick()
	if len(x.shape) == 0 {
		return
	}
	axis, op := m.upTo(len(x.shape)), rapid.SampledFrom([]string{"ReduceSum", "ReduceMean", "ReduceMax", "Softmax", "LayerNormalization"}).Draw(m.t, "op")
	n := x.shape[axis]
	if n == 0 {
		return
	}
	line := func(at []int) []float64 {
		out, from := make([]float64, n), slices.Clone(at)
		for i := range n {
			from[axis] = i
			out[i] = x.get(from)
		}
		return out
	}
	switch op {
	case "Softmax":
		m.keep(build(x.shape, func(at []int) float64 {
			sum := 0.0
			for _, v := range line(at) {
				sum += math.Exp(v)
			}
			return math.Exp(x.get(at)) / sum
		}), op, names(x.name), onnxtest.Int("axis", int64(axis)))
		return
	case "LayerNormalization":
		m.layerNorm(x)
		return
	}
	shape := slices.Clone(x.shape)
	shape[axis] = 1
	m.keep(build(shape, func(at []int) float64 {
		sum, top := 0.0, math.Inf(-1)
		for _, v := range line(at) {
			sum, top = sum+v, max(top, v)
		}
		return map[string]float64{"ReduceSum": sum, "ReduceMean": sum / float64(n), "ReduceMax": top}[op]
	}), op, names(x.name, m.ints(int64(axis))))
}

// layerNorm normalizes the last dimension.
func (m *maker) layerNorm(x *value) {
	n := x.shape[len(x.shape)-1]
	if n == 0 {
		return
	}
	scale := m.leaf([]int{n}, true)
	m.keep(build(x.shape, func(at []int) float64 {
		mean, square, from := 0.0, 0.0, slices.Clone(at)
		for i := range n {
			from[len(from)-1] = i
			v := x.get(from)
			mean, square = mean+v/float64(n), square+v*v/float64(n)
		}
		return (x.get(at) - mean) / math.Sqrt(max(square-mean*mean, 0)+0.1) * scale.get(at)
	}), "LayerNormalization", names(x.name, scale.name), onnxtest.Float("epsilon", 0.1))
}

func (m *maker) where() {
	a, b := m.pick(), m.pick()
	c, zero := m.leaf(slices.Clone(a.shape), false), m.leaf(nil, true)
	shape, ok := broadcast(a.shape, b.shape)
	if !ok {
		return
	}
	cond := m.name()
	m.g.Node("Greater", names(c.name, zero.name), names(cond))
	m.keep(build(shape, func(at []int) float64 {
		if c.get(at) > zero.get(at) {
			return a.get(at)
		}
		return b.get(at)
	}), "Where", names(cond, a.name, b.name))
}

// conv is a convolution of one spatial dimension over [batch, channels, steps].
func (m *maker) conv() {
	x := m.pick()
	if len(x.shape) != 3 || x.shape[1] == 0 {
		return
	}
	c, out, k, pad := x.shape[1], 1+m.upTo(17), 1+m.upTo(3), m.upTo(2)
	if x.shape[2]+2*pad < k {
		return
	}
	w, b := m.leaf([]int{out, c, k}, true), m.leaf([]int{out}, true)
	m.keep(build([]int{x.shape[0], out, x.shape[2] + 2*pad - k + 1}, func(at []int) float64 {
		sum := b.get(at[1:2])
		for ch := range c {
			for i := range k {
				if from := at[2] + i - pad; from >= 0 && from < x.shape[2] {
					sum += x.get([]int{at[0], ch, from}) * w.get([]int{at[1], ch, i})
				}
			}
		}
		return sum
	}), "Conv", names(x.name, w.name, b.name), onnxtest.Ints("pads", int64(pad), int64(pad)))
}

// TestRandomGraphs holds random graphs, with all passes and without, against the
// naive interpreter.
func TestRandomGraphs(t *testing.T) { rapid.Check(t, randomGraph) }

// FuzzRandomGraphs is the same, led by coverage.
func FuzzRandomGraphs(f *testing.F) { f.Fuzz(rapid.MakeFuzz(randomGraph)) }

func randomGraph(t *rapid.T) {
	m := &maker{t: t, g: onnxtest.NewModel(22)}
	for range 1 + m.upTo(3) {
		shape := make([]int, m.upTo(4))
		for i := range shape {
			shape[i] = rapid.SampledFrom([]int{1, 2, 3, 4, 5, 0, 9}).Draw(t, "size")
		}
		m.values = append(m.values, m.leaf(shape, false))
	}
	steps := []func(){m.unary, m.silu, m.binary, m.matMul, m.gemm, m.transpose, m.reshape, m.concat, m.slice, m.reduce, m.where, m.conv}
	for range 1 + m.upTo(10) {
		steps[m.upTo(len(steps))]()
	}
	outs := m.values[max(0, len(m.values)-1-m.upTo(3)):]
	for _, v := range outs {
		m.g.Output(v.name, tensor.Float32)
	}
	for _, opts := range [][]onnx.Option{nil, {onnx.WithoutPasses()}} {
		model, err := onnx.Load(m.g.Bytes(), opts...)
		require.NoError(t, err)
		got := make([]tensor.Value, len(outs))
		for i := range got {
			got[i] = &tensor.Tensor{}
		}
		s := model.NewSession(onnx.SessionConfig{})
		for range 2 { // the second run finds memory of the first
			require.NoError(t, s.RunValues(m.inputs, got))
			for i, v := range outs {
				same(t, v, got[i].(*tensor.Tensor))
			}
		}
	}
}

func same(t *rapid.T, want *value, got *tensor.Tensor) {
	require.Equal(t, append([]int{}, want.shape...), append([]int{}, got.Shape()...), "%s", want.name)
	for i, v := range tensor.Slice[float32](got) {
		if d := math.Abs(float64(v) - want.data[i]); !(d <= 2e-3*(1+math.Abs(want.data[i]))) {
			t.Fatalf("%s element %d: have %g, want %g", want.name, i, v, want.data[i])
		}
	}
}

package nn_test

import (
	"fmt"
	"math"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx/internal/onnxtest"
	"github.com/turgo-io/turgo/inference/tensor"
)

func random(rng *rand.Rand, shape ...int) *tensor.Tensor {
	t, _ := tensor.New(tensor.Float32, shape...)
	for i, d := 0, tensor.Slice[float32](t); i < len(d); i++ {
		d[i] = rng.Float32()*2 - 1
	}
	return t
}

func at4(t *tensor.Tensor, n, c, h, w int) float64 {
	return float64(tensor.Slice[float32](t)[((n*t.Dim(1)+c)*t.Dim(2)+h)*t.Dim(3)+w])
}

// geometry is one convolution or pooling window in two dimensions.
type geometry struct {
	n, c, h, w, m, group, kh, kw, sh, sw, dh, dw int
	pads                                         [4]int // top, left, bottom, right
}

var geometries = []geometry{
	{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, [4]int{}},
	{2, 3, 7, 5, 4, 1, 3, 3, 1, 1, 1, 1, [4]int{1, 1, 1, 1}},
	{1, 4, 9, 11, 6, 2, 3, 2, 2, 3, 1, 2, [4]int{0, 1, 2, 3}},
	{2, 5, 8, 6, 5, 5, 3, 3, 1, 1, 2, 1, [4]int{2, 0, 1, 1}},
	{1, 6, 13, 13, 6, 6, 5, 3, 2, 2, 1, 1, [4]int{2, 1, 2, 1}},
	{1, 3, 30, 20, 33, 1, 1, 1, 1, 1, 1, 1, [4]int{}},
	{1, 2, 40, 17, 3, 1, 4, 4, 3, 1, 1, 3, [4]int{5, 5, 5, 5}},
	{3, 2, 4, 4, 4, 2, 1, 1, 2, 2, 1, 1, [4]int{1, 0, 0, 1}},
}

func (g geometry) attrs() []onnxtest.Attribute {
	i := func(v ...int) []int64 {
		out := make([]int64, len(v))
		for k := range v {
			out[k] = int64(v[k])
		}
		return out
	}
	return []onnxtest.Attribute{
		onnxtest.Ints("kernel_shape", i(g.kh, g.kw)...), onnxtest.Ints("strides", i(g.sh, g.sw)...),
		onnxtest.Ints("dilations", i(g.dh, g.dw)...), onnxtest.Ints("pads", i(g.pads[:]...)...),
	}
}

func (g geometry) out() (h, w int) {
	h = (g.h+g.pads[0]+g.pads[2]-(g.kh-1)*g.dh-1)/g.sh + 1
	w = (g.w+g.pads[1]+g.pads[3]-(g.kw-1)*g.dw-1)/g.sw + 1
	return h, w
}

// window calls f for each kernel place of an output that lies inside the input.
func (g geometry) window(oh, ow int, f func(kh, kw, h, w int)) {
	for kh := range g.kh {
		for kw := range g.kw {
			h, w := oh*g.sh+kh*g.dh-g.pads[0], ow*g.sw+kw*g.dw-g.pads[1]
			if h >= 0 && h < g.h && w >= 0 && w < g.w {
				f(kh, kw, h, w)
			}
		}
	}
}

func TestConvAgainstDefinition(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	for _, g := range geometries {
		t.Run(fmt.Sprintf("%+v", g), func(t *testing.T) {
			x, w, b := random(rng, g.n, g.c, g.h, g.w), random(rng, g.m, g.c/g.group, g.kh, g.kw), random(rng, g.m)
			y, err := onnxtest.One(11, "Conv", append(g.attrs(), onnxtest.Int("group", int64(g.group))), x, w, b)
			require.NoError(t, err)
			oh, ow := g.out()
			require.Equal(t, []int{g.n, g.m, oh, ow}, y.Shape())
			for n := range g.n {
				for m := range g.m {
					first := m / (g.m / g.group) * (g.c / g.group)
					for i := range oh {
						for j := range ow {
							sum := float64(tensor.Slice[float32](b)[m])
							for c := range g.c / g.group {
								g.window(i, j, func(kh, kw, h, w0 int) { sum += at4(x, n, first+c, h, w0) * at4(w, m, c, kh, kw) })
							}
							require.InDelta(t, sum, at4(y, n, m, i, j), 1e-4)
						}
					}
				}
			}
		})
	}
}

func TestPoolsAgainstDefinition(t *testing.T) {
	rng := rand.New(rand.NewSource(2))
	for _, g := range geometries[:7] {
		if g.pads[0] >= g.kh || g.pads[1] >= g.kw || g.pads[2] >= g.kh || g.pads[3] >= g.kw {
			continue // a window of nothing but padding has no largest element
		}
		x := random(rng, g.n, g.c, g.h, g.w)
		top, err := onnxtest.One(19, "MaxPool", g.attrs(), x)
		require.NoError(t, err)
		mean, err := onnxtest.One(19, "AveragePool", g.attrs(), x)
		require.NoError(t, err)
		whole, err := onnxtest.One(19, "AveragePool", append(g.attrs(), onnxtest.Int("count_include_pad", 1)), x)
		require.NoError(t, err)
		oh, ow := g.out()
		for n := range g.n {
			for c := range g.c {
				for i := range oh {
					for j := range ow {
						best, sum, count := math.Inf(-1), 0.0, 0.0
						g.window(i, j, func(_, _, h, w int) {
							v := at4(x, n, c, h, w)
							best, sum, count = max(best, v), sum+v, count+1
						})
						require.InDelta(t, best, at4(top, n, c, i, j), 1e-6)
						require.InDelta(t, sum/count, at4(mean, n, c, i, j), 1e-5)
						require.InDelta(t, sum/float64(g.kh*g.kw), at4(whole, n, c, i, j), 1e-5)
					}
				}
			}
		}
	}
}

// TestConvTransposeIsAdjoint: <conv(x), y> = <x, convTranspose(y)> for any x and y.
func TestConvTransposeIsAdjoint(t *testing.T) {
	rng := rand.New(rand.NewSource(3))
	for _, g := range geometries {
		oh, ow := g.out()
		x, w, y := random(rng, g.n, g.c, g.h, g.w), random(rng, g.m, g.c/g.group, g.kh, g.kw), random(rng, g.n, g.m, oh, ow)
		attrs := append(g.attrs(), onnxtest.Int("group", int64(g.group)))
		cx, err := onnxtest.One(11, "Conv", attrs, x, w)
		require.NoError(t, err)
		// Rows that no window reaches are output padding.
		addH := g.h + g.pads[0] + g.pads[2] - ((oh-1)*g.sh + (g.kh-1)*g.dh + 1)
		addW := g.w + g.pads[1] + g.pads[3] - ((ow-1)*g.sw + (g.kw-1)*g.dw + 1)
		ty, err := onnxtest.One(11, "ConvTranspose", append(attrs, onnxtest.Ints("output_padding", int64(addH), int64(addW))), y, w)
		require.NoError(t, err)
		require.Equal(t, x.Shape(), ty.Shape())
		require.InDelta(t, dot(cx, y), dot(x, ty), 1e-3)
	}
}

func dot(a, b *tensor.Tensor) float64 {
	sum := 0.0
	for i, v := range tensor.Slice[float32](a) {
		sum += float64(v) * float64(tensor.Slice[float32](b)[i])
	}
	return sum
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// product is row r of weights [1, rows, n] from row at on, times x.
func product(w *tensor.Tensor, at, n int, x []float64) float64 {
	sum := 0.0
	for i := range n {
		sum += float64(tensor.Slice[float32](w)[at*n+i]) * x[i]
	}
	return sum
}

// TestLSTMAgainstDefinition steps through the equations one number at a time.
func TestLSTMAgainstDefinition(t *testing.T) {
	const steps, batch, in, hidden = 5, 3, 4, 7
	rng := rand.New(rand.NewSource(4))
	x, w, r := random(rng, steps, batch, in), random(rng, 1, 4*hidden, in), random(rng, 1, 4*hidden, hidden)
	b, p := random(rng, 1, 8*hidden), random(rng, 1, 3*hidden)
	lens := tensor.Vector[int32](5, 2, 4)
	for _, direction := range []string{"forward", "reverse"} {
		y, err := onnxtest.One(14, "LSTM", []onnxtest.Attribute{onnxtest.Int("hidden_size", hidden), onnxtest.Str("direction", direction)}, x, w, r, b, lens, nil, nil, p)
		require.NoError(t, err)
		bias, peep := tensor.Slice[float32](b), tensor.Slice[float32](p)
		for n, l := range tensor.Slice[int32](lens) {
			h, c := make([]float64, hidden), make([]float64, hidden)
			for k := range int(l) {
				s := k
				if direction == "reverse" {
					s = int(l) - 1 - k
				}
				xs := make([]float64, in)
				for i := range xs {
					xs[i] = float64(tensor.Slice[float32](x)[(s*batch+n)*in+i])
				}
				gate := func(g, j int) float64 {
					row := g*hidden + j
					return product(w, row, in, xs) + product(r, row, hidden, h) + float64(bias[row]) + float64(bias[4*hidden+row])
				}
				next := make([]float64, hidden)
				for j := range hidden {
					i := sigmoid(gate(0, j) + float64(peep[j])*c[j])
					f := sigmoid(gate(2, j) + float64(peep[2*hidden+j])*c[j])
					c[j] = f*c[j] + i*math.Tanh(gate(3, j))
					o := sigmoid(gate(1, j) + float64(peep[hidden+j])*c[j])
					next[j] = o * math.Tanh(c[j])
				}
				h = next
				for j := range hidden {
					require.InDelta(t, h[j], float64(tensor.Slice[float32](y)[(s*batch+n)*hidden+j]), 1e-5)
				}
			}
			for s := int(l); s < steps; s++ {
				require.Zero(t, tensor.Slice[float32](y)[(s*batch+n)*hidden])
			}
		}
	}
}

// TestGRUAgainstDefinition has the reset gate before and after the product.
func TestGRUAgainstDefinition(t *testing.T) {
	const steps, in, hidden = 4, 3, 5
	rng := rand.New(rand.NewSource(5))
	x, w, r, b := random(rng, steps, 1, in), random(rng, 1, 3*hidden, in), random(rng, 1, 3*hidden, hidden), random(rng, 1, 6*hidden)
	bias := tensor.Slice[float32](b)
	for _, after := range []int64{0, 1} {
		y, err := onnxtest.One(14, "GRU", []onnxtest.Attribute{onnxtest.Int("hidden_size", hidden), onnxtest.Int("linear_before_reset", after)}, x, w, r, b)
		require.NoError(t, err)
		h := make([]float64, hidden)
		for s := range steps {
			xs := make([]float64, in)
			for i := range xs {
				xs[i] = float64(tensor.Slice[float32](x)[s*in+i])
			}
			gate := func(g, j int) float64 {
				row := g*hidden + j
				return sigmoid(product(w, row, in, xs) + product(r, row, hidden, h) + float64(bias[row]) + float64(bias[3*hidden+row]))
			}
			reset := make([]float64, hidden)
			for j := range reset {
				reset[j] = gate(1, j) * h[j]
			}
			next := make([]float64, hidden)
			for j := range next {
				row := 2*hidden + j
				state := product(r, row, hidden, reset) + float64(bias[3*hidden+row])
				if after == 1 {
					state = gate(1, j) * (product(r, row, hidden, h) + float64(bias[3*hidden+row]))
				}
				cand := math.Tanh(product(w, row, in, xs) + float64(bias[row]) + state)
				z := gate(0, j)
				next[j] = (1-z)*cand + z*h[j]
			}
			h = next
			for j := range h {
				require.InDelta(t, h[j], float64(tensor.Slice[float32](y)[s*hidden+j]), 1e-5)
			}
		}
	}
}

// TestEmptyAndImpossible: empty batches give empty results, and a window that does
// not fit is an error.
func TestEmptyAndImpossible(t *testing.T) {
	rng := rand.New(rand.NewSource(6))
	y, err := onnxtest.One(11, "Conv", nil, random(rng, 0, 2, 5, 5), random(rng, 3, 2, 3, 3))
	require.NoError(t, err)
	require.Equal(t, []int{0, 3, 3, 3}, y.Shape())
	_, err = onnxtest.One(11, "Conv", nil, random(rng, 1, 2, 2, 5), random(rng, 3, 2, 3, 3))
	require.ErrorContains(t, err, "a window of 3 in 2")
	_, err = onnxtest.One(11, "Conv", []onnxtest.Attribute{onnxtest.Ints("strides", 0, 1)}, random(rng, 1, 2, 5, 5), random(rng, 3, 2, 3, 3))
	require.Error(t, err)
	_, err = onnxtest.One(11, "Conv", []onnxtest.Attribute{onnxtest.Ints("pads", -1, 0, 0, 0)}, random(rng, 1, 2, 5, 5), random(rng, 3, 2, 3, 3))
	require.Error(t, err)
	_, err = onnxtest.One(11, "MaxPool", nil, random(rng, 1, 2, 5, 5))
	require.Error(t, err)
	y, err = onnxtest.One(14, "LSTM", []onnxtest.Attribute{onnxtest.Int("hidden_size", 2)}, random(rng, 0, 1, 3), random(rng, 1, 8, 3), random(rng, 1, 8, 2))
	require.NoError(t, err)
	require.Equal(t, []int{0, 1, 1, 2}, y.Shape())
}

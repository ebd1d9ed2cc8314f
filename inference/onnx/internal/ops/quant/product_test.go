package quant_test

import (
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx"
	"github.com/turgo-io/turgo/inference/onnx/internal/onnxtest"
	"github.com/turgo-io/turgo/inference/onnx/internal/pb"
	"github.com/turgo-io/turgo/inference/tensor"
)

// bytesOf draws numbers over the whole range of a type.
func bytesOf(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	rng.Read(b)
	return b
}

func value(e tensor.Elem, b byte) int32 {
	if e == tensor.Int8 {
		return int32(int8(b))
	}
	return int32(b)
}

// TestMatMulInteger compares products of every pair of 8-bit types with sums taken
// one by one, with a right-hand side that is a constant or comes in.
func TestMatMulInteger(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	for _, ea := range []tensor.Elem{tensor.Uint8, tensor.Int8} {
		for _, eb := range []tensor.Elem{tensor.Uint8, tensor.Int8} {
			for _, s := range [][3]int{{1, 1, 1}, {3, 40, 7}, {17, 33, 64}, {2, 100, 131}} {
				for _, constant := range []bool{true, false} {
					m, n, k := s[0], s[1], s[2]
					a, b, zero := bytesOf(rng, 2*m*k), bytesOf(rng, k*n), bytesOf(rng, 2)
					g := onnxtest.NewModel(18).Input("a", ea, -1, -1, -1).
						Initializer(&pb.Tensor{Name: "za", Elem: int32(ea), HasRaw: true, Raw: zero[:1]}).
						Initializer(&pb.Tensor{Name: "zb", Elem: int32(eb), HasRaw: true, Raw: zero[1:]})
					in := map[string]tensor.Value{}
					if constant {
						g.Initializer(&pb.Tensor{Name: "b", Elem: int32(eb), Dims: []int64{int64(k), int64(n)}, HasRaw: true, Raw: b})
					} else {
						g.Input("b", eb, -1, -1)
						v, err := tensor.OfBytes(eb, []int{k, n}, b)
						require.NoError(t, err)
						in["b"] = v
					}
					g.Node("MatMulInteger", []string{"a", "b", "za", "zb"}, []string{"y"}).Output("y", tensor.Int32)
					model, err := onnx.Load(g.Bytes())
					require.NoError(t, err)
					v, err := tensor.OfBytes(ea, []int{2, m, k}, a)
					require.NoError(t, err)
					in["a"] = v
					out, err := model.NewSession(onnx.SessionConfig{}).RunNamed(in)
					require.NoError(t, err)
					got := tensor.Slice[int32](out["y"].(*tensor.Tensor))
					for i := range got {
						want := int32(0)
						for x := range k {
							want += (value(ea, a[i/n*k+x]) - value(ea, zero[0])) * (value(eb, b[x*n+i%n]) - value(eb, zero[1]))
						}
						require.Equal(t, want, got[i], "%v %v %v %v", ea, eb, s, constant)
					}
				}
			}
		}
	}
}

// TestConvInteger compares grouped, strided and padded convolutions of bytes with
// the same convolution of floats, which hold such sums exactly.
func TestConvInteger(t *testing.T) {
	rng := rand.New(rand.NewSource(2))
	for _, c := range []struct {
		in, out, group int64
		attrs          []onnxtest.Attribute
	}{
		{3, 5, 1, []onnxtest.Attribute{onnxtest.Ints("pads", 1, 1, 1, 1)}},
		{4, 6, 2, []onnxtest.Attribute{onnxtest.Ints("strides", 2, 1), onnxtest.Int("group", 2)}},
		{4, 4, 4, []onnxtest.Attribute{onnxtest.Ints("dilations", 2, 1), onnxtest.Int("group", 4)}},
	} {
		w, x := bytesOf(rng, int(c.out*c.in/c.group*9)), bytesOf(rng, int(2*c.in*121))
		dims := []int64{c.out, c.in / c.group, 3, 3}
		whole := make([]float32, len(w))
		for i, b := range w {
			whole[i] = float32(int8(b))
		}
		g := onnxtest.NewModel(18).Input("x", tensor.Uint8, -1, -1, -1, -1).Const("f", dims, whole...).
			Initializer(&pb.Tensor{Name: "w", Elem: int32(tensor.Int8), Dims: dims, HasRaw: true, Raw: w}).
			Node("ConvInteger", []string{"x", "w"}, []string{"y"}, c.attrs...).
			Node("Cast", []string{"x"}, []string{"xf"}, onnxtest.Int("to", int64(tensor.Float32))).
			Node("Conv", []string{"xf", "f"}, []string{"yf"}, c.attrs...).
			Node("Cast", []string{"yf"}, []string{"yi"}, onnxtest.Int("to", int64(tensor.Int32))).
			Output("y", tensor.Int32).Output("yi", tensor.Int32)
		model, err := onnx.Load(g.Bytes())
		require.NoError(t, err)
		v, err := tensor.OfBytes(tensor.Uint8, []int{2, int(c.in), 11, 11}, x)
		require.NoError(t, err)
		out, err := model.NewSession(onnx.SessionConfig{}).RunNamed(map[string]tensor.Value{"x": v})
		require.NoError(t, err)
		require.Equal(t, tensor.Slice[int32](out["yi"].(*tensor.Tensor)), tensor.Slice[int32](out["y"].(*tensor.Tensor)))
	}
}

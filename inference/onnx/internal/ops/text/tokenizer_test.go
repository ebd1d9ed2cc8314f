package text_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx"
	"github.com/turgo-io/turgo/inference/onnx/internal/onnxtest"
	"github.com/turgo-io/turgo/inference/onnx/internal/pb"
	"github.com/turgo-io/turgo/inference/tensor"
)

// tokens runs com.microsoft.Tokenizer on a vector of strings.
func tokens(in []string, attrs ...onnxtest.Attribute) (*tensor.Tensor, error) {
	g := onnxtest.NewModel(18).Input("x", tensor.String, -1).Node("com.microsoft:Tokenizer", []string{"x"}, []string{"y"}, attrs...).Output("y", tensor.String)
	g.Model.Opsets = append(g.Model.Opsets, pb.Opset{Domain: "com.microsoft", Version: 1})
	out, err := onnxtest.Eval(g.Bytes(), tensor.Vector(in...))
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// TestTokenizer: separators, an expression, single characters; marks and padding.
func TestTokenizer(t *testing.T) {
	words := []string{"the fox, the dog", "", "ünder x"}
	pad, drop := onnxtest.Str("pad_value", "_"), onnxtest.Int("mincharnum", 2)
	for _, c := range []struct {
		attrs []onnxtest.Attribute
		want  []string
	}{
		{[]onnxtest.Attribute{onnxtest.Strs("separators", " ", ","), pad}, []string{"the", "fox", "the", "dog", "_", "_", "_", "_", "ünder", "x", "_", "_"}},
		{[]onnxtest.Attribute{onnxtest.Str("tokenexp", `\pL+`), pad, drop}, []string{"the", "fox", "the", "dog", "_", "_", "_", "_", "ünder", "_", "_", "_"}},
		{
			[]onnxtest.Attribute{onnxtest.Str("tokenexp", `\pL{4,}`), pad, onnxtest.Int("mark", 1)},
			[]string{"\x02", "\x03", "_", "\x02", "\x03", "_", "\x02", "ünder", "\x03"},
		},
	} {
		y, err := tokens(words, c.attrs...)
		require.NoError(t, err)
		require.Equal(t, c.want, y.Strings())
	}
	y, err := tokens([]string{"añ", "b"}, onnxtest.Strs("separators", ""), pad)
	require.NoError(t, err)
	require.Equal(t, []string{"a", "ñ", "b", "_"}, y.Strings())
	y, err = tokens([]string{"", ""}, onnxtest.Strs("separators", " "), pad)
	require.NoError(t, err)
	require.Equal(t, []int{2, 0}, y.Shape())
	for _, attrs := range [][]onnxtest.Attribute{nil, {onnxtest.Str("tokenexp", "(")}, {onnxtest.Str("tokenexp", "a"), onnxtest.Strs("separators", "b")}} {
		_, err := tokens(words, attrs...)
		require.ErrorIs(t, err, onnx.ErrAttribute)
	}
}

package onnxtest

import (
	"github.com/turgo-io/turgo/inference/onnx"
	"github.com/turgo-io/turgo/inference/tensor"
)

// Eval loads a model and runs it once; the outputs are in the model's order.
func Eval(data []byte, in ...tensor.Value) ([]*tensor.Tensor, error) {
	m, err := onnx.Load(data)
	if err != nil {
		return nil, err
	}
	out := make([]tensor.Value, len(m.Outputs()))
	tensors := make([]*tensor.Tensor, len(out))
	for i := range out {
		tensors[i] = &tensor.Tensor{}
		out[i] = tensors[i]
	}
	return tensors, m.NewSession(onnx.SessionConfig{}).RunValues(in, out)
}

// One is the only output of a model of one node with the given inputs, named a, b,
// c and so on; nil stands for an input that is not given.
func One(opset int64, op string, attrs []Attribute, in ...*tensor.Tensor) (*tensor.Tensor, error) {
	g := NewModel(opset)
	var names []string
	var values []tensor.Value
	for i, t := range in {
		if t == nil {
			names = append(names, "")
			continue
		}
		name := string(rune('a' + i))
		names = append(names, name)
		values = append(values, t)
		g.Input(name, t.Elem(), dims(t)...)
	}
	g.Node(op, names, []string{"out"}, attrs...).Output("out", tensor.Undefined)
	out, err := Eval(g.Bytes(), values...)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

func dims(t *tensor.Tensor) []int64 {
	out := make([]int64, t.Rank())
	for i, d := range t.Shape() {
		out[i] = int64(d)
	}
	return out
}

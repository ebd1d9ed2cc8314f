package plan

import (
	"github.com/turgo-io/turgo/inference/onnx/internal/ir"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// Eval runs a single node whose inputs are all constants, within a memory limit,
// and returns its outputs; nil for those that are not tensors or not wanted.
func Eval(n *ir.Node, ops Set, limitBytes int64) ([]*tensor.Tensor, error) {
	g := &ir.Graph{Nodes: []*ir.Node{n}}
	for _, v := range n.Outputs {
		if v != nil {
			g.Outputs = append(g.Outputs, v)
		}
	}
	p, err := Compile(g, ops)
	if err != nil {
		return nil, err
	}
	f := p.NewFrame(&op.Arena{Limit: limitBytes})
	if err := f.Run(nil, nil); err != nil {
		return nil, err
	}
	out := make([]*tensor.Tensor, len(n.Outputs))
	k := 0
	for i, v := range n.Outputs {
		if v == nil {
			continue
		}
		if t, ok := f.Output(k).(*tensor.Tensor); ok {
			out[i] = t.Clone()
		}
		k++
	}
	return out, nil
}

package onnx

import (
	"github.com/turgo-io/turgo/inference/onnx/internal/ir"
	"github.com/turgo-io/turgo/inference/tensor"
)

// ValueInfo is one declared input or output of a model.
type ValueInfo struct {
	Name string
	// Kind says whether it is a tensor, sequence, map or optional.
	Kind tensor.Kind
	// Elem is a tensor's element type, or a map's value type; Undefined where the
	// file does not say.
	Elem tensor.Elem
	// Key is a map's key type.
	Key tensor.Elem
	// Ranked reports whether the file declares how many dimensions a tensor has;
	// with no Dims it is then a scalar.
	Ranked bool
	Dims   []Dim
	// Of is what a sequence or optional holds.
	Of *ValueInfo

	typ ir.Type
}

// Dim is one declared dimension: a fixed Size, or -1 and the name of a dimension
// that is known at run time only. The name may be empty.
type Dim struct {
	Size int64
	Name string
}

// Inputs is the list of inputs that a run takes, in order.
func (m *Model) Inputs() []ValueInfo { return append([]ValueInfo(nil), m.inputs...) }

// Outputs is the list of outputs, in order. Types and dimensions are the file's
// claim.
func (m *Model) Outputs() []ValueInfo { return append([]ValueInfo(nil), m.outputs...) }

// String is the value's name and type, such as x float32[N,13].
func (v ValueInfo) String() string { return v.Name + " " + v.typ.String() }

func signature(values []*ir.Value) []ValueInfo {
	out := make([]ValueInfo, len(values))
	for i, v := range values {
		out[i] = valueInfo(v.Type)
		out[i].Name = v.Name
		if v.Const != nil && v.Type.Elem == tensor.Undefined {
			out[i].Elem = v.Const.Elem()
		}
	}
	return out
}

func valueInfo(t ir.Type) ValueInfo {
	v := ValueInfo{Kind: t.Kind, Elem: t.Elem, Ranked: t.HasShape, typ: t}
	for _, d := range t.Dims {
		v.Dims = append(v.Dims, Dim{Size: d.Size, Name: d.Name})
	}
	if t.Kind == tensor.KindMap {
		v.Key, v.Elem = t.Elem, tensor.Undefined
		if t.Of != nil {
			v.Elem = t.Of.Elem
		}
		return v
	}
	if t.Of != nil {
		of := valueInfo(*t.Of)
		v.Of = &of
	}
	return v
}

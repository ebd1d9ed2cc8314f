package ops

import (
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/attention"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/control"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/elementwise"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/layout"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/linear"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/ml"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/nn"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/quant"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/random"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/reduce"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/sequence"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/signal"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/text"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/training"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/vision"
)

// Set is a table of operators by domain and name.
type Set struct {
	defs map[key]*op.Def
}

type key struct{ domain, name string }

// Find is the operator of that name, or nil.
func (s Set) Find(domain, name string) *op.Def { return s.defs[key{domain, name}] }

// Names calls f for every operator.
func (s Set) Names(f func(domain, name string)) {
	for k := range s.defs {
		f(k.domain, k.name)
	}
}

// All is the set of all operators.
func All() Set {
	s := Set{defs: make(map[key]*op.Def, 256)}
	for _, family := range families() {
		for i := range family {
			d := &family[i]
			s.defs[key{d.Domain, d.Name}] = d
		}
	}
	return s
}

// Compiled is All with the operators that passes put in the place of others.
func Compiled() Set {
	s := All()
	for _, family := range [][]op.Def{linear.Fused(), nn.Fused(), elementwise.Fused(), attention.Fused()} {
		for i := range family {
			s.defs[key{family[i].Domain, family[i].Name}] = &family[i]
		}
	}
	return s
}

// families lists the tables of all operator packages.
func families() [][]op.Def {
	return [][]op.Def{
		attention.Table(),
		control.Table(),
		elementwise.Table(),
		layout.Table(),
		linear.Table(),
		ml.Table(),
		nn.Table(),
		quant.Table(),
		random.Table(),
		reduce.Table(),
		sequence.Table(),
		signal.Table(),
		text.Table(),
		training.Table(),
		vision.Table(),
	}
}

// Listed is the number of entries in the families' tables; it equals the number of
// operators where none is listed twice.
func Listed() int {
	n := 0
	for _, f := range families() {
		n += len(f)
	}
	return n
}

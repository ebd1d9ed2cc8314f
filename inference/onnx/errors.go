package onnx

import (
	"errors"
	"fmt"
	"strings"

	"github.com/turgo-io/turgo/inference/onnx/internal/ir"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/onnx/internal/pb"
)

var (
	// ErrFormat says that a file is not an ONNX model.
	ErrFormat = pb.ErrFormat
	// ErrLimit says that a file exceeds the limits given to [WithLimits].
	ErrLimit = pb.ErrLimit
	// ErrGraph says that a model's graph contradicts itself.
	ErrGraph = ir.ErrGraph
	// ErrExternalData says that weights lie outside the model file, and that this is
	// not allowed ([WithExternalData]) or their file is not in order.
	ErrExternalData = ir.ErrExternal
	// ErrDigest says that a model is not the one that [WithSHA256] names.
	ErrDigest = errors.New("onnx: the model's SHA-256 is another")
	// ErrAttribute says that an operator's attributes are wrong or not supported.
	ErrAttribute = op.ErrAttribute
	// ErrInput says that a run's inputs do not fit the model or one of its operators.
	ErrInput = op.ErrInput
	// ErrElemType says that an operator does not work on an element type.
	ErrElemType = op.ErrType
	// ErrMemory says that a run asked for more memory than its limit.
	ErrMemory = op.ErrMemory
	// ErrInternal says that the engine met a fault of its own while running.
	ErrInternal = errors.New("onnx: internal fault")
)

// UnsupportedError lists every operator of a model that the engine does not have.
type UnsupportedError struct {
	Operators []Operator
}

// Operator names one operator and the version of the set it was asked for in.
type Operator struct {
	Domain  string
	Name    string
	Version int
	// Nodes is how many nodes use it.
	Nodes int
}

// Error names all of them.
func (e *UnsupportedError) Error() string {
	parts := make([]string, len(e.Operators))
	for i, o := range e.Operators {
		domain := o.Domain
		if domain == "" {
			domain = "ai.onnx"
		}
		parts[i] = fmt.Sprintf("%s (%s, opset %d, %d nodes)", o.Name, domain, o.Version, o.Nodes)
	}
	return "onnx: operators not supported: " + strings.Join(parts, ", ")
}

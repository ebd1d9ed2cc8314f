package treefile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/turgo-io/turgo/inference/onnx/internal/trees"
)

// Options of reading. The zero value reads up to 1 GiB and predicts as the library does.
type Options struct {
	// MaxBytes is the longest file to read; 0 is 1 GiB.
	MaxBytes int64
	// Raw predicts margins: no link function is applied.
	Raw bool
}

const defaultMaxBytes = 1 << 30

func (o Options) read(r io.Reader) ([]byte, error) {
	limit := o.MaxBytes
	if limit <= 0 {
		limit = defaultMaxBytes
	}
	var b bytes.Buffer
	n, err := b.ReadFrom(io.LimitReader(r, limit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("treefile: read: %w", err)
	case n > limit:
		return nil, fmt.Errorf("%w: more than %d bytes, raise Options.MaxBytes", ErrLimit, limit)
	}
	return b.Bytes(), nil
}

// Float is a type of predictions.
type Float interface{ float32 | float64 }

// Input is a type of features.
type Input interface {
	float32 | float64 | int32 | int64
}

// Model predicts. It is read-only and safe for concurrent use.
type Model struct {
	kernel    *trees.Kernel
	link      link
	features  int
	names     []string
	objective string
}

// Predict writes the predictions of rows rows of x to dst, Outputs of them per row. Row r starts at x[r*stride] and has at
// least as many values as the trees use; stride is usually Features. An error says which slice is too short.
func (m *Model) Predict[D Float, X Input](dst []D, x []X, rows, stride int) error {
	if err := m.kernel.Scores(dst, x, rows, stride); err != nil {
		return fmt.Errorf("treefile: predict: %w", err)
	}
	if m.link != identity {
		for i, v := range dst[:rows*m.Outputs()] {
			dst[i] = D(m.link.apply(float64(v)))
		}
	}
	return nil
}

// Outputs is the number of predictions per row: 1, or classes, or targets.
func (m *Model) Outputs() int { return m.kernel.Outputs() }

// Features is the number of columns the model was trained on.
func (m *Model) Features() int { return max(m.features, m.kernel.Features()) }

// FeatureNames are the columns' names, nil if the file has none.
func (m *Model) FeatureNames() []string { return m.names }

// Trees is the number of trees.
func (m *Model) Trees() int { return m.kernel.Trees() }

// Objective is the loss function's name, in the library's words.
func (m *Model) Objective() string { return m.objective }

// link is the last step of a prediction, where trees.PostTransform has none for it.
type link uint8

const (
	identity link = iota
	exponent      // counts, rates
	hinge         // 1 above the margin, else 0
	square        // sign(v)·v²: the target's root was learned
	log1pExp      // ln(1 + eᵛ)
	logistic      // done by the kernel
	softmax       // done by the kernel
)

func (l link) apply(v float64) float64 {
	switch l {
	case exponent:
		return math.Exp(v)
	case hinge:
		if v > 0 {
			return 1
		}
		return 0
	case square:
		return math.Copysign(v*v, v)
	case log1pExp:
		return math.Log1p(math.Exp(v))
	}
	return v
}

// finish compiles e.
func (m *Model) finish(e *trees.Ensemble, l link, o Options) (*Model, error) {
	e.Exact, e.Aggregate = true, trees.Sum
	switch {
	case o.Raw:
	case l == logistic:
		e.Post = trees.Logistic
	case l == softmax:
		e.Post = trees.Softmax
	default:
		m.link = l
	}
	k, err := trees.Compile(e)
	switch {
	case errors.Is(err, trees.ErrLimit):
		return nil, fmt.Errorf("%w: %w", ErrLimit, err)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	m.kernel = k
	return m, nil
}

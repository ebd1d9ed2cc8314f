package inference

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strconv"

	"github.com/turgo-io/turgo/inference/onnx"
	"github.com/turgo-io/turgo/inference/tensor"
)

// Model is something that predicts: an ONNX model, or code of the user's own. It is immutable and
// shared by all subtasks that use it. Open, Load, FromONNX, Func and Custom make one.
type Model struct {
	name    string
	version string
	sum     string
	given   map[string]tensor.Value
	options []onnx.Option
	session onnx.SessionConfig

	onnx *onnx.Model

	// custom is a func(context.Context) (Predictor[In, Out], error) for types that only Predict knows.
	custom any
	in     reflect.Type // of custom
	out    reflect.Type
	fault  error // of the description: told by whoever uses the model
}

// Option changes how a model is opened or named.
type Option func(*Model)

// Named gives the model a name, for messages and metrics. Without it a model is called as its file.
func Named(name string) Option { return func(m *Model) { m.name = name } }

// Versioned gives the model a version. Without it the version is the one that the file gives itself, or
// else the beginning of its SHA-256.
func Versioned(version string) Option { return func(m *Model) { m.version = version } }

// Given sets an input to a value that is the same for all records, so that no field is bound to it: a
// temperature, a threshold, a mask. The value must not be changed afterwards.
func Given(input string, value tensor.Value) Option {
	return func(m *Model) {
		if m.given == nil {
			m.given = map[string]tensor.Value{}
		}
		m.given[input] = value
	}
}

// Loading hands options to the ONNX engine: limits on what loading may cost.
func Loading(opts ...onnx.Option) Option {
	return func(m *Model) { m.options = append(m.options, opts...) }
}

// Running sets up the sessions in which the model runs: limits on the memory of a run.
func Running(c onnx.SessionConfig) Option { return func(m *Model) { m.session = c } }

func newModel(name string, opts []Option) *Model {
	m := &Model{name: name}
	for _, o := range opts {
		o(m)
	}
	return m
}

// Open loads the ONNX model in a file of fsys, such as os.DirFS or an embed.FS.
func Open(fsys fs.FS, file string, opts ...Option) (*Model, error) {
	f, err := fsys.Open(file)
	if err != nil {
		return nil, fmt.Errorf("inference: opening model: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	return read(f, newModel(file, opts))
}

// Load loads an ONNX model from memory, such as an embedded file. It keeps no reference to data. The
// model is called "model" unless Named says otherwise.
func Load(data []byte, opts ...Option) (*Model, error) {
	return read(bytes.NewReader(data), newModel("model", opts))
}

func read(r io.Reader, m *Model) (*Model, error) {
	sum := sha256.New()
	loaded, err := onnx.Read(io.TeeReader(r, sum), m.options...)
	if err != nil {
		return nil, fmt.Errorf("inference: model %s: %w", m.name, err)
	}
	m.sum = hex.EncodeToString(sum.Sum(nil))
	return m.of(loaded), nil
}

// FromONNX makes a Model of one that is loaded already. Its SHA-256 is unknown.
func FromONNX(model *onnx.Model, opts ...Option) *Model {
	m := newModel("model", opts)
	if model == nil {
		m.fault = errors.New("inference: FromONNX: the model is nil")
		return m
	}
	return m.of(model)
}

// of finishes a model with what was loaded for it.
func (m *Model) of(loaded *onnx.Model) *Model {
	m.onnx = loaded
	switch v := loaded.Info().Version; {
	case m.version != "":
	case v != 0:
		m.version = strconv.FormatInt(v, 10)
	case m.sum != "":
		m.version = m.sum[:12]
	}
	return m
}

// Func makes a model of a function: rules, a table, a fake in a test. It is called once for each record;
// with several subtasks at the same time by several goroutines.
func Func[In, Out any](fn func(In) Out, opts ...Option) *Model {
	open := func(context.Context) (Predictor[In, Out], error) { return eachRow[In, Out](fn), nil }
	m := Custom(open, opts...)
	if fn == nil {
		m.fault = errors.New("inference: Func: the function is nil")
	}
	return m
}

// eachRow predicts by a function of one record.
type eachRow[In, Out any] func(In) Out

// Predict calls the function for each record.
func (f eachRow[In, Out]) Predict(_ context.Context, in []In, out []Out) error {
	for i := range in {
		out[i] = f(in[i])
	}
	return nil
}

// Custom makes a model of the user's own code. open is called once for each subtask, before its first
// record; what it returns is used by that subtask alone, and closed with it if it is an io.Closer.
func Custom[In, Out any](open func(context.Context) (Predictor[In, Out], error), opts ...Option) *Model {
	m := newModel("custom", opts)
	m.custom, m.in, m.out = open, reflect.TypeFor[In](), reflect.TypeFor[Out]()
	if open == nil {
		m.fault = errors.New("inference: Custom: the function is nil")
	}
	return m
}

// Name is what the model is called in messages and metrics.
func (m *Model) Name() string { return m.name }

// Version tells versions of a model apart; empty if nothing does.
func (m *Model) Version() string { return m.version }

// SHA256 is the checksum of the model's file in hexadecimal, empty if there was none.
func (m *Model) SHA256() string { return m.sum }

// Inputs is what the ONNX model takes; nil for a model of Go code.
func (m *Model) Inputs() []onnx.ValueInfo {
	if m.onnx == nil {
		return nil
	}
	return m.onnx.Inputs()
}

// Outputs is what the ONNX model's file says that it gives; nil for a model of Go code.
func (m *Model) Outputs() []onnx.ValueInfo {
	if m.onnx == nil {
		return nil
	}
	return m.onnx.Outputs()
}

// ONNX is the loaded ONNX model; nil for a model of Go code.
func (m *Model) ONNX() *onnx.Model { return m.onnx }

// String is name@version.
func (m *Model) String() string {
	if m.version == "" {
		return m.name
	}
	return m.name + "@" + m.version
}

// givenNames lists the inputs set by Given, sorted.
func (m *Model) givenNames() []string { return slices.Sorted(maps.Keys(m.given)) }

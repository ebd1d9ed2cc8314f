package onnx

import (
	"fmt"
	"sync"

	"github.com/turgo-io/turgo/inference/onnx/internal/ir"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/onnx/internal/plan"
	"github.com/turgo-io/turgo/inference/tensor"
)

// SessionConfig sets up a session. The zero value works.
type SessionConfig struct {
	// MemoryBytes is the most memory that one run may hold at a time for the values
	// inside the model; 0 means 4 GiB. A run that wants more ends in [ErrMemory].
	MemoryBytes int64
	// MaxIdle is how many runs' memory is kept for later runs; 0 means 8.
	MaxIdle int
}

// Session runs a model. It is safe for concurrent use; its memory grows to what
// the runs in flight at one time need.
type Session struct {
	model  *Model
	config SessionConfig

	mu   sync.Mutex // guards idle; held for a list operation only
	idle []*worker
}

// worker is the memory of one run.
type worker struct {
	frame   *plan.Frame
	in, out []tensor.Value
}

// NewSession makes a session. Several sessions of a model share its weights.
func (m *Model) NewSession(c SessionConfig) *Session {
	if c.MemoryBytes <= 0 {
		c.MemoryBytes = 4 << 30
	}
	if c.MaxIdle <= 0 {
		c.MaxIdle = 8
	}
	return &Session{model: m, config: c}
}

// Model is the model that the session runs.
func (s *Session) Model() *Model { return s.model }

// Run computes out from in, both in the order of the model's inputs and outputs.
//
// The caller owns all tensors. Inputs are read only. Outputs are resized to what
// the model gives and keep their memory from run to run, so that repeated runs of
// the same shapes allocate nothing; a nil output is not wanted. An output must not
// share memory with an input. A model with an output that is no tensor wants
// RunValues, or nil in its place. After an error the outputs' contents are undefined.
func (s *Session) Run(in, out []*tensor.Tensor) (err error) {
	w := s.take()
	defer s.give(w, &err)
	if err := s.fits(len(in), len(out)); err != nil {
		return err
	}
	for i, t := range in {
		if t != nil {
			w.in[i] = t
		}
	}
	for i, t := range out {
		if t != nil {
			w.out[i] = t
		}
	}
	return s.run(w)
}

// RunValues is Run for values of any kind. An output must be a pointer to a value
// of the kind that the model gives there, or nil.
func (s *Session) RunValues(in, out []tensor.Value) (err error) {
	w := s.take()
	defer s.give(w, &err)
	if err := s.fits(len(in), len(out)); err != nil {
		return err
	}
	copy(w.in, in)
	copy(w.out, out)
	return s.run(w)
}

// RunNamed takes inputs by name and returns all outputs by name, newly allocated.
func (s *Session) RunNamed(in map[string]tensor.Value) (out map[string]tensor.Value, err error) {
	w := s.take()
	defer s.give(w, &err)
	for i, v := range s.model.inputs {
		w.in[i] = in[v.Name]
	}
	for name := range in {
		if !s.hasInput(name) {
			return nil, fmt.Errorf("%w: the model has no input %q; it takes %v", ErrInput, name, s.model.inputs)
		}
	}
	if err := s.run(w); err != nil {
		return nil, err
	}
	out = make(map[string]tensor.Value, len(s.model.outputs))
	for i, v := range s.model.outputs {
		out[v.Name] = tensor.Clone(w.frame.Output(i))
	}
	return out, nil
}

func (s *Session) hasInput(name string) bool {
	for _, v := range s.model.inputs {
		if v.Name == name {
			return true
		}
	}
	return false
}

func (s *Session) fits(in, out int) error {
	if in != len(s.model.inputs) {
		return fmt.Errorf("%w: the model takes %d inputs, given %d", ErrInput, len(s.model.inputs), in)
	}
	if out != len(s.model.outputs) {
		return fmt.Errorf("%w: the model gives %d outputs, room for %d", ErrInput, len(s.model.outputs), out)
	}
	return nil
}

func (s *Session) run(w *worker) error {
	for i, v := range w.in {
		if err := check(v, &s.model.types[i]); err != nil {
			return fmt.Errorf("%w: %s %w", ErrInput, s.model.inputs[i], err)
		}
		for _, o := range w.out {
			if o == v && v != nil {
				return fmt.Errorf("%w: %s is given as an output too", ErrInput, s.model.inputs[i].Name)
			}
		}
	}
	if err := w.frame.Run(w.in, w.out); err != nil {
		return fmt.Errorf("onnx: %w", err)
	}
	return nil
}

// take finds the memory for a run, or makes it.
func (s *Session) take() *worker {
	s.mu.Lock()
	if n := len(s.idle); n > 0 {
		w := s.idle[n-1]
		s.idle = s.idle[:n-1]
		s.mu.Unlock()
		return w
	}
	s.mu.Unlock()
	return &worker{
		frame: s.model.program.NewFrame(&op.Arena{Limit: s.config.MemoryBytes}),
		in:    make([]tensor.Value, len(s.model.inputs)),
		out:   make([]tensor.Value, len(s.model.outputs)),
	}
}

// give ends a run. After a panic the memory is not used again.
func (s *Session) give(w *worker, err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%w: %v", ErrInternal, r)
		return
	}
	w.frame.Reset()
	clear(w.in)
	clear(w.out)
	s.mu.Lock()
	if len(s.idle) < s.config.MaxIdle {
		s.idle = append(s.idle, w)
	}
	s.mu.Unlock()
}

// check compares a value with the declared type of its input.
func check(v tensor.Value, want *ir.Type) error {
	if v == nil {
		if want.Kind == tensor.KindOptional {
			return nil
		}
		return fmt.Errorf("is missing")
	}
	t, ok := v.(*tensor.Tensor)
	if !ok || want.Kind != tensor.KindTensor {
		if v.Kind() != want.Kind && want.Kind != tensor.KindOptional {
			return fmt.Errorf("is given as a %v", v.Kind())
		}
		return nil
	}
	if want.Elem != tensor.Undefined && t.Elem() != want.Elem || !dimsFit(t.Shape(), want) {
		return fmt.Errorf("is given as %v", t)
	}
	return nil
}

// dimsFit reports whether a shape is one that the declaration allows.
func dimsFit(shape []int, want *ir.Type) bool {
	if !want.HasShape {
		return true
	}
	if len(shape) != len(want.Dims) {
		return false
	}
	for i, d := range want.Dims {
		if d.Size >= 0 && int64(shape[i]) != d.Size {
			return false
		}
	}
	return true
}

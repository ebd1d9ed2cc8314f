package onnxtest

import (
	"fmt"
	"math"
	"math/cmplx"
	"path"
	"strconv"

	"github.com/turgo-io/turgo/inference/onnx"
	"github.com/turgo-io/turgo/inference/tensor"
)

// Tolerance bounds how far a float may be off: |got-want| <= Abs + Rel*|want|.
type Tolerance struct{ Rel, Abs float64 }

// Run runs a session on a set and compares all outputs.
func Run(s *onnx.Session, set Set, tol Tolerance) error {
	m := s.Model()
	in, err := set.Inputs(m.Inputs())
	if err != nil {
		return err
	}
	want, err := set.Outputs(m.Outputs())
	if err != nil {
		return err
	}
	named := map[string]tensor.Value{}
	for i, v := range m.Inputs() {
		if in[i] != nil {
			named[v.Name] = in[i]
		}
	}
	got, err := s.RunNamed(named)
	if err != nil {
		return fmt.Errorf("%s: %w", path.Base(set.Dir), err)
	}
	for i, v := range m.Outputs() {
		if want[i] == nil {
			continue
		}
		if err := Equal(got[v.Name], want[i], tol); err != nil {
			return fmt.Errorf("%s: output %s: %w", path.Base(set.Dir), v.Name, err)
		}
	}
	return nil
}

// Equal compares values of any kind.
func Equal(got, want tensor.Value, tol Tolerance) error {
	if w, ok := want.(*tensor.Optional); ok {
		if w.Value == nil {
			if o, ok := got.(*tensor.Optional); got == nil || ok && o.Value == nil {
				return nil
			}
			return fmt.Errorf("have a value, want none")
		}
		want = w.Value
	}
	if g, ok := got.(*tensor.Optional); ok {
		got = g.Value
	}
	switch w := want.(type) {
	case *tensor.Tensor:
		g, ok := got.(*tensor.Tensor)
		if !ok {
			return fmt.Errorf("have %T, want %v", got, w)
		}
		return equalTensors(g, w, tol)
	case *tensor.Sequence:
		g, ok := got.(*tensor.Sequence)
		if !ok || len(g.Items) != len(w.Items) {
			return fmt.Errorf("have %v, want a sequence of %d", got, len(w.Items))
		}
		for i := range w.Items {
			if err := Equal(g.Items[i], w.Items[i], tol); err != nil {
				return fmt.Errorf("item %d: %w", i, err)
			}
		}
		return nil
	case *tensor.Map:
		g, ok := got.(*tensor.Map)
		if !ok {
			return fmt.Errorf("have %T, want a map", got)
		}
		return equalMaps(g, w, tol)
	}
	return fmt.Errorf("cannot compare %T", want)
}

// equalMaps compares by key; want's keys are strings, got's may be integers.
func equalMaps(got, want *tensor.Map, tol Tolerance) error {
	have := map[string]float64{}
	values := floats(got.Values)
	for i := range values {
		if ints := tensor.Slice[int64](got.Keys); ints != nil {
			have[strconv.FormatInt(ints[i], 10)] = values[i]
		} else {
			have[got.Keys.Strings()[i]] = values[i]
		}
	}
	expect := floats(want.Values)
	if len(have) != len(expect) {
		return fmt.Errorf("map of %d, want %d", len(have), len(expect))
	}
	for i, k := range want.Keys.Strings() {
		if v, ok := have[k]; !ok || !near(v, expect[i], tol) {
			return fmt.Errorf("key %s: have %v (%v), want %v", k, v, ok, expect[i])
		}
	}
	return nil
}

func equalTensors(got, want *tensor.Tensor, tol Tolerance) error {
	if got.Elem() != want.Elem() || got.String() != want.String() {
		return fmt.Errorf("have %v, want %v", got, want)
	}
	switch {
	case want.Elem() == tensor.String:
		for i, w := range want.Strings() {
			if got.Strings()[i] != w {
				return fmt.Errorf("element %d: have %q, want %q", i, got.Strings()[i], w)
			}
		}
		return nil
	case want.Elem() == tensor.Complex64 || want.Elem() == tensor.Complex128:
		return equalComplex(got, want, tol)
	case want.Elem().IsFloat():
		return equalFloats(floats(got), floats(want), tol)
	}
	if string(got.Bytes()) != string(want.Bytes()) {
		return firstDifference(got, want)
	}
	return nil
}

func firstDifference(got, want *tensor.Tensor) error {
	size := want.Elem().Size()
	for i := range want.Len() {
		g, w := got.Bytes()[i*size:][:size], want.Bytes()[i*size:][:size]
		if string(g) != string(w) {
			return fmt.Errorf("element %d of %v: have % x, want % x", i, want, g, w)
		}
	}
	return nil
}

func equalFloats(got, want []float64, tol Tolerance) error {
	worst, at, bad := 0.0, 0, 0
	for i, w := range want {
		if near(got[i], w, tol) {
			continue
		}
		bad++
		if d := math.Abs(got[i] - w); d > worst || bad == 1 {
			worst, at = d, i
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d elements differ; element %d: have %g, want %g", bad, len(want), at, got[at], want[at])
	}
	return nil
}

func near(g, w float64, tol Tolerance) bool {
	if g == w || math.IsNaN(g) && math.IsNaN(w) {
		return true
	}
	return math.Abs(g-w) <= tol.Abs+tol.Rel*math.Abs(w)
}

func equalComplex(got, want *tensor.Tensor, tol Tolerance) error {
	g, w := complexes(got), complexes(want)
	for i := range w {
		if cmplx.Abs(g[i]-w[i]) > tol.Abs+tol.Rel*cmplx.Abs(w[i]) {
			return fmt.Errorf("element %d: have %v, want %v", i, g[i], w[i])
		}
	}
	return nil
}

func complexes(t *tensor.Tensor) []complex128 {
	if c := tensor.Slice[complex128](t); c != nil {
		return c
	}
	var out []complex128
	for _, v := range tensor.Slice[complex64](t) {
		out = append(out, complex128(v))
	}
	return out
}

// floats reads any float tensor as float64.
func floats(t *tensor.Tensor) []float64 {
	out := make([]float64, t.Len())
	for i := range out {
		switch t.Elem() {
		case tensor.Float32:
			out[i] = float64(tensor.Slice[float32](t)[i])
		case tensor.Float64:
			out[i] = tensor.Slice[float64](t)[i]
		case tensor.Float16:
			out[i] = float64(tensor.Slice[tensor.F16](t)[i].Float32())
		case tensor.BFloat16:
			out[i] = float64(tensor.Slice[tensor.BF16](t)[i].Float32())
		case tensor.Int64:
			out[i] = float64(tensor.Slice[int64](t)[i])
		default:
			out[i] = float64(tensor.TinyToFloat32(t.Elem(), t.Bytes()[i]))
		}
	}
	return out
}

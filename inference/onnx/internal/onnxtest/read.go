package onnxtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/turgo-io/turgo/inference/onnx"
	"github.com/turgo-io/turgo/inference/onnx/internal/ir"
	"github.com/turgo-io/turgo/inference/onnx/internal/pb"
	"github.com/turgo-io/turgo/inference/tensor"
)

// Set is one set of inputs and the outputs they must give; nil where the set has
// no file for it.
type Set struct {
	Dir string
}

// Sets lists the test sets of a model folder, in order.
func Sets(dir string) ([]Set, error) {
	names, err := filepath.Glob(filepath.Join(dir, "test_data_set_*"))
	if err != nil {
		return nil, err
	}
	sort.Slice(names, func(i, j int) bool {
		return len(names[i]) < len(names[j]) || len(names[i]) == len(names[j]) && names[i] < names[j]
	})
	sets := make([]Set, len(names))
	for i, n := range names {
		sets[i] = Set{Dir: n}
	}
	return sets, nil
}

// Inputs reads the set's inputs for the given signature.
func (s Set) Inputs(want []onnx.ValueInfo) ([]tensor.Value, error) { return s.read("input", want) }

// Outputs reads the set's expected outputs for the given signature.
func (s Set) Outputs(want []onnx.ValueInfo) ([]tensor.Value, error) { return s.read("output", want) }

func (s Set) read(kind string, want []onnx.ValueInfo) ([]tensor.Value, error) {
	out := make([]tensor.Value, len(want))
	for i, w := range want {
		v, err := readValue(filepath.Join(s.Dir, fmt.Sprintf("%s_%d", kind, i)), w)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err == nil {
			out[i] = v
		}
	}
	return out, nil
}

func readValue(base string, want onnx.ValueInfo) (tensor.Value, error) {
	if data, err := os.ReadFile(base + ".json"); err == nil {
		return mapsOf(data)
	}
	data, err := os.ReadFile(base + ".pb")
	if err != nil {
		return nil, err
	}
	v, err := decode(data, want)
	if err != nil {
		return nil, fmt.Errorf("%s.pb: %w", base, err)
	}
	return v, nil
}

func decode(data []byte, want onnx.ValueInfo) (tensor.Value, error) {
	switch want.Kind {
	case tensor.KindSequence:
		p, err := pb.DecodeSequence(data, pb.Limits{})
		if err != nil {
			return nil, err
		}
		return ir.DecodeSequence(p)
	case tensor.KindOptional:
		p, err := pb.DecodeOptional(data, pb.Limits{})
		if err != nil {
			return nil, err
		}
		return ir.DecodeOptional(p)
	}
	p, err := pb.DecodeTensor(data, pb.Limits{})
	if err != nil {
		return nil, err
	}
	return ir.DecodeTensor(p)
}

// mapsOf reads a JSON list of objects with numbers as a sequence of maps with
// string keys.
func mapsOf(data []byte) (tensor.Value, error) {
	var rows []map[string]float32
	if err := json.Unmarshal(data, &rows); err != nil {
		return nil, err
	}
	s := &tensor.Sequence{}
	for _, row := range rows {
		keys := make([]string, 0, len(row))
		for k := range row {
			keys = append(keys, k)
		}
		sort.Strings(keys)
		values := make([]float32, len(keys))
		for i, k := range keys {
			values[i] = row[k]
		}
		s.Items = append(s.Items, &tensor.Map{Keys: tensor.Vector(keys...), Values: tensor.Vector(values...)})
	}
	return s, nil
}

// Folders lists the model folders below root, by their path relative to it.
func Folders(root string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "model.onnx" {
			rel, _ := filepath.Rel(root, filepath.Dir(path))
			out = append(out, filepath.ToSlash(rel))
		}
		return err
	})
	sort.Strings(out)
	return out, err
}

// Open loads the model of a folder.
func Open(dir string, opts ...onnx.Option) (*onnx.Model, error) {
	return onnx.Open(os.DirFS(dir), "model.onnx", opts...)
}

// trim shortens a path for messages.
func trim(dir string) string { return strings.TrimPrefix(filepath.Base(dir), "test_data_set_") }

package onnxtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sort"

	"github.com/turgo-io/turgo/inference/onnx"
	"github.com/turgo-io/turgo/inference/onnx/internal/ir"
	"github.com/turgo-io/turgo/inference/onnx/internal/pb"
	"github.com/turgo-io/turgo/inference/tensor"
)

// Set is one set of inputs and the outputs they must give; nil where the set has
// no file for it.
type Set struct {
	fsys fs.FS
	// Dir is the set's folder in the file system of models.
	Dir string
}

// Sets lists the test sets of a model folder, in order.
func Sets(fsys fs.FS, dir string) ([]Set, error) {
	names, err := fs.Glob(fsys, path.Join(dir, "test_data_set_*"))
	if err != nil {
		return nil, err
	}
	sort.Slice(names, func(i, j int) bool {
		return len(names[i]) < len(names[j]) || len(names[i]) == len(names[j]) && names[i] < names[j]
	})
	sets := make([]Set, len(names))
	for i, n := range names {
		sets[i] = Set{fsys: fsys, Dir: n}
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
		v, err := s.value(path.Join(s.Dir, fmt.Sprintf("%s_%d", kind, i)), w)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err == nil {
			out[i] = v
		}
	}
	return out, nil
}

func (s Set) value(base string, want onnx.ValueInfo) (tensor.Value, error) {
	if data, err := fs.ReadFile(s.fsys, base+".json"); err == nil {
		return mapsOf(data)
	}
	data, err := fs.ReadFile(s.fsys, base+".pb")
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

// Folders lists the folders that hold a model, by their path.
func Folders(fsys fs.FS) ([]string, error) {
	var out []string
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "model.onnx" {
			out = append(out, path.Dir(p))
		}
		return err
	})
	sort.Strings(out)
	return out, err
}

// Open loads the model of a folder.
func Open(fsys fs.FS, dir string, opts ...onnx.Option) (*onnx.Model, error) {
	return onnx.Open(fsys, path.Join(dir, "model.onnx"), opts...)
}

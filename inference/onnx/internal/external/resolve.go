package external

import (
	"fmt"
	"hash"
	"maps"
	"os"
	"slices"
	"strconv"

	"github.com/turgo-io/turgo/inference/onnx/internal/ir"
	"github.com/turgo-io/turgo/inference/onnx/internal/pb"
	"github.com/turgo-io/turgo/inference/tensor"
)

// Loader reads the files of one model.
type Loader struct {
	root   *os.Root
	budget int64
	files  map[string][]byte
}

// New is a loader that opens files of root only, and reads at most budget bytes.
func New(root *os.Root, budget int64) *Loader {
	return &Loader{root: root, budget: budget, files: map[string][]byte{}}
}

// Digest adds all files that were read, in the order of their names.
func (l *Loader) Digest(h hash.Hash) {
	for _, name := range slices.Sorted(maps.Keys(l.files)) {
		_, _ = h.Write(l.files[name]) // a hash never fails
	}
}

// Resolve gives every tensor of the model its data.
func (l *Loader) Resolve(m *pb.Model) error {
	if err := l.graph(m.Graph); err != nil {
		return err
	}
	for _, f := range m.Functions {
		if err := l.attributes(f.Defaults); err != nil {
			return err
		}
		if err := l.nodes(f.Nodes); err != nil {
			return err
		}
	}
	return nil
}

func (l *Loader) graph(g *pb.Graph) error {
	if g == nil {
		return nil
	}
	if err := l.tensors(g.Initializers...); err != nil {
		return err
	}
	for _, s := range g.Sparse {
		if err := l.tensors(s.Values, s.Indices); err != nil {
			return err
		}
	}
	return l.nodes(g.Nodes)
}

func (l *Loader) nodes(list []*pb.Node) error {
	for _, n := range list {
		if err := l.attributes(n.Attributes); err != nil {
			return err
		}
	}
	return nil
}

func (l *Loader) attributes(list []*pb.Attribute) error {
	for _, a := range list {
		if err := l.tensors(slices.Concat(a.Tensors, []*pb.Tensor{a.T})...); err != nil {
			return err
		}
		if a.Sparse != nil {
			if err := l.tensors(a.Sparse.Values, a.Sparse.Indices); err != nil {
				return err
			}
		}
		for _, g := range slices.Concat(a.Graphs, []*pb.Graph{a.G}) {
			if err := l.graph(g); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *Loader) tensors(list ...*pb.Tensor) error {
	for _, t := range list {
		if t == nil || t.Location != 1 && len(t.External) == 0 {
			continue
		}
		if err := l.tensor(t); err != nil {
			return fmt.Errorf("tensor %.80q: %w", t.Name, err)
		}
	}
	return nil
}

// place is where a tensor says that its data lies.
type place struct {
	file           string
	offset, length int64 // length -1 where it is not given
}

func placeOf(t *pb.Tensor) (p place, err error) {
	p.length = -1
	for _, e := range t.External {
		switch e.Key {
		case "location":
			p.file = e.Value
		case "offset":
			p.offset, err = strconv.ParseInt(e.Value, 10, 64)
		case "length":
			p.length, err = strconv.ParseInt(e.Value, 10, 64)
		}
		if err != nil || p.offset < 0 || p.length < -1 {
			return p, fmt.Errorf("%w: %s is %.40q", ir.ErrExternal, e.Key, e.Value)
		}
	}
	p.file, err = checkName(p.file)
	return p, err
}

// size is the bytes that a tensor of this type and shape takes.
func size(t *pb.Tensor) (int64, error) {
	elem := tensor.Elem(t.Elem)
	if t.Elem < 0 || t.Elem > 255 || !elem.Valid() || elem == tensor.String {
		return 0, fmt.Errorf("%w: element type %d has no external form", ir.ErrExternal, t.Elem)
	}
	n := int64(1)
	for _, d := range t.Dims {
		if d < 0 || d > 0 && n > (1<<50)/d {
			return 0, fmt.Errorf("%w: shape %v", ir.ErrExternal, t.Dims)
		}
		n *= d
	}
	return (n*int64(elem.Bits()) + 7) / 8, nil
}

func (l *Loader) tensor(t *pb.Tensor) error {
	p, err := placeOf(t)
	if err != nil {
		return err
	}
	want, err := size(t)
	if err != nil {
		return err
	}
	if p.length >= 0 && p.length != want {
		return fmt.Errorf("%w: %d bytes of %s for a tensor of %d", ir.ErrExternal, p.length, p.file, want)
	}
	data, ok := l.files[p.file]
	if !ok {
		if data, err = read(l.root, p.file, l.budget); err != nil {
			return err
		}
		l.files[p.file] = data
		l.budget -= int64(len(data))
	}
	if p.offset > int64(len(data)) || want > int64(len(data))-p.offset {
		return fmt.Errorf("%w: %d bytes from %d on of %s, which has %d", ir.ErrExternal, want, p.offset, p.file, len(data))
	}
	t.Raw, t.HasRaw, t.Shared = data[p.offset:p.offset+want:p.offset+want], true, true
	t.External, t.Location = nil, 0
	return nil
}

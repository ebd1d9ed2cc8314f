package onnx

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/turgo-io/turgo/inference/onnx/internal/contrib"
	"github.com/turgo-io/turgo/inference/onnx/internal/external"
	"github.com/turgo-io/turgo/inference/onnx/internal/ir"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops"
	"github.com/turgo-io/turgo/inference/onnx/internal/pass"
	"github.com/turgo-io/turgo/inference/onnx/internal/pb"
	"github.com/turgo-io/turgo/inference/onnx/internal/plan"
)

// Model is a loaded model. It is immutable and safe for concurrent use.
type Model struct {
	info    Info
	inputs  []ValueInfo
	outputs []ValueInfo
	program *plan.Program
	types   []ir.Type // of the inputs, for checking
}

// Limits bounds what loading a file may cost. A zero field means its default.
type Limits struct {
	// Bytes is the longest accepted file; default 2 GiB.
	Bytes int64
	// Depth is how deep protobuf messages may nest; default 100.
	Depth int
	// Nodes is the most nodes, those of subgraphs and inlined functions included;
	// default 200,000.
	Nodes int
	// Elements is the most list entries outside raw tensor data; default 2^28.
	Elements int
	// FoldBytes is the most memory that computing one constant at load may take;
	// default 64 MiB. What needs more is computed in every run.
	FoldBytes int64
	// ExternalBytes is the most that is read from the files that [WithExternalData]
	// allows; default 16 GiB.
	ExternalBytes int64
}

type config struct {
	limits   Limits
	passes   bool
	external *os.Root
	sha256   string
}

// Option changes how a model is loaded.
type Option func(*config)

// WithLimits replaces the default limits.
func WithLimits(l Limits) Option { return func(c *config) { c.limits = l } }

// WithoutPasses loads the graph as written: nothing is folded, fused or removed.
// Results are the same up to rounding; it serves comparison and debugging.
func WithoutPasses() Option { return func(c *config) { c.passes = false } }

// WithExternalData allows weights that lie in files beside the model: plain files
// inside root, named without "..", reached without links, and as long as the model
// says. Without this option a model that names such a file is refused, since a model
// could name any. The root is the folder of the model's file; the caller closes it.
func WithExternalData(root *os.Root) Option { return func(c *config) { c.external = root } }

// WithSHA256 accepts one model only: the one whose file has this SHA-256, in
// hexadecimal digits as sha256sum prints them. Where there are files with external
// data, it is the digest of the model's file followed by them, in the order of their
// names. Another model gives [ErrDigest].
func WithSHA256(digest string) Option { return func(c *config) { c.sha256 = digest } }

// Open loads the model in a file of fsys, such as os.DirFS or an embed.FS.
func Open(fsys fs.FS, name string, opts ...Option) (*Model, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("onnx: opening model: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	m, err := Read(f, opts...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

// Read loads a model from a stream, which it reads to its end or its limit.
func Read(r io.Reader, opts ...Option) (*Model, error) {
	c := configure(opts)
	max := pb.Limits{Bytes: c.limits.Bytes}.WithDefaults().Bytes
	data, err := readAll(r, max+1)
	if err != nil {
		return nil, fmt.Errorf("onnx: reading model: %w", err)
	}
	return Load(data, opts...)
}

// Load loads a model from memory. The model keeps no reference to data.
func Load(data []byte, opts ...Option) (m *Model, err error) {
	defer recovered(&err)
	c := configure(opts)
	built, err := build(data, c)
	if err != nil {
		return nil, err
	}
	return compile(built, c)
}

// build reads a file's graph.
func build(data []byte, c config) (*ir.Model, error) {
	l := c.limits
	decoded, err := pb.Decode(data, pb.Limits{Bytes: l.Bytes, Depth: l.Depth, Nodes: l.Nodes, Elements: l.Elements})
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	if err := resolve(decoded, data, c); err != nil {
		return nil, err
	}
	built, err := ir.Build(decoded, ir.Config{Nodes: l.Nodes})
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	return built, nil
}

// resolve brings external data in, if that is allowed, and checks the digest.
func resolve(decoded *pb.Model, data []byte, c config) error {
	l := external.New(c.external, c.limits.ExternalBytes)
	if c.external != nil {
		if err := l.Resolve(decoded); err != nil {
			return fmt.Errorf("onnx: %w", err)
		}
	}
	if c.sha256 == "" {
		return nil
	}
	sum := sha256.New()
	_, _ = sum.Write(data) // a hash never fails
	l.Digest(sum)
	if got := hex.EncodeToString(sum.Sum(nil)); !strings.EqualFold(got, c.sha256) {
		return fmt.Errorf("%w: it has %s, not %s", ErrDigest, got, c.sha256)
	}
	return nil
}

func configure(opts []Option) config {
	c := config{passes: true}
	for _, o := range opts {
		o(&c)
	}
	if c.limits.FoldBytes <= 0 {
		c.limits.FoldBytes = 64 << 20
	}
	if c.limits.ExternalBytes <= 0 {
		c.limits.ExternalBytes = 16 << 30
	}
	return c
}

// recovered turns a panic into an error: a fault of the engine must not end the
// program that serves with it.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%w: %v", ErrInternal, r)
	}
}

func compile(built *ir.Model, c config) (*Model, error) {
	set := ops.All()
	// The signature is what the file says, before anything touches the outputs.
	m := &Model{info: infoOf(built), inputs: signature(built.Graph.Inputs), outputs: signature(built.Graph.Outputs)}
	if err := contrib.Expand(built.Graph); err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	if err := unsupported(built.Graph, set); err != nil {
		return nil, err
	}
	if err := ops.Check(built.Graph); err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	for _, v := range built.Graph.Inputs {
		m.types = append(m.types, v.Type)
	}
	set = ops.Compiled() // what passes may write
	if c.passes {
		err := pass.Apply(built.Graph, pass.Standard(), pass.Env{Ops: set, FoldBytes: c.limits.FoldBytes})
		if err != nil {
			return nil, fmt.Errorf("onnx: %w", err)
		}
	}
	var err error
	if m.program, err = plan.Compile(built.Graph, set); err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	return m, nil
}

// unsupported gathers every unknown operator of the graph and its subgraphs.
func unsupported(g *ir.Graph, set ops.Set) error {
	found := map[Operator]int{}
	var visit func(*ir.Graph)
	visit = func(g *ir.Graph) {
		for _, n := range g.Nodes {
			if set.Find(n.Domain, n.Op) == nil {
				found[Operator{Domain: n.Domain, Name: n.Op, Version: n.Version}]++
			}
			for _, sub := range n.Subgraphs() {
				visit(sub)
			}
		}
	}
	visit(g)
	if len(found) == 0 {
		return nil
	}
	e := &UnsupportedError{}
	for o, n := range found {
		o.Nodes = n
		e.Operators = append(e.Operators, o)
	}
	slices.SortFunc(e.Operators, func(a, b Operator) int {
		return cmpStrings(a.Domain, b.Domain, a.Name, b.Name)
	})
	return e
}

// cmpStrings compares pairs in turn.
func cmpStrings(pairs ...string) int {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] != pairs[i+1] {
			if pairs[i] < pairs[i+1] {
				return -1
			}
			return 1
		}
	}
	return 0
}

// Info is what a model file says about itself.
type Info struct {
	Producer        string
	ProducerVersion string
	Domain          string
	Version         int64
	Doc             string
	IRVersion       int64
	// Opsets is the version of each operator set, by domain; "" is ai.onnx.
	Opsets   map[string]int
	Metadata map[string]string
}

// Info is what the file says about itself.
func (m *Model) Info() Info {
	i := m.info
	i.Opsets, i.Metadata = maps.Clone(i.Opsets), maps.Clone(i.Metadata)
	return i
}

func infoOf(b *ir.Model) Info {
	return Info{
		Producer: b.Producer, ProducerVersion: b.ProducerVersion, Domain: b.Domain, Version: b.Version,
		Doc: b.Doc, IRVersion: b.IRVersion, Opsets: b.Opsets, Metadata: b.Metadata,
	}
}

// IsUnsupported reports whether err says that a model needs operators that the
// engine does not have.
func IsUnsupported(err error) bool {
	var u *UnsupportedError
	return errors.As(err, &u)
}

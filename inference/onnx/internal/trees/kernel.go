package trees

import (
	"fmt"
	"sync"
)

// Float is a type of scores.
type Float interface{ float32 | float64 }

// Input is a type of features. Integers are compared as the nearest float32, as ONNX Runtime and the reference
// implementation do; float64 is compared as it is.
type Input interface {
	float32 | float64 | int32 | int64
}

// Kernel is a compiled ensemble: read-only, safe for concurrent use.
type Kernel struct {
	fin      finisher
	slots    int // accumulators per row
	features int
	trees    int
	narrow   compiled // for float32 and integers
	double   compiled // for float64
}

// compiled is the program for one kind of input. With CompileFor it is there from the start or never; with Compile it is
// built by the first call.
type compiled struct {
	once    sync.Once
	build   func() (*program, error)
	program *program
	err     error
	scratches
}

// Compile checks an ensemble and makes its kernel for all types of input; the program for a type is built when it is first
// used, so the ensemble must not change any more, and stays in memory. Errors are ErrMalformed and ErrLimit.
func Compile(e *Ensemble) (*Kernel, error) {
	k, order, err := prepare(e)
	if err != nil {
		return nil, err
	}
	k.narrow.build = func() (*program, error) { return build(e, order, keys32, k.slots) }
	k.double.build = func() (*program, error) { return build(e, order, e.doubleKeys(), k.slots) }
	return k, nil
}

// CompileFor is Compile for one type of input, built at once: the ensemble is not needed afterwards. Use with another type
// is ErrInput, but that float32, int32 and int64 are alike.
func CompileFor[X Input](e *Ensemble) (*Kernel, error) {
	k, order, err := prepare(e)
	if err != nil {
		return nil, err
	}
	c, in := k.input(isDouble[X]()), keys32
	if isDouble[X]() {
		in = e.doubleKeys()
	}
	if c.program, err = build(e, order, in, k.slots); err != nil {
		return nil, err
	}
	return k, nil
}

func prepare(e *Ensemble) (*Kernel, []int32, error) {
	order, err := e.check()
	if err != nil {
		return nil, nil, err
	}
	k := &Kernel{fin: newFinisher(e), trees: len(e.Roots)}
	k.slots = k.fin.slots()
	for _, i := range order {
		if n := &e.Nodes[i]; n.Mode != Leaf {
			k.features = max(k.features, int(n.Feature)+1)
		}
	}
	return k, order, nil
}

// doubleKeys are the keys to try first for rows of float64.
func (e *Ensemble) doubleKeys() keys {
	if e.Single {
		return keys32
	}
	return keys64by32
}

func isDouble[X Input]() bool {
	var x X
	_, double := any(x).(float64)
	return double
}

func (k *Kernel) input(double bool) *compiled {
	if double {
		return &k.double
	}
	return &k.narrow
}

// get returns the program, building it if it is the first call.
func (c *compiled) get() (*program, error) {
	switch {
	case c.build != nil:
		c.once.Do(func() { c.program, c.err = c.build() })
	case c.program == nil:
		return nil, ErrInput
	}
	return c.program, c.err
}

// Features is the number of columns a row must have: the largest feature compared, plus one.
func (k *Kernel) Features() int { return k.features }

// Outputs is the number of scores per row: targets, or classes.
func (k *Kernel) Outputs() int { return k.fin.outputs }

// Trees is the number of trees.
func (k *Kernel) Trees() int { return k.trees }

// Scores writes the scores of rows rows of x to dst, Outputs of them per row. Row r is x[r*stride : r*stride+Features()].
// Errors are ErrShape, ErrInput, and in the first call for a type ErrLimit.
func (k *Kernel) Scores[D Float, X Input](dst []D, x []X, rows, stride int) error {
	return k.Classify(dst, nil, x, rows, stride)
}

// Classify is Scores that also writes a label per row unless labels is nil: the index of the class, or for a classifier of one
// class 1 or 0 (positive or not; ONNX Runtime outputs this very number, not the class's label).
func (k *Kernel) Classify[D Float, X Input](dst []D, labels []int64, x []X, rows, stride int) error {
	if err := k.checkShape(len(dst), len(labels), len(x), rows, stride, labels != nil); err != nil {
		return err
	}
	in := k.input(isDouble[X]())
	p, err := in.get()
	if err != nil {
		return err
	}
	c := in.scratches.get(p, k.slots)
	block := p.block(k.slots)
	for at := 0; at < rows; at += block {
		n := min(block, rows-at)
		widen(p, c, x[at*stride:], n, stride)
		p.accumulate(&k.fin, c, n, k.slots)
		for r := range n {
			label := finish(&k.fin, c.sums[r*k.slots:][:k.slots], dst[(at+r)*k.fin.outputs:])
			if labels != nil {
				labels[at+r] = label
			}
		}
	}
	in.scratches.put(c)
	return nil
}

func (k *Kernel) checkShape(dst, labels, x, rows, stride int, labelled bool) error {
	switch {
	case rows < 0 || stride < k.features:
		return fmt.Errorf("%w: %d rows of %d columns, the trees use %d", ErrShape, rows, stride, k.features)
	case rows == 0:
		return nil
	case x < k.features || stride > 0 && rows-1 > (x-k.features)/stride:
		return fmt.Errorf("%w: %d values for %d rows of stride %d", ErrShape, x, rows, stride)
	case dst/k.fin.outputs < rows:
		return fmt.Errorf("%w: room for %d scores, want %d", ErrShape, dst, k.fin.outputs*rows)
	case labelled && labels < rows:
		return fmt.Errorf("%w: room for %d labels, want %d", ErrShape, labels, rows)
	}
	return nil
}

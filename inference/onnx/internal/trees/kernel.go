package trees

import "fmt"

// Float is a type of scores.
type Float interface{ float32 | float64 }

// Input is a type of features. Integers are compared as the nearest float32, as ONNX Runtime and the reference
// implementation do; float64 is compared as it is.
type Input interface {
	float32 | float64 | int32 | int64
}

// Kernel is a compiled ensemble: read-only, safe for concurrent use.
type Kernel struct {
	e        *Ensemble
	fin      finisher
	features int
}

// Compile checks an ensemble and builds its kernel. The ensemble must not be changed while the kernel is in use.
// Errors are ErrMalformed and ErrLimit.
func Compile(e *Ensemble) (*Kernel, error) {
	order, err := e.check()
	if err != nil {
		return nil, err
	}
	k := &Kernel{e: e, fin: newFinisher(e)}
	for _, i := range order {
		if n := &e.Nodes[i]; n.Mode != Leaf {
			k.features = max(k.features, int(n.Feature)+1)
		}
	}
	return k, nil
}

// Features is the number of columns a row must have: the largest feature compared, plus one.
func (k *Kernel) Features() int { return k.features }

// Outputs is the number of scores per row: targets, or classes.
func (k *Kernel) Outputs() int { return k.fin.outputs }

// Trees is the number of trees.
func (k *Kernel) Trees() int { return len(k.e.Roots) }

// Scores writes the scores of rows rows of x to dst, Outputs of them per row. Row r is x[r*stride : r*stride+Features()].
// The only error is ErrShape.
func (k *Kernel) Scores[D Float, X Input](dst []D, x []X, rows, stride int) error {
	return k.Classify(dst, nil, x, rows, stride)
}

// Classify is Scores that also writes a label per row unless labels is nil: the index of the class, or for a classifier of one
// class 1 or 0 (positive or not; ONNX Runtime outputs this very number, not the class's label).
func (k *Kernel) Classify[D Float, X Input](dst []D, labels []int64, x []X, rows, stride int) error {
	if err := k.checkShape(len(dst), len(labels), len(x), rows, stride, labels != nil); err != nil {
		return err
	}
	s := make([]float64, k.fin.slots())
	for r := range rows {
		plainRow(k, s, x[r*stride:])
		l := finish(&k.fin, s, dst[r*k.fin.outputs:])
		if labels != nil {
			labels[r] = l
		}
	}
	return nil
}

func (k *Kernel) checkShape(dst, labels, x, rows, stride int, labelled bool) error {
	switch {
	case rows < 0 || stride < k.features:
		return fmt.Errorf("%w: %d rows of %d columns, the trees use %d", ErrShape, rows, stride, k.features)
	case rows == 0:
		return nil
	case rows > 1 && rows-1 > (x-k.features)/max(stride, 1) || x < k.features:
		return fmt.Errorf("%w: %d values for %d rows of stride %d", ErrShape, x, rows, stride)
	case dst/k.fin.outputs < rows:
		return fmt.Errorf("%w: room for %d scores, want %d", ErrShape, dst, rows*k.fin.outputs)
	case labelled && labels < rows:
		return fmt.Errorf("%w: room for %d labels, want %d", ErrShape, labels, rows)
	}
	return nil
}

func plainRow[X Input](k *Kernel, s []float64, x []X) {
	for i := range s {
		s[i] = k.fin.start()
	}
	for _, r := range k.e.Roots {
		i := r
		for k.e.Nodes[i].Mode != Leaf {
			n := &k.e.Nodes[i]
			v := x[n.Feature]
			f := float64(v)
			if _, ok := any(v).(float64); !ok {
				f = float64(float32(v))
			}
			if holds(k.e, n, f) {
				i = n.True
			} else {
				i = n.False
			}
		}
		n := &k.e.Nodes[i]
		for _, v := range k.e.Votes[n.True:n.False] {
			t := int(v.Target)
			if len(s) == 1 {
				t = 0
			}
			w := v.Weight + 0
			switch k.fin.aggregate {
			case Min:
				if w < s[t] || s[t] != s[t] {
					s[t] = w
				}
			case Max:
				if w > s[t] || s[t] != s[t] {
					s[t] = w
				}
			default:
				s[t] += w
			}
		}
	}
}

func holds(e *Ensemble, n *Node, x float64) bool {
	if x != x {
		return n.Missing || n.Mode == NEQ
	}
	switch n.Mode {
	case LEQ:
		return x <= n.Value
	case LT:
		return x < n.Value
	case GTE:
		return x >= n.Value
	case GT:
		return x > n.Value
	case EQ:
		return x == n.Value
	case NEQ:
		return x != n.Value
	}
	for _, m := range e.Sets[n.Set] {
		if x == m {
			return true
		}
	}
	return false
}

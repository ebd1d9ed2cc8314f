package kernel

import (
	"errors"
	"fmt"
)

// MaxRank is the most dimensions that broadcasting operators accept.
const MaxRank = 16

// ErrBroadcast says that shapes cannot be broadcast together.
var ErrBroadcast = errors.New("onnx: shapes cannot be broadcast together")

// BroadcastShape is the shape that all given shapes broadcast to, by numpy's
// rules. It is built in buf, which must have room for MaxRank dimensions.
func BroadcastShape(buf []int, shapes ...[]int) ([]int, error) {
	rank := 0
	for _, s := range shapes {
		rank = max(rank, len(s))
	}
	if rank > MaxRank {
		return nil, fmt.Errorf("%w: rank %d is above %d", ErrBroadcast, rank, MaxRank)
	}
	out := buf[:rank]
	for i := range out {
		out[i] = 1
	}
	for _, s := range shapes {
		off := rank - len(s)
		for i, d := range s {
			switch o := &out[off+i]; {
			case *o == 1:
				*o = d
			case d != 1 && d != *o:
				return nil, fmt.Errorf("%w: dimension %d against %d", ErrBroadcast, d, *o)
			}
		}
	}
	return out, nil
}

// Loops walks up to three operands and a dense output in the order of the
// output's elements. Strides are in elements; 0 where an operand stands still.
type Loops struct {
	rank   int
	dim    [MaxRank]int
	stride [3][MaxRank]int
	// n and Step describe the innermost run.
	n int
	// Step is 1 or 0 for each operand: whether it moves along the run.
	Step [3]int
}

// Init sets the loops up for an output shape and the shapes of the operands, all
// of which broadcast to it. Operands that are not there are nil.
func (l *Loops) Init(out, a, b, c []int) {
	*l = Loops{}
	run := [3]int{1, 1, 1} // elements to the next one of each operand
	shapes := [3][]int{a, b, c}
	// From the last dimension to the first; joined dimensions grow in place.
	for i := len(out) - 1; i >= 0; i-- {
		d := out[i]
		if d == 1 {
			continue
		}
		var stride [3]int
		for k, s := range shapes {
			j := i - (len(out) - len(s))
			if j >= 0 && s[j] != 1 {
				stride[k] = run[k]
				run[k] *= s[j]
			}
		}
		l.push(d, stride)
	}
	l.finish()
}

// push adds a loop outside the ones there are, or joins it to the outermost one
// where all operands walk on from it as they would within it.
func (l *Loops) push(d int, stride [3]int) {
	if l.rank > 0 {
		k := l.rank - 1
		joined := true
		for o := range stride {
			joined = joined && stride[o] == l.stride[o][k]*l.dim[k]
		}
		if joined {
			l.dim[k] *= d
			return
		}
	}
	l.dim[l.rank] = d
	for o := range stride {
		l.stride[o][l.rank] = stride[o]
	}
	l.rank++
}

// finish takes the innermost loop (index 0) as the run, if its operands move by
// one element or stand still; by construction they do.
func (l *Loops) finish() {
	l.n = 1
	if l.rank == 0 {
		return
	}
	l.n = l.dim[0]
	for o := range l.Step {
		l.Step[o] = l.stride[o][0]
	}
}

// Each calls f for every run with its length and the offsets of the output and
// the operands. An output without elements makes no call.
func (l *Loops) Each(f func(n, out, a, b, c int)) {
	if l.n == 0 {
		return
	}
	if l.rank <= 1 {
		f(l.n, 0, 0, 0, 0)
		return
	}
	var at [MaxRank]int
	var off [3]int
	for k := 1; k < l.rank; k++ {
		if l.dim[k] == 0 {
			return
		}
	}
	for out := 0; ; out += l.n {
		f(l.n, out, off[0], off[1], off[2])
		k := 1
		for ; k < l.rank; k++ {
			at[k]++
			for o := range off {
				off[o] += l.stride[o][k]
			}
			if at[k] < l.dim[k] {
				break
			}
			for o := range off {
				off[o] -= l.stride[o][k] * l.dim[k]
			}
			at[k] = 0
		}
		if k == l.rank {
			return
		}
	}
}

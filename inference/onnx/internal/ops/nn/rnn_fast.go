package nn

import (
	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
)

// fastRun is one direction of a run in which all rows have all steps.
type fastRun struct {
	sizes
	d         int // the direction
	backwards bool
	x, y      []float32
	h, cells  []float32 // [batch, H]: the state, before and after
	gates     []float32 // room for [steps, batch, gates·H]
	w         *kernel.Packed
}

// fast runs the usual cells: a step is one product for the batch, added to the
// inputs' part, and one loop over each row. States are kept in y only.
func (r *recurrent) fast(c *op.Ctx, dir *direction, f fastRun) error {
	isa := kernel.Best()
	width := r.gates * r.hidden
	bias, err := op.Scratch[float32](c, 2*isa.Padded(width))
	if err != nil {
		return err
	}
	input, state := bias[:isa.Padded(width)], bias[isa.Padded(width):]
	r.splitBias(input, state, dir.bias)
	rec := f.gates
	if r.gates == 3 {
		if rec, err = op.Scratch[float32](c, f.batch*width); err != nil {
			return err
		}
	}
	f.w.MulThen(f.gates, width, f.x, f.input, f.steps*f.batch, false, dir.scratch, &kernel.Epilogue{Bias: input})
	before := f.h
	for t := range f.steps {
		if f.backwards {
			t = f.steps - 1 - t
		}
		gates := f.gates[t*f.batch*width:][:f.batch*width]
		now := f.y[(t*r.directions+f.d)*f.batch*r.hidden:][:f.batch*r.hidden]
		if r.gates == 4 {
			dir.packedR.Mul(gates, width, before, r.hidden, f.batch, true, dir.scratch)
			for b := range f.batch {
				isa.LSTMCell(gates[b*width:], f.cells[b*r.hidden:][:r.hidden], now[b*r.hidden:])
			}
		} else {
			dir.packedR.MulThen(rec, width, before, r.hidden, f.batch, false, dir.scratch, &kernel.Epilogue{Bias: state})
			copy(now, before)
			for b := range f.batch {
				isa.GRUCell(gates[b*width:], rec[b*width:], now[b*r.hidden:][:r.hidden])
			}
		}
		before = now
	}
	copy(f.h, before)
	return nil
}

// splitBias says what of the biases goes with the input's part of the gates, and
// what with the state's: the GRU's on the state's part of the candidate.
func (r *recurrent) splitBias(input, state, bias []float32) {
	clear(input)
	clear(state)
	if bias == nil {
		return
	}
	width := r.gates * r.hidden
	for i := range width {
		input[i] = bias[i]
		if r.gates == 3 && i >= 2*r.hidden {
			state[i] = bias[width+i]
		} else {
			input[i] += bias[width+i]
		}
	}
}

package nn

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// recurrent is what RNN, GRU and LSTM have in common: weights W [dirs, gates·H, I]
// for the inputs, R [dirs, gates·H, H] for the state, biases B [dirs, 2·gates·H].
type recurrent struct {
	gates      int
	hidden     int
	directions int
	reverse    bool // a single direction that runs backwards
	clip       float32
	batchFirst bool
	activate   []activation // per direction
	perDir     int          // activations of one direction
	cell       cell
	w, r       []*kernel.Packed // where constant, per direction
	// usual is set where the cell is the one that kernel has whole: the default
	// activations, no clipping, no coupled gates, no peepholes.
	usual bool
}

// cell advances the state of one direction by one step.
type cell interface {
	// step turns gate pre-activations into the new state, for one row. x holds the
	// input's part of the gates with all biases, h the state before.
	step(s *stepState)
	// inputs is the number of inputs the operator may have.
	inputs() int
}

// stepState is one row's data at one step.
type stepState struct {
	run  *direction
	x    []float32 // gates·H: the inputs' part with biases
	rec  []float32 // gates·H: the state's part without biases
	h, c []float32 // state before, replaced by the state after
	act  []activation
}

func newRecurrent(b *op.Build, gates int, defaults []string, k cell) *recurrent {
	r := &recurrent{
		gates: gates, hidden: b.Int("hidden_size", 0), directions: 1,
		clip: b.Float("clip", 0), batchFirst: b.Bool("layout", false), cell: k, perDir: len(defaults),
	}
	switch b.Str("direction", "forward", "forward", "reverse", "bidirectional") {
	case "reverse":
		r.reverse = true
	case "bidirectional":
		r.directions = 2
	}
	r.usual = !b.Has("activations") && r.clip == 0 && (gates == 4 || gates == 3) && !b.HasIn(7)
	b.Ignore("output_sequence") // opset 1: whether Y is wanted shows in the outputs
	r.activate = newActivations(b, defaults, r.directions)
	r.w, r.r = packWeights(b.Const(1)), packWeights(b.Const(2))
	return r
}

// packWeights lays out the transposed weights of each direction.
func packWeights(t *tensor.Tensor) []*kernel.Packed {
	if t == nil || t.Elem() != tensor.Float32 || t.Rank() != 3 || t.Len() == 0 {
		return nil
	}
	isa := kernel.Best()
	rows, cols := t.Dim(1), t.Dim(2)
	out := make([]*kernel.Packed, t.Dim(0))
	for d := range out {
		p := isa.Pack(make([]float32, isa.PackedLen(cols, rows)), tensor.Slice[float32](t)[d*rows*cols:], cols, rows, cols, true, 1)
		out[d] = &p
	}
	return out
}

func newRNN(b *op.Build) (op.Kernel, error) {
	return newRecurrent(b, 1, []string{"Tanh"}, simpleCell{}), nil
}

// simpleCell: h = f(x·W + h·R).
type simpleCell struct{}

func (simpleCell) inputs() int { return 6 }

func (simpleCell) step(s *stepState) {
	for i := range s.h {
		s.h[i] = s.run.clipped(s.x[i] + s.rec[i])
	}
	s.act[0](s.h)
}

func newGRU(b *op.Build) (op.Kernel, error) {
	k := gruCell{after: b.Bool("linear_before_reset", false)}
	r := newRecurrent(b, 3, []string{"Sigmoid", "Tanh"}, k)
	r.usual = r.usual && k.after
	return r, nil
}

// gruCell: gates z, r, h in this order. With after, the reset gate is applied to the
// state's product, else to the state itself, whose product is then needed anew.
type gruCell struct{ after bool }

func (gruCell) inputs() int { return 6 }

func (g gruCell) step(s *stepState) {
	n := len(s.h)
	z, r, h := s.x[:n], s.x[n:2*n], s.x[2*n:3*n]
	for i := range 2 * n {
		s.x[i] = s.run.clipped(s.x[i] + s.rec[i])
	}
	s.act[0](s.x[:2*n])
	if g.after {
		for i := range h {
			h[i] += r[i] * (s.rec[2*n+i] + s.run.biasAfter(i))
		}
	} else {
		reset := s.rec[:n]
		for i := range reset {
			reset[i] = r[i] * s.h[i]
		}
		s.run.hiddenProduct(s.rec[2*n:3*n], reset)
		for i := range h {
			h[i] += s.rec[2*n+i] + s.run.biasAfter(i)
		}
	}
	for i := range h {
		h[i] = s.run.clipped(h[i])
	}
	s.act[1](h)
	for i := range h {
		s.h[i] = (1-z[i])*h[i] + z[i]*s.h[i]
	}
}

func newLSTM(b *op.Build) (op.Kernel, error) {
	k := lstmCell{couple: b.Bool("input_forget", false)}
	r := newRecurrent(b, 4, []string{"Sigmoid", "Tanh", "Tanh"}, k)
	r.usual = r.usual && !k.couple
	return r, nil
}

// lstmCell: gates i, o, f, c in this order, with peepholes where they are given.
type lstmCell struct{ couple bool }

func (lstmCell) inputs() int { return 8 }

func (l lstmCell) step(s *stepState) {
	n := len(s.h)
	for i := range s.x {
		s.x[i] += s.rec[i]
	}
	in, out, forget, cand := s.x[:n], s.x[n:2*n], s.x[2*n:3*n], s.x[3*n:]
	p := s.run.peephole
	if p != nil {
		for i := range in {
			in[i] += p[i] * s.c[i]
			forget[i] += p[2*n+i] * s.c[i]
		}
	}
	s.run.clipAll(in)
	s.run.clipAll(forget)
	s.run.clipAll(cand)
	s.act[0](in)
	s.act[0](forget)
	s.act[1](cand)
	if l.couple {
		for i := range forget {
			forget[i] = 1 - in[i]
		}
	}
	for i := range s.c {
		s.c[i] = forget[i]*s.c[i] + in[i]*cand[i]
	}
	if p != nil {
		for i := range out {
			out[i] += p[n+i] * s.c[i]
		}
	}
	s.run.clipAll(out)
	s.act[0](out)
	copy(s.h, s.c)
	s.act[2](s.h)
	for i := range s.h {
		s.h[i] *= out[i]
	}
}

// rnnMemory is what a layer keeps from run to run, so that runs allocate nothing.
type rnnMemory struct {
	direction direction
	step      stepState
}

// direction is one direction of one run.
type direction struct {
	*recurrent
	packedR  *kernel.Packed
	bias     []float32 // 2·gates·H, nil if absent
	peephole []float32
	scratch  []float32
}

func (d *direction) clipped(v float32) float32 {
	if d.clip > 0 {
		return min(max(v, -d.clip), d.clip)
	}
	return v
}

func (d *direction) clipAll(x []float32) {
	if d.clip > 0 {
		for i, v := range x {
			x[i] = min(max(v, -d.clip), d.clip)
		}
	}
}

// biasAfter is the GRU's bias on the state's part of the candidate.
func (d *direction) biasAfter(i int) float32 {
	if d.bias == nil {
		return 0
	}
	return d.bias[5*d.hidden+i]
}

// hiddenProduct is the state's part of the GRU's candidate for a reset state.
func (d *direction) hiddenProduct(dst, h []float32) {
	all := d.scratch[:d.gates*d.hidden]
	d.packedR.Mul(all, len(all), h, d.hidden, 1, false, d.scratch[len(all):])
	copy(dst, all[2*d.hidden:])
}

// sizes is the geometry of one run.
type sizes struct{ steps, batch, input int }

func (r *recurrent) Run(c *op.Ctx) error {
	x := c.In(0)
	xs, err := float32s(x, "recurrent layer")
	if err != nil {
		return err
	}
	if x.Rank() != 3 {
		return fmt.Errorf("%w: recurrent layer on %v", op.ErrInput, x)
	}
	s := sizes{x.Dim(0), x.Dim(1), x.Dim(2)}
	if r.batchFirst {
		s = sizes{x.Dim(1), x.Dim(0), x.Dim(2)}
	}
	w, err := r.weights(c, 1, s.input)
	if err != nil {
		return err
	}
	rec, err := r.weights(c, 2, r.hidden)
	if err != nil {
		return err
	}
	lens, err := r.lengths(c, s)
	if err != nil {
		return err
	}
	if r.batchFirst {
		// The loops below go step by step: bring the input into that order.
		t, err := op.Scratch[float32](c, len(xs))
		if err != nil {
			return err
		}
		swap(t, xs, s.batch, s.steps, s.input)
		xs = t
	}
	return r.run(c, s, xs, w, rec, lens)
}

// swap exchanges the first two dimensions.
func swap(dst, src []float32, a, b, n int) {
	for i := range a {
		for j := range b {
			copy(dst[(j*a+i)*n:][:n], src[(i*b+j)*n:])
		}
	}
}

// weights is the packed weights of input i for all directions.
func (r *recurrent) weights(c *op.Ctx, i, width int) ([]*kernel.Packed, error) {
	t := c.In(i)
	v, err := float32s(t, "recurrent layer with weights")
	if err != nil {
		return nil, err
	}
	rows := r.gates * r.hidden
	if t.Rank() != 3 || t.Dim(0) != r.directions || t.Dim(1) != rows || t.Dim(2) != width {
		return nil, fmt.Errorf("%w: weights %v for %d directions, %d gates of %d and width %d", op.ErrInput, t, r.directions, r.gates, r.hidden, width)
	}
	if i == 1 && r.w != nil {
		return r.w, nil
	}
	if i == 2 && r.r != nil {
		return r.r, nil
	}
	isa := kernel.Best()
	out := make([]*kernel.Packed, r.directions)
	for d := range out {
		buf, err := op.Scratch[float32](c, isa.PackedLen(width, rows))
		if err != nil {
			return nil, err
		}
		p := isa.Pack(buf, v[min(d*rows*width, len(v)):], width, rows, width, true, 1)
		out[d] = &p
	}
	return out, nil
}

// lengths is the number of steps of each row.
func (r *recurrent) lengths(c *op.Ctx, s sizes) ([]int64, error) {
	lens, err := op.Scratch[int64](c, s.batch)
	if err != nil {
		return nil, err
	}
	fill(lens, int64(s.steps))
	t := c.In(4)
	if t == nil {
		return lens, nil
	}
	given := tensor.Slice[int32](t)
	if len(given) != s.batch {
		return nil, fmt.Errorf("%w: lengths %v for a batch of %d", op.ErrInput, t, s.batch)
	}
	for i, v := range given {
		if v < 0 || int(v) > s.steps {
			return nil, fmt.Errorf("%w: length %d of %d steps", op.ErrInput, v, s.steps)
		}
		lens[i] = int64(v)
	}
	return lens, nil
}

// run goes through all directions and writes the outputs.
func (r *recurrent) run(c *op.Ctx, s sizes, x []float32, w, rec []*kernel.Packed, lens []int64) error {
	y, err := r.sequence(c, s)
	if err != nil {
		return err
	}
	if c.In(4) != nil {
		clear(y) // past the end of a row
	}
	h, err := r.initial(c, 5, s)
	if err != nil {
		return err
	}
	var cells []float32
	if r.gates == 4 {
		if cells, err = r.initial(c, 6, s); err != nil {
			return err
		}
	}
	for d := range r.directions {
		if err := r.one(c, d, s, x, y, h, cells, w[d], rec[d], lens); err != nil {
			return err
		}
	}
	return r.deliver(c, s, y, h, cells)
}

// sequence is where the states of all steps go, [steps, dirs, batch, H]: the output
// itself where it has this layout.
func (r *recurrent) sequence(c *op.Ctx, s sizes) ([]float32, error) {
	if !c.HasOut(0) || r.batchFirst {
		return op.Scratch[float32](c, s.steps*r.directions*s.batch*r.hidden)
	}
	shape := [4]int{s.steps, r.directions, s.batch, r.hidden}
	t, err := c.Out(0, tensor.Float32, shape[:])
	if err != nil {
		return nil, err
	}
	return tensor.Slice[float32](t), nil
}

// initial is the state before the first step, [dirs, batch, H].
func (r *recurrent) initial(c *op.Ctx, i int, s sizes) ([]float32, error) {
	n := r.directions * s.batch * r.hidden
	state, err := op.Scratch[float32](c, n)
	if err != nil {
		return nil, err
	}
	clear(state)
	t := c.In(i)
	if t == nil {
		return state, nil
	}
	v, err := float32s(t, "recurrent layer from")
	if err != nil {
		return nil, err
	}
	if len(v) != n {
		return nil, fmt.Errorf("%w: initial state %v", op.ErrInput, t)
	}
	if r.batchFirst {
		swap(state, v, s.batch, r.directions, r.hidden)
	} else {
		copy(state, v)
	}
	return state, nil
}

// part is direction d of a parameter with n numbers for each; nil if absent.
func (r *recurrent) part(c *op.Ctx, i, d, n int) ([]float32, error) {
	t := c.In(i)
	if t == nil {
		return nil, nil
	}
	v, err := float32s(t, "recurrent layer with")
	if err != nil {
		return nil, err
	}
	if len(v) != r.directions*n {
		return nil, fmt.Errorf("%w: parameter %v, %d numbers wanted", op.ErrInput, t, r.directions*n)
	}
	return v[d*n:][:n], nil
}

// one runs one direction: all inputs in one product, then step by step. y is
// [steps, dirs, batch, H].
func (r *recurrent) one(c *op.Ctx, d int, s sizes, x, y, h, cells []float32, w, rec *kernel.Packed, lens []int64) error {
	width := r.gates * r.hidden
	m := op.Private(c, r, func() *rnnMemory { return &rnnMemory{} })
	dir, step := &m.direction, &m.step
	*dir = direction{recurrent: r, packedR: rec}
	var err error
	if dir.bias, err = r.part(c, 3, d, 2*width); err != nil {
		return err
	}
	if r.cell.inputs() == 8 {
		if dir.peephole, err = r.part(c, 7, d, 3*r.hidden); err != nil {
			return err
		}
	}
	isa := kernel.Best()
	rows := s.steps * s.batch
	if dir.scratch, err = op.Scratch[float32](c, width+max(isa.ScratchLen(rows, s.input), isa.ScratchLen(s.batch, r.hidden))); err != nil {
		return err
	}
	gates, err := op.Scratch[float32](c, rows*width)
	if err != nil {
		return err
	}
	h = h[d*s.batch*r.hidden:][:s.batch*r.hidden]
	if cells != nil {
		cells = cells[d*s.batch*r.hidden:][:s.batch*r.hidden]
	}
	backwards := r.reverse || d == 1
	if r.usual && c.In(4) == nil && len(gates) > 0 {
		return r.fast(c, dir, fastRun{s, d, backwards, x, y, h, cells, gates, w})
	}
	acc := r.prefill(gates, dir.bias)
	w.Mul(gates, width, x, s.input, rows, acc, dir.scratch)
	state, err := op.Scratch[float32](c, s.batch*width)
	if err != nil {
		return err
	}
	*step = stepState{run: dir, act: r.activate[d*r.perDir:][:r.perDir]}
	for t := range s.steps {
		rec.Mul(state, width, h, r.hidden, s.batch, false, dir.scratch)
		for b := range s.batch {
			if t >= int(lens[b]) {
				continue
			}
			at := t
			if backwards {
				at = int(lens[b]) - 1 - t
			}
			step.x, step.rec = gates[(at*s.batch+b)*width:][:width], state[b*width:][:width]
			step.h = h[b*r.hidden:][:r.hidden]
			if cells != nil {
				step.c = cells[b*r.hidden:][:r.hidden]
			}
			r.cell.step(step)
			copy(y[((at*r.directions+d)*s.batch+b)*r.hidden:][:r.hidden], step.h)
		}
	}
	return nil
}

// prefill sets the gates to the biases, to be added to. The GRU's bias on the
// state's part of the candidate is left for later.
func (r *recurrent) prefill(gates, bias []float32) bool {
	if bias == nil {
		return false
	}
	width := r.gates * r.hidden
	for at := 0; at < len(gates); at += width {
		row := gates[at:][:width]
		for i := range row {
			row[i] = bias[i]
			if r.gates != 3 || i < 2*r.hidden {
				row[i] += bias[width+i]
			}
		}
	}
	return true
}

// deliver writes Y, Y_h and Y_c in the layout asked for.
func (r *recurrent) deliver(c *op.Ctx, s sizes, y, h, cells []float32) error {
	if c.HasOut(0) && r.batchFirst {
		shape := [4]int{s.batch, s.steps, r.directions, r.hidden}
		t, err := c.Out(0, tensor.Float32, shape[:])
		if err != nil {
			return err
		}
		// [steps·dirs, batch, H] to [batch, steps·dirs, H]
		swap(tensor.Slice[float32](t), y, s.steps*r.directions, s.batch, r.hidden)
	}
	if err := r.deliverState(c, 1, s, h); err != nil || cells == nil {
		return err
	}
	return r.deliverState(c, 2, s, cells)
}

func (r *recurrent) deliverState(c *op.Ctx, i int, s sizes, state []float32) error {
	if !c.HasOut(i) {
		return nil
	}
	shape := [3]int{r.directions, s.batch, r.hidden}
	if r.batchFirst {
		shape = [3]int{s.batch, r.directions, r.hidden}
	}
	t, err := c.Out(i, tensor.Float32, shape[:])
	if err != nil {
		return err
	}
	if r.batchFirst {
		swap(tensor.Slice[float32](t), state, r.directions, s.batch, r.hidden)
	} else {
		copy(tensor.Slice[float32](t), state)
	}
	return nil
}

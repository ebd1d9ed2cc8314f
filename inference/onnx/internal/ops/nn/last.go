package nn

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// Fused lists the operators that passes put in the place of others: those that work
// on tensors with the channels last, [N, spatial..., C], where every place's channels
// lie side by side.
func Fused() []op.Def {
	return []op.Def{
		{Domain: op.Internal, Name: "Conv", Since: 1, New: newConvLast},
		{Domain: op.Internal, Name: "ToLast", Since: 1, New: newToLast},
		{Domain: op.Internal, Name: "ToFirst", Since: 1, New: newToFirst},
		{Domain: op.Internal, Name: "GlobalAveragePool", Since: 1, New: newGlobalAverageLast},
		{Domain: op.Internal, Name: "MaxPool", Since: 1, New: newMaxPoolLast},
	}
}

func newToLast(b *op.Build) (op.Kernel, error) {
	b.Ignore("rank") // for the pass
	return op.Func(func(c *op.Ctx) error { return exchange(c, true) }), nil
}

func newToFirst(b *op.Build) (op.Kernel, error) {
	b.Ignore("rank") // for the pass
	return op.Func(func(c *op.Ctx) error { return exchange(c, false) }), nil
}

// exchange moves the channels to the end, or from there to the front.
func exchange(c *op.Ctx, toLast bool) error {
	x := c.In(0)
	if x == nil || x.Elem() != tensor.Float32 || x.Rank() < 2 || x.Rank() > kernel.MaxRank {
		return fmt.Errorf("%w: layout of %v", op.ErrInput, x)
	}
	var buf [kernel.MaxRank]int
	s, last := x.Shape(), x.Rank()-1
	shape := append(buf[:0], s[0])
	rows, cols := s[1], 1 // of the matrix to transpose
	if toLast {
		shape = append(append(shape, s[2:]...), s[1])
	} else {
		shape = append(append(shape, s[last]), s[1:last]...)
		rows, cols = 1, s[last]
		for _, d := range s[1:last] {
			rows *= d
		}
	}
	y, err := c.Out(0, tensor.Float32, shape)
	if err != nil || x.Len() == 0 {
		return err
	}
	if toLast {
		cols = x.Len() / (s[0] * rows)
	}
	src, dst := tensor.Slice[float32](x), tensor.Slice[float32](y)
	for n := range s[0] {
		kernel.Transpose2(dst[n*rows*cols:], src[n*rows*cols:][:rows*cols], rows, cols)
	}
	return nil
}

// convLast is a convolution with constant weights over channels-last tensors,
// followed by after(first(y + bias) + residual).
type convLast struct {
	attrs       windowAttrs
	group       int
	kernel      []int
	c, m        int // channels in and out
	packed      []kernel.Packed
	biases      [][]float32 // of each group, padded
	deep        *kernel.Depthwise
	first, then kernel.Act
	firstDone   bool // by the depthwise kernel
}

func newConvLast(b *op.Build) (op.Kernel, error) {
	k := &convLast{attrs: newWindowAttrs(b), group: b.Int("group", 1), first: b.Act("first"), then: b.Act("after")}
	w := b.Const(1)
	if w == nil || w.Elem() != tensor.Float32 || w.Rank() < 3 || w.Rank() > 2+spatial || k.group < 1 || w.Dim(0)%k.group != 0 || w.Len() == 0 {
		return nil, fmt.Errorf("%w: Conv with weights %v in %d groups", op.ErrInput, w, k.group)
	}
	k.kernel, k.m, k.c = w.Shape()[2:], w.Dim(0), w.Dim(1)*k.group
	var bias []float32
	if t := b.Const(2); t != nil {
		if bias = tensor.Slice[float32](t); len(bias) != k.m {
			return nil, fmt.Errorf("%w: bias %v for %d channels", op.ErrInput, t, k.m)
		}
	}
	if k.group == k.c && k.m == k.c && k.group > 1 {
		k.deepen(w, bias)
		return k, nil
	}
	k.pack(w, bias)
	return k, nil
}

// deepen lays the weights of a depthwise convolution out place by place.
func (k *convLast) deepen(w *tensor.Tensor, bias []float32) {
	rows := make([]float32, w.Len())
	kernel.Transpose2(rows, tensor.Slice[float32](w), k.c, w.Len()/k.c)
	k.deep, k.firstDone = kernel.Best().NewDepthwise(rows, bias, k.c, k.first)
}

// pack makes a matrix for each group: a row for each place of the kernel and input
// channel, in this order, a column for each output channel.
func (k *convLast) pack(w *tensor.Tensor, bias []float32) {
	isa := kernel.Best()
	rows, each := k.m/k.group, k.c/k.group
	places := w.Len() / (k.m * each)
	buf := make([]float32, rows*each*places)
	for g := range k.group {
		src := tensor.Slice[float32](w)[g*len(buf):][:len(buf)]
		for m := range rows {
			kernel.Transpose2(buf[m*each*places:], src[m*each*places:][:each*places], each, places)
		}
		p := isa.Pack(make([]float32, isa.PackedLen(each*places, rows)), buf, each*places, rows, each*places, true, 1)
		k.packed = append(k.packed, p)
		if bias != nil {
			k.biases = append(k.biases, isa.PadBias(bias[g*rows:][:rows]))
		}
	}
}

// lastRun is one run of a convolution.
type lastRun struct {
	*convLast
	window
	x, y, residual []float32
	n              int
	spatialIn      int
	spatialOut     int
}

// Kept says that weights and bias are laid out anew.
func (k *convLast) Kept() []int { return []int{1, 2} }

func (k *convLast) Run(c *op.Ctx) error {
	x := c.In(0)
	if x == nil || x.Elem() != tensor.Float32 || x.Rank() != len(k.kernel)+2 || x.Dim(-1) != k.c {
		return fmt.Errorf("%w: Conv of %v with %d channels, %d spatial dimensions", op.ErrInput, x, k.c, len(k.kernel))
	}
	r := lastRun{convLast: k, n: x.Dim(0), x: tensor.Slice[float32](x)}
	var buf [2 + spatial]int
	shape := append(append(buf[:0], r.n, k.c), x.Shape()[1:x.Rank()-1]...)
	if err := r.window.init(&k.attrs, shape, k.kernel); err != nil {
		return err
	}
	if given, _ := spread(k.kernel, r.rank, 1); given != r.window.kernel {
		return fmt.Errorf("%w: kernel_shape %v with weights of %v", op.ErrInput, r.window.kernel, given)
	}
	shape = append(append(buf[:0], r.n), r.out[spatial-r.rank:]...)
	t, err := c.Target(3, append(shape, k.m))
	if err != nil {
		return err
	}
	r.y, r.residual = t.Dst, t.Residual
	r.spatialIn, r.spatialOut = r.in.product(), r.out.product()
	if len(r.y) > 0 {
		if err := r.compute(c); err != nil {
			return err
		}
	}
	return t.Finish(c, k.then)
}

func (r *lastRun) compute(c *op.Ctx) error {
	if r.deep != nil {
		r.depthwise(c)
		return nil
	}
	if r.group == 1 && r.window.kernel.product() == 1 && r.stride.product() == 1 && r.before == (dims{}) && r.out == r.in {
		rows := r.n * r.spatialOut
		scratch, err := op.Scratch[float32](c, kernel.Best().ScratchLen(rows, r.c))
		if err != nil {
			return err
		}
		e := r.epilogue(0, 0)
		r.packed[0].MulThen(r.y, r.m, r.x, r.c, rows, false, scratch, &e)
		return nil
	}
	return r.product(c)
}

// epilogue is that of group g for rows from output place at on.
func (r *lastRun) epilogue(g, at int) kernel.Epilogue {
	e := kernel.Epilogue{First: r.first, After: r.then}
	if r.biases != nil {
		e.Bias = r.biases[g]
	}
	if r.residual != nil {
		e.Residual, e.Stride = r.residual[at*r.m+g*r.m/r.group:], r.m
	}
	return e
}

// product lays patches out as rows, some output places at a time, and multiplies.
func (r *lastRun) product(c *op.Ctx) error {
	isa := kernel.Best()
	patch, rows := r.packed[0].K, r.m/r.group
	block := min(max(patchFloats/patch, 28), 168, r.spatialOut)
	patches, err := op.Scratch[float32](c, block*patch)
	if err != nil {
		return err
	}
	scratch, err := op.Scratch[float32](c, isa.ScratchLen(block, patch))
	if err != nil {
		return err
	}
	for n := range r.n {
		for at := 0; at < r.spatialOut; at += block {
			count := min(block, r.spatialOut-at)
			place := n*r.spatialOut + at
			for g := range r.group {
				r.gather(patches, n, at, count, g)
				e := r.epilogue(g, place)
				r.packed[g].MulThen(r.y[place*r.m+g*rows:], r.m, patches, patch, count, false, scratch, &e)
			}
		}
	}
	return nil
}

// patchFloats is how many numbers of patches are laid out at a time, for them to
// stay in the second-level cache.
const patchFloats = 1 << 16

// gather lays out the patches of count output places from place at on, line by line.
func (r *lastRun) gather(dst []float32, n, at, count, g int) {
	each := r.c / r.group
	image := r.x[n*r.spatialIn*r.c:][:r.spatialIn*r.c]
	patch := r.packed[0].K
	for done := 0; done < count; {
		ow, line := (at+done)%r.out[2], (at+done)/r.out[2]
		places := min(r.out[2]-ow, count-done)
		rows := dst[done*patch:][:places*patch]
		o := 0
		for kd := range r.window.kernel[0] {
			for kh := range r.window.kernel[1] {
				d := line/r.out[1]*r.stride[0] + kd*r.dilate[0] - r.before[0]
				h := line%r.out[1]*r.stride[1] + kh*r.dilate[1] - r.before[1]
				if d < 0 || d >= r.in[0] || h < 0 || h >= r.in[1] {
					clearRows(rows[o:], patch, places, r.window.kernel[2]*each)
				} else {
					r.gatherLine(rows[o:], places, image[(d*r.in[1]+h)*r.in[2]*r.c:][:r.in[2]*r.c], ow, g*each, each)
				}
				o += r.window.kernel[2] * each
			}
		}
		done += places
	}
}

// gatherLine lays out what one line of the kernel sees of a line of the image, for
// output places from ow on. Where neighbours of the kernel are neighbours in the
// image they go together.
func (r *lastRun) gatherLine(rows []float32, places int, line []float32, ow, channel, each int) {
	size := r.window.kernel[2]
	if r.dilate[2] > 1 || each < r.c {
		for k := range size {
			r.gatherPart(rows[k*each:], places, line, ow, k, 1, channel, each)
		}
		return
	}
	r.gatherPart(rows, places, line, ow, 0, size, channel, each)
}

// gatherPart lays out n neighbouring places of the kernel from place k on.
func (r *lastRun) gatherPart(rows []float32, places int, line []float32, ow, k, n, channel, each int) {
	patch, step := r.packed[0].K, r.stride[2]
	first := ow*step - r.before[2] + k*r.dilate[2] // in the image, of the first output place
	for p := 0; p < places; {
		w := first + p*step
		if w >= 0 && w+n <= r.in[2] {
			inside := min(places-p, (r.in[2]-n-w)/step+1)
			kernel.Best().CopyRows(rows[p*patch:], patch, line[w*r.c+channel:], step*r.c, inside, n*each)
			p += inside
			continue
		}
		lo, hi := min(max(-w, 0), n), max(min(n, r.in[2]-w), 0)
		row := rows[p*patch:][:n*each]
		clear(row)
		if lo < hi {
			copy(row[lo*each:hi*each], line[(w+lo)*r.c+channel:])
		}
		p++
	}
}

func clearRows(rows []float32, ld, count, n int) {
	for i := range count {
		clear(rows[i*ld:][:n])
	}
}

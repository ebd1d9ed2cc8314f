package nn

import (
	"fmt"
	"math"
	"slices"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// moments is mean and variance of a run, summed in float64.
func moments(x []float32) (mean, variance float64) {
	for _, v := range x {
		mean += float64(v)
	}
	mean /= float64(max(len(x), 1))
	for _, v := range x {
		d := float64(v) - mean
		variance += d * d
	}
	return mean, variance / float64(max(len(x), 1))
}

// rescale writes (x - mean) * scale + bias.
func rescale(dst, x []float32, mean, scale, bias float64) {
	a, b := float32(scale), float32(bias-mean*scale)
	for i, v := range x {
		dst[i] = v*a + b
	}
}

// newBatchNorm scales each channel by statistics gathered in training. Training
// mode, which makes new statistics, is part of the operator since version 14.
func newBatchNorm(b *op.Build) (op.Kernel, error) {
	k := &batchNorm{epsilon: float64(b.Float("epsilon", 1e-5)), momentum: float64(b.Float("momentum", 0.9))}
	b.Ignore("is_test")
	if b.Version() >= 14 {
		k.training = b.Bool("training_mode", false)
	}
	if b.Version() < 9 && b.Int("spatial", 1) != 1 {
		b.Fail("spatial 0 is not supported")
	}
	return op.Func(k.Run), nil
}

type batchNorm struct {
	epsilon, momentum float64
	training          bool
}

func (k *batchNorm) Run(c *op.Ctx) error {
	x, err := c.Need(0)
	if err != nil {
		return err
	}
	src, err := float32s(x, "BatchNormalization")
	if err != nil {
		return err
	}
	channels := x.Dim(1)
	var p [4][]float32 // scale, bias, mean, variance
	for i := range p {
		if p[i], err = float32s(c.In(i+1), "BatchNormalization by"); err != nil {
			return err
		}
		if len(p[i]) != channels {
			return fmt.Errorf("%w: BatchNormalization of %v by %v", op.ErrInput, x, c.In(i+1))
		}
	}
	y, err := c.Out(0, tensor.Float32, x.Shape())
	if err != nil {
		return err
	}
	dst := tensor.Slice[float32](y)
	plane := x.Len() / max(x.Dim(0)*channels, 1)
	mean, variance := p[2], p[3]
	if k.training {
		if mean, variance, err = k.train(c, src, mean, variance, channels, plane); err != nil {
			return err
		}
	}
	for i := 0; i*plane < len(src); i++ {
		ch := i % channels
		scale := float64(p[0][ch]) / math.Sqrt(float64(variance[ch])+k.epsilon)
		rescale(dst[i*plane:][:plane], src[i*plane:][:plane], float64(mean[ch]), scale, float64(p[1][ch]))
	}
	return nil
}

// train computes the batch's own statistics, and the running ones as outputs.
func (k *batchNorm) train(c *op.Ctx, src, mean, variance []float32, channels, plane int) (m, v []float32, err error) {
	if m, err = op.Scratch[float32](c, channels); err != nil {
		return nil, nil, err
	}
	if v, err = op.Scratch[float32](c, channels); err != nil {
		return nil, nil, err
	}
	n := len(src) / max(channels, 1)
	for ch := range channels {
		sum, square := 0.0, 0.0
		for at := ch * plane; at < len(src); at += channels * plane {
			for _, x := range src[at:][:plane] {
				sum += float64(x)
				square += float64(x) * float64(x)
			}
		}
		mu := sum / float64(n)
		m[ch], v[ch] = float32(mu), float32(square/float64(n)-mu*mu)
	}
	for i, pair := range [2][2][]float32{{mean, m}, {variance, v}} {
		shape := [1]int{channels}
		t, err := c.Out(i+1, tensor.Float32, shape[:])
		if err != nil {
			return nil, nil, err
		}
		for ch, d := 0, tensor.Slice[float32](t); ch < len(d); ch++ {
			d[ch] = float32(float64(pair[0][ch])*k.momentum + float64(pair[1][ch])*(1-k.momentum))
		}
	}
	return m, v, nil
}

// newInstanceNorm normalizes each channel of each image by its own statistics.
func newInstanceNorm(b *op.Build) (op.Kernel, error) {
	epsilon := float64(b.Float("epsilon", 1e-5))
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		channels := x.Dim(1)
		return grouped(c, x, channels, channels, epsilon)
	}), nil
}

// newGroupNorm normalizes groups of channels together. Before version 21 scale and
// bias were one for each group.
func newGroupNorm(b *op.Build) (op.Kernel, error) {
	epsilon, groups := float64(b.Float("epsilon", 1e-5)), b.Int("num_groups", 0)
	b.Ignore("stash_type")
	perGroup := b.Version() < 21
	if groups < 1 {
		b.Fail("num_groups is %d", groups)
	}
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		params := x.Dim(1)
		if perGroup {
			params = groups
		}
		return grouped(c, x, groups, params, epsilon)
	}), nil
}

// grouped normalizes x in groups of channels; params is how many scales and biases
// there are.
func grouped(c *op.Ctx, x *tensor.Tensor, groups, params int, epsilon float64) error {
	src, err := float32s(x, "normalization")
	if err != nil {
		return err
	}
	scale, err := float32s(c.In(1), "normalization by")
	if err != nil {
		return err
	}
	bias, err := float32s(c.In(2), "normalization by")
	if err != nil {
		return err
	}
	channels := x.Dim(1)
	if len(scale) != params || len(bias) != params || channels%max(groups, 1) != 0 {
		return fmt.Errorf("%w: normalization of %v by %d scales in %d groups", op.ErrInput, x, len(scale), groups)
	}
	y, err := c.Out(0, tensor.Float32, x.Shape())
	if err != nil || x.Len() == 0 {
		return err
	}
	dst := tensor.Slice[float32](y)
	plane := x.Len() / (x.Dim(0) * channels)
	each := channels / groups
	for g := range x.Dim(0) * groups {
		run := src[g*each*plane:][:each*plane]
		mean, variance := moments(run)
		inverse := 1 / math.Sqrt(variance+epsilon)
		for k := range each {
			ch := (g%groups*each + k) * params / channels
			at := (g*each + k) * plane
			rescale(dst[at:][:plane], src[at:][:plane], mean, inverse*float64(scale[ch]), float64(bias[ch]))
		}
	}
	return nil
}

// newLayerNorm normalizes all dimensions from the axis on; scale and bias broadcast
// to them.
func newLayerNorm(b *op.Build) (op.Kernel, error) {
	axis, epsilon := b.Int("axis", -1), float64(b.Float("epsilon", 1e-5))
	b.Ignore("stash_type")
	return op.Func(func(c *op.Ctx) error { return layerNorm(c, axis, epsilon, true) }), nil
}

// newRMSNorm is like it, without the mean and the bias.
func newRMSNorm(b *op.Build) (op.Kernel, error) {
	axis, epsilon := b.Int("axis", -1), float64(b.Float("epsilon", 1e-5))
	b.Ignore("stash_type")
	return op.Func(func(c *op.Ctx) error { return layerNorm(c, axis, epsilon, false) }), nil
}

func layerNorm(c *op.Ctx, axis int, epsilon float64, centred bool) error {
	x, err := c.Need(0)
	if err != nil {
		return err
	}
	src, err := float32s(x, "LayerNormalization")
	if err != nil {
		return err
	}
	if axis < 0 {
		axis += x.Rank()
	}
	if axis < 0 || axis >= x.Rank() {
		return fmt.Errorf("%w: axis %d of %v", op.ErrInput, axis, x)
	}
	scale, err := broadcastTo(c, 1, x, axis)
	if err != nil {
		return err
	}
	bias, err := broadcastTo(c, 2, x, axis)
	if err != nil {
		return err
	}
	y, err := c.Out(0, tensor.Float32, x.Shape())
	if err != nil {
		return err
	}
	stats, err := newStatistics(c, x, axis)
	if err != nil {
		return err
	}
	n := 1
	for _, d := range x.Shape()[axis:] {
		n *= d
	}
	dst := tensor.Slice[float32](y)
	for r := 0; r*n < len(src); r++ {
		mean, inverse := kernel.NormalizeRow(dst[r*n:][:n], src[r*n:][:n], scale, bias, epsilon, centred)
		stats.set(r, mean, inverse)
	}
	return nil
}

// statistics is the optional outputs for mean and inverse deviation of each row.
type statistics struct{ mean, inverse []float32 }

func newStatistics(c *op.Ctx, x *tensor.Tensor, axis int) (s statistics, err error) {
	var buf [kernel.MaxRank]int
	if x.Rank() > len(buf) {
		return s, fmt.Errorf("%w: %v has too many dimensions", op.ErrInput, x)
	}
	shape := append(buf[:0], x.Shape()...)
	for i := axis; i < len(shape); i++ {
		shape[i] = 1
	}
	for i, dst := range []*[]float32{&s.mean, &s.inverse} {
		if c.HasOut(i + 1) {
			t, err := c.Out(i+1, tensor.Float32, shape)
			if err != nil {
				return s, err
			}
			*dst = tensor.Slice[float32](t)
		}
	}
	return s, nil
}

func (s *statistics) set(row int, mean, inverse float32) {
	if s.mean != nil {
		s.mean[row] = mean
	}
	if s.inverse != nil {
		s.inverse[row] = inverse
	}
}

// broadcastTo is input i stretched to x's dimensions from axis on; nil if absent.
func broadcastTo(c *op.Ctx, i int, x *tensor.Tensor, axis int) ([]float32, error) {
	t := c.In(i)
	if t == nil {
		return nil, nil
	}
	v, err := float32s(t, "normalization by")
	if err != nil {
		return nil, err
	}
	n := 1
	for _, d := range x.Shape()[axis:] {
		n *= d
	}
	if len(v) == n {
		return v, nil
	}
	var buf [kernel.MaxRank]int
	shape, err := kernel.BroadcastShape(buf[:], x.Shape()[axis:], t.Shape())
	if err != nil {
		return nil, err
	}
	if !slices.Equal(shape, x.Shape()[axis:]) {
		return nil, fmt.Errorf("%w: normalization of %v by %v", op.ErrInput, x, t)
	}
	out, err := op.Scratch[float32](c, n)
	if err != nil {
		return nil, err
	}
	var l kernel.Loops
	l.Init(shape, t.Shape(), nil, nil)
	kernel.Copy(&l, out, v)
	return out, nil
}

// newMeanVariance normalizes over the given axes, all but channels by default.
func newMeanVariance(b *op.Build) (op.Kernel, error) {
	axes := b.Ints("axes")
	if axes == nil {
		axes = []int{0, 2, 3}
	}
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		src, err := float32s(x, "MeanVarianceNormalization")
		if err != nil {
			return err
		}
		var buf [kernel.MaxRank]int
		kept, count := append(buf[:0], x.Shape()...), 1
		for _, a := range axes {
			if a < 0 {
				a += x.Rank()
			}
			if a < 0 || a >= x.Rank() {
				return fmt.Errorf("%w: axis %d of %v", op.ErrInput, a, x)
			}
			count *= x.Dim(a)
			kept[a] = 1
		}
		groups := x.Len() / max(count, 1)
		sums, err := op.Scratch[float64](c, 2*groups)
		if err != nil {
			return err
		}
		y, err := c.Out(0, tensor.Float32, x.Shape())
		if err != nil {
			return err
		}
		var l kernel.Loops
		l.Init(x.Shape(), kept, nil, nil)
		centre(tensor.Slice[float32](y), src, &l, sums[:groups], sums[groups:], float64(count))
		return nil
	}), nil
}

// centre writes (x - mean) / deviation, with sums kept per group by the loops.
func centre(dst, src []float32, l *kernel.Loops, mean, square []float64, count float64) {
	clear(mean)
	clear(square)
	kernel.Reduce(kernel.ReduceSum, l, mean, src)
	for i := range mean {
		mean[i] /= count
	}
	step := l.Step[0]
	l.Each(func(n, o, i, _, _ int) {
		for k := range n {
			d := float64(src[o+k]) - mean[i+k*step]
			square[i+k*step] += d * d
		}
	})
	l.Each(func(n, o, i, _, _ int) {
		for k := range n {
			g := i + k*step
			dst[o+k] = float32((float64(src[o+k]) - mean[g]) / (math.Sqrt(square[g]/count) + 1e-9))
		}
	})
}

// newLRN divides each element by a power of the squares of its neighbours across
// channels.
func newLRN(b *op.Build) (op.Kernel, error) {
	alpha, beta, bias := float64(b.Float("alpha", 1e-4)), float64(b.Float("beta", 0.75)), float64(b.Float("bias", 1))
	size := b.Int("size", 1)
	if size < 1 {
		b.Fail("size is %d", size)
	}
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		src, err := float32s(x, "LRN")
		if err != nil {
			return err
		}
		y, err := c.Out(0, tensor.Float32, x.Shape())
		if err != nil {
			return err
		}
		channels := x.Dim(1)
		plane := x.Len() / max(x.Dim(0)*channels, 1)
		dst := tensor.Slice[float32](y)
		for i, v := range src {
			ch := i / plane % channels
			sum := 0.0
			for k := max(ch-(size-1)/2, 0); k <= min(ch+size/2, channels-1); k++ {
				n := float64(src[i+(k-ch)*plane])
				sum += n * n
			}
			dst[i] = float32(float64(v) / math.Pow(bias+alpha/float64(size)*sum, beta))
		}
		return nil
	}), nil
}

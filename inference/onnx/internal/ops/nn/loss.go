package nn

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// loss is the negative log likelihood of target classes, weighted by class.
type loss struct {
	reduction string
	ignore    int64
	hasIgnore bool
}

func newLoss(b *op.Build) loss {
	return loss{
		reduction: b.Str("reduction", "mean", "none", "sum", "mean"),
		ignore:    int64(b.Int("ignore_index", 0)), hasIgnore: b.Has("ignore_index"),
	}
}

// newNLLLoss takes logarithms of probabilities [N, C, d...].
func newNLLLoss(b *op.Build) (op.Kernel, error) {
	k := newLoss(b)
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		v, err := float32s(x, "NegativeLogLikelihoodLoss")
		if err != nil {
			return err
		}
		return k.run(c, x, v)
	}), nil
}

// newCrossEntropy takes scores, whose log-softmax over classes is output 1.
func newCrossEntropy(b *op.Build) (op.Kernel, error) {
	k := newLoss(b)
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		v, err := float32s(x, "SoftmaxCrossEntropyLoss")
		if err != nil {
			return err
		}
		logs, err := c.Out(1, tensor.Float32, x.Shape())
		if err != nil {
			return err
		}
		dst := tensor.Slice[float32](logs)
		if err := logSoftmax(c, dst, v, x.Dim(0), x.Dim(1)); err != nil {
			return err
		}
		return k.run(c, x, dst)
	}), nil
}

// logSoftmax works along the second of [n, classes, inner].
func logSoftmax(c *op.Ctx, dst, src []float32, n, classes int) error {
	line, err := op.Scratch[float32](c, classes)
	if err != nil || len(src) == 0 {
		return err
	}
	inner := len(src) / (n * classes)
	for b := range n {
		for i := range inner {
			at := b*classes*inner + i
			for k := range line {
				line[k] = src[at+k*inner]
			}
			kernel.SoftmaxRow(line, line, true)
			for k, v := range line {
				dst[at+k*inner] = v
			}
		}
	}
	return nil
}

func (k loss) run(c *op.Ctx, x *tensor.Tensor, logs []float32) error {
	target, err := c.Need(1)
	if err != nil {
		return err
	}
	var weights []float32
	if w := c.In(2); w != nil {
		if weights, err = float32s(w, "loss weighted by"); err != nil {
			return err
		}
	}
	n, classes := x.Dim(0), x.Dim(1)
	if x.Rank() < 2 || target.Len()*classes != x.Len() || weights != nil && len(weights) != classes {
		return fmt.Errorf("%w: loss of %v for %v", op.ErrInput, x, target)
	}
	each, err := op.Scratch[float32](c, target.Len())
	if err != nil {
		return err
	}
	inner := target.Len() / max(n, 1)
	sum, total := 0.0, 0.0
	for i := range each {
		class, err := classAt(target, i)
		if err != nil {
			return err
		}
		each[i] = 0
		if k.hasIgnore && class == k.ignore {
			continue
		}
		if class < 0 || class >= int64(classes) {
			return fmt.Errorf("%w: class %d of %d", op.ErrInput, class, classes)
		}
		w := float32(1)
		if weights != nil {
			w = weights[class]
		}
		each[i] = -logs[(i/inner*classes+int(class))*inner+i%inner] * w
		sum += float64(each[i])
		total += float64(w)
	}
	return k.deliver(c, target.Shape(), each, sum, total)
}

func (k loss) deliver(c *op.Ctx, shape []int, each []float32, sum, total float64) error {
	if k.reduction != "none" {
		shape = nil
	}
	y, err := c.Out(0, tensor.Float32, shape)
	if err != nil {
		return err
	}
	dst := tensor.Slice[float32](y)
	switch k.reduction {
	case "none":
		copy(dst, each)
	case "sum":
		dst[0] = float32(sum)
	default:
		dst[0] = float32(sum / total)
	}
	return nil
}

func classAt(t *tensor.Tensor, i int) (int64, error) {
	if v := tensor.Slice[int64](t); v != nil {
		return v[i], nil
	}
	if v := tensor.Slice[int32](t); v != nil {
		return int64(v[i]), nil
	}
	return 0, fmt.Errorf("%w: classes %v", op.ErrType, t)
}

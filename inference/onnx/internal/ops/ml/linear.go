package ml

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// linear is coefficients, a row for each target, and their intercepts.
type linear struct {
	targets    int
	weights    []float32
	packed     kernel.Packed
	intercepts []float32
	post       post
}

func newLinear(b *op.Build, targets int) *linear {
	l := &linear{targets: targets, weights: b.Floats("coefficients"), intercepts: b.Floats("intercepts"), post: newPost(b)}
	if targets < 1 || len(l.weights)%max(targets, 1) != 0 || len(l.intercepts) != 0 && len(l.intercepts) != targets {
		b.Fail("%d coefficients and %d intercepts do not make %d targets", len(l.weights), len(l.intercepts), targets)
		return l
	}
	n := len(l.weights) / targets
	isa := kernel.Best()
	l.packed = isa.Pack(make([]float32, isa.PackedLen(n, targets)), l.weights, n, targets, n, true, 1)
	return l
}

// fewTargets is the number of targets up to which a product for tiles would mostly
// multiply columns that are not there.
const fewTargets = 8

// scores writes the scores of each row, targets to a row and stride apart.
func (l *linear) scores(c *op.Ctx, dst []float32, stride int, x []float32, rows, width int) error {
	if width*l.targets != len(l.weights) {
		return fmt.Errorf("%w: %d features for %d coefficients", op.ErrInput, width, len(l.weights)/l.targets)
	}
	if l.targets <= fewTargets {
		isa := kernel.Best()
		for r := range rows {
			d := dst[r*stride:][:l.targets]
			isa.DotRows(d, x[r*width:][:width], l.weights, l.targets, width)
			for i, v := range l.intercepts {
				d[i] += v
			}
		}
		return nil
	}
	for r := range rows {
		if d := dst[r*stride:][:l.targets]; l.intercepts != nil {
			copy(d, l.intercepts)
		} else {
			clear(d)
		}
	}
	scratch, err := op.Scratch[float32](c, kernel.Best().ScratchLen(rows, width))
	if err != nil {
		return err
	}
	l.packed.Mul(dst, stride, x, width, rows, true, scratch)
	return nil
}

func newLinearRegressor(b *op.Build) (op.Kernel, error) {
	l := newLinear(b, b.Int("targets", 1))
	return op.Func(func(c *op.Ctx) error {
		t, x, err := floats(c, 0)
		if err != nil {
			return err
		}
		rows, width := extent(t)
		shape := [2]int{rows, l.targets}
		y, err := c.Out(0, tensor.Float32, shape[:])
		if err != nil {
			return err
		}
		dst := tensor.Slice[float32](y)
		if err := l.scores(c, dst, l.targets, x, rows, width); err != nil {
			return err
		}
		for r := range rows {
			l.post.row(dst[r*l.targets:][:l.targets])
		}
		return nil
	}), nil
}

// linearClassifier gives the label with the highest score and all scores. With one
// score for two classes, the score is that of the second.
type linearClassifier struct {
	*linear
	labels labels
	pair   bool
}

func newLinearClassifier(b *op.Build) (op.Kernel, error) {
	b.Ignore("multi_class") // a hint that changes nothing
	l := newLabels(b)
	targets := len(b.Floats("intercepts"))
	if targets == 0 {
		targets = l.len()
	}
	k := &linearClassifier{linear: newLinear(b, targets), labels: l}
	k.pair = targets == 1 && l.len() == 2
	if targets == 1 && l.len() < 2 {
		k.labels = labels{ints: []int64{0, 1}}
	}
	return k, nil
}

func (k *linearClassifier) Run(c *op.Ctx) error {
	t, x, err := floats(c, 0)
	if err != nil {
		return err
	}
	rows, width := extent(t)
	n := k.targets
	if k.pair {
		n = 2
	}
	shape := [2]int{rows, n}
	y, err := c.Out(1, tensor.Float32, shape[:])
	if err != nil {
		return err
	}
	label, err := k.labels.out(c, 0, rows)
	if err != nil {
		return err
	}
	dst := tensor.Slice[float32](y)
	if err := k.scores(c, dst, n, x, rows, width); err != nil {
		return err
	}
	if k.post == postLogistic && k.targets > 1 {
		// The classes first: the function keeps the order, but not that of scores so
		// far out that it gives one or zero for both.
		for r := range rows {
			if err := label.set(r, argMax(dst[r*n:][:n])); err != nil {
				return err
			}
		}
		kernel.SigmoidSlice(dst, dst)
		return nil
	}
	for r := range rows {
		if err := label.set(r, k.finish(dst[r*n:][:n])); err != nil {
			return err
		}
	}
	return nil
}

// finish completes the scores of one row and returns its class.
func (k *linearClassifier) finish(s []float32) int {
	if k.targets > 1 {
		class := argMax(s)
		k.post.row(s)
		return class
	}
	class := 0
	if s[0] > 0 {
		class = 1
	}
	k.post.row(s[:1])
	if k.pair {
		s[0], s[1] = 1-s[0], s[0]
	}
	return class
}

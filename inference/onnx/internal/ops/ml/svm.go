package ml

import (
	"fmt"
	"math"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// svm is support vectors with a kernel function, or none and plain coefficients.
type svm struct {
	kind         string
	gamma, coef0 float32
	degree       float32
	vectors      []float32
	count        int // support vectors
	coefficients []float32
	rho          []float32
	post         post
}

func newSVM(b *op.Build) svm {
	s := svm{
		kind:         b.Str("kernel_type", "LINEAR", "LINEAR", "POLY", "RBF", "SIGMOID"),
		vectors:      b.Floats("support_vectors"),
		coefficients: b.Floats("coefficients"),
		rho:          b.Floats("rho"),
		post:         newPost(b),
	}
	if p := b.Floats("kernel_params"); len(p) >= 3 {
		s.gamma, s.coef0, s.degree = p[0], p[1], p[2]
	}
	return s
}

// dot is the kernel function of two vectors.
func (s *svm) dot(a, b []float32) float32 {
	sum := 0.0
	if s.kind == "RBF" {
		for i, v := range a {
			d := float64(v) - float64(b[i])
			sum += d * d
		}
		return float32(math.Exp(-float64(s.gamma) * sum))
	}
	for i, v := range a {
		sum += float64(v) * float64(b[i])
	}
	switch s.kind {
	case "POLY":
		return float32(math.Pow(float64(s.gamma)*sum+float64(s.coef0), float64(s.degree)))
	case "SIGMOID":
		return float32(math.Tanh(float64(s.gamma)*sum + float64(s.coef0)))
	}
	return float32(sum)
}

// kernels writes the kernel function of x with each support vector.
func (s *svm) kernels(dst, x []float32) {
	for j := range dst {
		dst[j] = s.dot(x, s.vectors[j*len(x):][:len(x)])
	}
}

// fits checks the width of the rows against the support vectors.
func (s *svm) fits(width int) error {
	if width*s.count != len(s.vectors) {
		return fmt.Errorf("%w: %d features for %d support vectors of %d numbers in all", op.ErrInput, width, s.count, len(s.vectors))
	}
	return nil
}

func newSVMRegressor(b *op.Build) (op.Kernel, error) {
	s := newSVM(b)
	s.count = b.Int("n_supports", 0)
	one := b.Int("one_class", 0) != 0
	if len(s.rho) == 0 || s.count > len(s.coefficients) {
		b.Fail("rho is missing, or fewer coefficients than support vectors")
	}
	return op.Func(func(c *op.Ctx) error {
		t, x, err := floats(c, 0)
		if err != nil {
			return err
		}
		rows, width := extent(t)
		shape := [2]int{rows, 1}
		y, err := c.Out(0, tensor.Float32, shape[:])
		if err != nil {
			return err
		}
		k, err := op.Scratch[float32](c, s.count)
		if err != nil {
			return err
		}
		if err := s.fits(width); s.count > 0 && err != nil {
			return err
		}
		dst := tensor.Slice[float32](y)
		for r := range rows {
			dst[r] = s.regress(k, x[r*width:][:width], one)
		}
		return nil
	}), nil
}

func (s *svm) regress(k, x []float32, one bool) float32 {
	// Scores of a one-class machine cancel to nearly zero, where the sign counts.
	sum := float64(s.rho[0])
	if s.count > 0 {
		s.kernels(k, x)
		for j, v := range k {
			sum += float64(s.coefficients[j]) * float64(v)
		}
	} else {
		sum += float64(s.dot(x, s.coefficients[:len(x)]))
	}
	out := [1]float32{float32(sum)}
	s.post.row(out[:])
	switch {
	case one && out[0] > 0:
		return 1
	case one:
		return -1
	}
	return out[0]
}

// svc is a classifier of one-against-one machines (LIBSVM), or of one linear
// machine for each class where no vectors_per_class are given.
type svc struct {
	svm
	labels       labels
	perClass     []int
	start        []int // of each class among the support vectors
	classes      int
	probA, probB []float32
	positive     bool // all coefficients are positive or zero
}

func newSVMClassifier(b *op.Build) (op.Kernel, error) {
	k := &svc{svm: newSVM(b), labels: newLabels(b), perClass: b.Ints("vectors_per_class"), probA: b.Floats("prob_a"), probB: b.Floats("prob_b")}
	k.classes = len(k.perClass)
	for _, n := range k.perClass {
		k.start = append(k.start, k.count)
		k.count += max(n, 0)
	}
	pairs := k.classes * (k.classes - 1) / 2
	switch {
	case k.classes == 0:
		k.classes = k.labels.len()
		if k.classes == 0 || len(k.coefficients)%max(k.classes, 1) != 0 {
			b.Fail("%d coefficients for %d classes", len(k.coefficients), k.classes)
		}
	case len(k.coefficients) < k.count*(k.classes-1) || len(k.rho) < pairs:
		b.Fail("%d coefficients and %d rho for %d classes of %d vectors", len(k.coefficients), len(k.rho), k.classes, k.count)
	case len(k.probA) != len(k.probB) || len(k.probA) > 0 && len(k.probA) < pairs:
		b.Fail("%d prob_a and %d prob_b for %d pairs of classes", len(k.probA), len(k.probB), pairs)
	}
	k.positive = true
	for _, v := range k.coefficients {
		k.positive = k.positive && v >= 0
	}
	return k, nil
}

func (k *svc) Run(c *op.Ctx) error {
	t, x, err := floats(c, 0)
	if err != nil {
		return err
	}
	rows, width := extent(t)
	if err := k.check(width); err != nil {
		return err
	}
	shape := [2]int{rows, k.outputs()}
	y, err := c.Out(1, tensor.Float32, shape[:])
	if err != nil {
		return err
	}
	label, err := k.labels.out(c, 0, rows)
	if err != nil {
		return err
	}
	w, err := newSvcRow(c, k)
	if err != nil {
		return err
	}
	dst := tensor.Slice[float32](y)
	for r := range rows {
		class := w.run(dst[r*shape[1]:][:shape[1]], x[r*width:][:width])
		if err := label.set(r, class); err != nil {
			return err
		}
	}
	return nil
}

func (k *svc) check(width int) error {
	if k.count > 0 {
		return k.fits(width)
	}
	if width*k.classes != len(k.coefficients) {
		return fmt.Errorf("%w: %d features for %d coefficients", op.ErrInput, width, len(k.coefficients))
	}
	return nil
}

// outputs is the scores of a row: one for each class where there are probabilities
// or two classes or linear machines, else one for each pair of classes.
func (k *svc) outputs() int {
	if len(k.probA) > 0 || k.classes == 2 || k.count == 0 {
		return max(k.classes, 2)
	}
	return k.classes * (k.classes - 1) / 2
}

// svcRow is the scratch memory for one row at a time.
type svcRow struct {
	*svc
	kernel, scores, pairs []float32
	votes                 []int64
}

func newSvcRow(c *op.Ctx, k *svc) (w svcRow, err error) {
	w.svc = k
	if w.kernel, err = op.Scratch[float32](c, k.count); err != nil {
		return w, err
	}
	n := max(k.classes*k.classes, 2)
	if w.scores, err = op.Scratch[float32](c, n); err != nil {
		return w, err
	}
	if w.pairs, err = op.Scratch[float32](c, 2*n); err != nil {
		return w, err
	}
	w.votes, err = op.Scratch[int64](c, k.classes)
	return w, err
}

// run writes the scores of one row and returns its class.
func (w *svcRow) run(dst, x []float32) int {
	if w.count == 0 {
		return w.linear(dst, x)
	}
	w.decide(x)
	class := 0
	for i, v := range w.votes {
		if v > w.votes[class] {
			class = i
		}
	}
	switch {
	case len(w.probA) > 0:
		w.probabilities(dst)
		return argMax(dst)
	case w.classes == 2:
		return w.two(dst, w.scores[0])
	}
	copy(dst, w.scores)
	w.post.row(dst)
	return class
}

// linear is the case without support vectors: a machine for each class.
func (w *svcRow) linear(dst, x []float32) int {
	for i := range w.classes {
		dst[i] = w.dot(x, w.coefficients[i*len(x):][:len(x)])
		if len(w.rho) > 0 {
			dst[i] += w.rho[0]
		}
	}
	class := argMax(dst[:w.classes])
	w.post.row(dst)
	return class
}

// two writes both scores of a machine for two classes. A positive decision is for
// the first class; the scores have the opposite sign, as in ONNX Runtime.
func (w *svcRow) two(dst []float32, s float32) int {
	class := 1
	if s > 0 {
		class = 0
	}
	dst[0], dst[1] = -s, s
	w.post.row(dst)
	return class
}

// decide fills the scores of all pairs of classes, and the votes of each class.
func (w *svcRow) decide(x []float32) {
	w.kernels(w.kernel, x)
	clear(w.votes)
	n := 0
	for i := range w.classes {
		for j := i + 1; j < w.classes; j++ {
			s := w.side(j-1, i) + w.side(i, j) + w.rho[n]
			w.scores[n] = s
			n++
			if s > 0 {
				w.votes[i]++
			} else {
				w.votes[j]++
			}
		}
	}
}

// side is the part of a decision that the vectors of one class have.
func (w *svcRow) side(row, class int) float32 {
	from, n := w.start[class], w.perClass[class]
	coef := w.coefficients[row*w.count+from:][:n]
	sum := float32(0)
	for i, v := range w.kernel[from:][:n] {
		sum += coef[i] * v
	}
	return sum
}

// probabilities couples the pairwise probabilities into one for each class.
func (w *svcRow) probabilities(dst []float32) {
	c := w.classes
	p := w.pairs[:c*c]
	n := 0
	for i := range c {
		p[i*c+i] = 0
		for j := i + 1; j < c; j++ {
			v := 1 / (1 + math.Exp(float64(w.scores[n]*w.probA[n]+w.probB[n])))
			v = min(max(v, 1e-7), 1-1e-7)
			p[i*c+j], p[j*c+i] = float32(v), float32(1-v)
			n++
		}
	}
	couple(dst[:c], p, w.pairs[c*c:], w.scores[:c])
}

// couple is the second method of Wu, Lin and Weng (2004), by which LIBSVM couples
// pairwise probabilities r (c x c): an iteration on Q·p. q (c x c) and qp (c) are scratch.
func couple(p, r, q, qp []float32) {
	c := len(p)
	for i := range c {
		p[i] = 1 / float32(c)
		q[i*c+i] = 0
		for j := range c {
			if j != i {
				q[i*c+i] += r[j*c+i] * r[j*c+i]
				q[i*c+j] = -r[j*c+i] * r[i*c+j]
			}
		}
	}
	for range max(100, c) {
		pqp := float32(0)
		for i := range c {
			qp[i] = 0
			for j := range c {
				qp[i] += q[i*c+j] * p[j]
			}
			pqp += p[i] * qp[i]
		}
		worst := float32(0)
		for i := range c {
			worst = max(worst, float32(math.Abs(float64(qp[i]-pqp))))
		}
		if worst < 0.005/float32(c) {
			return
		}
		for i := range c {
			d := (-qp[i] + pqp) / q[i*c+i]
			p[i] += d
			pqp = (pqp + d*(d*q[i*c+i]+2*qp[i])) / (1 + d) / (1 + d)
			for j := range c {
				qp[j] = (qp[j] + d*q[i*c+j]) / (1 + d)
				p[j] /= 1 + d
			}
		}
	}
}

package ml

import (
	"math"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
)

// post is what is done to the scores of a row at the end.
type post uint8

const (
	postNone post = iota
	postSoftmax
	postLogistic
	postSoftmaxZero
	postProbit
)

func newPost(b *op.Build) post {
	switch b.Str("post_transform", "NONE", "NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT") {
	case "SOFTMAX":
		return postSoftmax
	case "LOGISTIC":
		return postLogistic
	case "SOFTMAX_ZERO":
		return postSoftmaxZero
	case "PROBIT":
		return postProbit
	}
	return postNone
}

// row applies p to the scores of one row.
func (p post) row(s []float32) {
	switch p {
	case postLogistic:
		for i, v := range s {
			s[i] = kernel.Sigmoid(v)
		}
	case postProbit:
		for i, v := range s {
			s[i] = probit(v)
		}
	case postSoftmax:
		softmax(s, false)
	case postSoftmaxZero:
		softmax(s, true)
	}
}

// softmax in place; with keepZero, scores of zero stay zero and do not count.
func softmax(s []float32, keepZero bool) {
	if len(s) == 0 {
		return
	}
	top, sum := s[argMax(s)], float32(0)
	for i, v := range s {
		if keepZero && v > -1e-7 && v < 1e-7 {
			s[i] = 0
			continue
		}
		s[i] = kernel.Exp(v - top)
		sum += s[i]
	}
	if sum == 0 {
		return
	}
	for i := range s {
		s[i] /= sum
	}
}

// probit is the inverse of the normal distribution, by Winitzki's approximation
// of the inverse error function (2008), which ONNX Runtime uses too.
func probit(v float32) float32 {
	x := float64(2*v - 1)
	sign := 1.0
	if x < 0 {
		sign = -1
	}
	l := math.Log((1 - x) * (1 + x))
	a := 2/(math.Pi*0.147) + 0.5*l
	b := l / 0.147
	return float32(math.Sqrt2 * sign * math.Sqrt(math.Sqrt(a*a-b)-a))
}

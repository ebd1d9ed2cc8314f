package trees

import "math"

// finisher turns the aggregated votes of a row into its outputs and its label.
//
//	rule     | when                                            | outputs before Post      | label
//	---------+-------------------------------------------------+--------------------------+------------------------------
//	perSlot  | regressor; classifier not below                 | s[k] + base[k]           | top s[k] among classes voted for
//	single   | one target or class                             | s + base; Post: Probit   | 1 if s > 0, else 0: the number
//	         |                                                 | only, unless Exact       | itself, not a class label's index
//	pairZero | two classes, all votes name class 0: s is the   | no negative weight:      | s > 0.5
//	         | score of class 1 in truth (as converters do)    | (1-s, s), else (-s, s);  | s > 0
//	         |                                                 | Post: Logistic gives     |
//	         |                                                 | (σ(-s), σ(s)), Probit    |
//	         |                                                 | both, others nothing     |
//	pairOne  | two classes, all votes name class 1             | (0, s)                   | as pairZero
//
// A single base value of a pairZero ensemble is added to s, one of a pairOne ensemble is not used. With a pair of base
// values a pairZero row is (s + base[0], 0) and a pairOne row (0, s + base[1]), then Post on both. Except for the last
// (ONNX Runtime loses s there) and for Probit of pairZero (it leaves one of two outputs unwritten) this is what ONNX Runtime
// 1.32 was seen to do.
type finisher struct {
	rule      rule
	aggregate Aggregate
	post      PostTransform
	trees     float64   // divisor of Average
	base      []float64 // empty, or one per accumulator
	outputs   int
	threshold float64 // of pairs
	positive  bool    // pairs: no negative weight
	twoBases  bool    // pairs: base is a pair of which one counts
}

type rule uint8

const (
	perSlot rule = iota
	single
	pairZero
	pairOne
)

func newFinisher(e *Ensemble) finisher {
	f := finisher{
		rule: perSlot, aggregate: e.Aggregate, post: e.Post,
		trees: float64(max(1, len(e.Roots))), base: e.Base, outputs: e.Targets,
	}
	if e.Classifier {
		f.aggregate = Sum
	}
	switch {
	case e.Targets == 1:
		f.single(e)
	case e.Classifier && e.Targets == 2:
		f.pair(e)
	}
	return f
}

func (f *finisher) single(e *Ensemble) {
	f.rule = single
	if f.post != Probit && !e.Exact {
		f.post = None
	}
	f.base = f.base[:min(1, len(f.base))]
}

func (f *finisher) pair(e *Ensemble) {
	var votes [2]bool
	f.positive = true
	for _, v := range e.Votes {
		votes[v.Target&1] = true
		f.positive = f.positive && !(v.Weight < 0)
	}
	if f.positive {
		f.threshold = 0.5
	}
	switch {
	case votes[0] && votes[1]:
		if len(f.base) == 1 {
			f.base = []float64{f.base[0], 0}
		}
		return
	case votes[1]:
		f.rule = pairOne
	default:
		f.rule = pairZero
	}
	switch {
	case len(f.base) == 2:
		f.twoBases = true
		f.base = f.base[f.rule-pairZero:][:1]
	case f.rule == pairOne:
		f.base = nil
	}
}

// slots is the number of accumulators a row needs.
func (f *finisher) slots() int {
	if f.rule == perSlot {
		return f.outputs
	}
	return 1
}

// sums reports whether votes are added up.
func (f *finisher) sums() bool { return f.aggregate == Sum || f.aggregate == Average }

// start is the value of an accumulator that has no vote yet. Sums start at -0: adding a vote, which is never -0, ends
// that, so a sum that is still -0 has no vote. Extremes start at NaN.
func (f *finisher) start() float64 {
	if f.aggregate == Min || f.aggregate == Max {
		return math.NaN()
	}
	return math.Copysign(0, -1)
}

// finish consumes the accumulators s of one row.
func finish[D Float](f *finisher, s []float64, dst []D) (label int64) {
	if f.rule == perSlot {
		label = f.row(s)
		for k, v := range s {
			dst[k] = D(v)
		}
		return label
	}
	v := f.value(s[0], 0)
	if f.rule == single {
		dst[0] = D(transform(f.post, v))
		return label01(v > 0)
	}
	z0, z1 := f.pairScores(v)
	dst[0], dst[1] = D(z0), D(z1)
	return label01(v > f.threshold)
}

func label01(positive bool) int64 {
	if positive {
		return 1
	}
	return 0
}

// value is an accumulator's final score; a target nobody voted for has 0.
func (f *finisher) value(s float64, k int) float64 {
	switch f.aggregate {
	case Average:
		s /= f.trees
	case Min, Max:
		if s != s {
			s = 0
		}
	}
	if k < len(f.base) {
		return s + f.base[k]
	}
	return s + 0 // -0 becomes 0
}

func (f *finisher) row(s []float64) (label int64) {
	best := -1
	for k, v := range s {
		voted := len(f.base) > 0 || f.outputs == 2 || !(v == 0 && math.Signbit(v))
		s[k] = f.value(v, k)
		if voted && (best < 0 || s[k] > s[best]) {
			best = k
		}
	}
	transformRow(f.post, s)
	return int64(max(best, 0))
}

func (f *finisher) pairScores(s float64) (z0, z1 float64) {
	switch {
	case f.rule == pairOne:
		return transformPair(f.post, 0, s)
	case f.twoBases:
		return transformPair(f.post, s, 0)
	}
	z0 = -s
	if f.positive {
		z0 = 1 - s
	}
	switch f.post {
	case Logistic:
		p := logistic(math.Abs(s))
		if s < 0 {
			return p, 1 - p
		}
		return 1 - p, p
	case Probit:
		return probit(z0), probit(s)
	}
	return z0, s
}

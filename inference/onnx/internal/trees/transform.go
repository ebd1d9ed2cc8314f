package trees

import "math"

// transform applies the post transforms that look at one score.
func transform(p PostTransform, v float64) float64 {
	switch p {
	case Logistic:
		return logistic(v)
	case Probit:
		return probit(v)
	case Softmax, SoftmaxZero:
		return 1
	}
	return v
}

func transformPair(p PostTransform, a, b float64) (float64, float64) {
	row := [2]float64{a, b}
	transformRow(p, row[:])
	return row[0], row[1]
}

// transformRow works in place.
func transformRow(p PostTransform, row []float64) {
	switch p {
	case Softmax:
		softmax(row, false)
	case SoftmaxZero:
		softmax(row, true)
	case Logistic, Probit:
		for i, v := range row {
			row[i] = transform(p, v)
		}
	}
}

// logistic never overflows: the exponent is at most 0.
func logistic(v float64) float64 {
	y := 1 / (1 + math.Exp(-math.Abs(v)))
	if v < 0 {
		return 1 - y
	}
	return y
}

// softmax shifts by the largest score, so that no exponent is above 0. With keepZero, scores within 1e-7 of zero stay out of the
// sum and are scaled by exp(-largest); a row of nothing but zeros is then 0/0, NaN, as in ONNX Runtime.
func softmax(row []float64, keepZero bool) {
	top := math.Inf(-1)
	for _, v := range row {
		top = max(top, v)
	}
	sum := 0.0
	for i, v := range row {
		if keepZero && v <= 1e-7 && v >= -1e-7 {
			row[i] = v * math.Exp(-top)
			continue
		}
		row[i] = math.Exp(v - top)
		sum += row[i]
	}
	for i := range row {
		row[i] /= sum
	}
}

// probit is √2·erf⁻¹(2v-1) with Winitzki's approximation of erf⁻¹ (a = 0.147, relative error below 2e-3); outside
// of [0, 1] it is NaN, at the ends ±Inf.
func probit(v float64) float64 {
	const a = 0.147
	x := 2*v - 1
	l := math.Log((1 - x) * (1 + x))
	h := 2/(math.Pi*a) + 0.5*l
	y := math.Sqrt2 * math.Sqrt(math.Sqrt(h*h-l/a)-h)
	if x < 0 {
		return -y
	}
	return y
}

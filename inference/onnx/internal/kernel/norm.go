package kernel

import "math"

// NormalizeRow writes (x - mean) / sqrt(variance + epsilon) * scale + bias, or if
// not centred x / sqrt(mean square + epsilon) * scale + bias; scale and bias may be
// nil. It returns the mean and the inverse deviation.
func NormalizeRow(dst, x, scale, bias []float32, epsilon float64, centred bool) (mean, inverse float32) {
	if s := Best(); s.lanes > 0 && len(x) >= s.lanes && scale != nil && bias != nil && centred {
		return s.NormalizeRow(dst, x, scale, bias, epsilon)
	}
	return normalizeRow(dst, x, scale, bias, epsilon, centred)
}

// NormalizeRow is the function of that name where there is a mean, scale and bias.
// Sums are of float32, in as many parts as there are lanes.
func (s *ISA) NormalizeRow(dst, x, scale, bias []float32, epsilon float64) (mean, inverse float32) {
	if s.lanes == 0 {
		return normalizeRow(dst, x, scale, bias, epsilon, true)
	}
	n := len(x)
	dst, scale, bias = dst[:n], scale[:n], bias[:n]
	whole := n &^ (s.lanes - 1)
	var sums [maxLanes]float32
	if whole > 0 {
		vecSum(s.lanes, &sums[0], &x[0], whole)
	}
	mean = s.join(&sums, x[whole:], 0, false) / float32(n)
	clear(sums[:])
	if whole > 0 {
		vecSquares(s.lanes, &sums[0], &x[0], &mean, whole)
	}
	variance := s.join(&sums, x[whole:], mean, true) / float32(n)
	inverse = float32(1 / math.Sqrt(float64(variance)+epsilon))
	if whole > 0 {
		vecNorm(s.lanes, &dst[0], &x[0], &scale[0], &bias[0], &mean, &inverse, whole)
	}
	for i := whole; i < n; i++ {
		dst[i] = (x[i]-mean)*inverse*scale[i] + bias[i]
	}
	return mean, inverse
}

// join adds up the lanes' sums and the numbers, or squares of distances, that are
// left of them.
func (s *ISA) join(sums *[maxLanes]float32, rest []float32, shift float32, square bool) float32 {
	total := float32(0)
	for _, v := range sums[:s.lanes] {
		total += v
	}
	for _, v := range rest {
		v -= shift
		if square {
			v *= v
		}
		total += v
	}
	return total
}

func normalizeRow(dst, x, scale, bias []float32, epsilon float64, centred bool) (mean, inverse float32) {
	var sum, square float64
	if centred {
		for _, v := range x {
			sum += float64(v)
		}
		sum /= float64(len(x))
	}
	for _, v := range x {
		d := float64(v) - sum
		square += d * d
	}
	m, s := float32(sum), float32(1/math.Sqrt(square/float64(len(x))+epsilon))
	dst = dst[:len(x)]
	switch {
	case scale == nil:
		for i, v := range x {
			dst[i] = (v - m) * s
		}
	case bias == nil:
		scale = scale[:len(x)]
		for i, v := range x {
			dst[i] = (v - m) * s * scale[i]
		}
	default:
		scale, bias = scale[:len(x)], bias[:len(x)]
		for i, v := range x {
			dst[i] = (v-m)*s*scale[i] + bias[i]
		}
	}
	return m, s
}

package kernel

import "math"

// NormalizeRow writes (x - mean) / sqrt(variance + epsilon) * scale + bias, or if
// not centred x / sqrt(mean square + epsilon) * scale + bias; scale and bias may be
// nil. It returns the mean and the inverse deviation.
func NormalizeRow(dst, x, scale, bias []float32, epsilon float64, centred bool) (mean, inverse float32) {
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

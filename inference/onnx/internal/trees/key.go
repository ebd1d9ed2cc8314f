package trees

import "math"

// Keys are unsigned integers of the order of the floats they stand for:
//
//	0: NaN where it counts as lowest | -Inf … -0, +0 … +Inf | highest: NaN where it counts as highest
//
// A walk compares integers: between a load and the next address that costs less than half of a float comparison, and
// NaN takes part like any other value. -0 sorts below +0, which does no harm: a cut at zero is at +0, none is between.
type keys uint8

const (
	// keys32: features are float32, or integers taken as the nearest float32.
	keys32 keys = iota
	// keys64by32: features are float64 and every threshold is a float32. Rounding a feature up to a float32 does not change
	// how it compares with x > t, rounding it down does not change x >= t; so rows of 32-bit keys are exact.
	keys64by32
	// keys64: features are float64, thresholds too.
	keys64
)

const (
	top32 = 1<<32 - 1
	top64 = 1<<64 - 1
)

func key32(f float32) uint64 {
	b := math.Float32bits(f)
	return uint64(b ^ (uint32(int32(b)>>31) | 1<<31))
}

func key64(f float64) uint64 {
	b := math.Float64bits(f)
	return b ^ (uint64(int64(b)>>63) | 1<<63)
}

// floor32 is the largest float32 that is not above t, ceil32 the smallest that is not below.
func floor32(t float64) float32 {
	f := float32(t)
	if float64(f) > t {
		f = math.Nextafter32(f, float32(math.Inf(-1)))
	}
	return f
}

func ceil32(t float64) float32 {
	f := float32(t)
	if float64(f) < t {
		f = math.Nextafter32(f, float32(math.Inf(1)))
	}
	return f
}

// cut is a place between two features: those above key lie right of it.
type cut struct {
	key  uint64
	down bool // keys64by32: compare the feature rounded down, not up
}

// place is the cut at t, so that x lies right of it when x > t. It is not exact if k is keys64by32 and t is no such cut.
func (k keys) place(t float64) (c cut, exact bool) {
	switch k {
	case keys32:
		return cut{key: key32(floor32(t) + 0)}, true
	case keys64:
		return cut{key: key64(t + 0)}, true
	}
	if f := float32(t); float64(f) == t {
		return cut{key: key32(f + 0)}, true
	}
	next := math.Nextafter(t, math.Inf(1)) // x > t is x >= next
	f := float32(next)
	below := math.Nextafter32(f, float32(math.Inf(-1)))
	return cut{key: key32(below + 0), down: true}, float64(f) == next
}

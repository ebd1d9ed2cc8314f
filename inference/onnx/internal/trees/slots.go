package trees

import "slices"

// slotKey names what a slot of a widened row holds: a feature, whether it is rounded down (keys64by32 only), and at which end
// of the order its NaN is.
type slotKey int32

const (
	slotHigh  = 1
	slotDown  = 2
	slotKinds = 4
)

func slotOf(feature int32, down, high bool) slotKey {
	k := slotKey(feature) * slotKinds
	if down {
		k |= slotDown
	}
	if high {
		k |= slotHigh
	}
	return k
}

// slots says what a widened row holds: slot 0 is key 0, which lies right of nothing; then all features of the first kind, and so
// on. A feature that no branch compares has no slot, one that is compared in two ways has two.
type slots struct {
	features [slotKinds][]int32
	width    int
}

// assignSlots also returns each key's slot.
func assignSlots(l *lowered) (s slots, at map[slotKey]uint32) {
	at = map[slotKey]uint32{}
	last := slotKey(-1)
	for i := range l.branches {
		if k := l.branches[i].slot; k != last {
			at[k], last = 0, k
		}
	}
	for k := range at {
		f := &s.features[k%slotKinds]
		*f = append(*f, int32(k/slotKinds))
	}
	s.width = 1
	for kind, features := range s.features {
		slices.Sort(features)
		for _, f := range features {
			at[slotKey(f)*slotKinds+slotKey(kind)] = uint32(s.width)
			s.width++
		}
	}
	return s, at
}

// widen32 fills d with the keys of a row, shifted to where nodes have their cut.
func widen32[X Input](s *slots, d []uint64, x []X) {
	d[0] = 0
	d = d[1:]
	low, high := s.features[0], s.features[slotHigh]
	for i, f := range low {
		v := float32(x[f])
		k := key32(v) << 32
		if v != v {
			k = 0
		}
		d[i] = k
	}
	d = d[len(low):]
	for i, f := range high {
		v := float32(x[f])
		k := key32(v) << 32
		if v != v {
			k = top32 << 32
		}
		d[i] = k
	}
}

// widen64by32 is widen32 for float64 features and float32 thresholds.
func widen64by32(s *slots, d []uint64, x []float64) {
	d[0] = 0
	d = d[1:]
	for kind, features := range s.features {
		for i, f := range features {
			d[i] = key64by32(x[f], kind) << 32
		}
		d = d[len(features):]
	}
}

func key64by32(v float64, kind int) uint64 {
	switch {
	case v != v && kind&slotHigh != 0:
		return top32
	case v != v:
		return 0
	case kind&slotDown != 0:
		return key32(floor32(v))
	}
	return key32(ceil32(v))
}

// widen64 fills d with 64-bit keys for wide nodes; single rounds float64 features to float32.
func widen64[X Input](s *slots, d []uint64, x []X, single bool) {
	d[0] = 0
	d = d[1:]
	for kind, features := range s.features {
		nan := uint64(0)
		if kind&slotHigh != 0 {
			nan = top64
		}
		for i, f := range features {
			v := asFloat(x[f], single)
			d[i] = key64(v)
			if v != v {
				d[i] = nan
			}
		}
		d = d[len(features):]
	}
}

// asFloat is a feature as it is compared: integers as the nearest float32, and float64 too if single.
func asFloat[X Input](v X, single bool) float64 {
	if d, ok := any(v).(float64); ok && !single {
		return d
	}
	return float64(float32(v))
}

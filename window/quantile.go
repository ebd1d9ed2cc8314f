package window

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Accuracy is the relative error of [Quantile]: a result is within one percent
// of a value whose rank is exact.
const Accuracy = 0.01

// maxBins bounds a sketch; 2,048 bins at one percent span a factor of 6e17
// between the greatest and the least value that are told apart.
const maxBins = 2048

// QuantileAcc is a sketch of a distribution after DDSketch (Masson, Rim and
// Lee, VLDB 2019): counts in bins whose borders grow geometrically. Its size is
// bounded by 2 * 2,048 counts. When values span more than 6e17, the smallest
// ones share a bin and lose their accuracy; the high quantiles keep theirs.
type QuantileAcc struct {
	Count     int64 // finite values
	Zero      int64 // values too small for a bin
	Low, High float64
	Positive  Bins
	Negative  Bins // of the absolute values
}

// Bins are counts of neighbouring bins, from bin Offset on.
type Bins struct {
	Offset int32
	Counts []int64
}

// gamma is the ratio of a bin's borders; bin i holds (gamma^(i-1), gamma^i].
const gamma = (1 + Accuracy) / (1 - Accuracy)

// leastValue is where bins start; smaller magnitudes count as zero.
const leastValue = 1e-300

func binOf(v float64) int32 { return int32(math.Ceil(math.Log(v) / math.Log(gamma))) }

// valueOf is the point of a bin whose relative distance to both borders is the
// accuracy.
func valueOf(bin int32) float64 { return 2 * math.Pow(gamma, float64(bin)) / (gamma + 1) }

// Add enters a value. One that is not finite is left out.
func (a *QuantileAcc) Add(v float64) {
	if v-v != 0 {
		return
	}
	if a.Count == 0 {
		a.Low, a.High = v, v
	}
	a.Count++
	a.Low, a.High = min(a.Low, v), max(a.High, v)
	switch {
	case v > leastValue:
		a.Positive.add(binOf(v), 1)
	case v < -leastValue:
		a.Negative.add(binOf(-v), 1)
	default:
		a.Zero++
	}
}

// Merge enters all values of o, which stays as it is.
func (a *QuantileAcc) Merge(o *QuantileAcc) {
	if o.Count == 0 {
		return
	}
	if a.Count == 0 {
		a.Low, a.High = o.Low, o.High
	}
	a.Low, a.High = min(a.Low, o.Low), max(a.High, o.High)
	a.Count += o.Count
	a.Zero += o.Zero
	a.Positive.merge(&o.Positive)
	a.Negative.merge(&o.Negative)
}

// Quantile is the value below which about the share q of the values lies; 0 is
// the least and 1 the greatest value, both exact. Over no value it is 0.
func (a *QuantileAcc) Quantile(q float64) float64 {
	switch {
	case a.Count == 0:
		return 0
	case q <= 0:
		return a.Low
	case q >= 1:
		return a.High
	}
	return min(max(a.at(int64(q*float64(a.Count-1))), a.Low), a.High)
}

// at is about the value of a rank, 0 for the least.
func (a *QuantileAcc) at(rank int64) float64 {
	for i, c := range slices.Backward(a.Negative.Counts) {
		if rank -= c; rank < 0 {
			return -valueOf(a.Negative.Offset + int32(i))
		}
	}
	if rank -= a.Zero; rank < 0 {
		return 0
	}
	for i, c := range a.Positive.Counts {
		if rank -= c; rank < 0 {
			return valueOf(a.Positive.Offset + int32(i))
		}
	}
	return a.High
}

func (b *Bins) merge(o *Bins) {
	for i, c := range o.Counts {
		if c > 0 {
			b.add(o.Offset+int32(i), c)
		}
	}
}

// add counts n in a bin. The lowest bins fold into one to keep the bound; what
// they hold does not depend on the order of the calls.
func (b *Bins) add(bin int32, n int64) {
	if len(b.Counts) == 0 {
		b.Offset = bin
	}
	top := max(b.Offset+int32(len(b.Counts))-1, bin)
	bin = max(bin, top-maxBins+1)
	b.fold(top - maxBins + 1)
	if bin < b.Offset {
		b.Counts = slices.Insert(b.Counts, 0, make([]int64, b.Offset-bin)...)
		b.Offset = bin
	}
	for b.Offset+int32(len(b.Counts)) <= bin {
		b.Counts = append(b.Counts, 0)
	}
	b.Counts[bin-b.Offset] += n
}

// fold moves the counts of all bins below lowest into that one.
func (b *Bins) fold(lowest int32) {
	if lowest <= b.Offset {
		return
	}
	folded := int64(0)
	for i := b.Offset; i < lowest && int(i-b.Offset) < len(b.Counts); i++ {
		folded += b.Counts[i-b.Offset]
	}
	b.Counts = slices.Delete(b.Counts, 0, min(int(lowest-b.Offset), len(b.Counts)))
	b.Offset = lowest
	if folded == 0 {
		return
	}
	if len(b.Counts) == 0 {
		b.Counts = append(b.Counts, 0)
	}
	b.Counts[0] += folded
}

type quantiles[T any, N Number] struct {
	of func(T) N
	q  []float64
}

type quantile[T any, N Number] struct{ quantiles[T, N] }

// Quantile is about the value below which the share q of the values lies, e.g.
// 0.99, within [Accuracy]. Values that are not finite are left out.
func Quantile[T any, N Number](of func(T) N, q float64) Aggregator[T, QuantileAcc, float64] {
	return quantile[T, N]{quantiles[T, N]{of, []float64{q}}}
}

// Quantiles is [Quantile] for several shares at once, in their order.
func Quantiles[T any, N Number](of func(T) N, q ...float64) Aggregator[T, QuantileAcc, []float64] {
	return quantiles[T, N]{of, slices.Clone(q)}
}

// Validate implements [Validator].
func (a quantiles[T, N]) Validate() (err error) {
	for _, q := range a.q {
		if !(q >= 0 && q <= 1) {
			err = errors.Join(err, fmt.Errorf("%w: quantile: %v is not between 0 and 1; the median is 0.5", ErrInvalid, q))
		}
	}
	return err
}

func (a quantiles[T, N]) Add(acc *QuantileAcc, v *T)     { acc.Add(float64(a.of(*v))) }
func (a quantiles[T, N]) Merge(dst, src *QuantileAcc)    { dst.Merge(src) }
func (a quantile[T, N]) Result(acc *QuantileAcc) float64 { return acc.Quantile(a.q[0]) }

func (a quantiles[T, N]) Result(acc *QuantileAcc) []float64 {
	out := make([]float64, len(a.q))
	for i, q := range a.q {
		out[i] = acc.Quantile(q)
	}
	return out
}

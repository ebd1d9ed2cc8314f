package text

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// tfIdf counts the n-grams of a pool in each row, with up to skips tokens left out
// between neighbours, and weighs the counts.
type tfIdf struct {
	mode           string
	minLen, maxLen int
	skips          int
	pool           []gram
	weights        []float32
	width          int
	strings        bool
}

// gram is one n-gram: its tokens, and the column it counts in.
type gram struct {
	ints   []int64
	strs   []string
	column int
}

func newTfIdf(b *op.Build) (op.Kernel, error) {
	k := &tfIdf{
		mode: b.Str("mode", "TF", "TF", "IDF", "TFIDF"), minLen: b.Int("min_gram_length", 1), maxLen: b.Int("max_gram_length", 1),
		skips: b.Int("max_skip_count", 0), weights: b.Floats("weights"),
	}
	ints, strs := b.Int64s("pool_int64s"), b.Strs("pool_strings")
	k.strings = strs != nil
	starts, columns := b.Ints("ngram_counts"), b.Ints("ngram_indexes")
	k.fill(b, starts, columns, ints, strs)
	if k.skips < 0 || k.skips > 1<<16 || k.minLen < 1 || k.maxLen < k.minLen {
		b.Fail("grams of %d to %d with %d skips", k.minLen, k.maxLen, k.skips)
	}
	return op.Func(k.Run), nil
}

// fill cuts the pool into its n-grams: starts[n-1] is where those of n tokens begin.
func (k *tfIdf) fill(b *op.Build, starts, columns []int, ints []int64, strs []string) {
	total := max(len(ints), len(strs))
	for n := 1; n <= len(starts); n++ {
		end := total
		if n < len(starts) {
			end = starts[n]
		}
		for at := starts[n-1]; at+n <= end; at += n {
			if at < 0 || at+n > total || len(k.pool) >= len(columns) || columns[len(k.pool)] < 0 || columns[len(k.pool)] > 1<<24 {
				b.Fail("ngram_counts %v and %d ngram_indexes do not fit a pool of %d", starts, len(columns), total)
				return
			}
			g := gram{column: columns[len(k.pool)]}
			if strs != nil {
				g.strs = strs[at : at+n]
			} else {
				g.ints = ints[at : at+n]
			}
			k.width = max(k.width, g.column+1)
			k.pool = append(k.pool, g)
		}
	}
}

func (k *tfIdf) Run(c *op.Ctx) error {
	x, err := c.Need(0)
	if err != nil {
		return err
	}
	rows, n := 1, x.Dim(-1)
	shape := []int{k.width}
	if x.Rank() == 2 {
		rows = x.Dim(0)
		shape = []int{rows, k.width}
	}
	if x.Rank() > 2 || k.strings != (x.Elem() == tensor.String) {
		return fmt.Errorf("%w: TfIdfVectorizer of %v", op.ErrInput, x)
	}
	y, err := c.OutZero(0, tensor.Float32, shape)
	if err != nil {
		return err
	}
	var ints []int64
	if !k.strings {
		if ints, err = asInts(x); err != nil {
			return err
		}
	}
	for r := range rows {
		dst := tensor.Slice[float32](y)[r*k.width:][:k.width]
		if k.strings {
			countGrams(k, dst, x.Strings()[r*n:][:n], func(g gram) []string { return g.strs })
		} else {
			countGrams(k, dst, ints[r*n:][:n], func(g gram) []int64 { return g.ints })
		}
		k.weigh(dst)
	}
	return nil
}

func asInts(x *tensor.Tensor) ([]int64, error) {
	if v := tensor.Slice[int64](x); v != nil || x.Elem() == tensor.Int64 {
		return v, nil
	}
	if x.Elem() != tensor.Int32 {
		return nil, fmt.Errorf("%w: tokens of %v", op.ErrType, x)
	}
	var out []int64
	for _, v := range tensor.Slice[int32](x) {
		out = append(out, int64(v))
	}
	return out, nil
}

// countGrams adds the appearances of each gram; single tokens have no skips.
func countGrams[T comparable](k *tfIdf, dst []float32, row []T, tokens func(gram) []T) {
	for i, g := range k.pool {
		want := tokens(k.pool[i])
		if len(want) < k.minLen || len(want) > k.maxLen {
			continue
		}
		for step := 1; step <= k.skips+1; step++ {
			for at := 0; at+(len(want)-1)*step < len(row); at++ {
				if matches(row[at:], want, step) {
					dst[g.column]++
				}
			}
			if len(want) == 1 {
				break
			}
		}
	}
}

func matches[T comparable](row, want []T, step int) bool {
	for i, w := range want {
		if row[i*step] != w {
			return false
		}
	}
	return true
}

// weigh turns counts into the result that the mode asks for. Weights are in the
// order of the pool's grams.
func (k *tfIdf) weigh(dst []float32) {
	if k.mode == "TF" {
		return
	}
	for i, g := range k.pool {
		w := float32(1)
		if i < len(k.weights) {
			w = k.weights[i]
		}
		switch {
		case dst[g.column] == 0:
		case k.mode == "IDF":
			dst[g.column] = w
		default:
			dst[g.column] *= w
		}
	}
}

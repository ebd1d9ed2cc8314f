package kernel_test

import (
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
)

// TestPairs compares products of integers with sums taken one by one; they are exact.
func TestPairs(t *testing.T) {
	rng := rand.New(rand.NewSource(11))
	ints := func(n int) []int32 {
		v := make([]int32, n)
		for i := range v {
			v[i] = int32(rng.Intn(511) - 255)
		}
		return v
	}
	for _, isa := range kernel.ISAs() {
		for _, s := range [][3]int{{1, 1, 1}, {3, 5, 0}, {2, 32, 7}, {14, 33, 16}, {15, 16, 9}, {30, 70, 33}, {1, 8, 300}} {
			m, n, k := s[0], s[1], s[2]
			a, b := ints(m*k), ints(k*n)
			p := isa.PackInts(make([]int32, isa.PackedIntsLen(k, n)), b, k, n, n)
			pairs, got := make([]int32, m*kernel.PairsLen(k)), make([]int32, m*n)
			kernel.Pairs(pairs, a, m, k)
			p.Mul(got, n, pairs, m, make([]int32, m*p.Width()))
			for r := range m {
				for c := range n {
					want := int32(0)
					for i := range k {
						want += a[r*k+i] * b[i*n+c]
					}
					require.Equal(t, want, got[r*n+c], "%s %v", isa.Name, s)
				}
			}
		}
	}
}

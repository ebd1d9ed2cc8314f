package ops_test

import (
	"fmt"
	"math/rand"
	"sort"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx"
	"github.com/turgo-io/turgo/inference/onnx/internal/onnxtest"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops"
	"github.com/turgo-io/turgo/inference/tensor"
)

func TestTableIsSound(t *testing.T) {
	set := ops.All()
	n := 0
	set.Names(func(domain, name string) {
		d := set.Find(domain, name)
		require.NotNil(t, d.New, name)
		require.Positive(t, d.Since, name)
		n++
	})
	require.Greater(t, n, 150)
	require.Nil(t, set.Find("", "NoSuchOperator"))
	require.Equal(t, n, ops.Listed(), "an operator is listed twice")
}

// TestNoInputPanics gives every operator inputs of all types and odd shapes, with no
// attributes: each must give a result or an error, and never fail inside.
func TestNoInputPanics(t *testing.T) {
	var names []string
	ops.All().Names(func(domain, name string) {
		if domain != "" {
			name = domain + ":" + name
		}
		names = append(names, name)
	})
	sort.Strings(names)
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewSource(1))
			for i := range rounds() {
				in := make([]*tensor.Tensor, rng.Intn(6))
				for k := range in {
					in[k] = anything(rng, i%3 == 0)
				}
				_, err := onnxtest.One(26, name, nil, in...)
				require.NotErrorIs(t, err, onnx.ErrInternal, "%v", in)
			}
		})
	}
}

// rounds is how many sets of inputs each operator gets.
func rounds() int {
	if testing.Short() {
		return 40
	}
	return 150
}

// anything is a small tensor of any type and shape, scalars and empty ones among
// them; nil now and then. Alike ones are all float32 of few shapes, so that
// operators get past their first checks.
func anything(rng *rand.Rand, alike bool) *tensor.Tensor {
	if rng.Intn(12) == 0 {
		return nil
	}
	elem := tensor.Elem(1 + rng.Intn(int(tensor.Int2)))
	shape := make([]int, rng.Intn(6))
	if alike {
		elem, shape = tensor.Float32, make([]int, 1+rng.Intn(4))
		if rng.Intn(4) == 0 {
			elem = tensor.Int64
		}
	}
	for i := range shape {
		shape[i] = rng.Intn(4)
		if alike {
			shape[i] = 1 + rng.Intn(3)
		}
	}
	x, err := tensor.New(elem, shape...)
	if err != nil {
		panic(fmt.Sprint(elem, shape, err))
	}
	for i, d := 0, tensor.Slice[int64](x); i < len(d); i++ {
		d[i] = int64(rng.Intn(5) - 1)
	}
	for i, d := 0, tensor.Slice[float32](x); i < len(d); i++ {
		d[i] = float32(rng.Intn(9)) / 2
	}
	return x
}

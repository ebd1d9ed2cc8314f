package treefile_test

import (
	"fmt"
	"math"
	"os"

	"github.com/turgo-io/turgo/inference/onnx/treefile"
)

func ExampleReadLightGBM() {
	f, err := os.Open("testdata/multi.lgb.txt")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()
	m, err := treefile.ReadLightGBM(f, treefile.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	x := []float32{ // two rows
		1.5, 0, 0, 2, 0,
		float32(math.NaN()), 1, 0, 0, 0,
	}
	scores := make([]float32, 2*m.Outputs())
	if err := m.Predict(scores, x, 2, m.Features()); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.3f\n%.3f\n", scores[:3], scores[3:])
	// Output:
	// [0.268 0.242 0.490]
	// [0.445 0.341 0.214]
}

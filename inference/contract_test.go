package inference_test

import (
	"fmt"
	"testing"

	"github.com/turgo-io/turgo/inference"
	"github.com/turgo-io/turgo/inference/tensor"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/operator/operatortest"
)

// TestContract runs the operator in every way that a job would.
func TestContract(t *testing.T) {
	failed := operator.NewSide[inference.Failed[reading]]("failed")
	model := echo(tensor.Float32, -1, 2).model(t)
	result := func(r reading, y [2]float32) string { return fmt.Sprint(r.ID, y) }
	read := func(id int, v ...float32) reading { return reading{id, v} }
	for _, batch := range []inference.Batch{{}, {Max: 1}, {Max: 2}, {Max: 3, Wait: true}} {
		t.Run(fmt.Sprintf("%+v", batch), func(t *testing.T) {
			modes := operatortest.Batched | operatortest.Stopped
			if batch.Max == 1 { // else a barrier after each record makes other batches, and another count of them
				modes |= operatortest.Restored
			}
			operatortest.Run(t, inference.Predict(model, batch, result, inference.FailedTo(failed)),
				operatortest.Of[reading]().At("10:00:00", read(1, 1, 2), read(2, 1), read(3, 3, 4)).Clock("00:00:01").Barrier().Watermark("10:00:01").
					At("10:00:02", read(4, 5, 6)).Clock("00:00:02").Untimed(read(5, 7, 8), read(6)).Barrier().Idle().Untimed(read(7, 9, 9)).Clock("00:00:03"),
				operatortest.Of[string]().At("10:00:00", "1 [1 2]", "3 [3 4]").At("10:00:02", "4 [5 6]").Untimed("5 [7 8]", "7 [9 9]"),
				operatortest.WantCounter("errors", 2), operatortest.Only(modes))
		})
	}
}

package inference_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/connector/memory"
	"github.com/turgo-io/turgo/inference"
	"github.com/turgo-io/turgo/inference/tensor"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/stream"
	"github.com/turgo-io/turgo/stream/streamtest"
)

// reading is a record with the length of its slice for a culprit: the model takes two values.
type reading struct {
	ID     int
	Values []float32 `onnx:"x"`
}

// TestCrashes: over random crashes every record is predicted once, by an ONNX model with batches of several sizes,
// and those that it cannot take are on the side output.
func TestCrashes(t *testing.T) {
	model := echo(tensor.Float32, -1, 2).model(t)
	bad := operator.NewSide[inference.Failed[reading]]("bad")
	crashes := 0
	for seed := range uint64(40) {
		h := streamtest.New(t, streamtest.Seed(seed), streamtest.With(stream.Parallelism(2), stream.CheckpointEvery(5*time.Millisecond)))
		h.CrashRandomly(2, 300)
		in := streamtest.Source[reading](h)
		var good, failed []int
		for i := range 200 {
			r := reading{i, []float32{float32(i), 1}}
			if i%37 == 5 {
				r.Values = r.Values[:1]
				failed = append(failed, i)
			} else {
				good = append(good, 2*i)
			}
			in.Split(i % 3).Add(r)
		}
		batch := inference.Batch{Max: 1 + int(seed)%9, Delay: time.Duration(seed%4+1) * time.Millisecond, Wait: seed%2 == 0}
		scored := in.Stream().Via(inference.Predict(model, batch, func(r reading, y [2]float32) int { return r.ID + int(y[0]) }, inference.FailedTo(bad)))
		out := streamtest.Collect(h, scored)
		aside := streamtest.Collect(h, scored.Side(bad).Map(func(f inference.Failed[reading]) int { return f.Value.ID }))
		h.Run()
		out.Exactly(t, good...)
		aside.Exactly(t, failed...)
		crashes += h.Crashes()
	}
	require.Positive(t, crashes)
}

// TestJobRefusesMismatch: the job names model, struct and both sides' fault, and does not start.
func TestJobRefusesMismatch(t *testing.T) {
	type Features struct {
		A [2]float32 `onnx:"x,0"`
		B float32    `onnx:"x,3"`
	}
	read := false
	job := stream.NewJob("churn")
	source := memory.Seq(func(yield func(Features) bool) { read = true })
	stream.From(job, source).
		Via(inference.Predict(echo(tensor.Float32, -1, 4).model(t), inference.Batch{}, func(Features, y) int { return 0 })).
		To(memory.Collect[int]())
	err := job.Run(context.Background())
	require.ErrorIs(t, err, inference.ErrMismatch)
	require.ErrorContains(t, err, "model churn.onnx wants input x float32[N,4]; struct Features gives columns 0-1, 3: column 2 has no field")
	require.ErrorContains(t, err, "job_test.go:", "and where in the program that is")
	require.False(t, read)
}

// TestParallelSubtasks: the model is shared by subtasks that run at the same time.
func TestParallelSubtasks(t *testing.T) {
	var rows [][2]int32
	for i := range int32(5000) {
		rows = append(rows, [2]int32{i, -i})
	}
	type both struct{ x, y [2]int32 }
	out := memory.Collect[both]()
	job := stream.NewJob("parallel", stream.Parallelism(4))
	stream.From(job, memory.Of(rows...)).Rebalance().
		Via(inference.Predict(echo(tensor.Int32, -1, 2).model(t), inference.Batch{Max: 7}, func(x, y [2]int32) both { return both{x, y} })).
		To(out)
	require.NoError(t, job.Run(context.Background()))
	got := make([][2]int32, len(rows))
	for _, b := range out.Values() {
		require.Equal(t, b.x, b.y)
		got[b.x[0]] = b.y
	}
	require.Equal(t, rows, got)
}

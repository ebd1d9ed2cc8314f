package inference_test

import (
	"context"
	"fmt"
	"log"

	"github.com/turgo-io/turgo/connector/memory"
	"github.com/turgo-io/turgo/connector/stdout"
	"github.com/turgo-io/turgo/examples/fraud/model"
	"github.com/turgo-io/turgo/inference"
	"github.com/turgo-io/turgo/stream"
)

type Purchase struct {
	Card   string
	Amount float32
}

type Risk struct{ P float32 }

// alerts is a pipeline that takes its model as an argument: an ONNX file in production, a function here.
func alerts(purchases *stream.Stream[Purchase], model *inference.Model) *stream.Stream[string] {
	return purchases.
		Via(inference.Predict(model, inference.Batch{Max: 256}, func(p Purchase, r Risk) string {
			return fmt.Sprintf("%s %.2f", p.Card, r.P)
		}))
}

func ExamplePredict() {
	job := stream.NewJob("fraud", stream.Parallelism(1))
	purchases := stream.From(job, memory.Of(Purchase{"c1", 10}, Purchase{"c2", 9000}))
	rules := inference.Func(func(p Purchase) Risk { return Risk{P: p.Amount / 10000} })
	alerts(purchases, rules).To(stdout.Print[string]())
	if err := job.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	// Output:
	// c1 0.00
	// c2 0.90
}

// A struct that does not fit the model is refused before the job starts, with both sides named.
func ExamplePredict_mismatch() {
	type Features struct {
		Amount float32     `onnx:"x,0"`
		Past   [30]float32 `onnx:"x,1"`
	}
	type Score struct {
		P [2]float32 `onnx:"probability"`
	}
	trees, err := inference.Load(model.ONNX(), inference.Named("fraud.onnx"))
	if err != nil {
		log.Fatal(err)
	}
	_, err = inference.Bind[Features, Score](trees)
	fmt.Println(err)
	// Output:
	// inference: model fraud.onnx wants input x float32[N,32]; struct Features gives columns 0-30: column 31 has no field
	// 	inference: field Score.P is tagged onnx:"probability"; model fraud.onnx has no output of that name: it gives label int64[N], probabilities float32[N,2]
}

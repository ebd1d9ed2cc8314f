package main

import (
	"context"
	"log"
	"strings"

	"github.com/turgo-io/turgo/connector/memory"
	"github.com/turgo-io/turgo/connector/stdout"
	"github.com/turgo-io/turgo/stream"
)

func main() {
	job := stream.NewJob("wordcount", stream.Parallelism(1))
	stream.From(job, memory.Lines("to be or not", "to be")).
		FlatMap(strings.FieldsSeq).
		KeyBy(strings.ToLower).
		Count().
		To(stdout.Print[stream.KV[string, int64]]())
	if err := job.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

package main

import (
	"errors"
	"flag"

	"github.com/turgo-io/turgo/state/snapshot"
)

type rescaleFlags struct{ maxParallelism int }

func rescaleCommand() *command {
	return &command{
		name: "checkpoint rescale", args: "CHECKPOINT STORE", least: 2, most: 2,
		short: "writes a checkpoint with another max parallelism",
		long: `Writes a copy of a checkpoint in which every key is where it belongs with another max parallelism (number of key groups),
into another store, from which the job then starts with stream.MaxParallelism of that number. The parallelism of operators
needs no such thing: it may change at every start.
`,
		flags: func(f *flag.FlagSet) any {
			r := &rescaleFlags{}
			f.IntVar(&r.maxParallelism, "max-parallelism", 0, "the new max parallelism, 1 to 32768")
			return r
		},
		run: rescale,
	}
}

func rescale(c *call) error {
	n := c.flags.(*rescaleFlags).maxParallelism
	if n == 0 {
		return errors.New("say which: -max-parallelism N")
	}
	return rewrite(c, func(e *snapshot.Editor) { e.SetMaxParallelism(n) })
}

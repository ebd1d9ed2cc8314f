package stream

import (
	"fmt"

	"github.com/turgo-io/turgo/internal/graph"
	"github.com/turgo-io/turgo/internal/runtime"
	"github.com/turgo-io/turgo/state/snapshot"
)

// Schema describes the state that the job keeps: store it as JSON (Encode), and have `turgo vet CHECKPOINT SCHEMA.json`
// say in a build whether the program can go on from a checkpoint. To learn what operators declare it opens them, as a
// start would, without a record and without their sources and sinks.
func (j *Job) Schema() (*snapshot.Program, error) {
	plan, err := j.plan()
	if err != nil {
		return nil, err
	}
	p := &snapshot.Program{Job: j.name, MaxParallelism: plan.MaxParallelism}
	for _, n := range plan.Nodes {
		kind := "operator"
		switch n.Kind {
		case graph.Source:
			kind = "source"
		case graph.Sink:
			kind = "sink"
		}
		p.Operators = append(p.Operators, snapshot.ProgramOperator{ID: n.ID, Name: n.Name, Kind: kind})
	}
	declared, err := runtime.Declarations(plan, j.settings.clock)
	if err != nil {
		return nil, fmt.Errorf("stream: job %q: its schema: %w", j.name, err)
	}
	for _, d := range declared {
		p.States = append(p.States, snapshot.StateOf(d))
	}
	return p, nil
}

package runtime

import (
	"github.com/turgo-io/turgo/internal/graph"
	"github.com/turgo-io/turgo/state"
)

// restore adds to a task's options what the restored checkpoint holds for it.
func (a *Attempt) restore(c *graph.Chain, t *Task, o *state.Options) {}

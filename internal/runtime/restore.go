package runtime

import (
	"github.com/turgo-io/turgo/internal/graph"
	"github.com/turgo-io/turgo/state"
)

// restore adds to a task's options what the restored checkpoint holds for its operators. A plan that
// chains otherwise than the one that wrote the checkpoint finds them in the parts of several tasks.
func (a *Attempt) restore(c *graph.Chain, o *state.Options) {
	if a.config.Restored == nil {
		return
	}
	operators := map[string]bool{}
	for _, n := range c.Nodes {
		operators[n.ID] = true
	}
	o.Restore = a.config.Restored.PartsOf(operators)
}

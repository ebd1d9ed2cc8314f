package checkpoint

import (
	"github.com/turgo-io/turgo/internal/bug"
	"github.com/turgo-io/turgo/state"
)

// Restored is a checkpoint that an attempt starts from.
type Restored struct {
	Number   int64
	Next     int64     // number for the next checkpoint: above all that are there, damaged ones too
	Payloads []Payload // of all tasks, in order of the tasks
	Parts    []state.RestorePart
	InFlight []InFlight
}

// PartsOf returns the parts that hold state of one of the operators.
func (r *Restored) PartsOf(operators map[string]bool) (parts []state.RestorePart) {
	for _, p := range r.Parts {
		for i := range p.States {
			if operators[p.States[i].Operator] {
				parts = append(parts, p)
				break
			}
		}
	}
	if bug.Enabled && bug.On(bug.PartForgotten) && len(parts) > 1 {
		parts = parts[:len(parts)-1]
	}
	return parts
}

// PayloadsOf returns subtask's share of what an operator's subtasks put into the checkpoint: dealt out in turn.
func (r *Restored) PayloadsOf(operator string, subtask, parallelism int) (all [][]byte) {
	i := 0
	for _, p := range r.Payloads {
		if p.Operator != operator {
			continue
		}
		if i%parallelism == subtask && !(bug.Enabled && bug.On(bug.RestoredPayloadLost) && i == 0) {
			all = append(all, p.Bytes)
		}
		i++
	}
	return all
}

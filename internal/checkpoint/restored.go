package checkpoint

// Restored is a checkpoint that an attempt starts from.
type Restored struct {
	Number   int64
	Payloads []Payload // of all tasks, in order of the tasks
}

// PayloadsOf returns subtask's share of what an operator's subtasks put into the checkpoint: dealt out in turn.
func (r *Restored) PayloadsOf(operator string, subtask, parallelism int) (all [][]byte) {
	i := 0
	for _, p := range r.Payloads {
		if p.Operator != operator {
			continue
		}
		if i%parallelism == subtask {
			all = append(all, p.Bytes)
		}
		i++
	}
	return all
}

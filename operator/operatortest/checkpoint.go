package operatortest

import (
	"errors"
	"fmt"
	"path"
	"strconv"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
)

// checkpoint is what an operator's subtasks left behind one barrier.
type checkpoint struct {
	n         int64
	watermark int64
	parts     []state.RestorePart
	payloads  [][]byte
}

// payloadsOf deals the payloads out in turn, as the runtime does.
func (c *checkpoint) payloadsOf(subtask, parallelism int) (all [][]byte) {
	for i, p := range c.payloads {
		if i%parallelism == subtask {
			all = append(all, p)
		}
	}
	return all
}

// openState makes a subtask's backend, from a checkpoint if there is one.
func (r *run[In, Out]) openState(t *task[In, Out], subtask, parallelism int, from *checkpoint) (err error) {
	o := state.Options{
		FS: r.fs, Dir: path.Join("attempt-"+strconv.Itoa(r.attempts), strconv.Itoa(subtask)),
		Executor: &r.executor, Now: r.clock.Now, BlockCache: r.cache, DisableCompaction: true,
		MaxParallelism: maxParallelism, Groups: state.KeyGroupRange(parallelism, subtask, maxParallelism),
		Subtask: subtask, Parallelism: parallelism,
	}
	if from != nil {
		o.Restore = from.parts
	}
	if t.backend, err = state.OpenBackend(o); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	return nil
}

// checkpoint passes a barrier through all subtasks and keeps what they leave behind it.
func (r *run[In, Out]) checkpoint() (*checkpoint, error) {
	r.barriers++
	c := &checkpoint{n: r.barriers, watermark: r.watermark}
	for _, t := range r.tasks {
		if err := t.mark(operator.Mark{Kind: operator.Barrier, Value: c.n}); err != nil {
			return nil, err
		}
		if err := r.freeze(t, c); err != nil {
			return nil, err
		}
	}
	for _, t := range r.tasks {
		if o, ok := t.op.(operator.Committer); ok {
			if err := o.Committed(c.n); err != nil {
				return nil, fmt.Errorf("committing %d: %w", c.n, err)
			}
		}
	}
	return c, nil
}

func (r *run[In, Out]) freeze(t *task[In, Out], c *checkpoint) error {
	var part state.RestorePart
	snapshot, err := t.backend.Freeze(uint64(c.n), func(s *state.Snapshot) {
		part = state.RestorePart{Dir: s.Dir, Files: s.Files, Groups: s.Groups, States: s.States, Operator: s.Operator}
	})
	if err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	payload, err := r.prepare(t, c.n)
	if err != nil {
		return fmt.Errorf("preparing %d: %w", c.n, err)
	}
	r.executor.run()
	if err := snapshot.Err(); err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	if c.parts = append(c.parts, part); payload != nil {
		c.payloads = append(c.payloads, payload)
	}
	return nil
}

// prepare has an operator finish its part of a checkpoint, and waits for it.
func (r *run[In, Out]) prepare(t *task[In, Out], n int64) (payload []byte, err error) {
	o, ok := t.op.(operator.Acker)
	if !ok {
		return nil, nil
	}
	type answer struct {
		payload []byte
		err     error
	}
	done := make(chan answer, 1)
	o.Prepare(n, func(payload []byte, err error) { done <- answer{payload, err} })
	for {
		r.executor.run()
		select {
		case a := <-done:
			return a.payload, a.err
		case <-r.executor.posted:
		}
	}
}

// restart ends the subtasks behind a checkpoint and goes on from it with as many new ones as parallelism says.
func (r *run[In, Out]) restart(parallelism int) error {
	c, err := r.checkpoint()
	if err != nil {
		return err
	}
	if err := r.closeTasks(); err != nil {
		return err
	}
	return r.start(parallelism, c)
}

// start makes and opens the subtasks. Those of a checkpoint begin with its watermark, and with the splits that
// are known, before the first record.
func (r *run[In, Out]) start(parallelism int, from *checkpoint) error {
	r.attempts++
	for i := range parallelism {
		t, err := r.newTask(i, parallelism, from)
		if err != nil {
			return err
		}
		r.tasks = append(r.tasks, t)
	}
	for i, s := range r.splits { // a reader says again that a split is at its end
		if err := r.markAll(operator.Mark{Kind: operator.SplitAdded, Value: int64(i)}); err != nil {
			return err
		}
		if !s.done {
			continue
		}
		if err := r.markAll(operator.Mark{Kind: operator.SplitDone, Value: int64(i)}); err != nil {
			return err
		}
	}
	if from == nil || from.watermark == operator.NoTime || len(r.splits) > 0 {
		return nil
	}
	return r.markAll(operator.Mark{Kind: operator.Watermark, Value: from.watermark})
}

func (r *run[In, Out]) markAll(m operator.Mark) error {
	for _, t := range r.tasks {
		if err := t.mark(m); err != nil {
			return err
		}
	}
	return nil
}

func (r *run[In, Out]) closeTasks() error {
	var errs []error
	for _, t := range r.tasks {
		if err := t.close(); err != nil {
			errs = append(errs, fmt.Errorf("closing: %w", err))
		}
	}
	r.tasks = nil
	return errors.Join(errs...)
}

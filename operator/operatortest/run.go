package operatortest

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
)

// subject is an operator under test, and what is done with it.
type subject[In, Out any] struct {
	settings
	ctx     context.Context
	factory operator.Factory[In, Out]
	keying  *keying[In] // nil: without keys
	script  *Script[In]
	cache   *state.BlockCache
}

// way is how the steps of the script are run.
type way struct {
	mode  Mode
	note  string      // what is special, for messages
	batch int         // most records pushed together
	every bool        // a checkpoint and a restart after each record
	cuts  map[int]int // parallelism from a step on
	room  int         // calls until the output stops; negative: it never does
}

// run is one way through the script.
type run[In, Out any] struct {
	*subject[In, Out]
	way
	journal
	fs        vfs.FS
	clock     clock
	executor  executor
	counters  operator.Counters
	tasks     []*task[In, Out]
	splits    []sourceSplit
	current   int32                 // split that records come from
	pending   []operator.Record[In] // gathered for a batch
	watermark int64                 // that went in
	barriers  int64
	attempts  int
	blamed    int32 // whose code ran last, of the operators of the first task
}

type sourceSplit struct {
	id   string
	done bool
}

// do runs the whole script and closes. The error is that of the operator.
func (s *subject[In, Out]) do(w way) (*run[In, Out], error) {
	r := &run[In, Out]{subject: s, way: w, fs: vfs.NewMem(), watermark: operator.NoTime}
	r.clock.now = midnight.UnixNano()
	r.executor.posted = make(chan struct{}, 1)
	err := r.start(1, nil)
	if err == nil {
		err = r.steps()
	}
	if len(r.tasks) > 0 {
		r.blamed = r.tasks[0].env.Task.Operator
	}
	if closed := r.closeTasks(); closed != nil {
		err = errors.Join(err, closed)
	}
	r.executor.run()
	return r, err
}

func (r *run[In, Out]) steps() error {
	for i, st := range r.script.steps {
		if p, ok := r.cuts[i]; ok {
			if err := r.restart(p); err != nil {
				return err
			}
		}
		if err := r.take(i, st); err != nil {
			return err
		}
	}
	r.step = len(r.script.steps) + 1
	if err := r.pushed(); err != nil {
		return err
	}
	return r.end()
}

// take does one step; records wait until a batch is full or something else comes.
func (r *run[In, Out]) take(i int, st step[In]) error {
	if st.kind != recordStep {
		if err := r.pushed(); err != nil {
			return err
		}
	}
	r.step = i + 1
	if err := r.one(st); err != nil {
		return err
	}
	if err := r.settle(); err != nil {
		return err
	}
	if r.every && st.kind == recordStep {
		return r.restart(1)
	}
	return nil
}

func (r *run[In, Out]) one(st step[In]) error {
	switch st.kind {
	case recordStep:
		r.pending = append(r.pending, st.rec)
		if len(r.pending) < max(1, r.batch) {
			return nil
		}
		return r.push()
	case clockStep:
		r.clock.now = st.clock
		return nil
	case splitStep:
		return r.split(st.split)
	case doneStep, idleStep:
		return r.leave(st)
	}
	return r.control(st.mark)
}

// push hands the gathered records to the subtask that owns their key.
func (r *run[In, Out]) push() error {
	recs := r.pending
	r.pending = r.pending[:0]
	if len(recs) == 0 {
		return nil
	}
	t := r.tasks[0]
	if n := len(r.tasks); n > 1 { // never with batches
		t = r.tasks[state.SubtaskOf(r.keying.group(recs[0].Value), n, maxParallelism)]
	}
	if err := t.push(recs); err != nil {
		return err
	}
	return t.backend.Err()
}

func (r *run[In, Out]) control(m operator.Mark) error {
	switch m.Kind {
	case operator.Barrier:
		_, err := r.checkpoint()
		return err
	case operator.Watermark:
		if m.Value <= r.watermark {
			return fmt.Errorf("step %d: the watermark does not grow: that is no input that an operator meets", r.step)
		}
		r.watermark = m.Value
	}
	return r.markAll(m)
}

// settle lets background work and what is due at the processing time happen, as between two steps of a task.
func (r *run[In, Out]) settle() error {
	for {
		r.executor.run()
		for _, t := range r.tasks {
			if err := t.tick(r.clock.now); err != nil {
				return err
			}
			if err := t.backend.Err(); err != nil {
				return err
			}
		}
		if r.executor.idle() || !r.awaits() {
			return nil
		}
	}
}

// awaits reports whether an operator waits for an answer: background work of its own, which comes to it by a tick.
func (r *run[In, Out]) awaits() bool {
	for _, t := range r.tasks {
		if o, ok := t.op.(operator.Asynchronous); ok && o.Pending() {
			return true
		}
	}
	return false
}

// pushed pushes what is gathered; an operator that waits for answers gets them before what comes next.
func (r *run[In, Out]) pushed() error {
	if err := r.push(); err != nil || !r.awaits() {
		return err
	}
	return r.settle()
}

// end ends the input. A task still answers checkpoints behind it.
func (r *run[In, Out]) end() error {
	for _, m := range []operator.Mark{{Kind: operator.Watermark, Value: operator.MaxTime}, {Kind: operator.End}} {
		if m.Kind == operator.Watermark && r.watermark == operator.MaxTime {
			continue // the script said so
		}
		if err := r.markAll(m); err != nil {
			return err
		}
	}
	r.watermark = operator.MaxTime
	_, err := r.checkpoint()
	return err
}

// number returns the number of a split, -1 if it is not known.
func (r *run[In, Out]) number(id string) int {
	for i, s := range r.splits {
		if s.id == id {
			return i
		}
	}
	return -1
}

// split makes a split the one that records come from.
func (r *run[In, Out]) split(id string) error {
	n := r.number(id)
	if n < 0 {
		n = len(r.splits)
		r.splits = append(r.splits, sourceSplit{id: id})
		for _, t := range r.tasks {
			t.env.Task.Splits = append(t.env.Task.Splits, id)
		}
		if err := r.markAll(operator.Mark{Kind: operator.SplitAdded, Value: int64(n)}); err != nil {
			return err
		}
	}
	r.current = int32(n)
	for _, t := range r.tasks {
		t.env.Task.Split = r.current
	}
	return nil
}

// leave says that a split is idle or done.
func (r *run[In, Out]) leave(st step[In]) error {
	n := r.number(st.split)
	if n < 0 {
		return fmt.Errorf("step %d: the split %q is not known: begin it with Split", r.step, st.split)
	}
	kind := operator.SplitIdle
	if st.kind == doneStep {
		kind, r.splits[n].done = operator.SplitDone, true
	}
	return r.markAll(operator.Mark{Kind: kind, Value: int64(n)})
}

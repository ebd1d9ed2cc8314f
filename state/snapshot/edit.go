package snapshot

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/turgo-io/turgo/state"
)

// Editor makes a new checkpoint: from an opened one, with states changed, dropped or added, or from nothing, to give a
// new job the state that a batch has worked out. Nothing happens before Save.
//
//	e := snapshot.Edit(opened)
//	snapshot.Update(e, "count", "n", func(k string, n *int64) bool { *n *= 2; return *n > 0 })
//	e.Drop("old-operator", "")
//	m, err := e.Save(ctx, store, 1)
type Editor struct {
	from    *Savepoint // nil: nothing
	m       *Manifest  // without files
	groups  int        // max parallelism
	changes map[stateID]*change
	errs    []error
}

type stateID struct{ operator, name string }

// change is what an editor does to a state.
type change struct {
	drop   bool
	schema state.StateSchema
	// rows calls emit with every record; nil: those of the opened checkpoint go through edit.
	rows func(emit func(Entry) error) error
	// edit changes a record of the opened checkpoint; false drops it.
	edit func(e *Entry) (keep bool, err error)
}

// Edit returns an editor that begins with everything in an opened checkpoint.
func Edit(s *Savepoint) *Editor {
	m := *s.Manifest
	m.Savepoint = true
	return &Editor{from: s, m: &m, groups: m.MaxParallelism(), changes: map[stateID]*change{}}
}

// Bootstrap returns an editor that begins with nothing. maxParallelism is that of the job which will start from it.
func Bootstrap(job string, maxParallelism int) *Editor {
	e := &Editor{m: &Manifest{Job: job, Savepoint: true}, groups: maxParallelism, changes: map[stateID]*change{}}
	if maxParallelism < 1 || maxParallelism > state.MaxKeyGroups {
		e.errs = append(e.errs, fmt.Errorf("snapshot: max parallelism %d: it must be 1 to %d", maxParallelism, state.MaxKeyGroups))
	}
	return e
}

// Rename gives the checkpoint another job's name, so that this job takes it for its own.
func (e *Editor) Rename(job string) { e.m.Job = job }

// At sets when the checkpoint was taken, in nanoseconds since the Unix epoch.
func (e *Editor) At(t int64) { e.m.Time = t }

// Drop leaves a state out, or, without a name, all of an operator: also what its sources or sinks have kept.
func (e *Editor) Drop(operator, name string) {
	if name != "" {
		e.changes[stateID{operator, name}] = &change{drop: true}
		return
	}
	for _, st := range e.m.States() {
		if st.Operator == operator {
			e.changes[stateID{operator, st.Name}] = &change{drop: true}
		}
	}
	e.m.Tasks = slices.Clone(e.m.Tasks)
	for i := range e.m.Tasks {
		t := &e.m.Tasks[i]
		t.Payloads = slices.DeleteFunc(slices.Clone(t.Payloads), func(p Payload) bool { return p.Operator == operator })
	}
	e.m.Operators = slices.DeleteFunc(slices.Clone(e.m.Operators), func(o Operator) bool { return o.ID == operator })
}

// SetMaxParallelism gives keyed state another number of key groups: every record goes where its key belongs then. It is
// the one thing about a job that its checkpoints do not take by themselves.
func (e *Editor) SetMaxParallelism(n int) {
	if n < 1 || n > state.MaxKeyGroups {
		e.errs = append(e.errs, fmt.Errorf("snapshot: max parallelism %d: it must be 1 to %d", n, state.MaxKeyGroups))
		return
	}
	for _, t := range e.m.Tasks {
		if t.Parallelism > n {
			e.errs = append(e.errs, fmt.Errorf("snapshot: max parallelism %d: task %s has %d subtasks; run the job with fewer first, and take a checkpoint", n, t.Name, t.Parallelism))
			return
		}
	}
	e.groups = n
	e.m.Operators = slices.Clone(e.m.Operators)
	for i := range e.m.Operators {
		e.m.Operators[i].MaxParallelism = n
	}
	e.m.Tasks = slices.Clone(e.m.Tasks)
	for i := range e.m.Tasks {
		t := &e.m.Tasks[i]
		t.Groups = state.KeyGroupRange(t.Parallelism, t.Subtask, n)
	}
}

func (e *Editor) set(operator, name string, c *change, err error) error {
	if err != nil {
		e.errs = append(e.errs, err)
		return err
	}
	e.changes[stateID{operator, name}] = c
	return nil
}

// Save writes the checkpoint into a store, which may be the one that was opened. id must be new there; 0 takes the next.
func (e *Editor) Save(ctx context.Context, store Store, id uint64) (*Manifest, error) {
	if err := errors.Join(e.errs...); err != nil {
		return nil, err
	}
	m := *e.m
	m.ID = id
	if id == 0 {
		ids, err := List(ctx, store)
		if err != nil {
			return nil, err
		}
		m.ID = e.m.ID + 1
		if len(ids) > 0 {
			m.ID = max(m.ID, ids[len(ids)-1]+1)
		}
	}
	chains, err := e.chains()
	if err != nil {
		return nil, err
	}
	m.Tasks = nil
	for _, chain := range chains {
		if chain.added {
			id := chain.tasks[0].Name
			m.Operators = append(slices.Clone(m.Operators), Operator{ID: id, Name: id, Parallelism: 1, MaxParallelism: e.groups})
		}
		done, err := e.writeChain(ctx, store, chain)
		if err != nil {
			return nil, err
		}
		m.Tasks = append(m.Tasks, done...)
	}
	content, err := m.Encode()
	if err != nil {
		return nil, err
	}
	return &m, store.Create(ctx, manifestName(m.ID), content)
}

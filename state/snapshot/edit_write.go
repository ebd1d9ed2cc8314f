package snapshot

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/turgo-io/turgo/state"
)

// chain is the subtasks of one chain of operators, and the states that they share.
type chain struct {
	tasks  []Task
	states []state.StateSchema
	added  bool // for an operator that the opened checkpoint does not have
}

// chains gathers what is to be written: the tasks as they were, and one for each operator that is new.
func (e *Editor) chains() (all []*chain, err error) {
	byName := map[string]*chain{}
	for _, t := range e.m.Tasks {
		c := byName[t.Name]
		if c == nil {
			c = &chain{}
			byName[t.Name], all = c, append(all, c)
		}
		if !e.same() {
			t.Files = nil
		}
		c.tasks = append(c.tasks, t)
	}
	ids := make([]stateID, 0, len(e.changes))
	for id := range e.changes {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b stateID) int {
		return cmp.Or(cmp.Compare(a.operator, b.operator), cmp.Compare(a.name, b.name))
	})
	for _, c := range all {
		c.gather()
	}
	for _, id := range ids {
		if err := e.place(&all, id); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// gather merges the states of the chain's tasks.
func (c *chain) gather() { c.states = (&Manifest{Tasks: c.tasks}).States() }

// place puts a changed state where its operator is, or into a task of its own.
func (e *Editor) place(all *[]*chain, id stateID) error {
	ch := e.changes[id]
	var home *chain
	for _, c := range *all {
		for i, st := range c.states {
			if st.Operator != id.operator {
				continue
			}
			home = c
			if st.Name != id.name {
				continue
			}
			if ch.drop {
				c.states = slices.Delete(c.states, i, i+1)
			} else {
				c.states[i] = ch.schema
			}
			return nil
		}
	}
	if ch.drop {
		return fmt.Errorf("%w: the checkpoint has no state %q of operator %q", ErrNotFound, id.name, id.operator)
	}
	if home == nil {
		home = &chain{tasks: []Task{{Name: id.operator, Parallelism: 1, Groups: state.AllGroups(e.groups)}}, added: true}
		*all = append(*all, home)
	}
	home.states = append(home.states, ch.schema)
	return nil
}

// same says whether records stay in their key groups.
func (e *Editor) same() bool {
	return e.from != nil && e.groups == e.from.Manifest.MaxParallelism()
}

// untouched says whether the files of a chain's tasks can be taken over.
func (e *Editor) untouched(c *chain) bool {
	if !e.same() {
		return false
	}
	for _, t := range c.tasks {
		for _, st := range t.States {
			if e.changes[stateID{st.Operator, st.Name}] != nil {
				return false
			}
		}
	}
	return len(c.states) == len((&Manifest{Tasks: c.tasks}).States())
}

// writeChain writes the tasks of a chain.
func (e *Editor) writeChain(ctx context.Context, store Store, c *chain) ([]Task, error) {
	if e.untouched(c) {
		return c.tasks, e.takeOver(ctx, store, c)
	}
	fs, dir := e.scratch()
	w := &chainWriter{fs: fs, dir: dir, c: c, groups: e.groups, tables: make([]*tableWriter, len(c.tasks))}
	err := e.fill(w)
	if err == nil {
		err = w.upload(ctx, store)
	}
	return c.tasks, errors.Join(err, w.close())
}

// scratch is where new tables are made.
func (e *Editor) scratch() (vfs.FS, string) {
	if e.from != nil {
		return e.from.fs, e.from.fs.PathJoin(e.from.dir, "edited")
	}
	return vfs.NewMem(), "edited"
}

// takeOver puts files that do not change into the store, unless it has them.
func (e *Editor) takeOver(ctx context.Context, store Store, c *chain) error {
	have, err := blobsOf(ctx, store)
	if err != nil {
		return err
	}
	for _, t := range c.tasks {
		at := slices.IndexFunc(e.from.Manifest.Tasks, func(o Task) bool { return o.Name == t.Name && o.Subtask == t.Subtask })
		for _, b := range t.Files {
			if have[b.Blob] {
				continue
			}
			if err := store.Put(ctx, b.Blob, e.from.fs, e.from.fs.PathJoin(e.from.parts[at].Dir, b.Name)); err != nil {
				return err
			}
		}
	}
	return nil
}

func blobsOf(ctx context.Context, store Store) (map[string]bool, error) {
	names, err := store.List(ctx, blobFolder)
	have := map[string]bool{}
	for _, name := range names {
		have[name] = true
	}
	return have, err
}

// fill writes every state of a chain.
func (e *Editor) fill(w *chainWriter) error {
	w.begin()
	for _, st := range w.c.states {
		ch := e.changes[stateID{st.Operator, st.Name}]
		if !IsKeyed(st.Kind) {
			if err := e.fillList(w, st, ch); err != nil {
				return err
			}
			continue
		}
		emit, err := w.emitter(st)
		if err != nil {
			return err
		}
		if ch != nil && ch.rows != nil {
			err = ch.rows(emit)
		} else {
			err = e.copy(st, ch, emit)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// copy gives the records of the opened checkpoint, edited if there is an edit.
func (e *Editor) copy(st state.StateSchema, ch *change, emit func(Entry) error) error {
	for entry, err := range e.from.Entries(st.Operator, st.Name) {
		if err != nil {
			return err
		}
		if ch != nil && ch.edit != nil {
			keep, err := ch.edit(&entry)
			if err != nil {
				return err
			}
			if !keep {
				continue
			}
		}
		if err := emit(entry); err != nil {
			return err
		}
	}
	return nil
}

// fillList writes an operator list: elements stay with their subtasks; new ones go to the first.
func (e *Editor) fillList(w *chainWriter, st state.StateSchema, ch *change) error {
	if ch != nil && ch.rows != nil {
		chunk := state.OperatorChunk{Operator: st.Operator, Name: st.Name}
		err := ch.rows(func(en Entry) error {
			chunk.Items = append(chunk.Items, numbered(st, en))
			return nil
		})
		w.c.tasks[0].Lists = append(w.c.tasks[0].Lists, chunk)
		return err
	}
	for i, was := range w.before {
		for _, c := range was.Lists {
			if c.Operator != st.Operator || c.Name != st.Name {
				continue
			}
			old := was.state(c.Operator, c.Name)
			chunk := state.OperatorChunk{Operator: c.Operator, Name: c.Name}
			for _, raw := range c.Items {
				var e Entry
				if err := (&layout{schema: old}).value(&e, raw); err != nil {
					return err
				}
				chunk.Items = append(chunk.Items, numbered(st, e))
			}
			w.c.tasks[i].Lists = append(w.c.tasks[i].Lists, chunk)
		}
	}
	return nil
}

// numbered is a value behind the number of its schema among those of st, and behind its stamp if it has one.
func numbered(st state.StateSchema, e Entry) []byte {
	id := slices.IndexFunc(st.Values, func(s state.Schema) bool {
		inner, stamped := s.Expiring()
		return inner == e.Schema && stamped == (e.Stamp != nil)
	})
	return append(append(binary.AppendUvarint(nil, uint64(id)), e.Stamp...), e.Value...)
}

// chainWriter writes the tables of a chain's tasks.
type chainWriter struct {
	fs     vfs.FS
	dir    string
	c      *chain
	groups int
	before []Task // as the tasks were
	tables []*tableWriter
	buf    []byte
}

func (w *chainWriter) begin() {
	w.before = slices.Clone(w.c.tasks)
	for i := range w.c.tasks {
		t := &w.c.tasks[i]
		t.States, t.Files, t.Lists = w.c.states, nil, nil
	}
}

// emitter returns what writes the records of a state, each to the task that owns its key.
func (w *chainWriter) emitter(st state.StateSchema) (func(Entry) error, error) {
	l, err := newLayout(&st)
	if err != nil {
		return nil, err
	}
	return func(e Entry) error {
		hash, err := l.key.Hash(e.Key)
		if err != nil {
			return err
		}
		group := state.KeyGroup(hash, w.groups)
		table, err := w.table(group)
		if err != nil {
			return err
		}
		w.buf = binary.BigEndian.AppendUint16(append(w.buf[:0], l.prefix...), uint16(group))
		w.buf = append(append(append(w.buf, e.Head...), e.Key...), e.Sub...)
		if st.Kind == state.KindTimers {
			return table.add(w.buf, e.Value)
		}
		return table.add(w.buf, numbered(st, e))
	}, nil
}

// table is that of the task which owns a key group.
func (w *chainWriter) table(group int) (*tableWriter, error) {
	for i := range w.c.tasks {
		if !w.c.tasks[i].Groups.Contains(group) {
			continue
		}
		if w.tables[i] == nil {
			t, err := newTableWriter(w.fs, w.fs.PathJoin(w.dir, fmt.Sprintf("table-%d", i)))
			if err != nil {
				return nil, err
			}
			w.tables[i] = t
		}
		return w.tables[i], nil
	}
	return nil, fmt.Errorf("%w: no task owns key group %d", ErrCorrupt, group)
}

func (w *chainWriter) upload(ctx context.Context, store Store) error {
	for i, t := range w.tables {
		if t == nil {
			continue
		}
		dir, files, err := t.files()
		if err != nil {
			return err
		}
		for _, b := range files {
			if err := store.Put(ctx, b.Blob, w.fs, w.fs.PathJoin(dir, b.Name)); err != nil {
				return err
			}
		}
		w.c.tasks[i].Files = files
	}
	return nil
}

func (w *chainWriter) close() error {
	var errs []error
	for _, t := range w.tables {
		if t != nil {
			errs = append(errs, t.close())
		}
	}
	return errors.Join(errs...)
}

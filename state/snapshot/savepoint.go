package snapshot

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/turgo-io/turgo/state"
)

// OpenOptions say where an opened checkpoint keeps its files. The zero value: in memory.
type OpenOptions struct {
	// FS is where Dir lies. Nil: an in-memory file system.
	FS vfs.FS
	// Dir is a directory for the checkpoint's files, which Open empties and Close removes. Empty: "opened".
	Dir string
}

// Savepoint is a checkpoint opened for reading: no job and no Go type of the job's is needed. It is used by one
// goroutine.
type Savepoint struct {
	Manifest *Manifest

	store Store
	fs    vfs.FS
	dir   string
	dbs   []*pebble.DB // by task, opened when they are needed
	parts []state.RestorePart
}

// Open fetches a checkpoint, every byte verified, and opens it. id 0 means the newest that is whole.
func Open(ctx context.Context, store Store, id uint64, o OpenOptions) (*Savepoint, error) {
	if o.FS == nil {
		o.FS = vfs.NewMem()
	}
	s := &Savepoint{store: store, fs: o.FS, dir: orElse(o.Dir, "opened")}
	if id != 0 {
		m, err := Read(ctx, store, id)
		if err != nil {
			return nil, err
		}
		return s, s.fetch(ctx, m)
	}
	_, err := Recover(ctx, store, nil, func(m *Manifest) error { return s.fetch(ctx, m) })
	return s, err
}

// fetch brings the files.
func (s *Savepoint) fetch(ctx context.Context, m *Manifest) error {
	s.Manifest, s.parts, s.dbs = m, nil, make([]*pebble.DB, len(m.Tasks))
	if err := s.fs.RemoveAll(s.dir); err != nil {
		return fmt.Errorf("snapshot: open: %w", err)
	}
	for i, t := range m.Tasks {
		p, err := Fetch(ctx, s.store, t, s.fs, s.fs.PathJoin(s.dir, fmt.Sprintf("task-%d", i)))
		if err != nil {
			return err
		}
		s.parts = append(s.parts, p)
	}
	return nil
}

// Close gives files and memory back.
func (s *Savepoint) Close() error {
	var errs []error
	for _, db := range s.dbs {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(append(errs, s.fs.RemoveAll(s.dir))...)
}

// db opens the store of a task. Its files are this savepoint's own, and only read.
func (s *Savepoint) db(task int) (*pebble.DB, error) {
	if s.dbs[task] != nil {
		return s.dbs[task], nil
	}
	db, err := openTables(s.fs, s.parts[task].Dir, true)
	if err != nil {
		return nil, fmt.Errorf("%w: the tables of task %s[%d] cannot be opened: %w", ErrCorrupt, s.Manifest.Tasks[task].Name, s.Manifest.Tasks[task].Subtask, err)
	}
	s.dbs[task] = db
	return db, nil
}

// MaxParallelism is the number of key groups.
func (m *Manifest) MaxParallelism() (n int) {
	for _, o := range m.Operators {
		n = max(n, o.MaxParallelism)
	}
	for _, t := range m.Tasks {
		n = max(n, t.Groups.End)
	}
	return n
}

// States lists the states of all tasks, each once, by operator and name. Values are the schemas of all tasks.
func (m *Manifest) States() []state.StateSchema {
	var all []state.StateSchema
	for _, t := range m.Tasks {
		for _, st := range t.States {
			at := slices.IndexFunc(all, func(o state.StateSchema) bool { return o.Operator == st.Operator && o.Name == st.Name })
			if at < 0 {
				at = len(all)
				st.Values = slices.Clone(st.Values)
				all = append(all, st)
			}
			for _, v := range st.Values {
				if !slices.Contains(all[at].Values, v) {
					all[at].Values = append(all[at].Values, v)
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b state.StateSchema) int {
		return cmp.Or(cmp.Compare(a.Operator, b.Operator), cmp.Compare(a.Name, b.Name))
	})
	return all
}

// find returns a state, or says which there are.
func (m *Manifest) find(operator, name string) (state.StateSchema, error) {
	all := m.States()
	var names []string
	for _, st := range all {
		if st.Operator == operator && st.Name == name {
			return st, nil
		}
		names = append(names, fmt.Sprintf("%s/%s", st.Operator, st.Name))
	}
	return state.StateSchema{}, fmt.Errorf("%w: checkpoint %d has no state %q of operator %q; it has %q", ErrNotFound, m.ID, name, operator, names)
}

// IsKeyed says whether a state hangs on keys and lies in tables; operator lists do not.
func IsKeyed(k state.Kind) bool { return k != state.KindOperatorSplit && k != state.KindOperatorUnion }

// Entry is a stored record of keyed state. Its bytes are good until the next one.
type Entry struct {
	Group  int
	Key    []byte       // of the key scope; state.Schema.KeyForm reads it
	Sub    []byte       // what follows: of a map its key, of a list the number of the piece, 4 bytes
	Head   []byte       // of a timer what stands before the key: kind, time, namespace
	Schema state.Schema // of Value; empty for a timer
	Value  []byte       // without the number of its schema, and without a stamp
	Stamp  []byte       // from when on it lives, 8 bytes, if the state had a time to live
}

// Entries yields what is stored of a keyed state, by key group and then by key; an error is the last thing it yields.
func (s *Savepoint) Entries(operator, name string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		st, err := s.Manifest.find(operator, name)
		if err == nil && !IsKeyed(st.Kind) {
			err = fmt.Errorf("snapshot: %v is not keyed; read it by Elements", st)
		}
		if err != nil {
			yield(Entry{}, err)
			return
		}
		for _, i := range s.holders(operator, name) {
			if goOn, err := s.scan(i, operator, name, yield); err != nil || !goOn {
				if err != nil {
					yield(Entry{}, err)
				}
				return
			}
		}
	}
}

// holders are the tasks with files that have a state, in the order of their key groups.
func (s *Savepoint) holders(operator, name string) (tasks []int) {
	for i, t := range s.Manifest.Tasks {
		if len(t.Files) > 0 && t.state(operator, name) != nil {
			tasks = append(tasks, i)
		}
	}
	slices.SortFunc(tasks, func(a, b int) int {
		return cmp.Compare(s.Manifest.Tasks[a].Groups.First, s.Manifest.Tasks[b].Groups.First)
	})
	return tasks
}

func (t *Task) state(operator, name string) *state.StateSchema {
	for i := range t.States {
		if st := &t.States[i]; st.Operator == operator && st.Name == name {
			return st
		}
	}
	return nil
}

// groupLen is the length of a key group in a stored key, timerHead that of what stands before a timer's key.
const (
	groupLen  = 2
	timerHead = 17
)

// scan yields the records of a state in one task.
func (s *Savepoint) scan(task int, operator, name string, yield func(Entry, error) bool) (goOn bool, err error) {
	t := &s.Manifest.Tasks[task]
	layout, err := newLayout(t.state(operator, name))
	if err != nil {
		return false, err
	}
	db, err := s.db(task)
	if err != nil {
		return false, err
	}
	from, to := layout.bounds(t.Groups)
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return false, err
	}
	goOn = true
	for it.First(); it.Valid() && goOn && err == nil; it.Next() {
		var val []byte
		var e Entry
		if val, err = it.ValueAndErr(); err == nil {
			if e, err = layout.entry(it.Key(), val); err == nil {
				goOn = yield(e, nil)
			}
		}
	}
	return goOn, errors.Join(err, it.Error(), it.Close())
}

// layout takes the records of one state apart.
type layout struct {
	schema *state.StateSchema
	prefix []byte
	key    state.KeyForm
}

func newLayout(st *state.StateSchema) (*layout, error) {
	key, err := st.Key.KeyForm()
	if err != nil {
		return nil, fmt.Errorf("snapshot: the key of %v: %w", st, err)
	}
	return &layout{st, st.Prefix(), key}, nil
}

// bounds are the first key of the state in some groups, and the first behind them.
func (l *layout) bounds(groups state.Range) (from, to []byte) {
	from = binary.BigEndian.AppendUint16(bytes.Clone(l.prefix), uint16(groups.First))
	if groups.End > 1<<16-1 {
		return from, append(bytes.Clone(l.prefix), bytes.Repeat([]byte{0xff}, 64)...)
	}
	return from, binary.BigEndian.AppendUint16(bytes.Clone(l.prefix), uint16(groups.End))
}

func (l *layout) fault(what string) error {
	return fmt.Errorf("%w: %v: %s", ErrCorrupt, l.schema, what)
}

// entry takes a record apart.
func (l *layout) entry(key, val []byte) (e Entry, err error) {
	rest := key[len(l.prefix):]
	if len(rest) < groupLen {
		return e, l.fault("a key ends early")
	}
	e.Group, rest = int(binary.BigEndian.Uint16(rest)), rest[groupLen:]
	if l.schema.Kind == state.KindTimers {
		if len(rest) < timerHead {
			return e, l.fault("a timer ends early")
		}
		e.Head, rest = rest[:timerHead], rest[timerHead:]
		e.Value = val
	} else if err = l.value(&e, val); err != nil {
		return e, err
	}
	if e.Key, e.Sub, err = l.key.Split(rest); err != nil {
		return e, l.fault(err.Error())
	}
	return e, nil
}

// stampLen is the length of a stamp.
const stampLen = 8

// value cuts the number of the schema off, and the stamp.
func (l *layout) value(e *Entry, val []byte) error {
	id, n := binary.Uvarint(val)
	if n <= 0 || id >= uint64(len(l.schema.Values)) {
		return l.fault("a value names a schema that the state never had")
	}
	schema, stamped := l.schema.Values[id].Expiring()
	e.Schema, e.Value, e.Stamp = schema, val[n:], nil
	if !stamped {
		return nil
	}
	if len(e.Value) < stampLen {
		return l.fault("a value ends early")
	}
	e.Stamp, e.Value = e.Value[:stampLen:stampLen], e.Value[stampLen:]
	return nil
}

package snapshot

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"github.com/turgo-io/turgo/state"
)

// Rows are the contents of a state with their Go types: range over All, then look at Err.
type Rows[R any] struct {
	seq iter.Seq2[R, error]
	err error
}

// All yields the rows by key group, and within one by key. It ends early at an error.
func (r *Rows[R]) All() iter.Seq[R] {
	return func(yield func(R) bool) {
		r.err = nil
		for row, err := range r.seq {
			if err != nil {
				r.err = err
				return
			}
			if !yield(row) {
				return
			}
		}
	}
}

// Err says why All ended early, or nil.
func (r *Rows[R]) Err() error { return r.err }

// Row is the value of a key, or its list.
type Row[K comparable, V any] struct {
	Key   K
	Value V
}

// MapRow is an entry of a key's map.
type MapRow[K, UK comparable, V any] struct {
	Key    K
	MapKey UK
	Value  V
}

// TimerRow is a timer of a key. At is in nanoseconds since the Unix epoch.
type TimerRow[K comparable] struct {
	Key       K
	Kind      state.TimeKind
	At        int64
	Namespace int64
}

// values decodes what was written under any of a state's schemas.
type values[V any] struct {
	codec   state.Codec[V]
	readers map[state.Schema]func([]byte, *V) error
}

// newValues makes the readers; what V cannot be read from is said before the first row.
func newValues[V any](st state.StateSchema, codec state.Codec[V]) (*values[V], error) {
	v := &values[V]{codec: codec, readers: map[state.Schema]func([]byte, *V) error{}}
	var faults []error
	for _, s := range st.Values {
		s, _ := s.Expiring()
		r, err := v.reader(s)
		if err != nil {
			faults = append(faults, fmt.Errorf("%v: %w", st, err))
		}
		v.readers[s] = r
	}
	return v, errors.Join(faults...)
}

func (v *values[V]) reader(s state.Schema) (func([]byte, *V) error, error) {
	if s == v.codec.Schema() {
		return v.codec.Decode, nil
	}
	if r, ok := v.codec.(state.SchemaReader[V]); ok {
		return r.ReaderOf(s)
	}
	return nil, fmt.Errorf("%w: it was written as %.200s, the codec reads %.200s", state.ErrIncompatible, s, v.codec.Schema())
}

func (v *values[V]) decode(s state.Schema, src []byte) (val V, err error) {
	r := v.readers[s]
	if r == nil {
		return val, fmt.Errorf("%w: a value of schema %.200s", ErrCorrupt, s)
	}
	return val, r(src, &val)
}

// codecOr is the codec that was given, or the one derived from the type.
func codecOr[V any](given []state.Codec[V]) (state.Codec[V], error) {
	if len(given) > 0 {
		return given[0], nil
	}
	return state.CodecFor[V]()
}

// typed is what the reading of every kind of state begins with.
type typed[K comparable, V any] struct {
	s      *Savepoint
	st     state.StateSchema
	keys   state.Hasher[K]
	values *values[V]
}

func newTyped[K comparable, V any](s *Savepoint, operator, name string, kind state.Kind, codec []state.Codec[V]) (*typed[K, V], error) {
	st, err := s.Manifest.find(operator, name)
	if err != nil {
		return nil, err
	}
	if st.Kind != kind {
		return nil, fmt.Errorf("snapshot: %v is no %v", st, kind)
	}
	t := &typed[K, V]{s: s, st: st}
	if t.keys, err = state.HashOf[K](); err != nil {
		return nil, err
	}
	if t.keys.Schema() != st.Key {
		return nil, fmt.Errorf("%w: %v: the key was written as %s, not as %s", state.ErrIncompatible, st, st.Key, t.keys.Schema())
	}
	c, err := codecOr(codec)
	if err != nil {
		return nil, err
	}
	t.values, err = newValues(st, c)
	return t, err
}

func (t *typed[K, V]) key(e Entry) (K, error) {
	k, rest, err := t.keys.Decode(e.Key)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%w: %v: a key is too long", ErrCorrupt, t.st)
	}
	return k, err
}

// rowsOf makes rows of entries.
func rowsOf[R any](s *Savepoint, st state.StateSchema, row func(Entry) (R, error)) *Rows[R] {
	return &Rows[R]{seq: func(yield func(R, error) bool) {
		for e, err := range s.Entries(st.Operator, st.Name) {
			var r R
			if err == nil {
				r, err = row(e)
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}}
}

// Values reads a value state: of state.NewValue, and of operators that keep a struct for each key. Types that differ
// from those that were written are fine as long as a job could read them, too. A state with a codec of its own needs it
// here as well.
func Values[K comparable, V any](s *Savepoint, operator, name string, codec ...state.Codec[V]) (*Rows[Row[K, V]], error) {
	t, err := newTyped[K](s, operator, name, state.KindValue, codec)
	if err != nil {
		return nil, err
	}
	return rowsOf(s, t.st, func(e Entry) (r Row[K, V], err error) {
		if r.Key, err = t.key(e); err == nil {
			r.Value, err = t.values.decode(e.Schema, e.Value)
		}
		return r, err
	}), nil
}

// MapEntries reads a map state: the maps of all keys, entry by entry.
func MapEntries[K, UK comparable, V any](s *Savepoint, operator, name string, codec ...state.Codec[V]) (*Rows[MapRow[K, UK, V]], error) {
	t, err := newTyped[K](s, operator, name, state.KindMap, codec)
	if err != nil {
		return nil, err
	}
	sub, err := state.HashOf[UK]()
	if err == nil && sub.Schema() != t.st.MapKey {
		err = fmt.Errorf("%w: %v: the map key was written as %s, not as %s", state.ErrIncompatible, t.st, t.st.MapKey, sub.Schema())
	}
	if err != nil {
		return nil, err
	}
	return rowsOf(s, t.st, func(e Entry) (r MapRow[K, UK, V], err error) {
		if r.Key, err = t.key(e); err != nil {
			return r, err
		}
		if r.MapKey, _, err = sub.Decode(e.Sub); err == nil {
			r.Value, err = t.values.decode(e.Schema, e.Value)
		}
		return r, err
	}), nil
}

// Lists reads a list state: the whole list of each key. One with a codec of its own cannot be read here.
func Lists[K comparable, V any](s *Savepoint, operator, name string) (*Rows[Row[K, []V]], error) {
	t, err := newTyped[K, []V](s, operator, name, state.KindList, nil)
	if err != nil {
		return nil, err
	}
	return &Rows[Row[K, []V]]{seq: func(yield func(Row[K, []V], error) bool) {
		var at []byte // the key of the list that is gathered
		var row Row[K, []V]
		for e, err := range s.Entries(operator, name) {
			if err == nil && at != nil && !bytes.Equal(at, e.Key) {
				if !yield(row, nil) {
					return
				}
				at = nil
			}
			if err == nil && at == nil {
				at, row = bytes.Clone(e.Key), Row[K, []V]{}
				row.Key, err = t.key(e)
			}
			var piece []V
			if err == nil {
				piece, err = t.values.decode(e.Schema, e.Value)
			}
			if err != nil {
				yield(row, err)
				return
			}
			row.Value = append(row.Value, piece...)
		}
		if at != nil {
			yield(row, nil)
		}
	}}, nil
}

// Timers reads the timers of an operator.
func Timers[K comparable](s *Savepoint, operator, name string) (*Rows[TimerRow[K]], error) {
	t, err := newTyped[K, struct{}](s, operator, name, state.KindTimers, nil)
	if err != nil {
		return nil, err
	}
	return rowsOf(s, t.st, func(e Entry) (r TimerRow[K], err error) {
		r.Kind = state.TimeKind(e.Head[0])
		r.At = int64(binary.BigEndian.Uint64(e.Head[1:]) ^ 1<<63)
		r.Namespace = int64(binary.BigEndian.Uint64(e.Head[9:]) ^ 1<<63)
		r.Key, err = t.key(e)
		return r, err
	}), nil
}

// Elements reads an operator list, of all subtasks in their order.
func Elements[V any](s *Savepoint, operator, name string, codec ...state.Codec[V]) (all []V, err error) {
	st, err := s.Manifest.find(operator, name)
	if err != nil {
		return nil, err
	}
	if IsKeyed(st.Kind) {
		return nil, fmt.Errorf("snapshot: %v is no operator list", st)
	}
	c, err := codecOr(codec)
	if err != nil {
		return nil, err
	}
	vals, err := newValues(st, c)
	if err != nil {
		return nil, err
	}
	for e, err := range s.Manifest.Items(operator, name) {
		if err != nil {
			return nil, err
		}
		v, err := vals.decode(e.Schema, e.Value)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// Items yields the elements of an operator list as they are stored, of all subtasks in their order; an error is the last
// thing it yields. Only Schema and Value of an Entry are set.
func (m *Manifest) Items(operator, name string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for i := range m.Tasks {
			t := &m.Tasks[i]
			st := t.state(operator, name)
			for _, c := range t.Lists {
				if st == nil || c.Operator != operator || c.Name != name {
					continue
				}
				for _, raw := range c.Items {
					var e Entry
					err := (&layout{schema: st}).value(&e, raw)
					if !yield(e, err) || err != nil {
						return
					}
				}
			}
		}
	}
}

package snapshot

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/turgo-io/turgo/state"
)

// schemaOf describes a state that an editor writes.
func schemaOf[K comparable, V any](operator, name string, kind state.Kind, codec []state.Codec[V]) (state.StateSchema, state.Hasher[K], state.Codec[V], error) {
	st := state.StateSchema{Operator: operator, Name: name, Kind: kind}
	keys, err := state.HashOf[K]()
	if err != nil {
		return st, keys, nil, fmt.Errorf("%v: %w", st, err)
	}
	c, err := codecOr(codec)
	if err != nil {
		return st, keys, nil, fmt.Errorf("%v: %w", st, err)
	}
	st.Key, st.Values = keys.Schema(), []state.Schema{c.Schema()}
	return st, keys, c, nil
}

// SetValues replaces a value state, or adds it, by these rows; of two for one key the later counts. The rows are read by
// Save.
func SetValues[K comparable, V any](e *Editor, operator, name string, rows iter.Seq2[K, V], codec ...state.Codec[V]) error {
	st, keys, c, err := schemaOf[K](operator, name, state.KindValue, codec)
	return e.set(operator, name, &change{schema: st, rows: func(emit func(Entry) error) (err error) {
		en := Entry{}
		for k, v := range rows {
			en.Key = keys.Append(en.Key[:0], k)
			en.Schema = st.Values[0]
			if en.Value, err = c.Append(en.Value[:0], &v); err != nil {
				return err
			}
			if err := emit(en); err != nil {
				return err
			}
		}
		return nil
	}}, err)
}

// SetMap replaces a map state, or adds it, by these entries.
func SetMap[K, UK comparable, V any](e *Editor, operator, name string, rows iter.Seq[MapRow[K, UK, V]], codec ...state.Codec[V]) error {
	st, keys, c, err := schemaOf[K](operator, name, state.KindMap, codec)
	sub, err2 := state.HashOf[UK]()
	if err = errors.Join(err, err2); err == nil {
		st.MapKey = sub.Schema()
	}
	return e.set(operator, name, &change{schema: st, rows: func(emit func(Entry) error) (err error) {
		en := Entry{}
		for r := range rows {
			en.Key, en.Sub = keys.Append(en.Key[:0], r.Key), sub.Append(en.Sub[:0], r.MapKey)
			en.Schema = st.Values[0]
			if en.Value, err = c.Append(en.Value[:0], &r.Value); err != nil {
				return err
			}
			if err := emit(en); err != nil {
				return err
			}
		}
		return nil
	}}, err)
}

// pieceLen is how many elements a piece of a stored list has; see docs/formats/state.md.
const pieceLen = 32

// SetLists replaces a list state, or adds it, by these lists.
func SetLists[K comparable, V any](e *Editor, operator, name string, rows iter.Seq2[K, []V]) error {
	st, keys, c, err := schemaOf[K, []V](operator, name, state.KindList, nil)
	return e.set(operator, name, &change{schema: st, rows: func(emit func(Entry) error) (err error) {
		en := Entry{}
		for k, list := range rows {
			en.Key = keys.Append(en.Key[:0], k)
			en.Schema = st.Values[0]
			n := uint32(0)
			for piece := range slices.Chunk(list, pieceLen) {
				en.Sub = binary.BigEndian.AppendUint32(en.Sub[:0], n)
				n++
				if en.Value, err = c.Append(en.Value[:0], &piece); err != nil {
					return err
				}
				if err := emit(en); err != nil {
					return err
				}
			}
		}
		return nil
	}}, err)
}

// SetElements replaces an operator list, or adds it.
func SetElements[V any](e *Editor, operator, name string, how state.Redistribution, items []V, codec ...state.Codec[V]) error {
	kind := state.KindOperatorSplit
	if how == state.Union {
		kind = state.KindOperatorUnion
	}
	st, _, c, err := schemaOf[int](operator, name, kind, codec)
	st.Key = ""
	return e.set(operator, name, &change{schema: st, rows: func(emit func(Entry) error) error {
		for i := range items {
			val, err := c.Append(nil, &items[i])
			if err != nil {
				return err
			}
			if err := emit(Entry{Schema: st.Values[0], Value: val}); err != nil {
				return err
			}
		}
		return nil
	}}, err)
}

// Update runs fn over a value state: it changes the value in place, and false removes it. The type may be another one
// than was written, as long as it can be read; what is kept is written anew under it.
func Update[K comparable, V any](e *Editor, operator, name string, fn func(key K, v *V) (keep bool), codec ...state.Codec[V]) error {
	return update(e, operator, name, state.KindValue, codec, func(k K, _ []byte, v *V) (bool, error) { return fn(k, v), nil })
}

// UpdateMap runs fn over the entries of a map state.
func UpdateMap[K, UK comparable, V any](e *Editor, operator, name string, fn func(key K, mapKey UK, v *V) (keep bool), codec ...state.Codec[V]) error {
	sub, err := state.HashOf[UK]()
	if err != nil {
		return e.set(operator, name, nil, err)
	}
	return update(e, operator, name, state.KindMap, codec, func(k K, rest []byte, v *V) (bool, error) {
		mapKey, _, err := sub.Decode(rest)
		if err != nil {
			return false, err
		}
		return fn(k, mapKey, v), nil
	})
}

func update[K comparable, V any](e *Editor, operator, name string, kind state.Kind, codec []state.Codec[V], fn func(K, []byte, *V) (bool, error)) error {
	if e.from == nil {
		return e.set(operator, name, nil, fmt.Errorf("snapshot: there is no state %q of operator %q to update", name, operator))
	}
	t, err := newTyped[K](e.from, operator, name, kind, codec)
	if err != nil {
		return e.set(operator, name, nil, err)
	}
	st := t.st
	own := t.values.codec.Schema()
	st.Values = []state.Schema{own}
	for _, v := range t.st.Values {
		if _, stamped := v.Expiring(); stamped { // what had a time to live keeps it
			st.Values = []state.Schema{own, "expiring(" + own + ")"}
		}
	}
	return e.set(operator, name, &change{schema: st, edit: func(en *Entry) (bool, error) {
		key, err := t.key(*en)
		if err != nil {
			return false, err
		}
		v, err := t.values.decode(en.Schema, en.Value)
		if err != nil {
			return false, err
		}
		keep, err := fn(key, en.Sub, &v)
		if err != nil || !keep {
			return false, err
		}
		en.Key, en.Sub, en.Schema = bytes.Clone(en.Key), bytes.Clone(en.Sub), st.Values[0]
		en.Value, err = t.values.codec.Append(nil, &v)
		return true, err
	}}, nil)
}

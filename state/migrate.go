package state

import (
	"errors"
	"fmt"
)

// Migrate lets a state of New read values that were written as Old, where the rules for changed types (see Schema.Reads)
// do not do: a field that changes its meaning or its kind, two that become one, another representation. Old is the type
// as it was, kept in the program; a value that any Old can be read from, by those rules, goes through fn when it is first
// used, and is written as New from then on. Several may be given, one for each former type; the first that fits is used.
// For a list and a map, Old and New are the types of an element.
//
//	type cardV1 struct{ Cents string }
//	state.Migrate(func(old cardV1) Card { return Card{Cents: parse(old.Cents)} })
func Migrate[Old, New any](fn func(Old) New) Option {
	return func(s *settings) { s.migrations = append(s.migrations, migration[New]{old: func(w Schema) (decoder[New], error) { return migrating(w, fn) }}) }
}

type decoder[T any] = func(src []byte, v *T) error

// migration reads values of other types.
type migration[T any] struct {
	old func(writer Schema) (decoder[T], error)
}

func migrating[Old, New any](writer Schema, fn func(Old) New) (decoder[New], error) {
	codec, err := CodecFor[Old]()
	if err != nil {
		return nil, err
	}
	read, err := codec.(SchemaReader[Old]).ReaderOf(writer)
	if err != nil {
		return nil, err
	}
	return func(src []byte, v *New) error {
		var old Old
		if err := read(src, &old); err != nil {
			return err
		}
		*v = fn(old)
		return nil
	}, nil
}

// migrate returns what reads a schema that the codec of T cannot read, by the migrations of the state. cause is why it
// cannot.
func migrate[T any](info *stateInfo, writer Schema, cause error) (decoder[T], error) {
	for _, any := range info.settings.migrations {
		m, ok := any.(migration[T])
		if !ok {
			return migrateElements[T](info, writer, cause)
		}
		d, err := m.old(writer)
		if err == nil {
			return d, nil
		}
		cause = errors.Join(cause, fmt.Errorf("a migration does not fit either: %w", err))
	}
	return nil, cause
}

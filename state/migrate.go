package state

import (
	"errors"
	"fmt"
)

// Migrate lets a state of New read values that were written as Old, where the rules for changed types (see Schema.Reads)
// do not do: a field that changes its meaning or its kind, two that become one, another representation. Old is the type
// as it was, kept in the program. Values that were written by exactly that type go through fn, and so do those of other
// types that New cannot read but Old can; what New itself has written never does. A value is converted when it is first
// used, and is stored as New when it next changes. Several may be given, one for each former type.
// For a list and a map, Old and New are the types of an element.
//
//	type cardV1 struct{ Amount string }
//	state.Migrate(func(old cardV1) Card { return Card{Cents: parse(old.Amount)} })
func Migrate[Old, New any](fn func(Old) New) Option {
	return func(s *settings) {
		if old, err := CodecFor[Old](); err == nil { // else every use says so
			s.migrates = append(s.migrates, old.Schema())
		}
		s.migrations = append(s.migrations,
			migration[New](func(w Schema) (decoder[New], bool, error) { return migrating(w, fn) }),
			migration[[]New](func(w Schema) (decoder[[]New], bool, error) {
				return migrating(w, func(old []Old) []New { return mapped(old, fn) })
			}))
	}
}

func mapped[Old, New any](old []Old, fn func(Old) New) []New {
	all := make([]New, len(old))
	for i := range old {
		all[i] = fn(old[i])
	}
	return all
}

type decoder[T any] = func(src []byte, v *T) error

// migration makes what reads values of a writer's schema by way of another type; exact says that they are of that type.
type migration[T any] func(writer Schema) (read decoder[T], exact bool, err error)

func migrating[Old, New any](writer Schema, fn func(Old) New) (decoder[New], bool, error) {
	codec, err := CodecFor[Old]()
	if err != nil {
		return nil, false, err
	}
	read, err := codec.(SchemaReader[Old]).ReaderOf(writer)
	if err != nil {
		return nil, false, err
	}
	return func(src []byte, v *New) error {
		var old Old
		if err := read(src, &old); err != nil {
			return err
		}
		*v = fn(old)
		return nil
	}, codec.Schema() == writer, nil
}

// migrate returns what reads a writer's schema: direct, unless a migration knows better or direct does not exist, and
// cause says why.
func migrate[T any](info *stateInfo, writer Schema, direct decoder[T], cause error) (decoder[T], error) {
	var fits decoder[T]
	for _, given := range info.settings.migrations {
		m, ok := given.(migration[T])
		if !ok { // of elements
			continue
		}
		read, exact, err := m(writer)
		switch {
		case exact:
			return read, nil
		case err != nil && cause != nil:
			cause = errors.Join(cause, fmt.Errorf("nor does a migration read it: %w", err))
		case err == nil && fits == nil:
			fits = read
		}
	}
	if cause != nil && fits != nil {
		return fits, nil
	}
	return direct, cause
}

// Declaration is a state as the program declares it: what a checkpoint's is compared with.
type Declaration struct {
	StateSchema          // Values is the one under which the program writes
	Migrates    []Schema // the types that Migrate reads; of a list: of its elements
}

// Declared lists the states that were declared so far. It is meant for a backend that was not started and restores nothing.
func (b *Backend) Declared() []Declaration {
	all := make([]Declaration, 0, len(b.states))
	for _, s := range b.states {
		all = append(all, Declaration{s.StateSchema, s.settings.migrates})
	}
	return all
}

package state

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cespare/xxhash/v2"
)

// Kind is the kind of a state.
type Kind uint8

// Kinds of states. The numbers are stored.
const (
	KindValue Kind = iota + 1
	KindMap
	KindList
	KindTimers
	KindOperatorSplit
	KindOperatorUnion
)

var kindNames = [...]string{"none", "value", "map", "list", "timers", "operator list", "operator union list"}

// String names the kind.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

func (k Kind) keyed() bool { return k <= KindTimers }

// StateSchema describes a stored state. A snapshot lists those of its task, so that a later program knows what is
// there and how to read it.
type StateSchema struct {
	Operator string
	Name     string
	Kind     Kind
	Key      Schema // of the key scope; empty for operator lists
	MapKey   Schema // of a map
	// Values are the schemas of values. A stored value begins with the number of its own, so that values written
	// by older programs need not be rewritten.
	Values []Schema
}

// String names the state in messages.
func (s StateSchema) String() string {
	return fmt.Sprintf("%v %q of operator %q", s.Kind, s.Name, s.Operator)
}

// prefixLen is the length of what every key of a state begins with: 8 bytes of the operator's id, hashed, 4 bytes
// of the state's name, hashed. The key group (2 bytes) and the key follow.
const (
	prefixLen = 12
	groupLen  = 2
)

func (s *StateSchema) prefix() (p [prefixLen]byte) {
	binary.BigEndian.PutUint64(p[:], xxhash.Sum64String(s.Operator))
	binary.BigEndian.PutUint32(p[8:], uint32(xxhash.Sum64String(s.Name)))
	return p
}

// appendGroup appends what the keys of one key group of a state begin with.
func appendGroup(dst []byte, prefix *[prefixLen]byte, group int) []byte {
	return binary.BigEndian.AppendUint16(append(dst, prefix[:]...), uint16(group))
}

// stateInfo is one declared state.
type stateInfo struct {
	StateSchema
	b        *Backend
	prefix   [prefixLen]byte
	complete bool // nothing of it is stored that is not in memory: no need to look
	settings settings
	over     [][]byte // keys that the task must look at; jobs only, while a snapshot is in flight
	purged   []byte   // from here on a snapshot looks for what is over; jobs only
}

// Option changes how a state is kept.
type Option func(*settings)

type settings struct {
	codec      any   // a Codec[T] of the state's T
	migrations []any // migration[T], of values and of pieces of lists
	migrates   []Schema
	ttl        *lifetime
}

// declare registers a state; what is wrong with it is kept for Start. The table is that of the scope, or one of
// no key for a keyed state without keys, so that a handle can always be called.
func declare(scope Scoped, name string, kind Kind, opts []Option) (*stateInfo, *table) {
	s := scope.StateScope()
	info := &stateInfo{StateSchema: StateSchema{Operator: s.operator, Name: name, Kind: kind}, b: s.b}
	info.prefix = info.StateSchema.prefix()
	for _, o := range opts {
		o(&info.settings)
	}
	t := s.table
	s.b.refuse(info.faults(t))
	if t == nil {
		t = s.b.detached()
	} else if kind.keyed() {
		info.Key = Schema(t.keys.keySchema())
	}
	info.complete = !s.b.restoring(info)
	s.b.states = append(s.b.states, info)
	return info, t
}

func (s *stateInfo) faults(t *table) error {
	switch {
	case s.b.started:
		err := fmt.Errorf("%w: %v", ErrStarted, s)
		s.b.fail(err)
		return err
	case s.Name == "":
		return fmt.Errorf("state: a %v of operator %q has no name", s.Kind, s.Operator)
	case s.settings.ttl.faults(&s.StateSchema) != nil:
		return s.settings.ttl.faults(&s.StateSchema)
	case s.Kind.keyed() && t == nil:
		return fmt.Errorf("state: %v is keyed but the operator has no keys; put it behind KeyBy, or use an operator list", s)
	}
	for _, o := range s.b.states {
		switch {
		case o.Operator == s.Operator && o.Name == s.Name:
			return fmt.Errorf("state: operator %q declares the name %q twice; give each state its own name", s.Operator, s.Name)
		case o.prefix == s.prefix, o.Operator != s.Operator && [8]byte(o.prefix[:8]) == [8]byte(s.prefix[:8]):
			return fmt.Errorf("state: %v and %v have the same hash; rename one of them", o, s)
		}
	}
	return nil
}

// detached is a table in which no key is ever current.
func (b *Backend) detached() *table {
	t := &table{}
	t.init(b, nil)
	return t
}

// coder writes values under the state's present schema and reads those of every schema it ever had.
type coder[T any] struct {
	info    *stateInfo
	codec   Codec[T]
	id      uint64 // number of the present schema
	readers []func(src []byte, v *T) error
	stamped []bool // by schema: a stamp comes before the value
}

var errSchemaID = fmt.Errorf("%w: a value names a schema that the state never had", ErrCorrupt)

// newCoder makes the coder of a state; derive makes its codec if the state was given none.
func newCoder[T any](info *stateInfo, derive func() (Codec[T], error)) *coder[T] {
	c := &coder[T]{info: info}
	var err error
	if c.codec, err = derive(); err != nil {
		info.b.refuse(fmt.Errorf("%v: %w", info, err))
		return c
	}
	info.b.refuse(c.bind())
	return c
}

// codecOf returns the codec that a state of T was given, or the derived one.
func codecOf[T any](info *stateInfo) (Codec[T], error) {
	switch given := info.settings.codec.(type) {
	case nil:
		return CodecFor[T]()
	case Codec[T]:
		return given, nil
	default:
		return nil, fmt.Errorf("%w: the state's codec is %T, not one of %s", ErrUnsupported, given, typeName[T]())
	}
}

// bind numbers the schemas: those of the restored values first, so that they keep their numbers.
func (c *coder[T]) bind() error {
	var faults []error
	c.info.Values = c.info.b.restoredSchemas(c.info)
	own := c.codec.Schema()
	if c.info.settings.ttl != nil {
		own = expiring(own)
	}
	for i, s := range c.info.Values {
		if s == own {
			c.id = uint64(i)
		}
		value, stamped := s.Expiring()
		r, err := c.reader(value)
		if err != nil {
			faults = append(faults, fmt.Errorf("%v: %w", c.info, err))
		}
		c.readers, c.stamped = append(c.readers, r), append(c.stamped, stamped)
	}
	if len(c.info.Values) == 0 || c.info.Values[c.id] != own {
		c.id = uint64(len(c.info.Values))
		c.info.Values = append(c.info.Values, own)
		c.readers, c.stamped = append(c.readers, c.codec.Decode), append(c.stamped, c.info.settings.ttl != nil)
	}
	return errors.Join(faults...)
}

func (c *coder[T]) reader(s Schema) (func(src []byte, v *T) error, error) {
	if s == c.codec.Schema() {
		return c.codec.Decode, nil
	}
	if r, ok := c.codec.(SchemaReader[T]); ok {
		direct, err := r.ReaderOf(s)
		return migrate(c.info, s, direct, err)
	}
	return migrate[T](c.info, s, nil, fmt.Errorf("%w: it was written as %.200s, and the codec of %s writes %.200s and reads nothing else; implement state.SchemaReader on it",
		ErrIncompatible, s, typeName[T](), c.codec.Schema()))
}

// append writes a value. The stamp counts if the state has a time to live.
func (c *coder[T]) append(dst []byte, v *T, stamp int64) ([]byte, error) {
	dst = binary.AppendUvarint(dst, c.id)
	if c.info.settings.ttl != nil {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(stamp))
	}
	dst, err := c.codec.Append(dst, v)
	if err != nil {
		return dst, fmt.Errorf("%v: %w", c.info, err)
	}
	return dst, nil
}

// decode reads a value and its stamp, noTime if it has none.
func (c *coder[T]) decode(src []byte, v *T) (stamp int64, err error) {
	id, n := binary.Uvarint(src)
	if n <= 0 || id >= uint64(len(c.readers)) {
		return noTime, fmt.Errorf("%v: %w", c.info, errSchemaID)
	}
	src = src[n:]
	if stamp = noTime; c.stamped[id] {
		stamp, src, err = cutStamp(src)
	}
	if err == nil {
		err = c.readers[id](src, v)
	}
	if err != nil {
		return noTime, fmt.Errorf("%v: %w", c.info, err)
	}
	return stamp, nil
}

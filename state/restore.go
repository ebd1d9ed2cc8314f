package state

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/turgo-io/turgo/internal/bug"
)

// RestorePart is the snapshot of one subtask, as it was written: the fields of its Snapshot. Only what States lists
// counts, and only in Groups: the files may hold more, of operators that have moved and of key groups that were cut off.
type RestorePart struct {
	Dir      string // where Files are, on Options.FS; they are linked where that is possible, never changed
	Files    []File
	Groups   Range
	States   []StateSchema
	Operator []OperatorChunk
}

func (p *RestorePart) state(info *stateInfo) *StateSchema {
	for i := range p.States {
		if s := &p.States[i]; s.Operator == info.Operator && s.Name == info.Name {
			return s
		}
	}
	return nil
}

func (p *RestorePart) bytes() (n int64) {
	for _, f := range p.Files {
		n += f.Bytes
	}
	return n
}

func (b *Backend) checkParts() error {
	for i, p := range b.options.Restore {
		if p.Groups.First < 0 || p.Groups.End > b.options.MaxParallelism || p.Groups.First > p.Groups.End {
			return fmt.Errorf("%w: part %d of the checkpoint has the key groups %v of %d; the max parallelism of a job cannot change",
				ErrIncompatible, i, p.Groups, b.options.MaxParallelism)
		}
	}
	return nil
}

// keyedParts are the parts with files that share key groups with this task, the largest first: its files become the
// task's own, the others are copied from.
func (b *Backend) keyedParts() []*RestorePart {
	var parts []*RestorePart
	for i := range b.options.Restore {
		p := &b.options.Restore[i]
		if len(p.Files) > 0 && p.Groups.Intersect(b.options.Groups).Len() > 0 {
			parts = append(parts, p)
		}
	}
	slices.SortStableFunc(parts, func(a, c *RestorePart) int { return cmp.Compare(c.bytes(), a.bytes()) })
	return parts
}

// restoring says whether the store may hold something of a state. A list is there at once.
func (b *Backend) restoring(info *stateInfo) bool {
	if !info.Kind.keyed() {
		return false
	}
	for _, p := range b.keyedParts() {
		if p.state(info) != nil {
			return true
		}
	}
	return false
}

// restoredSchemas are the schemas under which values of a state are stored, those of the first part first, and it
// checks that the state is what it was.
func (b *Backend) restoredSchemas(info *stateInfo) []Schema {
	var all []Schema
	for _, p := range b.partsOf(info) {
		s := p.state(info)
		if s == nil {
			continue
		}
		if err := s.fits(info); err != nil {
			b.refuse(err)
			return nil
		}
		for _, v := range s.Values {
			if !slices.Contains(all, v) {
				all = append(all, v)
			}
		}
	}
	return all
}

func (b *Backend) partsOf(info *stateInfo) []*RestorePart {
	if info.Kind.keyed() {
		return b.keyedParts()
	}
	parts := make([]*RestorePart, 0, len(b.options.Restore))
	for i := range b.options.Restore {
		parts = append(parts, &b.options.Restore[i])
	}
	return parts
}

// fits says whether a stored state can be read by the declared one, as far as keys go.
func (s *StateSchema) fits(info *stateInfo) error {
	kind := s.Kind == info.Kind || !s.Kind.keyed() && !info.Kind.keyed()
	switch {
	case !kind:
		return fmt.Errorf("%w: %v is now a %v; give it another name", ErrIncompatible, s, info.Kind)
	case s.Key != info.Key:
		return fmt.Errorf("%w: %v: the key was written as %s and is now %s", ErrIncompatible, s, s.Key, info.Key)
	case s.MapKey != info.MapKey:
		return fmt.Errorf("%w: %v: the map key was written as %s and is now %s", ErrIncompatible, s, s.MapKey, info.MapKey)
	}
	return nil
}

// restore brings the stored state of this task's operators and key groups into its store.
func (b *Backend) restore() error {
	parts := b.keyedParts()
	parts = slices.DeleteFunc(parts, func(p *RestorePart) bool { return len(b.wanted(p)) == 0 })
	if len(parts) == 0 {
		return nil
	}
	if err := b.adopt(parts[0]); err != nil {
		return fmt.Errorf("state: restore: %w", err)
	}
	for _, p := range parts[1:] {
		if err := b.copyPart(p); err != nil {
			return fmt.Errorf("state: restore: %w", err)
		}
	}
	for _, c := range b.timers {
		if err := c.restore(); err != nil {
			return fmt.Errorf("state: restore: %w", err)
		}
	}
	for _, c := range b.eager {
		if err := c.restore(); err != nil {
			return fmt.Errorf("state: restore: %w", err)
		}
	}
	return nil
}

// keySpan is a range of keys of the store that belongs to one state.
type keySpan struct {
	info     *stateInfo
	stored   *StateSchema
	from, to []byte
}

// wanted lists what this task takes from a part, in the order of the store.
func (b *Backend) wanted(p *RestorePart) []keySpan {
	var spans []keySpan
	groups := p.Groups.Intersect(b.options.Groups)
	if bug.Enabled && bug.On(bug.GroupForgotten) && groups.Len() > 1 {
		groups.End--
	}
	for _, info := range b.states {
		stored := p.state(info)
		if stored == nil || !info.Kind.keyed() {
			continue
		}
		spans = append(spans, keySpan{info, stored, appendGroup(nil, &info.prefix, groups.First), groupsEnd(info, groups)})
	}
	slices.SortFunc(spans, func(a, c keySpan) int { return bytes.Compare(a.from, c.from) })
	return spans
}

// groupsEnd is the first key behind a range of key groups of a state.
func groupsEnd(info *stateInfo, groups Range) []byte {
	return prefixEnd(appendGroup(nil, &info.prefix, groups.End-1))
}

// adopt makes a part's files the task's own and cuts off what is not wanted.
func (b *Backend) adopt(p *RestorePart) error {
	if err := linkFiles(b.store.fs, p, b.store.dir); err != nil {
		return err
	}
	b.known.add(p.Files)
	if err := b.store.open(); err != nil {
		return err
	}
	spans := b.wanted(p)
	if len(spans) == keyedStates(p.States) && p.Groups.Intersect(b.options.Groups) == p.Groups && !(bug.Enabled && bug.On(bug.GroupForgotten)) {
		return nil
	}
	from := []byte{0}
	for _, s := range append(spans, keySpan{from: lastKey}) {
		if err := b.store.excise(from, s.from); err != nil {
			return err
		}
		from = s.to
	}
	return nil
}

func keyedStates(states []StateSchema) (n int) {
	for _, s := range states {
		if s.Kind.keyed() {
			n++
		}
	}
	return n
}

func (s *store) excise(from, to []byte) error {
	if bytes.Compare(from, to) >= 0 {
		return nil
	}
	return s.guard(func() error {
		return s.db.Excise(context.Background(), pebble.KeyRange{Start: from, End: to})
	})
}

// copyPart copies what is wanted of a part into the store.
func (b *Backend) copyPart(p *RestorePart) (err error) {
	s := &store{o: &b.options, fs: newLocalFS(b.options.FS), dir: b.store.dir + "-part", cache: b.store.cache}
	if err := linkFiles(s.fs, p, s.dir); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(), s.fs.RemoveAll(s.dir)) }()
	if err := s.open(); err != nil {
		return err
	}
	t := tables{s: b.store}
	for _, span := range b.wanted(p) {
		if err := copySpan(&t, s, span); err != nil {
			t.discard()
			return err
		}
	}
	return t.ingest()
}

// copySpan copies records; each value gets the number that its schema has here.
func copySpan(t *tables, from *store, span keySpan) error {
	ids := make([]int, len(span.stored.Values))
	for i, v := range span.stored.Values {
		ids[i] = slices.Index(span.info.Values, v)
	}
	var buf []byte
	return scan(from.db, span.from, span.to, func(key, val []byte) error {
		if len(ids) == 0 { // timers
			return t.add(key, val, false)
		}
		id, n := binary.Uvarint(val)
		if n <= 0 || id >= uint64(len(ids)) {
			return fmt.Errorf("%v: %w", span.info, errSchemaID)
		}
		buf = append(binary.AppendUvarint(buf[:0], uint64(ids[id])), val[n:]...)
		return t.add(key, buf, false)
	})
}

// linkFiles puts a part's files into a new directory. Tables are linked: they never change. The others will be
// written to, so they are copied.
func linkFiles(fs vfs.FS, p *RestorePart, to string) error {
	if err := fs.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, f := range p.Files {
		from, to := fs.PathJoin(p.Dir, f.Name), fs.PathJoin(to, f.Name)
		var err error
		if strings.HasSuffix(f.Name, ".sst") {
			err = vfs.LinkOrCopy(fs, from, to)
		} else {
			err = vfs.Copy(fs, from, to)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

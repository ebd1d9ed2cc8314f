package file

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/turgo-io/turgo/operator"
)

// pendingSuffix ends the name of a part that is not committed.
const pendingSuffix = ".pending"

// folder is where a sink's parts are.
//
//	part-002-00000017-000.jsonl.pending ── Commit: rename ──> part-002-00000017-000.jsonl
//	     writer, the checkpoint it was begun after, number
type folder struct {
	fs          vfs.FS
	dir, prefix string
}

func (d *folder) path(name string) string { return d.fs.PathJoin(d.dir, name) }

func (d *folder) exists(name string) bool {
	_, err := d.fs.Stat(d.path(name))
	return err == nil
}

// name returns a name that no part has.
func (d *folder) name(subtask int, checkpoint int64, suffix string) string {
	for n := 0; ; n++ {
		name := fmt.Sprintf("%s-%03d-%08d-%03d%s", d.prefix, subtask, checkpoint, n, suffix)
		if !d.exists(name) && !d.exists(name+pendingSuffix) {
			return name
		}
	}
}

// parse returns the writer and the checkpoint in the name of a pending part of this sink.
func (d *folder) parse(name string) (subtask int, checkpoint int64, ok bool) {
	rest, pending := strings.CutSuffix(name, pendingSuffix)
	rest, mine := strings.CutPrefix(rest, d.prefix+"-")
	fields := strings.SplitN(rest, "-", 3)
	if !pending || !mine || len(fields) != 3 {
		return 0, 0, false
	}
	subtask, err1 := strconv.Atoi(fields[0])
	checkpoint, err2 := strconv.ParseInt(fields[1], 10, 64)
	return subtask, checkpoint, err1 == nil && err2 == nil
}

// commit makes a part visible.
func (d *folder) commit(name string) error {
	if err := d.fs.Rename(d.path(name+pendingSuffix), d.path(name)); err != nil {
		return fmt.Errorf("file: commit %s: %w", name, err)
	}
	return nil
}

// make makes the folder, durably if its parents may be opened: parts are not lost with the folder that they are in.
func (d *folder) make() error {
	if err := d.fs.MkdirAll(d.dir, 0o755); err != nil {
		return fmt.Errorf("file: make the folder: %w", err)
	}
	for dir, parent := d.dir, d.fs.PathDir(d.dir); parent != dir; dir, parent = parent, d.fs.PathDir(parent) {
		f, err := d.fs.OpenDir(parent)
		if err != nil {
			break
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return fmt.Errorf("file: sync %s: %w", parent, err)
		}
	}
	return nil
}

// sync makes names durable.
func (d *folder) sync() error {
	f, err := d.fs.OpenDir(d.dir)
	if err == nil {
		err = errors.Join(f.Sync(), f.Close())
	}
	if err != nil {
		return fmt.Errorf("file: sync %s: %w", d.dir, err)
	}
	return nil
}

// recover commits what the restored checkpoint promised, and then removes what later ones had begun. A part that
// was begun before the restored checkpoint is in the promise of one writer or another; which one, is not known here.
func (d *folder) recover(e *operator.Env) error {
	for _, data := range e.Payloads {
		p, err := decodePayload(data)
		if err != nil {
			return err
		}
		for _, part := range p {
			if err := d.keep(part); err != nil {
				return err
			}
		}
	}
	names, err := d.fs.List(d.dir)
	if err != nil {
		return fmt.Errorf("file: list %s: %w", d.dir, err)
	}
	for _, name := range names {
		subtask, begun, ok := d.parse(name)
		if !ok || subtask%e.Parallelism != e.Subtask || begun < e.Restored {
			continue
		}
		if err := d.fs.Remove(d.path(name)); err != nil {
			return fmt.Errorf("file: remove what was not committed: %w", err)
		}
	}
	return d.sync()
}

// keep makes a promised part visible, if it is not: its first bytes, as many as the checkpoint had seen.
func (d *folder) keep(p part) error {
	info, err := d.fs.Stat(d.path(p.name + pendingSuffix))
	switch {
	case err != nil && d.exists(p.name):
		return nil // it was committed before the restart
	case err != nil:
		return fmt.Errorf("%w: %s is in %s neither as such nor with %s", ErrParts, p.name, d.dir, pendingSuffix)
	case info.Size() < p.bytes:
		return fmt.Errorf("%w: %s has %d bytes, the checkpoint had seen %d", ErrParts, p.name+pendingSuffix, info.Size(), p.bytes)
	case info.Size() == p.bytes:
		return d.commit(p.name)
	}
	return d.cut(p)
}

// cut commits the beginning of a part that was written on after the checkpoint.
func (d *folder) cut(p part) error {
	whole, err := d.fs.Open(d.path(p.name + pendingSuffix))
	if err != nil {
		return fmt.Errorf("file: %w", err)
	}
	defer whole.Close()
	// Should this be interrupted, the next restart does it again under the same names.
	short := p.name + ".cut"
	f, err := d.fs.Create(d.path(short+pendingSuffix), vfs.WriteCategoryUnspecified)
	if err != nil {
		return fmt.Errorf("file: %w", err)
	}
	_, err = io.CopyN(f, io.NewSectionReader(whole, 0, p.bytes), p.bytes)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("file: cut %s: %w", p.name, err)
	}
	if err := d.fs.Rename(d.path(short+pendingSuffix), d.path(p.name)); err != nil {
		return fmt.Errorf("file: commit %s: %w", p.name, err)
	}
	if err := d.fs.Remove(d.path(p.name + pendingSuffix)); err != nil {
		return fmt.Errorf("file: %w", err)
	}
	return nil
}

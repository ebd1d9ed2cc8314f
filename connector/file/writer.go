package file

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/turgo-io/turgo/connector/internal/serial"
	"github.com/turgo-io/turgo/operator"
)

// writer writes the parts of one subtask.
type writer[T any] struct {
	folder  *folder
	codec   codec[T]
	roll    Roll
	suffix  string
	subtask int
	clock   operator.Clock
	packer  packer
	text    []byte // the buffer that the parts take turns with
	work    *serial.Queue

	current *output // nil before the first record of a part
	closing []ended // ended, not handed to a checkpoint
	ended   []ended // handed to a checkpoint, not committed
	last    int64   // number of the last checkpoint prepared, or restored
	dirty   bool    // records came since it
	settled bool    // it was committed
	renamed bool    // parts were, and their new names may not be durable
	err     error   // that left a part in an unknown state

	failed atomic.Pointer[error] // the same, of the background
}

// ended is a part that gets no more records.
type ended struct {
	part
	file       vfs.File // until it is synced
	checkpoint int64
}

func newWriter[T any](s Sink[T], c operator.Context, d *folder) (*writer[T], error) {
	e := c.Env()
	p, err := newPacker(s.Compression)
	if err != nil {
		return nil, err
	}
	return &writer[T]{
		folder: d, codec: s.Format.codec(), roll: s.Roll, suffix: s.Format.suffix + compressions[s.Compression],
		subtask: e.Subtask, clock: e.Clock, packer: p, work: serial.New(e.Executor, "file: sync"), last: e.Restored, settled: true,
	}, nil
}

// Write adds a record to the part, and begins one if there is none.
func (w *writer[T]) Write(_ int64, v *T) error {
	if err := w.Flush(); err != nil {
		return err
	}
	if w.current == nil {
		if err := w.begin(); err != nil {
			return err
		}
	}
	o := w.current
	text, err := w.codec.out.Encode(o.text, v)
	if err != nil {
		return operator.Permanent(fmt.Errorf("file: encode a record: %w", err))
	}
	o.text = append(text, '\n')
	o.records++
	w.dirty = true
	if len(o.text) < textBytes {
		return nil
	}
	if err := o.write(); err != nil {
		return w.broken(err)
	}
	if w.isFull() {
		return w.end()
	}
	return nil
}

// broken keeps an error after which nothing may be promised.
func (w *writer[T]) broken(err error) error {
	w.err = err
	return err
}

func (w *writer[T]) begin() error {
	name := w.folder.name(w.subtask, w.last, w.suffix)
	f, err := w.folder.fs.Create(w.folder.path(name+pendingSuffix), vfs.WriteCategoryUnspecified)
	if err != nil {
		return w.broken(fmt.Errorf("file: begin a part: %w", err))
	}
	w.current = &output{name: name, file: f, begun: w.clock.Now(), packer: w.packer, text: w.text[:0]}
	if w.codec.title != nil {
		w.current.text = append(w.codec.title(w.current.text), '\n')
	}
	return nil
}

// isFull reports whether Roll ends the part.
func (w *writer[T]) isFull() bool {
	o := w.current
	return w.roll.Bytes > 0 && o.bytes+int64(len(o.text)) >= w.roll.Bytes ||
		w.roll.After > 0 && w.clock.Now()-o.begun >= int64(w.roll.After)
}

// end ends the part.
func (w *writer[T]) end() error {
	o := w.current
	if err := o.settle(); err != nil {
		return w.broken(err)
	}
	w.current, w.text = nil, o.text
	w.closing = append(w.closing, ended{part: part{o.name, o.bytes}, file: o.file})
	return nil
}

// Flush has nothing to send: parts are seen when they are committed. It reports what went wrong so far.
func (w *writer[T]) Flush() error {
	if w.err == nil {
		if failed := w.failed.Load(); failed != nil {
			w.err = *failed
		}
	}
	return w.err
}

// Prepare makes everything written durable, in the background. The payload names the parts that a restart has to commit,
// and how much of the one that goes on. After a failure nothing is promised any more: what a file holds is not known.
func (w *writer[T]) Prepare(checkpoint int64, done func([]byte, error)) {
	if err := w.settle(); err != nil {
		done(nil, err)
		return
	}
	files := w.promise(checkpoint)
	payload := w.payload()
	unsynced := len(files) > 0 || w.renamed
	w.last, w.dirty, w.settled, w.renamed = checkpoint, false, false, false
	if !unsynced {
		done(payload, nil)
		return
	}
	w.work.Put(func() {
		if err := syncAll(files, w.folder); err != nil {
			w.failed.CompareAndSwap(nil, &err)
		}
		if failed := w.failed.Load(); failed != nil {
			done(nil, *failed)
			return
		}
		done(payload, nil)
	})
}

// settle gets all records into files, and ends the part if it is time.
func (w *writer[T]) settle() error {
	if err := w.Flush(); err != nil || w.current == nil {
		return err
	}
	if w.roll == (Roll{}) || w.isFull() {
		return w.end()
	}
	if err := w.current.settle(); err != nil {
		return w.broken(err)
	}
	return nil
}

// handle is a file to be synced, and closed if it has ended.
type handle struct {
	vfs.File
	ended bool
}

// promise moves the parts that have ended to the checkpoint, and returns the files that it needs on the disk.
func (w *writer[T]) promise(checkpoint int64) (files []handle) {
	for _, p := range w.closing {
		files = append(files, handle{p.file, true})
		p.file, p.checkpoint = nil, checkpoint
		w.ended = append(w.ended, p)
	}
	w.closing = w.closing[:0]
	if w.current != nil && w.dirty {
		files = append(files, handle{w.current.file, false})
	}
	return files
}

func (w *writer[T]) payload() []byte {
	var parts []part
	for _, p := range w.ended {
		parts = append(parts, p.part)
	}
	if w.current != nil {
		parts = append(parts, part{w.current.name, w.current.bytes})
	}
	return encodePayload(parts)
}

// syncAll makes the files and their names durable.
func syncAll(files []handle, d *folder) error {
	var errs []error
	for _, f := range files {
		if err := f.Sync(); err != nil {
			errs = append(errs, fmt.Errorf("file: sync: %w", err))
		}
		if f.ended {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(append(errs, d.sync())...)
}

// Commit makes the parts of the checkpoint, and of those before it, visible.
func (w *writer[T]) Commit(checkpoint int64) error {
	for len(w.ended) > 0 && w.ended[0].checkpoint <= checkpoint {
		if err := w.folder.commit(w.ended[0].name); err != nil {
			return err
		}
		w.ended = w.ended[1:]
		w.renamed = true
	}
	w.settled = checkpoint == w.last
	return nil
}

// Close closes the files. A part that goes on over checkpoints is made visible if all of it is committed; else
// a restart does what is to be done about it.
func (w *writer[T]) Close() error {
	w.work.Wait()
	var errs []error
	for _, p := range w.closing {
		errs = append(errs, p.file.Close())
	}
	if o := w.current; o != nil {
		errs = append(errs, o.file.Close())
		if w.settled && !w.dirty && w.Flush() == nil {
			errs = append(errs, w.folder.commit(o.name), w.folder.sync())
		}
	}
	return errors.Join(errs...)
}

package file

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/turgo-io/turgo/connector/format"
	"github.com/turgo-io/turgo/operator"
)

// reader reads the files of one subtask, in turns or one after the other.
type reader[T any] struct {
	source   Source[T]
	fs       vfs.FS
	ctx      operator.Context
	dead     *operator.Collector[operator.DeadLetter]
	maxBytes int
	bad      *operator.Counter
	skipped  *operator.Counter

	files []*text[T]
	ended []int32 // restored as read to the end: their numbers, until that was said
	turn  int     // the file to look at next
	look  int64   // when to look again at files that have no more for now
	value T
	meta  format.Meta
}

// text is a file, as records.
type text[T any] struct {
	id     string
	number int32
	at     position
	codec  codec[T]
	in     *input // nil before the first look, and when it is done
	quiet  bool   // it had no more at the last look
	idle   bool   // and that was said
}

// Add takes a file, which is opened when it is its turn.
func (r *reader[T]) Add(s operator.Split, number int32, at []byte) error {
	p, err := parsePosition(at)
	if err != nil {
		return fmt.Errorf("file: %s: %w", s.ID, err)
	}
	if p.done {
		r.ended = append(r.ended, number)
	}
	r.files = append(r.files, &text[T]{id: s.ID, number: number, at: p, codec: r.source.Format.codec()})
	return nil
}

// Poll emits records of one file.
func (r *reader[T]) Poll(out *operator.Emitter[T], limit int) (operator.Status, int64, error) {
	for ; len(r.ended) > 0; r.ended = r.ended[1:] {
		if err := out.Done(r.ended[0]); err != nil {
			return operator.Done, 0, err
		}
	}
	if now := r.ctx.Env().Clock.Now(); r.source.Follow && now >= r.look {
		r.look = now + int64(r.source.every())
		r.wake()
	}
	f := r.next()
	switch {
	case f == nil && r.source.Follow:
		return operator.Blocked, r.look, nil
	case f == nil:
		return operator.Done, 0, nil
	}
	if err := r.hold(f, out); err != nil {
		return operator.Done, 0, err
	}
	out.Split(f.number)
	if err := r.read(f, out, limit); err != nil {
		return operator.Done, 0, err
	}
	return operator.Ready, 0, nil
}

// wake looks again at the files that had no more.
func (r *reader[T]) wake() {
	for _, f := range r.files {
		f.quiet = false
	}
}

// next returns the file whose turn it is, nil if none has anything for now.
func (r *reader[T]) next() *text[T] {
	for range r.files {
		f := r.files[r.turn%len(r.files)]
		if !f.at.done && !f.quiet {
			if !r.source.InOrder {
				r.turn++
			}
			return f
		}
		r.turn++
	}
	return nil
}

// hold says, with InOrder, that the files behind this one give nothing yet, so that they hold no watermark back.
func (r *reader[T]) hold(f *text[T], out *operator.Emitter[T]) error {
	if !r.source.InOrder {
		return nil
	}
	for _, other := range r.files {
		if other == f || other.idle || other.at.done {
			continue
		}
		other.idle = true
		if err := out.Idle(other.number); err != nil {
			return err
		}
	}
	return nil
}

// read emits at most limit records of a file, and looks at no more bytes than they and a piece of the file have.
func (r *reader[T]) read(f *text[T], out *operator.Emitter[T], limit int) error {
	if f.in == nil {
		if err := r.open(f); err != nil {
			return err
		}
	}
	for filled := false; limit > 0; {
		record, n := r.frame(f)
		if n == 0 {
			if f.in.ended {
				return r.finish(f, out)
			}
			if filled {
				return nil
			}
			filled = true
			if err := f.in.fill(); err != nil {
				return err
			}
			continue
		}
		if err := r.emit(f, out, record, n); err != nil {
			return err
		}
		limit--
	}
	return nil
}

// frame cuts the next record off what is pending. A record that is too long is cut off in pieces, see emit.
func (r *reader[T]) frame(f *text[T]) (record []byte, n int) {
	data := f.in.pending()
	last := f.in.ended && (!r.source.Follow || f.in.packed)
	record, n = frame(data, r.source.Format.quoted && !f.at.skip, last)
	if n == 0 && len(data) > r.maxBytes {
		if record, n = frame(data, false, false); n == 0 { // not even a line
			record, n = data, len(data)
		}
	}
	return record, n
}

// emit hands on one record, which takes n bytes of the file.
func (r *reader[T]) emit(f *text[T], out *operator.Emitter[T], record []byte, n int) error {
	at, whole := f.at, f.in.pending()[:n]
	f.at.offset += int64(n)
	f.at.line += int64(bytes.Count(whole, newline))
	torn := whole[n-1] != '\n' && len(record) > r.maxBytes
	defer f.in.take(n)
	switch {
	case f.at.skip:
		f.at.skip = torn
		return nil
	case len(record) > r.maxBytes:
		f.at.skip = torn
		return r.refuse(f, at, record[:r.maxBytes], fmt.Errorf("%w: it has more than %d bytes; MaxRecordBytes allows more", ErrRecord, r.maxBytes))
	case len(record) == 0 && !r.source.Format.blanks:
		return nil
	}
	if f.codec.in.WantsMeta() {
		r.meta = format.Meta{Topic: f.id, Partition: -1, Offset: at.offset, Time: operator.NoTime}
	}
	if err := f.codec.in.Decode(&r.meta, record, &r.value); err != nil {
		return r.refuse(f, at, record, err)
	}
	f.idle = false
	return out.Emit(operator.NoTime, &r.value)
}

var newline = []byte{'\n'}

// refuse does with a record that could not be read what the policy says.
func (r *reader[T]) refuse(f *text[T], at position, record []byte, cause error) error {
	if errors.Is(cause, format.ErrSkip) {
		r.skipped.Add(1)
		return nil
	}
	r.bad.Add(1)
	switch r.source.BadRecords {
	case format.Skip:
		return nil
	case format.DeadLetter:
		r.dead.At(operator.NoTime)
		r.dead.Emit(operator.DeadLetter{
			Source: r.ctx.Name(), Topic: f.id, Split: -1, Position: at.offset, Time: operator.NoTime,
			Raw: bytes.Clone(record), Error: fmt.Sprintf("line %d: %v", at.line, cause),
		})
		return r.dead.Err()
	}
	return operator.Permanent(&operator.RecordError{
		Operator: r.ctx.Name(), Subtask: r.ctx.Subtask(), Position: fmt.Sprintf("%s:%d, byte %d", f.id, at.line, at.offset),
		Err: fmt.Errorf("file: bad record: %w; Source.BadRecords says what becomes of such", cause),
	})
}

// open opens a file and goes to where the last checkpoint was.
func (r *reader[T]) open(f *text[T]) error {
	in, err := openInput(r.fs, f.id)
	if err != nil {
		return err
	}
	f.in = in
	if f.at.offset == 0 || f.codec.header != nil {
		if err := r.begin(f); err != nil || f.at.offset == 0 {
			return err
		}
		if err := in.shut(); err != nil { // the header is read; now to the position
			return err
		}
		if f.in, err = openInput(r.fs, f.id); err != nil {
			return err
		}
	}
	err = f.in.seek(f.at.offset)
	if errors.Is(err, ErrPosition) && r.source.Follow && !f.in.packed {
		r.ctx.Log().Warn("file: shorter than what was read of it; reading it from its beginning", "file", f.id, "error", err)
		return r.restart(f)
	}
	return err
}

// restart reads a file from its beginning: it was cut, or another one has its name.
func (r *reader[T]) restart(f *text[T]) error {
	err := f.in.shut()
	f.in, f.at = nil, position{line: 1}
	if err != nil {
		return err
	}
	return r.open(f)
}

// begin reads what stands before the first record, and puts the position behind it if it is not further on.
func (r *reader[T]) begin(f *text[T]) error {
	n, err := f.in.skipMark()
	if err != nil {
		return err
	}
	begin := position{offset: int64(n), line: 1}
	if f.codec.header != nil {
		header, size, err := r.header(f)
		if err != nil {
			return err
		}
		if size == 0 { // an empty file, so far
			f.in.ended = true
			return nil
		}
		begin.line += int64(bytes.Count(f.in.pending()[:size], newline))
		begin.offset += int64(size)
		if err := f.codec.header(header); err != nil {
			return operator.Permanent(fmt.Errorf("file: %s: %w", f.id, err))
		}
		f.in.take(size)
	}
	if f.at.offset == 0 {
		f.at = begin
	}
	return nil
}

// header returns the first record of a file and its size, 0 if there is none yet.
func (r *reader[T]) header(f *text[T]) (record []byte, n int, err error) {
	for {
		last := f.in.ended && (!r.source.Follow || f.in.packed)
		if record, n = frame(f.in.pending(), r.source.Format.quoted, last); n > 0 || f.in.ended {
			return record, n, nil
		}
		if len(f.in.pending()) > r.maxBytes {
			return nil, 0, fmt.Errorf("%w: %s: its first line has more than %d bytes", ErrHeader, f.id, r.maxBytes)
		}
		if err := f.in.fill(); err != nil {
			return nil, 0, err
		}
	}
}

// finish does what the end of a file means: that is all, or all for now.
func (r *reader[T]) finish(f *text[T], out *operator.Emitter[T]) error {
	if !r.source.Follow || f.in.packed {
		f.at.done = true
		err := f.in.shut()
		f.in = nil
		return errors.Join(err, out.Done(f.number))
	}
	f.in.ended = false
	if cut, err := f.cut(); err != nil || cut {
		if err == nil {
			r.ctx.Log().Warn("file: it was cut, or replaced by a shorter one; reading it from its beginning", "file", f.id)
			err = r.restart(f)
		}
		return err
	}
	f.quiet = true
	if f.codec.header != nil && f.at.offset == 0 { // its header is not there yet: looked for at the next opening
		err := f.in.shut()
		f.in = nil
		if err != nil {
			return err
		}
	}
	if f.idle {
		return nil
	}
	f.idle = true
	return out.Idle(f.number)
}

// cut reports whether a followed file is shorter than what was read of it. One that is gone may come again.
func (f *text[T]) cut() (bool, error) {
	size, err := f.in.size()
	if err != nil {
		return false, nil
	}
	return size < f.in.raw, nil
}

// Positions yields where each file goes on.
func (r *reader[T]) Positions(yield func(split string, position []byte)) {
	var buf [32]byte
	for _, f := range r.files {
		yield(f.id, f.at.append(buf[:0]))
	}
}

// Close closes the files.
func (r *reader[T]) Close() error {
	var errs []error
	for _, f := range r.files {
		if f.in != nil {
			errs = append(errs, f.in.shut())
		}
	}
	return errors.Join(errs...)
}

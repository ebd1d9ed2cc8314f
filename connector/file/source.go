package file

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"path"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/turgo-io/turgo/connector/format"
	"github.com/turgo-io/turgo/operator"
)

// Source reads files, each a split.
type Source[T any] struct {
	// Path names a file, or files by a pattern whose parts are as path.Match has them: "logs/*/part-*.csv.gz". Files
	// that end in .gz or .zst are decompressed. Hidden files must be named by a pattern with a dot.
	Path string
	// Format says what is in the files.
	Format Format[T]
	// BadRecords says what becomes of a record that Format refuses.
	BadRecords format.BadRecords
	// InOrder makes a subtask read its files one after the other, by name, and not in turns: right for files that
	// follow each other in time. Event time then goes on with the file that is being read; the records of
	// a file that overlaps with one before it may be late.
	InOrder bool
	// Follow waits for more at the end of files, as tail -F does, and for new files; a job that follows never ends by
	// itself. Compressed files are read once.
	Follow bool
	// Every is how often Follow looks for more; 0 is half a second.
	Every time.Duration
	// MaxRecordBytes is the most that a record may have; 0 is 1 MiB. A longer one is a bad record.
	MaxRecordBytes int
	// FS is the file system; nil is that of the machine.
	FS vfs.FS
}

// Name returns "file".
func (s Source[T]) Name() string { return "file" }

// Validate reports every fault that can be seen without the files.
func (s Source[T]) Validate() error {
	faults := []error{s.Format.check(reads)}
	if s.Path == "" {
		faults = append(faults, errors.New("file: Source.Path is empty; name a file or a pattern"))
	}
	if _, err := path.Match(s.Path, ""); err != nil {
		faults = append(faults, fmt.Errorf("file: Source.Path %s: %w", s.Path, err))
	}
	if !s.BadRecords.Valid() {
		faults = append(faults, fmt.Errorf("file: Source.BadRecords: %d is no policy; use format.Fail, format.Skip or format.DeadLetter", s.BadRecords))
	}
	if s.MaxRecordBytes < 0 || s.Every < 0 {
		faults = append(faults, errors.New("file: Source.MaxRecordBytes and Source.Every cannot be negative"))
	}
	return errors.Join(faults...)
}

// Splits lists the files that there are now. Where a file belongs depends on its name alone: subtasks that look at
// different moments do not disagree about it.
func (s Source[T]) Splits(ctx context.Context) ([]operator.Split, error) {
	files, err := glob(ctx, s.system(), s.Path)
	if err != nil {
		return nil, err
	}
	if len(files) == 0 && !s.Follow {
		return nil, fmt.Errorf("%w %s; with Follow the source would wait for one", ErrNoFiles, s.Path)
	}
	splits := make([]operator.Split, len(files))
	for i, name := range files {
		h := fnv.New32a()
		_, _ = h.Write([]byte(name)) // never fails
		splits[i] = operator.Split{ID: name, Ord: h.Sum32()}
	}
	return splits, nil
}

// DiscoverEvery is how often new files are looked for, in nanoseconds; 0 without Follow.
func (s Source[T]) DiscoverEvery() int64 {
	if !s.Follow {
		return 0
	}
	return int64(s.every())
}

func (s Source[T]) every() time.Duration {
	if s.Every == 0 {
		return time.Second / 2
	}
	return s.Every
}

func (s Source[T]) system() vfs.FS {
	if s.FS == nil {
		return vfs.Default
	}
	return s.FS
}

// Reader opens the reader of one subtask.
func (s Source[T]) Reader(c operator.Context) (operator.Reader[T], error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	dead, err := operator.DeadLetters.Output(c)
	if err != nil {
		return nil, err
	}
	r := &reader[T]{
		source: s, fs: s.system(), ctx: c, dead: dead, maxBytes: s.MaxRecordBytes,
		bad: c.Counter("bad"), skipped: c.Counter("skipped"),
	}
	if r.maxBytes == 0 {
		r.maxBytes = 1 << 20
	}
	return r, nil
}

package file

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/turgo-io/turgo/operator"
)

// compressions are what a sink can compress by, with the suffix that files get. Values of Sink.Compression.
var compressions = map[string]string{"": "", "gzip": ".gz", "zstd": ".zst"}

// Roll says when a part file ends. The zero value ends it with each checkpoint.
type Roll struct {
	// Bytes ends a part that has as many in the file; 0 does not.
	Bytes int64
	// After ends a part that was begun so long ago, at the next record or checkpoint; 0 does not.
	After time.Duration
}

// Sink writes part files into a folder, exactly once. A part file has the name of its writer, of the
// checkpoint that it was begun after, and a number: part-000-00000012-000.jsonl.
type Sink[T any] struct {
	// Dir is the folder, made if it is not there. Together with Prefix it belongs to this sink alone.
	Dir string
	// Prefix begins the names of the files; empty is "part".
	Prefix string
	// Format says how records are written.
	Format Format[T]
	// Compression is "gzip", "zstd", or empty for none. Files end in .gz or .zst then.
	Compression string
	// Roll says when a file ends. A file can be seen when it has ended and its last checkpoint is durable: files
	// that span checkpoints are fewer, and seen later.
	Roll Roll
	// FS is the file system; nil is that of the machine.
	FS vfs.FS
}

// Name returns "file".
func (s Sink[T]) Name() string { return "file" }

// Guarantee returns ExactlyOnce.
func (s Sink[T]) Guarantee() operator.Guarantee { return operator.ExactlyOnce }

// Validate reports every fault that can be seen without the folder.
func (s Sink[T]) Validate() error {
	faults := []error{s.Format.check(writes)}
	if s.Dir == "" {
		faults = append(faults, errors.New("file: Sink.Dir is empty; name a folder"))
	}
	if strings.ContainsAny(s.Prefix, `/\`) {
		faults = append(faults, fmt.Errorf("file: Sink.Prefix %q holds a slash; Dir names the folder", s.Prefix))
	}
	if _, ok := compressions[s.Compression]; !ok {
		faults = append(faults, fmt.Errorf("file: Sink.Compression: %q is neither gzip nor zstd", s.Compression))
	}
	if s.Roll.Bytes < 0 || s.Roll.After < 0 {
		faults = append(faults, errors.New("file: Sink.Roll: Bytes and After cannot be negative"))
	}
	return errors.Join(faults...)
}

// Writer opens the writer of one subtask. It first commits the files that the restored checkpoint promised, and removes those
// that were begun after it.
func (s Sink[T]) Writer(c operator.Context) (operator.Writer[T], error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	d := &folder{fs: s.FS, dir: s.Dir, prefix: s.Prefix}
	if d.fs == nil {
		d.fs = vfs.Default
	}
	if d.prefix == "" {
		d.prefix = "part"
	}
	if err := d.make(); err != nil {
		return nil, err
	}
	if err := d.recover(c.Env()); err != nil {
		return nil, err
	}
	return newWriter(s, c, d)
}

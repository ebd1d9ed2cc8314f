package streamtest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/turgo-io/turgo/internal/sched"
)

// ErrFault is in every error that a plan's faults make. A job that ends with one is run again by the harness.
var ErrFault = errors.New("streamtest: a fault of the plan")

// disk is the file system of the process under test: one in memory that can crash, behind faults. After a crash,
// whoever has files open from before writes to a copy that nobody reads.
type disk struct {
	vfs.FS // mem behind the injector
	h      *Harness
	mem    *vfs.MemFS

	mu      sync.Mutex // Pebble's own goroutines read, and the task that waits for them writes
	ops     int
	reads   int
	full    int // operations that are still to fail for want of room
	torn    bool
	next    *vfs.MemFS // what the process finds when it starts again
	crashed bool

	late atomic.Int64 // nanoseconds that slow operations took since the last step
}

// fullFor is how many operations a full disk fails: longer than a checkpoint, so that several fail.
const fullFor = 50

func newDisk(h *Harness) *disk {
	d := &disk{h: h}
	d.mount(vfs.NewCrashableMem())
	return d
}

func (d *disk) mount(mem *vfs.MemFS) {
	d.mem, d.FS = mem, errorfs.Wrap(mem, d)
}

// crash takes the picture that survives. Calls of the crashed process still go to the old files.
func (d *disk) crash() {
	d.mu.Lock() // goroutines of Pebble may be writing
	defer d.mu.Unlock()
	d.crashNow()
}

// crashNow is crash for who holds the lock.
func (d *disk) crashNow() {
	if d.crashed {
		return
	}
	d.crashed = true
	d.next = surviving(d.mem, d.h.lose, sched.Mix(d.h.seed)+uint64(d.h.crashes))
}

// restart makes the picture the file system.
func (d *disk) restart() {
	d.mount(d.next)
	d.next, d.crashed, d.full, d.torn = nil, false, 0, false
}

// Unwrap gives the file system below, for pebble's own checks.
func (d *disk) Unwrap() vfs.FS { return d.mem }

// String implements errorfs.Injector.
func (d *disk) String() string { return "streamtest" }

// MaybeError counts an operation, and fails it if the plan says so.
func (d *disk) MaybeError(op errorfs.Op) error {
	switch op.Kind {
	case errorfs.OpCreate, errorfs.OpLink, errorfs.OpRename, errorfs.OpReuseForWrite, errorfs.OpMkdirAll,
		errorfs.OpFileWrite, errorfs.OpFileWriteAt, errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo:
		return d.change(op, true)
	case errorfs.OpRemove, errorfs.OpRemoveAll:
		if local(op) { // a goroutine of Pebble removes tables that it needs no more
			return nil
		}
		return d.change(op, false)
	case errorfs.OpOpen, errorfs.OpList, errorfs.OpFileRead, errorfs.OpFileReadAt:
		return d.read(op)
	}
	return nil
}

func (d *disk) change(op errorfs.Op, takesRoom bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.crashed {
		return nil
	}
	d.ops++
	at := func(k FaultKind) (time.Duration, bool) { return d.h.due(k, d.ops) }
	if _, now := at(CrashFile); now {
		d.crashNow()
		return nil
	}
	if _, now := at(DiskFull); now {
		d.full = fullFor
	}
	if _, now := at(DiskTorn); now {
		d.torn = true
	}
	if wait, now := at(DiskSlow); now {
		d.late.Add(int64(wait))
	}
	_, broken := at(DiskError)
	switch {
	case d.full > 0 && takesRoom:
		d.full--
		return fmt.Errorf("%w: %s: %w", ErrFault, op.Path, syscall.ENOSPC)
	case broken:
		return fmt.Errorf("%w: %s: %w", ErrFault, op.Path, syscall.EIO)
	}
	return nil
}

// read counts reads of checkpoints. What tasks read of their local state is not counted: some of it is read by
// goroutines of Pebble, in no order.
func (d *disk) read(op errorfs.Op) error {
	if local(op) {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reads++
	if _, now := d.h.due(ReadError, d.reads); now && !d.crashed {
		return fmt.Errorf("%w: %s: %w", ErrFault, op.Path, syscall.EIO)
	}
	return nil
}

// local reports whether an operation is on what running tasks keep for themselves: a crash makes it void.
func local(op errorfs.Op) bool { return strings.Contains(op.Path, "local/") }

// Create makes a file whose writes can be torn.
func (d *disk) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.FS.Create(name, c)
	if err != nil {
		return nil, err
	}
	return &tearable{f, d}, nil
}

// tearable is a file that writes half of what it should when the plan says so.
type tearable struct {
	vfs.File
	disk *disk
}

func (f *tearable) Write(p []byte) (int, error) {
	if !f.disk.tears() {
		return f.File.Write(p)
	}
	n, err := f.File.Write(p[:len(p)/2])
	return n, errors.Join(fmt.Errorf("%w: a torn write: %w", ErrFault, syscall.EIO), err)
}

// tears reports whether the next write is to be torn.
func (d *disk) tears() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	torn := d.torn && !d.crashed
	d.torn = d.torn && d.crashed
	return torn
}

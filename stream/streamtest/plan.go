package streamtest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// FaultKind is what can go wrong. At counts what the kind names, from 1, over the whole run: what is done again
// after a crash counts again.
type FaultKind uint8

const (
	// CrashStep crashes the process before step At of the run.
	CrashStep FaultKind = iota
	// CrashBarrier crashes it when the first sink has prepared the checkpoint that is At in order.
	CrashBarrier
	// CrashRecord crashes it when the sources have emitted At records.
	CrashRecord
	// CrashFile crashes it before operation At that changes the file system: the one before is the last that
	// has happened.
	CrashFile
	// DiskError fails operation At that changes the file system.
	DiskError
	// DiskTorn writes half of the bytes of the first write from operation At on, and then fails.
	DiskTorn
	// DiskFull fails the operations that take room from operation At on, fifty of them.
	DiskFull
	// DiskSlow lets operation At that changes the file system take For.
	DiskSlow
	// ReadError fails read At of a checkpoint.
	ReadError
	// ClockJump moves the clock by For before step At, back if For is negative.
	ClockJump
	// Stall keeps the task that would take step At from stepping for For: what it reads piles up before it.
	Stall
	// SourceError fails the reader before it emits record At.
	SourceError
	// SourceSlow lets the reader give nothing for For before it emits record At.
	SourceSlow
	// SinkError fails call At of the sinks' Write, Prepare and Commit. Every second one fails when its work is
	// done, so that nobody knows whether it was.
	SinkError
	// SinkSlow lets the sinks' Prepare At take For.
	SinkSlow
	// JobSlow lets background job At, such as a part of a snapshot or an upload, wait For before it begins.
	JobSlow

	faultKinds
)

var faultNames = [faultKinds]string{
	"crash-step", "crash-barrier", "crash-record", "crash-file", "disk-error", "disk-torn", "disk-full", "disk-slow",
	"read-error", "clock", "stall", "source-error", "source-slow", "sink-error", "sink-slow", "job-slow",
}

// String names the kind as plans are written.
func (k FaultKind) String() string {
	if k >= faultKinds {
		return fmt.Sprint("fault-", int(k))
	}
	return faultNames[k]
}

// lasts reports whether For means something.
func (k FaultKind) lasts() bool {
	return slices.Contains([]FaultKind{DiskSlow, ClockJump, Stall, SourceSlow, SinkSlow, JobSlow}, k)
}

// Fault is one thing that goes wrong, and when.
type Fault struct {
	Kind FaultKind
	At   int
	For  time.Duration // of kinds that last, and how far a clock jumps
}

// String writes the fault as ParsePlan reads it: crash-step@120, clock@40:1h0m0s.
func (f Fault) String() string {
	if f.Kind.lasts() {
		return fmt.Sprintf("%v@%d:%v", f.Kind, f.At, f.For)
	}
	return fmt.Sprintf("%v@%d", f.Kind, f.At)
}

// Plan is what shall go wrong in a run. It is a line of text, so that a failure can be reported and replayed.
type Plan []Fault

// String writes the plan as one line; an empty plan is "none".
func (p Plan) String() string {
	if len(p) == 0 {
		return "none"
	}
	all := make([]string, len(p))
	for i, f := range p {
		all[i] = f.String()
	}
	return strings.Join(all, ",")
}

// ParsePlan reads what Plan.String writes.
func ParsePlan(line string) (p Plan, err error) {
	if line = strings.TrimSpace(line); line == "" || line == "none" {
		return nil, nil
	}
	for _, s := range strings.Split(line, ",") {
		f, err := parseFault(s)
		if err != nil {
			return nil, fmt.Errorf("streamtest: fault %q: %w; write kind@number, or kind@number:duration", s, err)
		}
		p = append(p, f)
	}
	return p, nil
}

func parseFault(s string) (f Fault, err error) {
	name, when, _ := strings.Cut(s, "@")
	i := slices.Index(faultNames[:], name)
	if i < 0 {
		return f, fmt.Errorf("no kind is called %q", name)
	}
	f.Kind = FaultKind(i)
	number, length, lasts := strings.Cut(when, ":")
	if f.At, err = strconv.Atoi(number); err != nil || f.At < 1 {
		return f, fmt.Errorf("%q is no number from 1 on", number)
	}
	if lasts != f.Kind.lasts() {
		return f, fmt.Errorf("a duration belongs to kinds that last, and only to them")
	}
	if lasts {
		f.For, err = time.ParseDuration(length)
	}
	return f, err
}

// Counts is how often in a run so far there was what faults are counted by.
type Counts struct{ Steps, Barriers, Records, FileOps, CheckpointReads, SinkCalls, Prepares, Jobs int }

// of returns the count that At of a kind refers to.
func (c Counts) of(k FaultKind) int {
	switch k {
	case CrashBarrier:
		return c.Barriers
	case CrashRecord, SourceError, SourceSlow:
		return c.Records
	case CrashFile, DiskError, DiskTorn, DiskFull, DiskSlow:
		return c.FileOps
	case ReadError:
		return c.CheckpointReads
	case SinkError:
		return c.SinkCalls
	case SinkSlow:
		return c.Prepares
	case JobSlow:
		return c.Jobs
	default:
		return c.Steps
	}
}

// lengths are how long faults last: from less than a step to a third of what a cancelled job has to drain.
var lengths = []time.Duration{10 * time.Microsecond, 300 * time.Microsecond, 2 * time.Millisecond, 20 * time.Millisecond, 20 * time.Second}

// lengths returns those of a kind. What is slow while the rest of the job goes on is not slow for so long that the job
// would begin and give up thousands of checkpoints meanwhile.
func (k FaultKind) lengths() []time.Duration {
	if k == DiskSlow || k == ClockJump {
		return lengths
	}
	return lengths[:len(lengths)-1]
}

// RandomPlan draws n faults of all kinds, at moments that a run of that many counts has; some lie a little behind its
// end, since what is done again after a crash counts too.
func RandomPlan(random *rand.Rand, c Counts, n int) Plan {
	p := make(Plan, n)
	for i := range p {
		f := &p[i]
		f.Kind = FaultKind(random.IntN(int(faultKinds)))
		if random.IntN(3) == 0 { // what most goes wrong: the process
			f.Kind = FaultKind(random.IntN(int(CrashFile) + 1))
		}
		f.At = 1 + random.IntN(1+c.of(f.Kind)*5/4)
		if f.Kind.lasts() {
			all := f.Kind.lengths()
			f.For = all[random.IntN(len(all))]
		}
		if f.Kind == ClockJump && random.IntN(3) == 0 {
			f.For = -f.For
		}
	}
	return p
}

// Shrink returns a small part of a plan that still fails: without faults that are not needed, and with short ones. fails
// runs a plan; it is called some tens of times at most for a plan of a few faults.
func Shrink(p Plan, fails func(Plan) bool) Plan {
	for removed := true; removed; {
		removed = false
		for i := 0; i < len(p); {
			less := slices.Delete(slices.Clone(p), i, i+1)
			if !fails(less) {
				i++
				continue
			}
			p, removed = less, true
		}
	}
	for i := range p {
		p = shorten(p, i, fails)
	}
	return p
}

// shorten gives fault i the least length that still fails.
func shorten(p Plan, i int, fails func(Plan) bool) Plan {
	for _, d := range lengths {
		if d >= p[i].For {
			break
		}
		shorter := slices.Clone(p)
		shorter[i].For = d
		if fails(shorter) {
			return shorter
		}
	}
	return p
}

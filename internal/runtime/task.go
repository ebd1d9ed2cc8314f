package runtime

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"sync/atomic"

	"github.com/turgo-io/turgo/internal/bug"
	"github.com/turgo-io/turgo/internal/checkpoint"
	"github.com/turgo-io/turgo/internal/exchange"
	"github.com/turgo-io/turgo/internal/graph"
	"github.com/turgo-io/turgo/internal/sched"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
)

// flushEvery bounds, in steps, how long a busy task keeps a partial batch.
const flushEvery = 32

// Task is one subtask of a chain: its operators, their state, and what drives them.
type Task struct {
	sched.Parker
	ID      int
	Name    string
	Subtask int
	ops     []*instance // in the order in which they were built: outputs before inputs
	guests  []string    // names of user code that runs here for an edge, by -1-TaskState.Operator

	source  sourcePort
	inputs  []input
	outputs []output
	replays []replayer // what comes before all inputs
	head    marker
	backend *state.Backend
	kept    state.OperatorList[int64] // the watermark, for the checkpoint; a source has none of its own
	clock   operator.Clock
	log     *slog.Logger
	events  checkpoint.Events

	timed  []operator.Timed
	slow   []operator.Asynchronous // those of timed that wait for answers from outside
	shared operator.TaskState
	mail   mailbox

	next      int // input to read first
	age       int // steps since the last flush
	deadline  int64
	idle      bool
	idleKnown bool // a Flush mark was sent since the last record
	ending    bool // the input has ended, and an operator still waits for answers
	ended     bool
	stopped   bool
	opened    bool            // or being opened
	running   atomic.Bool     // it is open
	due       int64           // checkpoint asked for by the coordinator
	last      int64           // last checkpoint whose barrier has passed
	snapshot  *state.Snapshot // the newest, nil before the first
	aligning  int64           // checkpoint whose barriers are coming in
	steps     uint64

	overtakes  bool         // all inputs can be captured
	overtaking int64        // the newest checkpoint that waits for no barrier
	captures   []captured   // under way
	late       []letter     // about checkpoints, while records are replayed
	watermark  atomic.Int64 // of the inputs; shared.Watermark is that of an event-time operator if the task has one
}

// marker takes control elements: the first operator of the chain.
type marker interface{ Mark(m operator.Mark) error }

// instance is one operator of the task with its type erased: called per mark or less.
type instance struct {
	name      string
	id        string
	env       *operator.Env
	open      func() error
	close     func() error
	starter   operator.Starter
	committer operator.Committer
	acker     operator.Acker
	opened    bool // open was called: close gives back what it took, even if it failed
}

// guest numbers the user code of an edge that runs here, in the sending task: the key function of the KeyBy behind it,
// or a partition function.
func (t *Task) guest(e *graph.Edge) int32 {
	n := e.To
	if e.Kind == exchange.Custom {
		n = e.From
	}
	t.guests = append(t.guests, n.Name)
	return -int32(len(t.guests))
}

// Park returns where the task waits.
func (t *Task) Park() *sched.Parker { return &t.Parker }

// Deadline returns the processing time to step again at.
func (t *Task) Deadline() int64 { return t.deadline }

// Progress is the number of records that the task has read.
func (t *Task) Progress() uint64 {
	n := t.steps
	for _, in := range t.inputs {
		n = n*31 + in.Records()
	}
	if t.source != nil {
		n = n*31 + t.source.records()
	}
	return n
}

// Step does a bounded amount of work.
func (t *Task) Step() (s sched.Status) {
	defer t.caught(&s)
	t.steps++
	s, err := t.step()
	if err != nil {
		return t.fail(t.blame(err))
	}
	return s
}

// caught turns a panic of the step into the task's failure.
func (t *Task) caught(s *sched.Status) {
	if cause := recover(); cause != nil {
		op := t.culprit()
		*s = t.fail(operator.Recovered(op.name, t.Subtask, cause))
	}
}

// culprit is the operator whose code ran last.
func (t *Task) culprit() *instance {
	if i := -1 - int(t.shared.Operator); i >= 0 && i < len(t.guests) {
		return &instance{name: t.guests[i]}
	}
	for _, op := range t.ops {
		if op.env.Index == t.shared.Operator {
			return op
		}
	}
	return &instance{name: t.Name}
}

// blame adds the operator to an error that does not name one.
func (t *Task) blame(err error) error {
	var named *operator.RecordError
	if errors.As(err, &named) {
		return err
	}
	return &operator.RecordError{Operator: t.culprit().name, Subtask: t.Subtask, Err: err}
}

func (t *Task) fail(err error) sched.Status {
	t.stopped = true
	t.events.Failed(t.ID, err)
	return sched.Done
}

func (t *Task) step() (sched.Status, error) {
	if !t.opened {
		return sched.Ready, t.openAll()
	}
	if err := t.readMail(); err != nil || t.stopped {
		return sched.Done, err
	}
	if len(t.captures) > 0 {
		if err := t.capture(); err != nil {
			return sched.Done, err
		}
	}
	if !t.drain() {
		t.deadline = 0
		return sched.Blocked, nil
	}
	if err := t.tick(); err != nil {
		return sched.Done, err
	}
	worked, err := t.work()
	if err != nil {
		return sched.Done, err
	}
	if err := t.backend.Err(); err != nil {
		return sched.Done, err
	}
	if t.age++; !worked || t.age >= flushEvery {
		if err := t.flush(!worked); err != nil {
			return sched.Done, err
		}
	}
	if worked {
		return sched.Ready, nil
	}
	t.plan()
	return sched.Blocked, nil
}

// openAll opens the operators, outputs first, and starts the state.
func (t *Task) openAll() error {
	t.opened = true
	for _, o := range t.timed {
		if slow, ok := o.(operator.Asynchronous); ok {
			t.slow = append(t.slow, slow)
		}
	}
	for _, op := range t.ops {
		t.shared.Operator, op.opened = op.env.Index, true
		if err := op.open(); err != nil {
			return fmt.Errorf("opening %s: %w", op.name, err)
		}
	}
	if err := t.backend.Start(); err != nil {
		return startup(fmt.Errorf("state of %s: %w", t.Name, err))
	}
	for _, op := range t.ops {
		if op.starter == nil {
			continue
		}
		t.shared.Operator = op.env.Index
		if err := op.starter.Start(); err != nil {
			return fmt.Errorf("starting %s: %w", op.name, err)
		}
	}
	t.running.Store(true)
	return t.restoreWatermark()
}

// restoreWatermark takes up the watermark of the restored checkpoint, so that what was late then is
// late again. After a change of parallelism it is the least of the old subtasks'.
func (t *Task) restoreWatermark() error {
	if t.source != nil || len(t.kept.Get()) == 0 || bug.Enabled && bug.On(bug.InputWatermarkForgotten) {
		return nil
	}
	low := slices.Min(t.kept.Get())
	if low == operator.NoTime || low == operator.MaxTime {
		return nil
	}
	t.setWatermark(low)
	return t.head.Mark(operator.Mark{Kind: operator.Watermark, Value: low})
}

// work reads one batch, or polls the source once.
func (t *Task) work() (bool, error) {
	switch {
	case t.ended:
		return false, nil
	case t.ending:
		return t.endWhenAnswered()
	case t.full():
		return false, nil
	case len(t.replays) > 0:
		return true, t.replay()
	}
	if t.source != nil {
		return t.stepSource()
	}
	for range t.inputs {
		in := t.inputs[t.next]
		if t.next++; t.next == len(t.inputs) {
			t.next = 0
		}
		if worked, err := in.Step(t); worked || err != nil {
			t.idleKnown = false
			return true, err
		}
	}
	return false, nil
}

// full reports whether an operator wants no records until it has answers from outside.
func (t *Task) full() bool {
	for _, o := range t.slow {
		if o.Full() {
			return true
		}
	}
	return false
}

// pending reports whether an operator still waits for answers from outside.
func (t *Task) pending() bool {
	for _, o := range t.slow {
		if o.Pending() {
			return true
		}
	}
	return false
}

func (t *Task) endWhenAnswered() (bool, error) {
	if t.pending() {
		return false, nil
	}
	return true, t.end()
}

// replay hands on records of the restored checkpoint. What is said of checkpoints meanwhile waits until the last of
// them: the records are in no state yet.
func (t *Task) replay() error {
	done, err := t.replays[0].step()
	if err != nil || !done {
		return err
	}
	if t.replays = t.replays[1:]; len(t.replays) > 0 {
		return nil
	}
	late := t.late
	t.late = nil
	for _, l := range late {
		if err := t.open(l); err != nil {
			return err
		}
	}
	return nil
}

func (t *Task) stepSource() (bool, error) {
	before := t.source.records()
	status, err := t.source.step(t)
	if t.source.records() != before {
		t.idleKnown = false // also of a reader that gave records and has no more
	}
	if err != nil || status == operator.Blocked {
		return false, err
	}
	if status == operator.Ready {
		return true, nil
	}
	t.setWatermark(operator.MaxTime)
	if err := t.head.Mark(operator.Mark{Kind: operator.Watermark, Value: operator.MaxTime}); err != nil {
		return true, err
	}
	return true, t.end()
}

// end passes the end of the input on and tells the coordinator. A checkpoint that was asked for while
// the end was on its way has no barrier to wait for: it is taken now. An operator that waits for answers makes the end
// wait; checkpoints do not.
func (t *Task) end() error {
	t.setWatermark(operator.MaxTime)
	if t.ending = t.pending(); t.ending {
		if t.due > t.last {
			return t.barrier(t.due)
		}
		return nil
	}
	t.ended = true
	if err := t.head.Mark(operator.Mark{Kind: operator.End}); err != nil {
		return err
	}
	t.events.Ended(t.ID)
	if t.due > t.last {
		return t.barrier(t.due)
	}
	return nil
}

func (t *Task) setWatermark(w int64) {
	t.shared.Watermark = w
	t.watermark.Store(w)
}

// tick lets operators act whose processing time has come.
func (t *Task) tick() error {
	if len(t.timed) == 0 {
		return nil
	}
	now := t.clock.Now()
	for _, o := range t.timed {
		if d := t.deadlineOf(o); d != 0 && d <= now {
			if err := o.Tick(now); err != nil {
				return err
			}
		}
	}
	return nil
}

// deadlineOf returns when an operator wants to act. Behind the end of the input only a sink has something left to do:
// what others put out then nobody would read. What they have set stays in their state.
func (t *Task) deadlineOf(o operator.Timed) int64 {
	if _, sink := o.(interface{ isSink() }); t.ended && !sink {
		return 0
	}
	return o.Deadline()
}

// plan sets the deadline of a task that has nothing to do.
func (t *Task) plan() {
	next := int64(math.MaxInt64)
	for _, o := range t.timed {
		if d := t.deadlineOf(o); d != 0 {
			next = min(next, d)
		}
	}
	if t.source != nil && !t.ended {
		if d := t.source.deadline(); d != 0 {
			next = min(next, d)
		}
	}
	if t.deadline = next; next == math.MaxInt64 {
		t.deadline = 0
	}
}

// drain publishes what was spilled; false if an output is still full.
func (t *Task) drain() bool {
	ok := true
	for _, o := range t.outputs {
		ok = o.Drain() && ok
	}
	return ok
}

// flush publishes partial batches; an idle task has its operators hand on what they gather first.
func (t *Task) flush(idle bool) error {
	t.age = 0
	if idle && !t.idleKnown && !t.ended {
		t.idleKnown = true
		if err := t.head.Mark(operator.Mark{Kind: operator.Flush}); err != nil {
			return err
		}
	}
	for _, o := range t.outputs {
		o.Flush()
	}
	return nil
}

// Close closes operators and state. The driver calls it once, when the task will not step again.
func (t *Task) Close() {
	var errs []error
	for i := len(t.ops) - 1; i >= 0; i-- { // inputs first: what they close may still hand something on
		if !t.ops[i].opened {
			continue
		}
		if err := t.closeOp(t.ops[i]); err != nil {
			errs = append(errs, fmt.Errorf("closing %s: %w", t.ops[i].name, err))
		}
	}
	if err := t.backend.Close(); err != nil { // local files: what they held is in checkpoints, or is made again
		t.log.Warn("closing local state failed", "task", t.Name, "error", err)
	}
	t.events.Stopped(t.ID, errors.Join(errs...))
}

func (t *Task) closeOp(op *instance) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = operator.Recovered(op.name, t.Subtask, cause)
		}
	}()
	return op.close()
}

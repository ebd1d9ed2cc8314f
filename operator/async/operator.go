package async

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"sync"
	"sync/atomic"

	"github.com/turgo-io/turgo/operator"
)

// caller is the operator. All of it but answers belongs to the task's goroutine.
//
//	Push ─> entries ─> queue ──> cache? under way? breaker? ──> gathered ──> call ~~> Executor: ask
//	           │         ^                   │                                              │
//	           │         └── alarms <── failed, tries left <── collect <── answers <~~~~~~~~┘
//	           └─ line: leave, in the order that was asked for <──┘
//
// What must hold: an entry is in the line from Push until it leaves; until it is done it is in exactly one of: the queue,
// gathered, a call that is not given up, the waiters of another entry, alarms, or behind another entry of its key.
type caller[In, Q, A, Out any] struct {
	operator.Base[Out]
	*factory[In, Q, A, Out]
	ctx      context.Context // of the calls
	cancel   context.CancelFunc
	failures operator.Receiver[operator.Failure[In]] // nil: they are dropped, or end the attempt
	keys     keyAccess                               // nil without keys
	shares   sharing[Q, A]
	kept     keeper[In]

	entries []entry[In, Q, A] // by slot
	free    []int32
	seq     int64 // of the last entry
	held    int   // entries in use
	queue   fifo
	asking  int // entries that are gathered or in a call that is not given up
	line    line
	ready   bool // something may leave

	gathered []int32
	due      int64 // to send what is gathered, 0: nothing is
	calls    []*call[Q, A]
	idle     []*call[Q, A]
	lastID   uint64
	alarms   alarms
	breaker  breaker
	clock    int64  // when it was last read
	chance   uint64 // state of the generator for jitter

	answers  answers[Q, A]
	out      Out
	passed   int64 // the last watermark that went out
	quiet    bool  // the task has nothing to read, as far as it said
	counters struct{ calls, retries, timeouts, failed, cached, shared *operator.Counter }
}

// answers is where calls that have ended wait for the task.
type answers[Q, A any] struct {
	any   atomic.Bool
	mu    sync.Mutex
	ended []*call[Q, A]
	spare []*call[Q, A]
}

// entry is a record inside.
type entry[In, Q, A any] struct {
	value   In
	query   Q
	answer  A
	err     error
	from    string // split that a restored record came from
	time    int64
	segment int64
	seq     int64 // 0: the slot is free
	again   int64 // when it is asked about again
	failed  int32 // tries
	split   int32
	waiter  int32 // the next that waits for the same answer, 0: none; slot 0 is never used
	stored  bool  // in keyed state as it is
}

// Open declares the state and gets ready to call.
func (o *caller[In, Q, A, Out]) Open(c operator.Context, out operator.Receiver[Out]) (err error) {
	env := c.Env()
	o.ctx, o.cancel = context.WithCancel(env.Ctx)
	o.shares, o.breaker, o.passed = o.sharing(), newBreaker(o.settings.breaker), operator.NoTime
	o.line.strict = o.settings.order == ordered
	o.entries = make([]entry[In, Q, A], 1)
	if o.settings.keys != nil {
		if o.keys, err = o.settings.keys(env.Keys); err != nil {
			return err
		}
	}
	o.kept = newKeeper[In](c, o.keys != nil)
	if o.settings.failed != nil {
		if o.failures, err = o.side.Receiver(c); err != nil {
			return err
		}
	}
	n := &o.counters
	n.calls, n.retries, n.timeouts = c.Counter("calls"), c.Counter("retries"), c.Counter("timeouts")
	n.failed, n.cached, n.shared = c.Counter("failed"), c.Counter("cached"), c.Counter("shared")
	h := fnv.New64a()
	fmt.Fprintf(h, "%s/%s/%d/%d/%d", env.Job, env.ID, env.Subtask, env.Attempt, env.Clock.Now())
	o.chance = h.Sum64()
	return o.Base.Open(c, out)
}

// Start asks again about the records of the restored checkpoint. What follows in the task must see them under the
// watermark that it had then.
func (o *caller[In, Q, A, Out]) Start() error {
	passed := o.kept.restore(func(seq int64, k *underWay[In]) {
		o.seq = max(o.seq, seq)
		o.admit(seq, k)
	})
	if o.held == 0 {
		return nil
	}
	if passed != operator.NoTime {
		if err := o.pass(operator.Mark{Kind: operator.Watermark, Value: passed}); err != nil {
			return err
		}
	}
	return o.pump(o.now())
}

// now reads the clock. If somebody has set it back, what waits for a time waits no longer than it would have.
func (o *caller[In, Q, A, Out]) now() int64 {
	now := o.Context.Env().Clock.Now()
	if back := now - o.clock; back < 0 {
		for i := range o.alarms {
			o.alarms[i].at += back
		}
		if o.due != 0 {
			o.due += back
		}
		if o.breaker.until != 0 {
			o.breaker.until += back
		}
	}
	o.clock = now
	return now
}

// Push takes a record in.
func (o *caller[In, Q, A, Out]) Push(time int64, v *In) error {
	o.quiet = false
	o.Context.Enter()
	o.admit(0, &underWay[In]{Value: *v, Time: time})
	return o.pump(o.now())
}

// admit takes a record in: a new one, with seq 0, or one of the restored checkpoint.
func (o *caller[In, Q, A, Out]) admit(seq int64, k *underWay[In]) {
	if seq == 0 {
		o.seq++
		seq = o.seq
	}
	slot := int32(len(o.entries))
	if n := len(o.free); n > 0 {
		slot, o.free = o.free[n-1], o.free[:n-1]
	} else {
		o.entries = append(o.entries, entry[In, Q, A]{})
	}
	o.held++
	e := &o.entries[slot]
	e.value, e.time, e.seq, e.failed, e.again, e.from = k.Value, k.Time, seq, k.Failed, k.Again, k.Split
	e.query, e.split, e.segment = o.query(k.Value), o.Context.Split(), o.line.add()
	if o.keys != nil {
		o.keys.note(slot)
		if o.settings.order == perKey && !o.keys.enter(slot) {
			return // those before it let it go
		}
	}
	o.begin(slot)
}

// begin has an entry asked about, now or when it is due.
func (o *caller[In, Q, A, Out]) begin(slot int32) {
	now := o.now()
	if at := min(o.entries[slot].again, now+int64(o.settings.retry.Max)); at > now {
		o.alarms.push(alarm{at: at, slot: slot})
		return
	}
	o.queue.push(slot)
}

// Full reports whether there are as many records inside as there may be.
func (o *caller[In, Q, A, Out]) Full() bool { return o.held >= o.settings.capacity }

// Pending reports whether records or marks are inside.
func (o *caller[In, Q, A, Out]) Pending() bool { return !o.line.empty() }

// Deadline is when something is to be done.
func (o *caller[In, Q, A, Out]) Deadline() int64 {
	if o.ready || o.answers.any.Load() {
		return 1
	}
	if o.held > 0 {
		o.now()
	}
	at := o.alarms.next()
	earlier := func(t int64) {
		if t != 0 && (at == 0 || t < at) {
			at = t
		}
	}
	if o.due != 0 {
		earlier(max(o.due, 1))
	}
	if o.breaker.until != 0 && !o.breaker.trying && o.queue.len() > 0 && o.asking < o.settings.capacity {
		earlier(o.breaker.until)
	}
	return at
}

// Tick takes what has been answered, asks what is due, and lets go what may leave.
func (o *caller[In, Q, A, Out]) Tick(int64) error {
	now := o.now()
	if err := o.collect(now); err != nil {
		return err
	}
	o.ring(now)
	if err := o.pump(now); err != nil {
		return err
	}
	if o.due != 0 && (now >= o.due || o.quiet && !o.settings.batch.Wait) {
		o.send(now)
	}
	left, err := o.leave()
	if err != nil || !left || !o.quiet {
		return err
	}
	return o.Out.Mark(operator.Mark{Kind: operator.Flush}) // who gathers behind would wait for the next record
}

// ring does what alarms say.
func (o *caller[In, Q, A, Out]) ring(now int64) {
	for {
		a, ok := o.alarms.pop(now)
		switch {
		case !ok:
			return
		case a.call == 0:
			o.entries[a.slot].again = 0
			o.queue.push(a.slot)
		default:
			if c := o.calls[a.slot]; c.id == a.call && !c.over {
				o.counters.timeouts.Add(1)
				o.giveUp(c, now)
			}
		}
	}
}

// Mark keeps a mark in its place among the records, but for those that concern what is kept and what is gathered.
func (o *caller[In, Q, A, Out]) Mark(m operator.Mark) error {
	switch m.Kind {
	case operator.Barrier:
		o.save()
		return o.Out.Mark(m)
	case operator.Flush:
		o.quiet = true
		if o.due != 0 && !o.settings.batch.Wait {
			o.send(o.now())
		}
		return o.Out.Mark(m)
	}
	if m.Kind == operator.Watermark && m.Value == operator.MaxTime && o.due != 0 {
		o.send(o.now()) // nothing comes that a batch could wait for
	}
	if o.line.empty() {
		return o.pass(m)
	}
	o.line.mark(m)
	return nil
}

// pass hands a mark on.
func (o *caller[In, Q, A, Out]) pass(m operator.Mark) error {
	if m.At = 0; m.Kind == operator.Watermark {
		o.passed = m.Value
	}
	return o.Out.Mark(m)
}

// leave lets go all that may leave. What follows in the task sees it as it was when it came: the split of a record,
// and a watermark only behind the records that were before it.
func (o *caller[In, Q, A, Out]) leave() (left bool, err error) {
	o.ready = false
	task := o.Context.Env().Task
	split, watermark := task.Split, task.Watermark
	task.Watermark = o.passed
	for err == nil {
		if slot, ok := o.line.pop(); ok {
			left, err = true, o.emit(slot, task)
			continue
		}
		marks, ok := o.line.close()
		if !ok {
			break
		}
		err = o.release(marks, task)
	}
	task.Split = split
	if task.Watermark == o.passed { // else an operator behind makes watermarks of its own
		task.Watermark = watermark
	}
	return left, err
}

// release hands on the marks behind a segment.
func (o *caller[In, Q, A, Out]) release(marks []operator.Mark, task *operator.TaskState) error {
	for _, m := range marks {
		if m.Kind == operator.Watermark && task.Watermark == o.passed {
			task.Watermark = m.Value
		}
		if err := o.pass(m); err != nil {
			return err
		}
	}
	return nil
}

// emit puts out what became of a record, and frees its entry.
func (o *caller[In, Q, A, Out]) emit(slot int32, task *operator.TaskState) error {
	o.Context.Enter()
	e := &o.entries[slot]
	if task.Split = e.split; e.from != "" {
		task.Split = splitOf(task.Splits, e.from)
	}
	if o.keys != nil {
		o.keys.seek(slot)
	}
	err := e.err
	switch {
	case err == nil:
		o.out = o.result(e.value, e.answer)
	case o.fallback != nil:
		o.out, err = o.fallback(e.value, err)
	}
	at, fail := e.time, operator.Failure[In]{}
	if err != nil {
		fail = operator.Failure[In]{Value: e.value, Time: at, Err: err.Error()}
	}
	o.drop(slot)
	if err != nil {
		return o.fail(err, &fail)
	}
	return o.Out.Push(at, &o.out)
}

// fail does with a failed record what the options say.
func (o *caller[In, Q, A, Out]) fail(err error, f *operator.Failure[In]) error {
	o.counters.failed.Add(1)
	switch {
	case o.settings.failed == nil:
		return fmt.Errorf("async: a record failed, and neither Fallback nor FailedTo takes it: %w", err)
	case o.failures == nil:
		return nil
	}
	return o.failures.Push(f.Time, f)
}

// drop frees an entry.
func (o *caller[In, Q, A, Out]) drop(slot int32) {
	e := &o.entries[slot]
	if e.stored {
		o.keys.gone(slot, e.seq)
	}
	*e = entry[In, Q, A]{}
	o.free = append(o.free, slot)
	o.held--
}

// splitOf returns the number of a split by its name, 0 if it is another subtask's now.
func splitOf(splits []string, name string) int32 {
	for i, s := range splits {
		if s == name {
			return int32(i)
		}
	}
	return 0
}

// Close ends the calls that are under way. What they return is dropped.
func (o *caller[In, Q, A, Out]) Close() error {
	if o.cancel != nil {
		o.cancel()
	}
	return nil
}

// fifo is a queue of slots.
type fifo struct {
	slots []int32
	head  int
}

func (f *fifo) len() int     { return len(f.slots) - f.head }
func (f *fifo) front() int32 { return f.slots[f.head] }

func (f *fifo) push(slot int32) {
	if f.head > 0 && len(f.slots) == cap(f.slots) {
		n := copy(f.slots, f.slots[f.head:])
		f.slots, f.head = f.slots[:n], 0
	}
	f.slots = append(f.slots, slot)
}

func (f *fifo) pop() { f.head++ }

// worthRetry reports whether an error is one that another try may cure.
func (s *settings) worthRetry(err error) bool {
	if errors.Is(err, ErrNotFound) || operator.IsPermanent(err) {
		return false
	}
	return s.retry.If == nil || s.retry.If(err)
}

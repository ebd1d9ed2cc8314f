package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/turgo-io/turgo/internal/bug"
	"github.com/turgo-io/turgo/internal/sched"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state/snapshot"
)

// Storage makes checkpoints durable.
type Storage interface {
	// Save writes checkpoint n: the files of the parts, by task, then the manifest. When it returns
	// nil, the checkpoint survives any crash. It runs in the background and may block.
	Save(n int64, parts []Part) error
	// Drop gives up what parts of a failed checkpoint hold: their entries belong to the next one again.
	Drop(n int64, parts []Part)
}

// Config of a coordinator. Interval 0: no checkpoint but the last.
type Config struct {
	Interval  time.Duration
	MinPause  time.Duration // between the end of one and the start of the next
	Timeout   time.Duration // after which a checkpoint is given up; 0 is 10 min
	Unaligned bool          // barriers overtake records when they have waited for AlignFor
	AlignFor  time.Duration
	Drain     time.Duration // after which a cancelled job gives up its last checkpoint; 0 is 1 min
	Tolerable int           // failed checkpoints in a row that do not end the attempt; negative: any number
	First     int64         // number of the first checkpoint
	Clock     operator.Clock
	Executor  operator.Executor
	Log       *slog.Logger
	Storage   Storage
	// Completed is told of each checkpoint that became durable, if it is not nil. Coordinator's goroutine.
	Completed func(Completion)
	// Failing is called once when the attempt fails, before its tasks are told to stop: to end what blocks.
	Failing func()
}

// Completion describes a checkpoint that became durable.
type Completion struct {
	Number int64
	Took   time.Duration // from the trigger to the manifest
	Last   bool
}

// Coordinator drives the checkpoints of one attempt, and its end.
type Coordinator struct {
	sched.Parker
	config Config
	tasks  []Task

	mu    sync.Mutex
	inbox []event
	spare []event

	ended   int
	stopped int
	pending *pending
	saving  bool
	next    int64
	nextAt  int64
	failed  int // checkpoints in a row

	demanded  bool  // one was asked for since the last trigger
	cancelled int64 // when Cancel came, 0 if it did not
	lastSince int64 // when the first last checkpoint that failed began, 0 if none has
	retryAt   int64 // when to try it again
	stopping  bool
	broken    bool // something else than the closing of a task has failed
	final     bool // the last checkpoint is durable
	errs      []error
	started   bool
	steps     uint64
}

// pending is the checkpoint under way.
type pending struct {
	n       int64
	last    bool
	started int64
	parts   []Part
	have    []bool
	left    int

	again int64 // when to save it again: the last try may have taken effect; 0 if there was none
	doubt error // of that try

	overtakes bool               // tasks were told not to wait
	overtaken map[Channel][]byte // what waited at senders
}

type eventKind uint8

const (
	acknowledged eventKind = iota
	declined
	ended
	failed
	stopped
	saved
	cancel
	demand
	overtaken
)

type event struct {
	kind eventKind
	task int
	n    int64
	part Part
	err  error

	channel Channel
	records []byte
}

// New returns a coordinator. Attach gives it the tasks.
func New(c Config) *Coordinator {
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Minute
	}
	if c.Drain == 0 {
		c.Drain = time.Minute
	}
	return &Coordinator{config: c, next: max(1, c.First)}
}

// Attach gives the coordinator the tasks of the attempt, by their IDs. It comes before the first step.
func (c *Coordinator) Attach(tasks []Task) { c.tasks = tasks }

// Acknowledged implements Events.
func (c *Coordinator) Acknowledged(task int, n int64, p Part) {
	c.post(event{kind: acknowledged, task: task, n: n, part: p})
}

// Overtaken implements Events.
func (c *Coordinator) Overtaken(n int64, channel Channel, records []byte) {
	c.post(event{kind: overtaken, n: n, channel: channel, records: records})
}

// Declined implements Events.
func (c *Coordinator) Declined(task int, n int64, err error) {
	c.post(event{kind: declined, task: task, n: n, err: err})
}

// Ended implements Events.
func (c *Coordinator) Ended(task int) { c.post(event{kind: ended, task: task}) }

// Failed implements Events.
func (c *Coordinator) Failed(task int, err error) {
	c.post(event{kind: failed, task: task, err: err})
}

// Stopped implements Events.
func (c *Coordinator) Stopped(task int, err error) {
	c.post(event{kind: stopped, task: task, err: err})
}

// Cancel ends the attempt gracefully: sources stop, a last checkpoint is taken, then all is closed. Any
// goroutine may call it.
func (c *Coordinator) Cancel() { c.post(event{kind: cancel}) }

// Demand asks for a checkpoint now. Any goroutine may call it.
func (c *Coordinator) Demand() { c.post(event{kind: demand}) }

func (c *Coordinator) post(e event) {
	c.mu.Lock()
	c.inbox = append(c.inbox, e)
	c.mu.Unlock()
	c.Wake()
}

// Park returns where the coordinator waits.
func (c *Coordinator) Park() *sched.Parker { return &c.Parker }

// Progress is how many steps it took.
func (c *Coordinator) Progress() uint64 { return c.steps }

// Close does nothing: the tasks are closed when it is done.
func (c *Coordinator) Close() {}

// Err returns why the attempt failed, nil if it came to its end. It may be read when it is done.
func (c *Coordinator) Err() error { return errors.Join(c.errs...) }

// Final reports whether the last checkpoint is durable and every task has heard of it: there is nothing left to do
// again. It may be read when it is done.
func (c *Coordinator) Final() bool { return c.final && !c.broken }

// Next returns the number that the next attempt's first checkpoint takes. It may be read when it is done.
func (c *Coordinator) Next() int64 { return c.next }

// Deadline is when to look at the time again. While a checkpoint is being saved, nothing hangs on the time but
// the end of a cancelled job.
func (c *Coordinator) Deadline() int64 {
	at := c.nextAt
	switch {
	case c.stopping:
		return 0
	case c.saving:
		at = 0
	case c.pending != nil:
		at = c.pending.started + int64(c.config.Timeout)
		if c.pending.again != 0 {
			at = min(at, c.pending.again)
		} else if c.config.Unaligned && !c.pending.overtakes {
			at = min(at, c.pending.started+int64(c.config.AlignFor))
		}
	case c.retryAt != 0:
		at = c.retryAt
	}
	if c.cancelled == 0 {
		return at
	}
	if drained := c.cancelled + int64(c.config.Drain); at == 0 || drained < at {
		return drained
	}
	return at
}

// Step handles what has come in and does what follows from it.
func (c *Coordinator) Step() sched.Status {
	c.steps++
	now := c.config.Clock.Now()
	if !c.started {
		c.started = true
		c.schedule(now, c.config.Interval)
	}
	for _, e := range c.take() {
		c.handle(e, now)
	}
	c.act(now)
	if c.stopped == len(c.tasks) && !c.saving {
		c.giveUp(errors.New("the attempt is over"))
		return sched.Done
	}
	return sched.Blocked
}

func (c *Coordinator) take() []event {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inbox, c.spare = c.spare[:0], c.inbox
	return c.spare
}

func (c *Coordinator) handle(e event, now int64) {
	switch e.kind {
	case acknowledged:
		c.collect(e, now)
	case declined:
		if p := c.pending; p != nil && p.n == e.n && !c.saving {
			c.fail(fmt.Errorf("task %d declined: %w", e.task, e.err), now)
		}
	case ended:
		c.ended++
	case failed:
		c.stopWith(e.err)
	case stopped:
		c.stopped++
		if e.err != nil {
			c.errs = append(c.errs, e.err)
		}
	case saved:
		c.saved(e.err, now)
	case cancel:
		c.cancelled = now
	case demand:
		c.demanded = true
	case overtaken:
		if p := c.pending; p != nil && p.n == e.n {
			p.overtaken[e.channel] = e.records
		}
	}
}

// collect keeps one task's part; with the last one the checkpoint is saved in the background.
func (c *Coordinator) collect(e event, now int64) {
	p := c.pending
	if p == nil || p.n != e.n || c.stopping {
		c.config.Storage.Drop(e.n, []Part{e.part})
		return
	}
	if p.have[e.task] {
		return
	}
	p.have[e.task], p.parts[e.task] = true, e.part
	p.left--
	if bug.Enabled && bug.On(bug.CommitBeforeAcknowledged) && p.left == 1 {
		c.commitEarly(p)
	}
	if p.left > 0 {
		return
	}
	if bug.Enabled && bug.On(bug.CommitBeforeDurable) {
		c.commitEarly(p)
	}
	if err := p.join(); err != nil {
		c.fail(err, now)
		return
	}
	c.saveLater(p)
}

// saveLater saves a checkpoint in the background.
func (c *Coordinator) saveLater(p *pending) {
	c.saving = true
	c.config.Executor.Go("checkpoint", func() {
		c.post(event{kind: saved, err: c.save(p)})
	})
}

// commitEarly is for bugs: it tells of a checkpoint that is not durable.
func (c *Coordinator) commitEarly(p *pending) {
	for _, t := range c.tasks {
		t.Committed(p.n)
	}
}

// join puts what waited at senders behind what their receivers saw.
func (p *pending) join() error {
	for i := range p.parts {
		for k := range p.parts[i].InFlight {
			f := &p.parts[i].InFlight[k]
			if !f.More {
				continue
			}
			rest, ok := p.overtaken[f.Channel]
			if !ok {
				return fmt.Errorf("the sender of %v has not said what waits there", f.Channel)
			}
			f.Bytes, f.More = append(f.Bytes, rest...), false
		}
	}
	return nil
}

// save makes a checkpoint durable. A panic of the storage fails the checkpoint: nobody else would catch it, and the
// coordinator would wait for ever.
func (c *Coordinator) save(p *pending) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = operator.Recovered("checkpoint storage", 0, cause)
		}
	}()
	return c.config.Storage.Save(p.n, p.parts)
}

// saved ends the checkpoint under way.
func (c *Coordinator) saved(err error, now int64) {
	c.saving = false
	p := c.pending
	if errors.Is(err, snapshot.ErrUncertain) && p != nil {
		p.again, p.doubt = now+int64(retryLast), err
		c.config.Log.Warn("checkpoint may or may not be durable; writing it again", "checkpoint", p.n, "error", err)
		return
	}
	if err != nil {
		c.fail(err, now)
		return
	}
	c.pending, c.failed = nil, 0
	c.final = c.final || p.last
	for _, t := range c.tasks {
		t.Committed(p.n)
	}
	if c.config.Completed != nil {
		c.config.Completed(Completion{p.n, time.Duration(now - p.started), p.last})
	}
	c.schedule(now, c.config.MinPause)
}

// retryLast is the pause before a last checkpoint that has failed is tried again. A full disk may get room again; the
// time to drain bounds how often.
const retryLast = time.Second

// fail gives the checkpoint under way up.
func (c *Coordinator) fail(err error, now int64) {
	p := c.pending
	c.giveUp(err)
	c.failed++
	c.schedule(now, max(c.config.MinPause, c.config.Interval))
	if p.last {
		if c.lastSince == 0 {
			c.lastSince = p.started
		}
		c.retryAt = now + int64(retryLast)
	}
	over := p.last && c.retryAt-c.lastSince >= int64(c.config.Drain) || operator.IsPermanent(err)
	if over || c.config.Tolerable >= 0 && c.failed > c.config.Tolerable {
		c.stopWith(fmt.Errorf("checkpoint %d failed: %w", p.n, err))
	}
}

func (c *Coordinator) giveUp(err error) {
	p := c.pending
	if p == nil {
		return
	}
	c.pending = nil
	for _, t := range c.tasks {
		t.Abort(p.n)
	}
	c.config.Storage.Drop(p.n, p.parts)
	c.config.Log.Warn("checkpoint given up; the job goes on", "checkpoint", p.n, "error", err)
}

// schedule sets when the next checkpoint is due: a whole interval after the last one began, but not before the pause.
func (c *Coordinator) schedule(now int64, pause time.Duration) {
	if c.config.Interval <= 0 {
		c.nextAt = 0
		return
	}
	if c.nextAt == 0 {
		c.nextAt = now
	}
	c.nextAt = max(c.nextAt, now+int64(pause))
}

// act does what the state of things asks for.
func (c *Coordinator) act(now int64) {
	p := c.pending
	switch {
	case c.stopping:
	case c.cancelled != 0 && now-c.cancelled >= int64(c.config.Drain) && !c.final:
		c.stopWith(fmt.Errorf("the job was cancelled but could not be drained within %v; it stops where its last checkpoint is", c.config.Drain))
	case c.saving:
	case c.final:
		c.stop()
	case p != nil:
		if p.again != 0 {
			c.saveAgain(p, now)
			return
		}
		if now-p.started >= int64(c.config.Timeout) {
			c.fail(fmt.Errorf("not complete after %v", c.config.Timeout), now)
			return
		}
		c.overtake(now)
	case now < c.retryAt:
	case c.ended == len(c.tasks) || c.cancelled != 0:
		c.trigger(now, true)
	case c.demanded || c.nextAt != 0 && c.nextAt <= now:
		c.trigger(now, false)
	}
}

// saveAgain writes a checkpoint once more of which nobody knows whether it is durable. It can neither be given up, since
// sinks would then add to what a restore may commit, nor be committed.
func (c *Coordinator) saveAgain(p *pending, now int64) {
	switch {
	case now-p.started >= int64(c.config.Timeout):
		c.stopWith(fmt.Errorf("checkpoint %d: %w", p.n, p.doubt))
	case now >= p.again:
		p.again = 0
		c.saveLater(p)
	}
}

// overtake tells the tasks to wait no longer for the barriers of the checkpoint under way, when it is time for that.
func (c *Coordinator) overtake(now int64) {
	p := c.pending
	if !c.config.Unaligned || p.overtakes || now-p.started < int64(c.config.AlignFor) {
		return
	}
	p.overtakes, p.overtaken = true, map[Channel][]byte{}
	for _, t := range c.tasks {
		t.Overtake(p.n)
	}
}

func (c *Coordinator) trigger(now int64, last bool) {
	c.pending = &pending{
		n: c.next, last: last, started: now,
		parts: make([]Part, len(c.tasks)), have: make([]bool, len(c.tasks)), left: len(c.tasks),
	}
	c.next++
	c.nextAt, c.demanded = 0, false
	if c.config.Interval > 0 {
		c.nextAt = now + int64(c.config.Interval)
	}
	for _, t := range c.tasks {
		t.Trigger(c.pending.n, last)
	}
	c.overtake(now)
}

// stopWith ends the attempt with an error. What ends because another task has failed is no news.
func (c *Coordinator) stopWith(err error) {
	if c.stopping && errors.Is(err, context.Canceled) {
		return
	}
	c.errs, c.broken = append(c.errs, err), true
	if !c.stopping && c.config.Failing != nil {
		c.config.Failing()
	}
	c.stop()
}

func (c *Coordinator) stop() {
	if c.stopping {
		return
	}
	c.stopping = true
	for _, t := range c.tasks {
		t.Stop()
	}
}

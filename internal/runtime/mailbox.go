package runtime

import (
	"sync"
	"sync/atomic"
)

// letter is what the coordinator tells a task.
type letter struct {
	kind letterKind
	n    int64
}

type letterKind uint8

const (
	trigger  letterKind = iota // take part in checkpoint n; a source sends its barrier
	finish                     // the same, and a source reads nothing after it
	overtake                   // wait no longer for the barriers of checkpoint n
	durable                    // checkpoint n is durable
	abort                      // checkpoint n was given up
	stop                       // the attempt is over
)

// mailbox is how other goroutines reach a task. It is looked into once a step: that costs one load.
type mailbox struct {
	any     atomic.Bool
	mu      sync.Mutex
	letters []letter
	spare   []letter
}

func (m *mailbox) put(l letter) {
	m.mu.Lock()
	m.letters = append(m.letters, l)
	m.any.Store(true)
	m.mu.Unlock()
}

// take returns the letters since the last call. The slice is valid until the next call.
func (m *mailbox) take() []letter {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.letters, m.spare = m.spare[:0], m.letters
	m.any.Store(false)
	return m.spare
}

// Trigger asks the task to take part in checkpoint n; last says that sources end their reading there.
func (t *Task) Trigger(n int64, last bool) {
	kind := trigger
	if last {
		kind = finish
	}
	t.send(letter{kind, n})
}

// Overtake says not to wait any longer for the barriers of checkpoint n.
func (t *Task) Overtake(n int64) { t.send(letter{overtake, n}) }

// Committed says that checkpoint n is durable.
func (t *Task) Committed(n int64) { t.send(letter{durable, n}) }

// Abort says that checkpoint n was given up.
func (t *Task) Abort(n int64) { t.send(letter{abort, n}) }

// Stop ends the task's driving.
func (t *Task) Stop() { t.send(letter{stop, 0}) }

func (t *Task) send(l letter) {
	t.mail.put(l)
	t.Wake()
}

func (t *Task) readMail() error {
	if !t.mail.any.Load() {
		return nil
	}
	for _, l := range t.mail.take() {
		if err := t.open(l); err != nil || t.stopped {
			return err
		}
	}
	return nil
}

func (t *Task) open(l letter) error {
	if len(t.replays) > 0 && l.kind < durable {
		t.late = append(t.late, l)
		return nil
	}
	switch l.kind {
	case trigger, finish:
		return t.triggered(l.n, l.kind == finish)
	case overtake:
		return t.overtake(l.n)
	case durable:
		return t.committed(l.n)
	case abort:
		t.dropCaptures()
		if s := t.snapshot; s != nil && s.ID == uint64(l.n) {
			s.Abort()
		}
	case stop:
		t.stopped = true
	}
	return nil
}

// triggered begins checkpoint n where it begins: at a source, and at a task whose input has ended.
// Others wait for the barrier.
func (t *Task) triggered(n int64, last bool) error {
	t.due = n
	if t.source != nil && last {
		t.source.halt()
	}
	if (t.source == nil && !t.ended && !t.ending) || n <= t.last {
		return nil
	}
	return t.barrier(n)
}

func (t *Task) committed(n int64) error {
	if t.source != nil {
		t.source.acknowledge(n)
	}
	for _, op := range t.ops {
		if op.committer == nil {
			continue
		}
		t.shared.Operator = op.env.Index
		if err := op.committer.Committed(n); err != nil {
			return err
		}
	}
	return nil
}

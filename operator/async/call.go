package async

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/turgo-io/turgo/operator"
)

// call is one call of the user's function. It is used again when it has returned.
type call[Q, A any] struct {
	id      uint64
	index   int32 // in caller.calls
	slots   []int32
	queries []Q
	trial   bool // the circuit breaker's
	over    bool // nobody waits for it: it was given up, or has been collected
	ctx     context.Context
	cancel  context.CancelFunc // nil without timeout

	answers []A // by the job, until it hands the call to answers
	err     error
	panic   *operator.RecordError
	job     func()
}

// pump asks about what is in the queue, as far as capacity and breaker allow.
func (o *caller[In, Q, A, Out]) pump(now int64) error {
	for o.queue.len() > 0 && o.asking < o.settings.capacity {
		slot := o.queue.front()
		e := &o.entries[slot]
		if a, ok, err := o.shares.cached(e.query, now); ok {
			o.queue.pop()
			o.counters.cached.Add(1)
			o.finish(slot, a, err)
			continue
		}
		if leader, ok := o.shares.asked(e.query); ok {
			o.queue.pop()
			o.counters.shared.Add(1)
			e.waiter, o.entries[leader].waiter = o.entries[leader].waiter, slot
			continue
		}
		if !o.breaker.admits(now) {
			if o.breaker.Wait {
				return nil
			}
			o.queue.pop()
			var none A
			o.finish(slot, none, ErrOpen)
			continue
		}
		o.queue.pop()
		o.gather(slot, now)
	}
	return nil
}

// gather puts an entry into the next call, and sends that if it is full.
func (o *caller[In, Q, A, Out]) gather(slot int32, now int64) {
	o.asking++
	o.shares.ask(o.entries[slot].query, slot)
	if o.gathered = append(o.gathered, slot); len(o.gathered) >= o.settings.batch.Max {
		o.send(now)
	} else if o.due == 0 {
		o.due = now + int64(o.settings.batch.Delay)
	}
}

// send calls the function about what is gathered.
func (o *caller[In, Q, A, Out]) send(now int64) {
	o.due = 0
	c := o.newCall()
	c.slots = append(c.slots[:0], o.gathered...)
	o.gathered = o.gathered[:0]
	for _, slot := range c.slots {
		c.queries = append(c.queries, o.entries[slot].query)
	}
	c.trial, c.ctx = o.breaker.started(), o.ctx
	if o.settings.timeout > 0 {
		c.ctx, c.cancel = context.WithCancel(o.ctx)
		o.alarms.push(alarm{at: now + int64(o.settings.timeout), call: c.id, slot: c.index})
	}
	o.counters.calls.Add(1)
	o.Context.Env().Executor.Go("async: call", c.job)
}

// newCall returns a call that is not in use.
func (o *caller[In, Q, A, Out]) newCall() *call[Q, A] {
	o.lastID++
	if n := len(o.idle); n > 0 {
		c := o.idle[n-1]
		o.idle = o.idle[:n-1]
		c.id, c.over = o.lastID, false
		return c
	}
	c := &call[Q, A]{id: o.lastID, index: int32(len(o.calls))}
	env := o.Context.Env()
	c.job = func() {
		defer o.deliver(c, env)
		c.answers, c.err = o.ask(c.ctx, c.queries, c.answers[:0])
	}
	o.calls = append(o.calls, c)
	return c
}

// deliver hands a call that has ended to the task. It runs on the goroutine of the call.
func (o *caller[In, Q, A, Out]) deliver(c *call[Q, A], env *operator.Env) {
	if cause := recover(); cause != nil {
		c.panic = operator.Recovered(env.Name, env.Subtask, cause)
	}
	o.answers.mu.Lock()
	o.answers.ended = append(o.answers.ended, c)
	o.answers.any.Store(true)
	o.answers.mu.Unlock()
	env.Wake()
}

// collect takes the calls that have ended.
func (o *caller[In, Q, A, Out]) collect(now int64) error {
	if !o.answers.any.Load() {
		return nil
	}
	o.answers.mu.Lock()
	ended := o.answers.ended
	o.answers.ended, o.answers.spare = o.answers.spare[:0], ended
	o.answers.any.Store(false)
	o.answers.mu.Unlock()
	for _, c := range ended {
		if c.panic != nil {
			return c.panic
		}
		if !c.over {
			o.settle(c, now)
		}
		o.recycle(c)
	}
	clear(ended)
	return nil
}

// recycle makes a call that has returned ready for the next.
func (o *caller[In, Q, A, Out]) recycle(c *call[Q, A]) {
	if c.over = true; c.cancel != nil {
		c.cancel()
	}
	clear(c.queries)
	clear(c.answers)
	c.queries, c.answers = c.queries[:0], c.answers[:0]
	c.ctx, c.cancel, c.err = nil, nil, nil
	o.idle = append(o.idle, c)
}

// giveUp ends a call whose time is over. It is used again when it returns.
func (o *caller[In, Q, A, Out]) giveUp(c *call[Q, A], now int64) {
	c.over = true
	c.cancel()
	o.breaker.ended(c.trial, true, now)
	o.asking -= len(c.slots)
	for _, slot := range c.slots {
		var none A
		o.answer(slot, none, ErrTimeout, now)
	}
}

// settle hands the answers of a call to those who wait for them.
func (o *caller[In, Q, A, Out]) settle(c *call[Q, A], now int64) {
	o.breaker.ended(c.trial, failedCall(c.err), now)
	o.asking -= len(c.slots)
	var each BatchError
	if errors.As(c.err, &each) && len(each) != len(c.slots) {
		each, c.err = nil, operator.Permanent(fmt.Errorf("async: a BatchError of %d errors for %d queries; it needs one for each, in order: %w", len(each), len(c.slots), c.err))
	}
	for i, slot := range c.slots {
		err := c.err
		if each != nil {
			err = each[i]
		}
		var a A
		if err == nil && i < len(c.answers) {
			a = c.answers[i]
		} else if err == nil {
			err = operator.Permanent(fmt.Errorf("async: the function returned %d answers with its BatchError; it must return one for each of %d queries", len(c.answers), len(c.slots)))
		}
		o.answer(slot, a, err, now)
	}
}

// failedCall reports whether a call says that the system outside is in trouble.
func failedCall(err error) bool {
	if each, ok := err.(BatchError); ok {
		for _, err := range each {
			if err == nil || errors.Is(err, ErrNotFound) {
				return false
			}
		}
		return len(each) > 0
	}
	return err != nil && !errors.Is(err, ErrNotFound)
}

// answer gives an answer, or an error, to an entry and to all that wait for the same.
func (o *caller[In, Q, A, Out]) answer(slot int32, a A, err error, now int64) {
	query := o.entries[slot].query
	o.shares.answered(query)
	if err == nil || errors.Is(err, ErrNotFound) {
		o.shares.remember(query, a, err, now)
	}
	again := int64(-1)
	for slot != 0 {
		e := &o.entries[slot]
		next := e.waiter
		e.waiter = 0
		if err == nil || !o.settings.worthRetry(err) || int(e.failed)+1 >= o.settings.retry.Attempts {
			o.finish(slot, a, err)
		} else {
			if again < 0 {
				again = now + o.wait(int(e.failed))
			}
			o.later(slot, again)
		}
		slot = next
	}
}

// later has an entry asked about again at a time.
func (o *caller[In, Q, A, Out]) later(slot int32, at int64) {
	o.counters.retries.Add(1)
	e := &o.entries[slot]
	e.failed++
	e.again = at
	if e.stored {
		o.keys.gone(slot, e.seq)
		e.stored = false
	}
	o.alarms.push(alarm{at: at, slot: slot})
}

// wait returns how long to wait after a number of failures before the last.
func (o *caller[In, Q, A, Out]) wait(failed int) int64 {
	r := &o.settings.retry
	d := min(float64(r.First)*math.Pow(r.Factor, float64(failed)), float64(r.Max))
	o.chance += 0x9E3779B97F4A7C15
	z := o.chance
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	z ^= z >> 31
	return int64(d * (1 - r.Jitter*float64(z>>11)/(1<<53)))
}

// finish notes what became of an entry: it leaves when its turn comes. The next of its key goes.
func (o *caller[In, Q, A, Out]) finish(slot int32, a A, err error) {
	e := &o.entries[slot]
	e.answer, e.err = a, err
	o.line.finish(e.segment, slot)
	o.ready = true
	if o.settings.order == perKey {
		if next, ok := o.keys.leave(slot); ok {
			o.begin(next)
		}
	}
}

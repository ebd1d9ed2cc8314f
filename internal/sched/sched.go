package sched

import "sync/atomic"

// Status is what a step came to.
type Status uint8

const (
	// Ready: step again.
	Ready Status = iota
	// Blocked: nothing to do until woken, or until Deadline if that is not 0.
	Blocked
	// Done: never step again.
	Done
)

// Stepper is a piece of work that is driven.
type Stepper interface {
	Step() Status
	// Deadline is, after Blocked, the time of the job's clock (Unix nanoseconds) to step again at; 0 if
	// only a Wake matters.
	Deadline() int64
	// Park returns what the driver and the wakers meet at.
	Park() *Parker
	// Close is called once after Done, by the goroutine that stepped.
	Close()
	// Progress is mixed into a simulation's trace: how far the work has got.
	Progress() uint64
}

const (
	running uint32 = iota
	parked
	notified
)

// Parker is where a stepper waits and is woken. The zero value is ready.
type Parker struct {
	state  atomic.Uint32
	resume func() // called by the one waker that finds it parked
}

// Wake makes the stepper step again. Any goroutine may call it.
func (p *Parker) Wake() {
	if p.state.Load() == notified {
		return
	}
	if p.state.Swap(notified) == parked {
		p.resume()
	}
}

// park reports whether the stepper may wait; false if it was woken meanwhile.
func (p *Parker) park() bool {
	if p.state.CompareAndSwap(running, parked) {
		return true
	}
	p.state.Store(running)
	return false
}

// unpark ends a wait that no waker has ended; false if one has, and resume was or will be called.
func (p *Parker) unpark() bool { return p.state.CompareAndSwap(parked, running) }

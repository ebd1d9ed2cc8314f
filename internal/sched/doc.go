// Package sched drives step functions: by a goroutine each in production, by one seeded goroutine
// in a simulation.
//
//	Stepper.Step ──> Ready    step again
//	             ──> Blocked  until Wake, or until Deadline
//	             ──> Done     Close follows
//
// A Stepper does a bounded amount of work in a step and never waits inside it. Whoever has something for
// it calls Wake of its Parker, from any goroutine: a wake during a step, or between the step and the
// wait, is not lost.
//
// In a Sim the seed alone decides which runnable stepper steps next, background jobs among them, and
// the virtual clock moves only when nothing can run. The trace, a hash of all steps, is equal for equal seeds as
// long as the steppers themselves are deterministic: none ranges over a Go map or reads another clock.
package sched

package state

import "sync"

// Executor runs background work: encoding, sorting and writing a snapshot. Every job is short (it handles a bounded
// number of entries) and posts the next one itself, so a simulation can run each as one step between two steps of
// the task, and in production no job keeps a processor for long. Jobs of one backend never overlap.
type Executor interface {
	// Go runs f some time later, on any goroutine. The name says what kind of work it is. It is called by the task
	// and by running jobs; it must not run f before it returns.
	Go(name string, f func())
}

// Goroutines is the Executor of production: a goroutine for each job. Wait gives them their owner. The zero value
// is ready to use.
type Goroutines struct{ group sync.WaitGroup }

// Go implements Executor.
func (g *Goroutines) Go(_ string, f func()) { g.group.Go(f) }

// Wait returns when no job is running or posted.
func (g *Goroutines) Wait() { g.group.Wait() }

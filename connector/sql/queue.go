package sql

import (
	"sync"

	"github.com/turgo-io/turgo/operator"
)

// job is a transaction to be made.
type job struct {
	promise
	done func(err error) // may be nil
}

// queue makes a writer's transactions, one at a time, in order: in the background, or by whoever waits for
// them. It runs as well where background jobs are steps of one goroutine, as nobody ever waits for a job that has not
// begun.
//
//	put ──> jobs ──> drain (one at a time holds busy) ──> database ──> done
type queue struct {
	target   *target
	writer   int
	executor operator.Executor

	mu    sync.Mutex
	jobs  []job // waiting, and behind them nothing
	bytes int   // of jobs, and of the one that is being done
	busy  bool  // someone drains
	idle  sync.Cond
	err   error // the first: nothing is written after it
	spare []*batch
}

func newQueue(t *target, writer int, e operator.Executor) *queue {
	q := &queue{target: t, writer: writer, executor: e}
	q.idle.L = &q.mu
	return q
}

// put adds a transaction and sees that someone makes it.
func (q *queue) put(j job) {
	q.mu.Lock()
	first := len(q.jobs) == 0 && !q.busy
	q.jobs = append(q.jobs, j)
	q.bytes += j.size()
	q.mu.Unlock()
	if first {
		q.executor.Go("sql: commit", q.drain)
	}
}

// drain makes transactions until there is none, unless someone does already.
func (q *queue) drain() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.busy {
		return
	}
	q.busy = true
	for len(q.jobs) > 0 {
		j := q.jobs[0]
		err := q.err
		q.mu.Unlock()
		if err == nil {
			err = q.target.write(j.batch, q.writer, j.checkpoint)
		}
		q.mu.Lock()
		q.finished(j, err)
	}
	q.busy = false
	q.idle.Broadcast()
}

// finished takes the first job out. mu is held, but while done is called.
func (q *queue) finished(j job, err error) {
	q.jobs = q.jobs[1:]
	q.bytes -= j.size()
	if q.err == nil {
		q.err = err
	}
	j.batch.reset()
	q.spare = append(q.spare, j.batch)
	if j.done != nil {
		q.mu.Unlock()
		j.done(err)
		q.mu.Lock()
	}
}

// wait makes what is waiting, or waits until someone has.
func (q *queue) wait() error {
	q.drain()
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.busy {
		q.idle.Wait()
	}
	return q.err
}

// state returns how many bytes wait, whether any does, and the error that ended the writing.
func (q *queue) state() (bytes int, empty bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.bytes, len(q.jobs) == 0 && !q.busy, q.err
}

// payload encodes what a restart from a checkpoint taken now would have to see written: what waits here, and then
// prepared. A transaction that is under way may be in it and in the database: its token tells. Encoding holds
// the lock, as a batch that is finished is used again.
func (q *queue) payload(prepared []promise) []byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	p := payload{writer: q.writer, promises: make([]promise, 0, len(q.jobs)+len(prepared))}
	for _, j := range q.jobs {
		p.promises = append(p.promises, j.promise)
	}
	p.promises = append(p.promises, prepared...)
	return p.encode()
}

// batch returns an empty batch, a used one if there is any.
func (q *queue) batch() *batch {
	q.mu.Lock()
	defer q.mu.Unlock()
	if n := len(q.spare); n > 0 {
		b := q.spare[n-1]
		q.spare = q.spare[:n-1]
		return b
	}
	return newBatch(q.target.layout)
}

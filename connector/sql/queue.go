package sql

import (
	"sync"

	"github.com/turgo-io/turgo/connector/internal/serial"
	"github.com/turgo-io/turgo/operator"
)

// job is a transaction to be made.
type job struct {
	promise
	done func(err error) // may be nil
}

// queue makes a writer's transactions, one at a time, in order, in the background.
//
//	put ──> jobs ──> next ──> database ──> done
type queue struct {
	target *target
	writer int
	work   *serial.Queue

	mu    sync.Mutex
	jobs  []job // those not finished, the one being done among them
	bytes int   // of jobs
	err   error // the first: nothing is written after it
	spare []*batch
}

func newQueue(t *target, writer int, e operator.Executor) *queue {
	return &queue{target: t, writer: writer, work: serial.New(e, "sql: commit")}
}

// put adds a transaction.
func (q *queue) put(j job) {
	q.mu.Lock()
	q.jobs = append(q.jobs, j)
	q.bytes += j.size()
	q.mu.Unlock()
	q.work.Put(q.next)
}

// next makes the first transaction, unless one before it failed.
func (q *queue) next() {
	q.mu.Lock()
	j, err := q.jobs[0], q.err
	q.mu.Unlock()
	if err == nil {
		err = q.target.write(j.batch, q.writer, j.checkpoint)
	}
	q.finish(j, err)
	if j.done != nil {
		j.done(err)
	}
}

func (q *queue) finish(j job, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.jobs[0], q.jobs = job{}, q.jobs[1:]
	q.bytes -= j.size()
	if q.err == nil {
		q.err = err
	}
	j.batch.reset()
	q.spare = append(q.spare, j.batch)
}

// wait returns when all transactions are made, with the error that ended the writing.
func (q *queue) wait() error {
	q.work.Wait()
	_, _, err := q.state()
	return err
}

// state returns how many bytes wait, whether nothing does, and the error that ended the writing.
func (q *queue) state() (bytes int, idle bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.bytes, len(q.jobs) == 0, q.err
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

package payments

// queue is a binary heap of payments by time; those of one time leave in the
// order in which they came.
type queue struct {
	items []queued
	seq   uint64
}

type queued struct {
	at  int64
	seq uint64
	p   Payment
}

func (q *queued) before(o *queued) bool {
	return q.at < o.at || q.at == o.at && q.seq < o.seq
}

func (q *queue) empty() bool { return len(q.items) == 0 }

// top is the least time; the queue must not be empty.
func (q *queue) top() int64 { return q.items[0].at }

func (q *queue) push(at int64, p Payment) {
	q.seq++
	q.items = append(q.items, queued{at, q.seq, p})
	for i := len(q.items) - 1; i > 0; {
		up := (i - 1) / 2
		if !q.items[i].before(&q.items[up]) {
			break
		}
		q.items[i], q.items[up] = q.items[up], q.items[i]
		i = up
	}
}

// pop takes the earliest; the queue must not be empty.
func (q *queue) pop() Payment {
	first, last := q.items[0].p, len(q.items)-1
	q.items[0] = q.items[last]
	q.items = q.items[:last]
	for i := 0; ; {
		least := 2*i + 1
		if least >= last {
			return first
		}
		if right := least + 1; right < last && q.items[right].before(&q.items[least]) {
			least = right
		}
		if !q.items[least].before(&q.items[i]) {
			return first
		}
		q.items[i], q.items[least] = q.items[least], q.items[i]
		i = least
	}
}

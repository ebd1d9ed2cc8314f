package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/IBM/sarama"

	"github.com/turgo-io/turgo/operator"
)

// connTo returns the connection to the lane's leader. Nil: it is being opened, or the leader is looked
// for; the lane is tried again when that has come to an end.
func (s *sender) connTo(l *lane) *conn {
	at, ok := s.c.leader(l.partition)
	if !ok {
		l.harm(s.clock.Now(), sarama.ErrLeaderNotAvailable)
		s.refresh(l)
		return nil
	}
	if cn := s.conns[at.addr]; cn != nil {
		return cn
	}
	if !s.opening[at.addr] {
		s.opening[at.addr] = true
		s.wg.Go(func() {
			cn, err := s.c.open(s.ctx, at.addr)
			s.post(event{kind: eventOpened, addr: at.addr, conn: cn, err: err})
		})
	}
	return nil
}

func (s *sender) onOpened(e *event) {
	delete(s.opening, e.addr)
	if e.err == nil {
		s.conns[e.addr] = e.conn
		return
	}
	for _, l := range s.lanes {
		if at, ok := s.c.leader(l.partition); ok && at.addr == e.addr && l.inFlight == 0 {
			s.damage(l, fmt.Errorf("kafka: %s: %w", e.addr, e.err))
		}
	}
}

// refresh asks for the leaders anew, in the background; one question serves all lanes that wait.
func (s *sender) refresh(l *lane) {
	l.broken, l.waiting = true, true
	if s.refreshing {
		return
	}
	s.refreshing = true
	s.topicsMu.Lock()
	topics := append([]string(nil), s.topics...)
	s.topicsMu.Unlock()
	s.wg.Go(func() {
		err := pause(s.ctx, backoff)
		if err == nil {
			err = s.c.refresh(s.ctx, topics)
		}
		s.post(event{kind: eventRefreshed, err: err})
	})
}

// onRefreshed starts broken lanes again, or gives up those that have been for too long.
func (s *sender) onRefreshed(err error) {
	s.refreshing = false
	now := s.clock.Now()
	for _, l := range s.lanes {
		if !l.waiting {
			continue
		}
		l.waiting = false
		if err != nil {
			l.harm(now, err)
		}
		if operator.IsPermanent(l.cause) {
			s.fail(l.cause)
			return
		}
		if now-l.since > s.retryFor {
			s.fail(fmt.Errorf("kafka: %s could not be written for %v: %w", l.partition, time.Duration(s.retryFor), l.cause))
			return
		}
		if err == nil {
			l.broken, l.sent = false, 0
		}
	}
}

// harm notes what is wrong with a lane and since when.
func (l *lane) harm(now int64, cause error) {
	l.cause = cause
	if l.since == 0 {
		l.since = now
	}
}

// damage stops a lane until everything on the wire came back.
func (s *sender) damage(l *lane, cause error) {
	if l.since == 0 {
		s.log.Warn("kafka: partition cannot be written, trying again", "partition", l.partition.String(), "err", cause)
	}
	l.harm(s.clock.Now(), cause)
	l.broken = true
	s.list(l)
}

// onAck takes in what became of one batch.
func (s *sender) onAck(e *event) {
	l := e.batch.lane
	l.inFlight--
	switch {
	case e.err != nil:
		e.batch.producer.suspect.Store(true)
		s.lose(e.conn)
		s.damage(l, fmt.Errorf("kafka: produce to %s at %s: %w", l.partition, e.conn.addr, e.err))
	case e.code == sarama.ErrNoError, e.code == sarama.ErrDuplicateSequenceNumber:
		e.batch.acked = true
		l.proven = e.batch.producer
		if !l.broken {
			l.since, l.cause = 0, nil
		}
		s.retire(l)
	case e.code == sarama.ErrOutOfOrderSequenceNumber && (l.broken || l.queue[0] != e.batch):
		s.damage(l, e.code) // it follows a batch that failed: both go again
	case e.code == sarama.ErrRequestTimedOut, e.code == sarama.ErrNotEnoughReplicasAfterAppend, e.code == sarama.ErrConcurrentTransactions:
		e.batch.producer.suspect.Store(true)
		s.damage(l, refused("produce to "+l.partition.String(), e.code))
	case isMoved(e.code), e.code == sarama.ErrNotEnoughReplicas:
		s.damage(l, refused("produce to "+l.partition.String(), e.code))
	default:
		s.fail(refused("produce to "+l.partition.String(), e.code))
	}
}

// join adds the partitions that wait to the transaction, in the background.
func (s *sender) join(p *producer) {
	if p.joining {
		return
	}
	p.joining = true
	var lanes []*lane
	for _, l := range s.lanes {
		for _, b := range l.queue[l.sent:] {
			if b.producer == p && !p.joined[l] {
				lanes = append(lanes, l)
				break
			}
		}
	}
	s.wg.Go(func() {
		ctx, cancel := context.WithTimeout(s.ctx, time.Duration(s.retryFor))
		defer cancel()
		o := s.txns.k.join(ctx, p, lanes)
		if o.indefinite {
			p.suspect.Store(true)
		}
		s.post(event{kind: eventJoined, by: p, joined: lanes, code: o.code, err: o.err})
	})
}

func (s *sender) onJoined(e *event) {
	e.by.joining = false
	switch {
	case e.err != nil:
		s.fail(e.err)
	case e.code != sarama.ErrNoError:
		s.fail(s.txns.refuse(e.by.name, e.code))
	}
	for _, l := range e.joined {
		e.by.joined[l] = true
	}
}

// lose drops a connection after an error: sarama would answer the next request with what comes late for this one.
func (s *sender) lose(cn *conn) {
	if s.conns[cn.addr] != cn {
		return
	}
	delete(s.conns, cn.addr)
	cn.close() // its other requests are answered with an error on the way
}

// retire gives back the acknowledged batches at the front of a lane.
func (s *sender) retire(l *lane) {
	n := 0
	for n < len(l.queue) && l.queue[n].acked {
		n++
	}
	if n == 0 {
		return
	}
	var freed int64
	s.mu.Lock()
	for _, b := range l.queue[:n] {
		freed += int64(b.bytes)
		for _, m := range b.merged {
			m.barrier.left--
			s.recycle(m)
		}
		b.barrier.left--
		s.recycle(b)
	}
	s.mu.Unlock()
	copy(l.queue, l.queue[n:])
	clear(l.queue[len(l.queue)-n:])
	l.queue = l.queue[:len(l.queue)-n]
	l.sent = max(0, l.sent-n)
	s.unacked.Add(-freed)
	poke(s.space)
}

// maxFree bounds the batches kept for use again.
const maxFree = 64

// recycle keeps a batch for the next one; mu is held.
func (s *sender) recycle(b *batch) {
	clear(b.merged)
	b.merged, b.wire = b.merged[:0], sarama.RecordBatch{}
	b.lane, b.producer, b.barrier = nil, nil, nil
	if len(s.free) < maxFree {
		s.free = append(s.free, b)
	}
}

var errClosed = errors.New("kafka: the writer is closed")

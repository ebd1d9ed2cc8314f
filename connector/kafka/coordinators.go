package kafka

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"github.com/turgo-io/turgo/operator"
)

// coordinators does requests about transactional ids: at the broker that keeps each, over connections that
// carry nothing else, again and again until the answer is definite.
type coordinators struct {
	c *cluster

	mu    sync.Mutex // guards the maps; nothing blocks while it is held
	at    map[string]string
	conns map[string]*conn

	opening sync.Mutex // held while a connection is opened, so that there is one
}

// outcome is what became of a request.
type outcome struct {
	code sarama.KError
	// indefinite says that some attempt at it had no definite answer: it may still arrive, at any later time.
	// An id must not be used further under the same epoch then (see producer.suspect).
	indefinite bool
	err        error // gave up
}

// markersBackoff is the pause while the last transaction's markers are written.
const markersBackoff = 3 * time.Millisecond

func newCoordinators(c *cluster) *coordinators {
	return &coordinators{c: c, at: map[string]string{}, conns: map[string]*conn{}}
}

func (k *coordinators) close() {
	k.mu.Lock()
	conns := k.conns
	k.conns = map[string]*conn{}
	k.mu.Unlock()
	for _, cn := range conns {
		cn.close()
	}
}

// conn returns a connection to the coordinator of an id.
func (k *coordinators) conn(ctx context.Context, id string) (*conn, error) {
	k.opening.Lock()
	defer k.opening.Unlock()
	k.mu.Lock()
	addr := k.at[id]
	k.mu.Unlock()
	if addr == "" {
		var err error
		if addr, err = k.c.coordinator(ctx, sarama.CoordinatorTransaction, id); err != nil {
			return nil, err
		}
	}
	k.mu.Lock()
	k.at[id] = addr
	cn := k.conns[addr]
	k.mu.Unlock()
	if cn != nil {
		return cn, nil
	}
	cn, err := k.c.open(ctx, addr)
	if err != nil {
		k.forget(id, nil)
		return nil, err
	}
	k.mu.Lock()
	k.conns[addr] = cn
	k.mu.Unlock()
	return cn, nil
}

// forget makes the next request look for the coordinator; a connection that failed is dropped.
func (k *coordinators) forget(id string, cn *conn) {
	k.mu.Lock()
	delete(k.at, id)
	if cn != nil && k.conns[cn.addr] == cn {
		delete(k.conns, cn.addr)
	}
	k.mu.Unlock()
	cn.close()
}

// call does one request until it is answered definitely, or ctx ends. request may be sent more than once.
func (k *coordinators) call(ctx context.Context, id, what string, request func(*sarama.Broker) (sarama.KError, error)) (o outcome) {
	var last error
	for {
		cn, err := k.conn(ctx, id)
		wait := backoff
		if err == nil {
			o.code, err = ask(ctx, cn, request)
			switch {
			case err != nil:
				o.indefinite = true
				k.forget(id, cn)
			case o.code == sarama.ErrConcurrentTransactions:
				err, wait = o.code, markersBackoff
			case isCoordinatorMoved(o.code), o.code == sarama.ErrRequestTimedOut, o.code == sarama.ErrNetworkException, o.code == sarama.ErrUnknownTopicOrPartition:
				o.indefinite = o.indefinite || o.code == sarama.ErrRequestTimedOut || o.code == sarama.ErrNetworkException
				err = o.code
				k.forget(id, nil)
			default:
				return o
			}
		}
		if last = err; pause(ctx, wait) != nil {
			o.err = fmt.Errorf("kafka: %s of %s: %w", what, id, last)
			return o
		}
	}
}

// isFenced reports answers that say that a newer producer uses the id.
func isFenced(code sarama.KError) bool {
	return code == sarama.ErrInvalidProducerEpoch || code == sarama.ErrProducerFenced || code == sarama.ErrTransactionCoordinatorFenced
}

// initialize gets an id a producer id and epoch; what the id had open is aborted. With a known id and epoch it
// raises the epoch of its own incarnation only, so that a stranger's newer one is an error and not overrun.
func (k *coordinators) initialize(ctx context.Context, name string, id int64, epoch int16, timeout time.Duration) (*producer, outcome) {
	p := &producer{name: name, sequence: map[*lane]int32{}, joined: map[*lane]bool{}}
	o := k.call(ctx, name, "InitProducerID", func(b *sarama.Broker) (sarama.KError, error) {
		r, err := b.InitProducerID(&sarama.InitProducerIDRequest{Version: 3, TransactionalID: &name, TransactionTimeout: timeout, ProducerID: id, ProducerEpoch: epoch})
		if err != nil {
			return 0, err
		}
		p.id, p.epoch = r.ProducerID, r.ProducerEpoch
		return r.Err, nil
	})
	return p, o
}

// join adds partitions to the open transaction of p.
func (k *coordinators) join(ctx context.Context, p *producer, lanes []*lane) outcome {
	parts := map[string][]int32{}
	for _, l := range lanes {
		parts[l.topic] = append(parts[l.topic], l.id)
	}
	return k.call(ctx, p.name, "AddPartitionsToTxn", func(b *sarama.Broker) (sarama.KError, error) {
		r, err := b.AddPartitionsToTxn(&sarama.AddPartitionsToTxnRequest{Version: 2, TransactionalID: p.name, ProducerID: p.id, ProducerEpoch: p.epoch, TopicPartitions: parts})
		if err != nil {
			return 0, err
		}
		for _, errs := range r.Errors {
			for _, e := range errs { // one refused, all others say "not attempted"
				if e.Err != sarama.ErrNoError && e.Err != sarama.ErrOperationNotAttempted {
					return e.Err, nil
				}
			}
		}
		return sarama.ErrNoError, nil
	})
}

// end commits or aborts. Committing what is committed already is no error.
func (k *coordinators) end(ctx context.Context, name string, id int64, epoch int16, commit bool) outcome {
	return k.call(ctx, name, "EndTxn", func(b *sarama.Broker) (sarama.KError, error) {
		r, err := b.EndTxn(&sarama.EndTxnRequest{Version: 2, TransactionalID: name, ProducerID: id, ProducerEpoch: epoch, TransactionResult: commit})
		if err != nil {
			return 0, err
		}
		return r.Err, nil
	})
}

// list returns all transactional ids that the cluster knows.
func (c *cluster) list(ctx context.Context) ([]string, error) {
	for {
		names, err := c.listOnce(ctx)
		if err == nil || operator.IsPermanent(err) || pause(ctx, backoff) != nil {
			return names, err
		}
	}
}

// listOnce asks each broker that lives for the ids that it keeps.
func (c *cluster) listOnce(ctx context.Context) (names []string, err error) {
	if err := c.refresh(ctx, nil); err != nil {
		return nil, err
	}
	c.mu.Lock()
	addrs := slices.Collect(maps.Values(c.brokers))
	c.mu.Unlock()
	for _, addr := range addrs {
		cn, err := c.open(ctx, addr)
		if err != nil {
			return nil, fmt.Errorf("kafka: transactions at %s: %w", addr, err)
		}
		r, err := ask(ctx, cn, func(b *sarama.Broker) (*sarama.ListTransactionsResponse, error) {
			return b.ListTransactions(&sarama.ListTransactionsRequest{DurationFilter: -1}) // of any age
		})
		cn.close()
		if err != nil {
			return nil, fmt.Errorf("kafka: transactions at %s: %w", addr, err)
		}
		switch {
		case isCoordinatorMoved(r.ErrorCode):
			return nil, r.ErrorCode
		case r.ErrorCode != sarama.ErrNoError:
			return nil, operator.Permanent(refused("transactions at "+addr, r.ErrorCode))
		}
		for _, s := range r.TransactionStates {
			names = append(names, s.TransactionalID)
		}
	}
	return names, nil
}

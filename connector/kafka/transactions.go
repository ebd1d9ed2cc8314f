package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"github.com/turgo-io/turgo/operator"
)

// transactions is the part of a writer that makes it exactly once: one transaction for each checkpoint, under ids
// of a pool.
//
//	open ──Prepare n──> prepared ──n durable──> committing ──answered──> committed ──newer checkpoint durable──> free
//	  │                    │ {id, producer, epoch} in the checkpoints            (its epoch raised first if suspect)
//	  └── crash: aborted   └── crash: committed again if the checkpoint became durable, else aborted
//
// Invariants. Each of the first five was broken once on purpose, and lost or doubled records.
//
//  1. Transactions commit in the order of their checkpoints; the first error stops all.
//  2. A checkpoint promises every transaction up to it whose commit has not been answered, as a checkpoint before it
//     may have failed.
//  3. An id that the newest durable checkpoint promises begins nothing and is not initialized: a restart commits it,
//     and would commit what it had begun. So at least three ids go round.
//  4. An id of which any request ended without a definite answer gets a new epoch before it begins again: the request
//     may arrive later, and a late EndTxn would end the next transaction. If the request was InitProducerID itself,
//     the id is given up.
//  5. After a restart the promised are committed before any other id is initialized.
//  6. An id is named after the checkpoint that its attempt began at, the attempt and the subtask. A checkpoint
//     promises ids of older origin only, so whatever else is of its origin or a newer one is dead, and aborted.
type transactions struct {
	k       *coordinators
	prefix  string
	timeout time.Duration
	from    origin
	retry   time.Duration
	fail    func(error)
	commits *operator.Counter

	cancel context.CancelFunc // ends the committer and what it waits for
	ctx    context.Context
	wg     sync.WaitGroup
	kick   chan struct{}
	stop   chan struct{}
	once   sync.Once

	mu    sync.Mutex // nothing blocks while it is held
	named int64      // ids made so far
	free  []*producer
	log   []*txn // prepared and not free again, in order of the checkpoints
}

// txn is a prepared transaction.
type txn struct {
	promise
	p         *producer
	durable   bool  // its checkpoint, or a later one, is
	committed bool  // answered
	clear     int64 // first checkpoint that does not promise it any more, 0 if none
	released  bool  // its id may be used again
}

const (
	// commitGrace is how long Close waits for commits under way, since a job that ends in order is not restored.
	commitGrace = 30 * time.Second
	// abortGrace is how long Close tries to abort what was never prepared; the broker's timeout does it else.
	abortGrace = time.Second
	// defaultTransactionTimeout is below the brokers' usual limit of 15 minutes.
	defaultTransactionTimeout = 10 * time.Minute
)

// openTransactions commits what the restored checkpoint promises and aborts what is left of dead attempts.
func openTransactions[T any](s *Sink[T], c *cluster, ctx operator.Context, log *slog.Logger, fail func(error)) (*transactions, error) {
	env := ctx.Env()
	t := &transactions{
		k: newCoordinators(c), prefix: s.TransactionPrefix, timeout: orDefault(s.TransactionTimeout, defaultTransactionTimeout),
		from:  origin{env.Restored, int64(env.Attempt), int64(env.Subtask)},
		retry: s.Connection.retryFor(), fail: fail, commits: ctx.Counter("commits"), kick: make(chan struct{}, 1), stop: make(chan struct{}),
	}
	if t.prefix == "" {
		t.prefix = "turgo-" + env.Job + "-" + env.ID
	}
	if i := time.Duration(env.Interval); i >= t.timeout {
		return nil, operator.Permanent(fmt.Errorf("kafka: Sink.TransactionTimeout %v is not longer than the checkpoint interval %v: the brokers would abort every transaction; raise it, or take checkpoints more often", t.timeout, i))
	}
	if err := t.start(ctx.Context(), env, log, s.AcceptLoss); err != nil {
		t.k.close()
		return nil, err
	}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	t.wg.Go(t.run)
	return t, nil
}

// start brings earlier attempts to rest and gets the first id, so that a timeout or a right that the brokers refuse is
// told before the first record.
func (t *transactions) start(ctx context.Context, env *operator.Env, log *slog.Logger, acceptLoss bool) error {
	if ctx == nil {
		ctx = context.Background()
	}
	if err := t.recover(ctx, env, log, acceptLoss); err != nil {
		return err
	}
	p, err := t.take(ctx)
	if err == nil {
		t.free = append(t.free, p)
	}
	return err
}

// recover brings the ids of earlier attempts to rest.
func (t *transactions) recover(ctx context.Context, env *operator.Env, log *slog.Logger, acceptLoss bool) error {
	ctx, cancel := context.WithTimeout(ctx, t.retry)
	defer cancel()
	promised, origins, err := t.pledges(env.Payloads)
	if err != nil {
		return err
	}
	kept := map[string]bool{}
	for _, p := range promised {
		kept[p.name] = true
		if err := t.redeem(ctx, p); err != nil {
			if !errors.Is(err, errLost) || !acceptLoss {
				return err
			}
			log.Error("kafka: going on without a lost transaction, as Sink.AcceptLoss says", "err", err)
		}
	}
	return t.abortLeftovers(ctx, env, kept, origins)
}

// pledges reads this subtask's share of the restored checkpoint.
func (t *transactions) pledges(payloads [][]byte) (promised []promise, origins map[origin]bool, err error) {
	origins = map[origin]bool{}
	for _, data := range payloads {
		if len(data) == 0 {
			continue // of a sink that was at least once then
		}
		p, err := decodePledge(data)
		if err != nil {
			return nil, nil, err
		}
		origins[p.from] = true
		promised = append(promised, p.promises...)
	}
	slices.SortStableFunc(promised, func(a, b promise) int { return int(a.checkpoint - b.checkpoint) })
	return promised, origins, nil
}

var errLost = errors.New("kafka: a transaction that a durable checkpoint promises was aborted: its records are lost")

// redeem commits a promised transaction.
func (t *transactions) redeem(ctx context.Context, p promise) error {
	o := t.k.end(ctx, p.name, p.producer, p.epoch, true)
	switch {
	case o.err != nil:
		return o.err
	case o.code == sarama.ErrNoError:
		return nil
	case isFenced(o.code), o.code == sarama.ErrInvalidTxnState, o.code == sarama.ErrInvalidProducerIDMapping:
		return operator.Permanent(fmt.Errorf("%w: %s of checkpoint %d: %w (code %d); the job was down for longer than Sink.TransactionTimeout (%v), or a job of the same name runs elsewhere; raise the timeout, restore an older savepoint, or set Sink.AcceptLoss to go on without them",
			errLost, p.name, p.checkpoint, o.code, int16(o.code), t.timeout))
	}
	return refused("commit of "+p.name, o.code)
}

// abortLeftovers initializes the ids of dead attempts, which aborts their transactions and shuts out a
// producer that still lives.
func (t *transactions) abortLeftovers(ctx context.Context, env *operator.Env, kept map[string]bool, origins map[origin]bool) error {
	names, err := t.k.c.list(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		from, ok := parseName(t.prefix, name)
		if !ok || kept[name] || !t.dead(from, origins, env.Parallelism) {
			continue
		}
		_, o := t.k.initialize(ctx, name, -1, -1, t.timeout)
		if o.err != nil {
			return o.err
		}
		if o.code != sarama.ErrNoError {
			return t.refuse(name, o.code)
		}
	}
	return nil
}

// dead reports whether ids of an origin are leftovers that this subtask has to abort: those of the checkpoint's writers
// that were dealt to it, and a share of those that no checkpoint up to the restored one can promise.
func (t *transactions) dead(from origin, origins map[origin]bool, parallelism int) bool {
	if origins[from] {
		return true
	}
	n := int64(max(1, parallelism))
	if from.restored < t.from.restored || from.subtask%n != t.from.subtask {
		return false
	}
	return from.restored > t.from.restored || from.attempt != t.from.attempt || from.subtask >= n || from.subtask == t.from.subtask
}

func (t *transactions) refuse(name string, code sarama.KError) error {
	switch {
	case code == sarama.ErrInvalidTransactionTimeout:
		return operator.Permanent(fmt.Errorf("kafka: Sink.TransactionTimeout %v is more than the brokers allow (transaction.max.timeout.ms): lower it, or raise theirs: %w", t.timeout, code))
	case isFenced(code):
		return refused("transactional id "+name, code)
	}
	return refused("transactional id "+name, code)
}

// take returns a producer for the next transaction: one that is free, or a new one.
func (t *transactions) take(ctx context.Context) (*producer, error) {
	t.mu.Lock()
	if n := len(t.free); n > 0 {
		p := t.free[0]
		t.free = slices.Delete(t.free, 0, 1)
		t.mu.Unlock()
		return p, nil
	}
	t.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, t.retry)
	defer cancel()
	for {
		t.mu.Lock()
		t.named++
		name := t.from.name(t.prefix, t.named)
		t.mu.Unlock()
		p, o := t.k.initialize(ctx, name, -1, -1, t.timeout)
		switch {
		case o.err != nil:
			return nil, o.err
		case o.code != sarama.ErrNoError:
			return nil, t.refuse(name, o.code)
		case !o.indefinite:
			return p, nil
		}
	}
}

// prepared notes the transaction of a checkpoint.
func (t *transactions) prepared(checkpoint int64, p *producer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.log = append(t.log, &txn{promise: promise{p.name, p.id, p.epoch, checkpoint}, p: p})
}

// payload is what checkpoint n keeps. Everything up to it is acknowledged.
func (t *transactions) payload(n int64) []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := pledge{from: t.from}
	for _, x := range t.log {
		switch {
		case x.checkpoint > n:
		case !x.committed:
			p.promises = append(p.promises, x.promise)
		case x.clear == 0:
			x.clear = n
		}
	}
	return p.append(nil)
}

// commit has everything up to checkpoint n committed in the background, and ids that it does not promise used again.
func (t *transactions) commit(n int64) {
	t.mu.Lock()
	for _, x := range t.log {
		x.durable = x.durable || x.checkpoint <= n
		x.released = x.released || x.clear > 0 && x.clear <= n
	}
	t.mu.Unlock()
	poke(t.kick)
}

// run is the committer: it does all that waits for a coordinator behind a checkpoint.
func (t *transactions) run() {
	for {
		stopped := false
		select {
		case <-t.kick:
		case <-t.stop:
			stopped = true
		}
		if err := t.work(stopped); err != nil {
			t.fail(err)
			return
		}
		if stopped {
			return
		}
	}
}

// work commits what is durable, in order, then makes released ids ready, unless the writer ends.
func (t *transactions) work(last bool) error {
	for {
		x := t.nextCommit()
		if x == nil {
			break
		}
		ctx, cancel := context.WithTimeout(t.ctx, t.retry)
		o := t.k.end(ctx, x.name, x.producer, x.epoch, true)
		cancel()
		if o.err != nil {
			return o.err
		}
		if o.code != sarama.ErrNoError {
			return refused(fmt.Sprintf("commit of checkpoint %d by %s", x.checkpoint, x.name), o.code)
		}
		if o.indefinite {
			x.p.suspect.Store(true)
		}
		t.mu.Lock()
		x.committed = true
		t.mu.Unlock()
		t.commits.Add(1)
	}
	for !last {
		x := t.nextReleased()
		if x == nil {
			break
		}
		if err := t.reuse(x.p); err != nil {
			return err
		}
	}
	return nil
}

func (t *transactions) nextCommit() *txn {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, x := range t.log {
		if !x.committed {
			if x.durable {
				return x
			}
			return nil // those behind it wait for it
		}
	}
	return nil
}

// nextReleased takes a transaction whose id may be used again out of the log.
func (t *transactions) nextReleased() *txn {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, x := range t.log {
		if x.released {
			t.log = slices.Delete(t.log, i, i+1)
			return x
		}
	}
	return nil
}

// reuse puts a producer back into the pool, under a new epoch if anything of the old one may still be on its way.
func (t *transactions) reuse(p *producer) error {
	clear(p.joined)
	if p.suspect.Load() {
		ctx, cancel := context.WithTimeout(t.ctx, t.retry)
		defer cancel()
		fresh, o := t.k.initialize(ctx, p.name, p.id, p.epoch, t.timeout)
		switch {
		case o.err != nil:
			return o.err
		case o.code != sarama.ErrNoError:
			return t.refuse(p.name, o.code)
		case o.indefinite:
			return nil // given up: another one is made when it is needed
		}
		p = fresh
	}
	t.mu.Lock()
	t.free = append(t.free, p)
	t.mu.Unlock()
	return nil
}

// close waits for the commits that durable checkpoints ask for, and aborts open, which was never prepared.
func (t *transactions) close(open *producer) {
	t.once.Do(func() { close(t.stop) })
	done := within(commitGrace, t.cancel)
	t.wg.Wait()
	done()
	if open != nil {
		ctx, cancel := context.WithTimeout(t.ctx, abortGrace)
		t.k.end(ctx, open.name, open.id, open.epoch, false)
		cancel()
	}
	t.cancel()
	t.k.close()
}

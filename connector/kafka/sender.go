package kafka

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"

	"github.com/turgo-io/turgo/operator"
)

// sender is the goroutine that sends a writer's batches. It owns the lanes, the connections and the order:
//
//	Write ──> open batch ──put──> lane (queue of a partition) ──up to 5──> broker
//	                                 ^                                       │ ack
//	                                 └── broken: wait for all, resend ───────┘
//
// Invariants:
//
//  1. A lane sends in order, and has at most maxInFlight requests on the wire: the broker remembers as many.
//  2. After an error a lane sends nothing until every request that it has on the wire came back; then it
//     starts again at its oldest unacknowledged batch, under the same sequence numbers.
//  3. A lane changes its connection only with nothing on the wire. Only this goroutine opens and drops connections.
//  4. Batches of two producers are never on the wire of one lane together.
//  5. The first batch of a producer in a lane goes alone. A broker takes any sequence number from a producer that
//     it does not know: if it refused the first batch (its log was not open yet) and took the second, the first
//     could never follow. A real broker showed this on topics just made.
//
// mu is held for list operations only.
type sender struct {
	senderSettings
	c      *cluster
	clock  operator.Clock
	log    *slog.Logger
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu     sync.Mutex
	events []event
	free   []*batch
	err    error
	ended  bool        // run has returned: nobody takes events any more
	broken atomic.Bool // err is set
	kick   chan struct{}

	unacked atomic.Int64  // bytes
	space   chan struct{} // poked when unacked falls

	topicsMu sync.Mutex
	topics   []string // to refresh

	// Of the goroutine.
	lanes      []*lane // with something in their queue
	conns      map[string]*conn
	opening    map[string]bool
	txns       *transactions // nil unless exactly once
	barriers   []*barrier
	refreshing bool
}

type senderSettings struct {
	codec    sarama.CompressionCodec
	batch    int   // bytes of a full batch
	buffer   int64 // bytes unacknowledged at which Write blocks
	retryFor int64
}

const (
	// maxInFlight is how many batches of a producer and partition a broker remembers, to tell a retry.
	maxInFlight = 5
	// eager is how many requests a lane has on the wire before batches that are not full wait to be joined.
	eager = 2
	// requestBytes bounds a request over all its partitions.
	requestBytes = 8 << 20
	// ackTimeout is how long a broker waits for the other replicas.
	ackTimeout    = 10 * time.Second
	defaultLinger = 5 * time.Millisecond
)

// lane is one partition. of, open and slot are of the task; the rest is of the sender.
type lane struct {
	partition
	of   *topic
	open *batch
	slot int // in writer.open

	queue    []*batch // not acknowledged, in order
	sent     int      // how many of queue have been sent, from its front
	inFlight int
	broken   bool
	waiting  bool // for new metadata
	listed   bool // in sender.lanes
	conn     *conn
	proven   *producer // the broker has taken a batch of it
	since    int64     // when it broke, 0 if it is well
	cause    error
}

// event is what happens to a sender, in order.
type event struct {
	kind    eventKind
	batch   *batch
	barrier *barrier
	done    func(payload []byte, err error)
	conn    *conn
	addr    string
	code    sarama.KError
	err     error
	joined  []*lane // partitions that are in the transaction of producer now
	by      *producer
}

type eventKind uint8

const (
	eventPut eventKind = iota
	eventSeal
	eventAck
	eventOpened
	eventRefreshed
	eventJoined
)

func newSender(parent context.Context, c *cluster, set senderSettings, env *operator.Env) *sender {
	s := &sender{
		senderSettings: set, c: c, clock: env.Clock, log: env.Log,
		kick: make(chan struct{}, 1), space: make(chan struct{}, 1),
		conns: map[string]*conn{}, opening: map[string]bool{},
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.ctx, s.cancel = context.WithCancel(parent)
	s.wg.Go(s.run)
	return s
}

// stop ends the sender; what is not acknowledged is dropped. The cluster stays.
func (s *sender) stop() {
	s.cancel()
	s.wg.Wait()
	for _, e := range s.events { // of connections that came too late
		e.conn.close()
	}
	s.events = nil
}

// producer gets an identity for an idempotent producer.
func (c *cluster) producer(ctx context.Context) (*producer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	request := &sarama.InitProducerIDRequest{Version: 1, TransactionTimeout: time.Minute, ProducerID: -1, ProducerEpoch: -1}
	for {
		c.asking.Lock()
		cn, err := c.reach(ctx)
		c.asking.Unlock()
		if operator.IsPermanent(err) {
			return nil, err
		}
		if err == nil {
			var r *sarama.InitProducerIDResponse
			r, err = ask(ctx, cn, func(b *sarama.Broker) (*sarama.InitProducerIDResponse, error) { return b.InitProducerID(request) })
			switch {
			case err != nil:
				c.drop(cn)
			case r.Err == sarama.ErrNoError:
				return &producer{id: r.ProducerID, epoch: r.ProducerEpoch, sequence: map[*lane]int32{}}, nil
			case !isCoordinatorMoved(r.Err):
				return nil, refused("producer id", r.Err)
			default:
				err = r.Err
			}
		}
		if pause(ctx, backoff) != nil {
			return nil, fmt.Errorf("kafka: producer id: %w", err)
		}
	}
}

// know makes a topic known, and has it refreshed from then on.
func (s *sender) know(name string) error {
	if err := s.c.find(s.ctx, []string{name}); err != nil {
		return err
	}
	s.topicsMu.Lock()
	s.topics = append(s.topics, name)
	s.topicsMu.Unlock()
	return nil
}

// failed returns what ended the sender.
func (s *sender) failed() error {
	if !s.broken.Load() {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *sender) fail(err error) {
	s.mu.Lock()
	if s.err == nil {
		s.err = err
		s.broken.Store(true)
	}
	s.mu.Unlock()
	poke(s.space)
}

// batchFor returns an empty batch.
func (s *sender) batchFor() *batch {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.free); n > 0 {
		b := s.free[n-1]
		s.free = s.free[:n-1]
		return b
	}
	return &batch{}
}

func (s *sender) post(e event) {
	s.mu.Lock()
	s.events = append(s.events, e)
	s.mu.Unlock()
	poke(s.kick)
}

// put takes a batch over.
func (s *sender) put(b *batch) {
	b.pack()
	s.unacked.Add(int64(b.bytes))
	s.post(event{kind: eventPut, batch: b})
}

// sealBarrier has done called when the barrier's batches are acknowledged, or will never be.
func (s *sender) sealBarrier(b *barrier, done func(payload []byte, err error)) {
	s.mu.Lock()
	ended := s.ended
	if !ended {
		s.events = append(s.events, event{kind: eventSeal, barrier: b, done: done})
	}
	s.mu.Unlock()
	if ended {
		done(nil, s.failed())
		return
	}
	poke(s.kick)
}

func (s *sender) crowded() bool { return s.unacked.Load() > s.buffer }

// wait blocks until there is room again.
func (s *sender) wait() error {
	for s.crowded() {
		if err := s.failed(); err != nil {
			return err
		}
		select {
		case <-s.space:
		case <-s.ctx.Done():
			return context.Cause(s.ctx)
		}
	}
	return nil
}

func (s *sender) run() {
	defer s.hangUp()
	var events []event
	for {
		select {
		case <-s.kick:
		case <-s.ctx.Done():
			return
		}
		s.mu.Lock()
		events, s.events = s.events, events[:0]
		s.mu.Unlock()
		for i := range events {
			s.handle(&events[i])
			events[i] = event{}
		}
		if s.failed() == nil {
			s.pump()
		}
		s.settle()
	}
}

// hangUp closes the connections, and tells checkpoints under way that they will not be.
func (s *sender) hangUp() {
	for _, cn := range s.conns {
		cn.close()
	}
	s.fail(errClosed)
	s.mu.Lock()
	events := s.events
	s.events, s.ended = nil, true
	s.mu.Unlock()
	for _, e := range events {
		if e.kind == eventSeal {
			e.barrier.done = e.done
			s.barriers = append(s.barriers, e.barrier)
		} else if e.kind == eventOpened {
			e.conn.close()
		}
	}
	s.settle()
}

func (s *sender) handle(e *event) {
	switch e.kind {
	case eventPut:
		s.enqueue(e.batch)
	case eventSeal:
		e.barrier.sealed, e.barrier.done = true, e.done
		s.barriers = append(s.barriers, e.barrier)
	case eventAck:
		s.onAck(e)
	case eventOpened:
		s.onOpened(e)
	case eventRefreshed:
		s.onRefreshed(e.err)
	case eventJoined:
		s.onJoined(e)
	}
}

// enqueue puts a batch behind the others of its lane, into the last one if that still waits and has room.
func (s *sender) enqueue(b *batch) {
	l := b.lane
	b.barrier.left++
	if n := len(l.queue); n > l.sent {
		if last := l.queue[n-1]; !last.sealed && last.producer == b.producer && last.bytes+b.bytes <= s.batch {
			last.absorb(b)
			return
		}
	}
	l.queue = append(l.queue, b)
	s.list(l)
}

// list makes pump look at a lane.
func (s *sender) list(l *lane) {
	if !l.listed {
		l.listed = true
		s.lanes = append(s.lanes, l)
	}
}

// settle calls back the barriers that are done, in order; all of them after a failure.
func (s *sender) settle() {
	err := s.failed()
	n := 0
	for _, b := range s.barriers {
		if err == nil && b.left > 0 {
			break
		}
		b.done(nil, err)
		n++
	}
	s.barriers = append(s.barriers[:0], s.barriers[n:]...)
}

// route is what one request has in common. A request names one transactional id, and a broker refuses batches of any
// other producer in it (49, INVALID_PRODUCER_ID_MAPPING): while a checkpoint passes, lanes are at two of them.
type route struct {
	conn *conn
	by   *producer
}

// pump sends what may be sent: round by round one batch of each lane, those of one broker and producer in one request.
func (s *sender) pump() {
	for {
		requests := map[route][]*batch(nil)
		live := s.lanes[:0]
		for _, l := range s.lanes {
			b, cn := s.next(l)
			if b != nil {
				if requests == nil {
					requests = map[route][]*batch{}
				}
				to := route{cn, b.producer}
				requests[to] = append(requests[to], b)
			}
			if len(l.queue) == 0 {
				l.listed = false
				continue
			}
			live = append(live, l)
		}
		s.lanes = live
		if requests == nil {
			return
		}
		for to, batches := range requests {
			s.send(to.conn, batches)
		}
	}
}

// next returns the lane's next batch, if it may be sent, and where to.
func (s *sender) next(l *lane) (*batch, *conn) {
	if l.broken {
		if l.inFlight == 0 && !l.waiting {
			s.refresh(l)
		}
		return nil, nil
	}
	if l.sent >= len(l.queue) || l.inFlight >= maxInFlight {
		return nil, nil
	}
	for l.queue[l.sent].acked { // before a lane broke: those behind go again, these need not
		if l.sent++; l.sent == len(l.queue) {
			return nil, nil
		}
	}
	b := l.queue[l.sent]
	switch {
	case l.inFlight > 0 && (l.proven != b.producer || b.producer != l.queue[0].producer):
		return nil, nil
	case b.producer.name != "" && !b.producer.joined[l]:
		s.join(b.producer)
		return nil, nil
	case !b.sealed && l.inFlight >= eager && b.bytes < s.batch/2:
		return nil, nil
	}
	cn := l.conn
	if l.inFlight == 0 {
		if cn = s.connTo(l); cn == nil {
			return nil, nil
		}
		l.conn = cn
	}
	return b, cn
}

// send puts batches on the wire, one a lane.
func (s *sender) send(cn *conn, batches []*batch) {
	for len(batches) > 0 {
		request := &sarama.ProduceRequest{RequiredAcks: sarama.WaitForAll, Timeout: int32(ackTimeout.Milliseconds()), Version: 8}
		n, size := 0, 0
		for n < len(batches) && (n == 0 || size+batches[n].bytes <= requestBytes) {
			b := batches[n]
			if name := b.producer.name; name != "" {
				request.TransactionalID = &name
			}
			if !b.sealed {
				b.seal(s.codec)
			}
			request.AddBatch(b.lane.topic, b.lane.id, &b.wire)
			b.lane.sent++
			b.lane.inFlight++
			size += b.bytes
			n++
		}
		s.produce(cn, request, batches[:n:n])
		batches = batches[n:]
	}
}

// produce does one request. sarama encodes and writes it before AsyncProduce returns; the callback runs on
// the goroutine that reads the connection, and only posts.
func (s *sender) produce(cn *conn, request *sarama.ProduceRequest, batches []*batch) {
	err := cn.AsyncProduce(request, func(r *sarama.ProduceResponse, err error) { s.answer(cn, batches, r, err) })
	if err != nil {
		s.answer(cn, batches, nil, err)
	}
}

// answer posts what became of a request's batches.
func (s *sender) answer(cn *conn, batches []*batch, r *sarama.ProduceResponse, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range batches {
		e := event{kind: eventAck, batch: b, conn: cn, err: err}
		if err == nil {
			if block := r.GetBlock(b.lane.topic, b.lane.id); block != nil {
				e.code = block.Err
			} else {
				e.code = sarama.ErrUnknownTopicOrPartition
			}
		}
		s.events = append(s.events, e)
	}
	poke(s.kick)
}

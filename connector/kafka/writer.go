package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/turgo-io/turgo/connector/format"
	"github.com/turgo-io/turgo/operator"
)

// writer is the writer of one subtask. The task's goroutine encodes records into one open batch a partition;
// the sender's goroutine does everything that talks to brokers.
type writer[T any] struct {
	*Sink[T]
	ctx   operator.Context
	clock operator.Clock
	out   format.Output[T]
	s     *sender

	topics map[string]*topic
	only   *topic // of Sink.Topic
	open   []*lane
	oldest int64 // when the first record came into the oldest open batch, by the job's clock
	looked int   // records since the clock was looked at
	key    []byte
	bar    *barrier
	p      *producer     // nil: a transaction is begun with the next record
	txns   *transactions // nil: at least once

	records, bytes, blocked *operator.Counter
}

// topic is a topic that is written to.
type topic struct {
	lanes  []*lane
	sticky int // where records without a key go
}

// barrier counts the batches of one checkpoint that are not acknowledged. It is the sender's but for its address.
type barrier struct {
	left   int
	sealed bool
	done   func(payload []byte, err error)
}

// lookEvery is how many records pass between two looks at the clock.
const lookEvery = 64

func openWriter[T any](s *Sink[T], c operator.Context) (*writer[T], error) {
	env := c.Env()
	codec, err := codecOf(s.Compression)
	if err != nil {
		return nil, err
	}
	cluster := newCluster(s.Brokers, &s.Connection)
	w := &writer[T]{
		Sink: s, ctx: c, clock: env.Clock, out: format.NewOutput(s.Encode), topics: map[string]*topic{}, bar: &barrier{},
		records: c.Counter("written"), bytes: c.Counter("bytes"), blocked: c.Counter("blocked"),
	}
	parent := env.Ctx
	if parent == nil {
		parent = context.Background()
	}
	w.s = newSender(parent, cluster, senderSettings{
		codec: codec, batch: orDefault(s.BatchBytes, 256<<10), buffer: int64(orDefault(s.BufferBytes, 8<<20)), retryFor: int64(s.Connection.retryFor()),
	}, env)
	if err := w.prepareToWrite(parent, cluster); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// prepareToWrite gets what a writer needs of the cluster. The topics come first: an address where no broker is must be
// told within Connection.Timeout, and what transactions need of it is tried for longer.
func (w *writer[T]) prepareToWrite(ctx context.Context, c *cluster) (err error) {
	if w.Topic != "" {
		w.only, err = w.find(w.Topic)
	} else {
		err = c.find(ctx, nil)
	}
	if err != nil {
		return err
	}
	if w.Deliver == ExactlyOnce {
		w.txns, err = openTransactions(w.Sink, c, w.ctx, w.s.log, w.s.fail)
		w.s.txns = w.txns
	} else {
		w.p, err = c.producer(ctx)
	}
	return err
}

// find makes a topic known. Its number of partitions is that of now, until the writer is opened again.
func (w *writer[T]) find(name string) (*topic, error) {
	if err := w.s.know(name); err != nil {
		return nil, err
	}
	t := &topic{}
	for id := range w.s.c.partitions(name) {
		t.lanes = append(t.lanes, &lane{partition: partition{name, id}, of: t})
	}
	w.topics[name] = t
	return t, nil
}

// Write encodes a record into the open batch of its partition.
func (w *writer[T]) Write(time int64, v *T) error {
	if err := w.s.failed(); err != nil {
		return err
	}
	w.ctx.Enter()
	t, err := w.topicOf(v)
	if err != nil {
		return err
	}
	w.key = w.key[:0]
	if w.Key != nil {
		w.key = w.Key(w.key, v)
	}
	l, err := w.lane(t, v)
	if err != nil {
		return err
	}
	millis := w.millis(time, v)
	b := l.open
	if b == nil {
		if b, err = w.begin(l, millis); err != nil {
			return err
		}
	}
	if err := w.encode(b, millis, v); err != nil {
		return err
	}
	if len(b.arena)+16*b.n >= w.s.batch {
		w.cut(l)
		return w.room()
	}
	if w.looked++; w.looked >= lookEvery {
		return w.linger()
	}
	return nil
}

func (w *writer[T]) topicOf(v *T) (*topic, error) {
	if w.only != nil {
		return w.only, nil
	}
	name := w.TopicOf(v)
	if t := w.topics[name]; t != nil {
		return t, nil
	}
	if name == "" {
		return nil, operator.Permanent(errors.New("kafka: Sink.TopicOf returned an empty name"))
	}
	return w.find(name)
}

func (w *writer[T]) lane(t *topic, v *T) (*lane, error) {
	n := len(t.lanes)
	switch {
	case w.Partition != nil:
		p := w.Partition(v, w.key, n)
		if p < 0 || p >= n {
			return nil, operator.Permanent(fmt.Errorf("kafka: Sink.Partition returned %d of %d partitions", p, n))
		}
		return t.lanes[p], nil
	case len(w.key) > 0:
		return t.lanes[keyPartition(w.key, n)], nil
	}
	return t.lanes[t.sticky], nil
}

// millis returns the record's timestamp. Kafka knows none before 1970.
func (w *writer[T]) millis(time int64, v *T) int64 {
	if w.Timestamp != nil {
		return max(0, w.Timestamp(v).UnixMilli())
	}
	if time == operator.NoTime {
		time = w.clock.Now()
	}
	return max(0, time/1e6)
}

// begin opens a batch in a lane.
func (w *writer[T]) begin(l *lane, millis int64) (*batch, error) {
	if w.p == nil {
		p, err := w.txns.take(w.s.ctx)
		if err != nil {
			return nil, err
		}
		w.p = p
	}
	b := w.s.batchFor()
	b.start(l, w.p, w.bar, millis)
	l.open = b
	if len(w.open) == 0 {
		w.oldest, w.looked = w.clock.Now(), 0
	}
	l.slot = len(w.open)
	w.open = append(w.open, l)
	return b, nil
}

func (w *writer[T]) encode(b *batch, millis int64, v *T) error {
	var headers []format.Header
	if w.Headers != nil {
		headers = w.Headers(v)
	}
	key := len(b.arena)
	b.arena = append(b.arena, w.key...)
	value := len(b.arena)
	arena, err := w.out.Encode(b.arena, v)
	null := errors.Is(err, format.ErrNull)
	if err != nil && !null {
		b.arena = b.arena[:key]
		if errors.Is(err, format.ErrUnavailable) {
			return fmt.Errorf("kafka: encode: %w", err) // a restart writes it again
		}
		return operator.Permanent(&operator.RecordError{Operator: w.ctx.Name(), Subtask: w.ctx.Subtask(), Err: fmt.Errorf("kafka: encode: %w", err)})
	}
	if null {
		arena = arena[:value]
	}
	b.arena = arena
	b.add(millis, key, value, null, headers)
	return nil
}

// cut gives a lane's open batch to the sender.
func (w *writer[T]) cut(l *lane) {
	b := l.open
	l.open = nil
	last := w.open[len(w.open)-1]
	w.open[l.slot], last.slot = last, l.slot
	w.open = w.open[:len(w.open)-1]
	if t := l.of; int(l.id) == t.sticky {
		t.sticky = (t.sticky + 1) % len(t.lanes)
	}
	w.records.Add(int64(b.n))
	w.bytes.Add(int64(len(b.arena)))
	w.s.put(b)
}

// room blocks while too much is unacknowledged: that is the backpressure.
func (w *writer[T]) room() error {
	if !w.s.crowded() {
		return nil
	}
	w.blocked.Add(1)
	return w.s.wait()
}

// linger sends what has waited long enough.
func (w *writer[T]) linger() error {
	w.looked = 0
	if len(w.open) == 0 || w.clock.Now()-w.oldest < int64(orDefault(w.Linger, defaultLinger)) {
		return nil
	}
	return w.Flush()
}

// Flush gives all open batches to the sender. Those that find the line busy join up there, so a steady
// trickle of small batches does not become as many requests.
func (w *writer[T]) Flush() error {
	for len(w.open) > 0 {
		w.cut(w.open[len(w.open)-1])
	}
	return w.s.failed()
}

// Prepare calls done when everything written so far is acknowledged. With exactly once the transaction ends
// here, and the next record begins another.
func (w *writer[T]) Prepare(checkpoint int64, done func(payload []byte, err error)) {
	if err := w.Flush(); err != nil {
		done(nil, err)
		return
	}
	bar := w.bar
	w.bar = &barrier{}
	if w.txns == nil {
		w.s.sealBarrier(bar, done)
		return
	}
	if w.p != nil {
		w.txns.prepared(checkpoint, w.p)
		w.p = nil
	}
	w.s.sealBarrier(bar, func(_ []byte, err error) {
		if err != nil {
			done(nil, err)
			return
		}
		done(w.txns.payload(checkpoint), nil)
	})
}

// Commit has the transactions up to the checkpoint committed in the background.
func (w *writer[T]) Commit(checkpoint int64) error {
	if w.txns != nil {
		w.txns.commit(checkpoint)
	}
	return w.s.failed()
}

// Close drops what is not acknowledged and waits for the goroutines, and for commits that a durable
// checkpoint has asked for.
func (w *writer[T]) Close() error {
	w.s.stop()
	if w.txns != nil {
		w.txns.close(w.p)
	}
	w.s.c.close()
	return nil
}

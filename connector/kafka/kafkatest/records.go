package kafkatest

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/turgo-io/turgo/connector/format"
	"github.com/turgo-io/turgo/connector/kafka"
	"github.com/turgo-io/turgo/operator"
)

// Record is a record of a topic.
type Record struct {
	Topic     string
	Partition int32
	Offset    int64
	Time      time.Time // zero: the time of sending
	Key       []byte
	Value     []byte
	Headers   []format.Header
}

// Producer writes records to one topic, for one goroutine.
type Producer struct {
	w     operator.Writer[Record]
	ctx   context.Context
	count int64
}

// NewProducer returns a producer. Records with a key go where the Java client would put them.
func NewProducer(ctx context.Context, brokers []string, topic string, options ...func(*kafka.Sink[Record])) (*Producer, error) {
	sink := kafka.Sink[Record]{
		Brokers: brokers, Topic: topic,
		Encode: format.EncodeFunc[Record](func(dst []byte, r *Record) ([]byte, error) {
			if r.Value == nil {
				return dst, format.ErrNull
			}
			return append(dst, r.Value...), nil
		}),
		Key:     func(dst []byte, r *Record) []byte { return append(dst, r.Key...) },
		Headers: func(r *Record) []format.Header { return r.Headers },
	}
	for _, o := range options {
		o(&sink)
	}
	if err := sink.Validate(); err != nil {
		return nil, fmt.Errorf("kafkatest: %w", err)
	}
	w, err := sink.Writer(operator.NewContext(Env(ctx)))
	if err != nil {
		return nil, fmt.Errorf("kafkatest: %w", err)
	}
	return &Producer{w: w, ctx: ctx}, nil
}

// ToPartition makes a producer write to one partition.
func ToPartition(p int) func(*kafka.Sink[Record]) {
	return func(s *kafka.Sink[Record]) { s.Partition = func(*Record, []byte, int) int { return p } }
}

// Send writes a record. It is sent in the background, soon after the batch is full.
func (p *Producer) Send(r Record) error {
	at := operator.NoTime
	if !r.Time.IsZero() {
		at = r.Time.UnixNano()
	}
	return p.w.Write(at, &r)
}

// Push sends what was written, without waiting for it.
func (p *Producer) Push() error { return p.w.Flush() }

// Flush waits until everything sent is acknowledged.
func (p *Producer) Flush() error {
	p.count++
	done := make(chan error, 1)
	p.w.Prepare(p.count, func(_ []byte, err error) { done <- err })
	return <-done
}

// Close ends the producer; what was not flushed is dropped.
func (p *Producer) Close() error { return p.w.Close() }

// Fill writes records to a topic and waits until all are acknowledged.
func Fill(ctx context.Context, brokers []string, topic string, records iter.Seq[Record], options ...func(*kafka.Sink[Record])) error {
	p, err := NewProducer(ctx, brokers, topic, options...)
	if err != nil {
		return err
	}
	defer func() { _ = p.Close() }() // Flush has said what was not written
	for r := range records {
		if err := p.Send(r); err != nil {
			return err
		}
	}
	return p.Flush()
}

// Read returns what a reader of committed records sees of all that the topics hold now: by partition in order of
// the offsets, in no order between partitions. For transactions that are open it waits until they are decided, as a
// broker may answer a commit a moment before its records can be seen; ctx ends the wait.
func Read(ctx context.Context, brokers []string, topics ...string) ([]Record, error) {
	wake := make(chan struct{}, 1)
	env := Env(ctx)
	env.Wake = func() {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
	ends := map[string]map[int32]int64{}
	for _, t := range topics {
		var err error
		if ends[t], err = kafka.EndOffsets(ctx, brokers, t); err != nil {
			return nil, err
		}
	}
	source := kafka.Source[Record]{Brokers: brokers, Topics: topics, Decode: format.MetaFunc[Record](decode), Stop: kafka.Offsets(ends)}
	splits, err := source.Splits(ctx)
	if err != nil {
		return nil, err
	}
	r, err := source.Reader(operator.NewContext(env))
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	for i, s := range splits {
		if err := r.Add(s, int32(i), nil); err != nil {
			return nil, err
		}
	}
	var all collected
	out := &operator.Emitter[Record]{Next: &all, Task: env.Task}
	for {
		switch status, _, err := r.Poll(out, 1024); {
		case err != nil:
			return nil, err
		case status == operator.Done:
			return all.records, nil
		case status == operator.Blocked:
			select {
			case <-wake:
			case <-ctx.Done():
				return all.records, context.Cause(ctx)
			}
		}
	}
}

// decode copies everything that there is to know of a record.
func decode(m *format.Meta, data []byte, v *Record) error {
	*v = Record{Topic: m.Topic, Partition: m.Partition, Offset: m.Offset, Key: clone(m.Key), Value: clone(data)}
	if m.Time != operator.NoTime {
		v.Time = time.Unix(0, m.Time).UTC()
	}
	for _, h := range m.Headers {
		v.Headers = append(v.Headers, format.Header{Key: clone(h.Key), Value: clone(h.Value)})
	}
	return nil
}

func clone(b []byte) []byte {
	if b == nil {
		return nil
	}
	return append([]byte{}, b...)
}

// collected is a Receiver that keeps records.
type collected struct{ records []Record }

// Push keeps a record.
func (c *collected) Push(_ int64, v *Record) error {
	c.records = append(c.records, *v)
	return nil
}

// Mark ignores control elements.
func (c *collected) Mark(operator.Mark) error { return nil }

// Env returns an environment in which a source or sink runs without a job: real clock, plain
// goroutines, no state. Set Wake to hear when there is something to do.
func Env(ctx context.Context) *operator.Env {
	return &operator.Env{
		Job: "kafkatest", Name: "kafkatest", ID: "kafkatest", Parallelism: 1, MaxParallelism: 128, Ctx: ctx,
		Clock: operator.SystemClock{}, Executor: goroutines{}, Wake: func() {}, Task: &operator.TaskState{}, Counters: &operator.Counters{},
	}
}

// goroutines is an Executor.
type goroutines struct{}

// Go starts job.
func (goroutines) Go(_ string, job func()) { go job() }

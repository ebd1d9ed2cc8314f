package kafka

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"github.com/IBM/sarama"

	"github.com/turgo-io/turgo/connector/format"
	"github.com/turgo-io/turgo/operator"
)

// reader is the reader of one subtask. Everything here is of the task's goroutine; fetching goes on behind
// router and inbox.
type reader[T any] struct {
	settings
	ctx    operator.Context
	clock  operator.Clock
	in     format.Input[T]
	policy format.BadRecords
	dead   *operator.Collector[operator.DeadLetter]
	router *router
	inbox  *inbox
	commit *committer // nil without a group

	feeds  []*feed
	ready  []*feed // with something in their queue; the first is worked off next
	spare  []*chunk
	polled bool // the splits of the start are all there
	value  T
	meta   format.Meta
	lag    int64
	n      counters
}

// counters are the reader's metrics.
type counters struct{ bad, skipped, bytes, resets, lag *operator.Counter }

func newReader[T any](s *Source[T], c operator.Context, dead *operator.Collector[operator.DeadLetter]) *reader[T] {
	env := c.Env()
	r := &reader[T]{
		settings: s.settings(), ctx: c, clock: env.Clock, in: format.NewInput(s.Decode), policy: s.BadRecords, dead: dead,
		inbox: &inbox{wake: env.Wake},
		n:     counters{c.Counter("bad"), c.Counter("skipped"), c.Counter("bytes"), c.Counter("resets"), c.Counter("lag")},
	}
	r.router = newRouter(newCluster(s.Brokers, &s.Connection), r.settings, env, r.inbox)
	if s.Group != "" {
		r.commit = newCommitter(newCluster(s.Brokers, &s.Connection), s.Group, r.router.log)
	}
	return r
}

// Add starts to fetch a partition.
func (r *reader[T]) Add(s operator.Split, number int32, saved []byte) error {
	p, err := parseSplit(s.ID)
	if err != nil {
		return err
	}
	f := &feed{partition: p, number: number, next: unresolved, end: noStop, bytes: r.bytes}
	f.tail.Store(-1)
	f.pos = position{offset: unresolved, epoch: -1, stop: noStop}
	if saved != nil {
		if f.pos, err = decodePosition(saved); err != nil {
			return fmt.Errorf("%s: %w", s.ID, err)
		}
	}
	f.next, f.end, f.fresh = f.pos.offset, f.pos.stop, true
	if f.next == unresolved {
		f.ask, f.begin = true, r.start
		if saved == nil && (r.polled || r.ctx.Env().Restored > 0) {
			f.begin = Earliest() // made after the job began: all of it is new
		}
	}
	r.feeds = append(r.feeds, f)
	if f.next < f.end {
		r.router.take(f)
	}
	return nil
}

// Poll emits records of one partition, in turn with the others.
func (r *reader[T]) Poll(out *operator.Emitter[T], max int) (operator.Status, int64, error) {
	r.polled = true
	if err := r.collect(); err != nil {
		return operator.Done, 0, err
	}
	if len(r.ready) == 0 {
		return r.rest(out)
	}
	f := r.ready[0]
	copy(r.ready, r.ready[1:])
	r.ready = r.ready[:len(r.ready)-1]
	out.Split(f.number)
	f.idle, f.quiet = false, 0
	if err := r.work(f, out, max); err != nil {
		return operator.Done, 0, err
	}
	if len(f.queue) > 0 {
		r.ready = append(r.ready, f)
	}
	if f.pos.offset >= f.pos.stop && !f.done {
		return operator.Ready, 0, r.finish(f, out)
	}
	return operator.Ready, 0, nil
}

// collect takes what came in.
func (r *reader[T]) collect() error {
	chunks, err := r.inbox.take(r.spare)
	for i, c := range chunks {
		chunks[i] = nil
		if c.resolved && !c.reset { // known at once, so that a checkpoint has it
			r.begin(c.feed, c)
			r.release(c.feed)
			continue
		}
		if len(c.feed.queue) == 0 {
			r.ready = append(r.ready, c.feed)
		}
		c.feed.queue = append(c.feed.queue, c)
	}
	r.spare = chunks[:0]
	return err
}

// finish reports a feed as read to its stop.
func (r *reader[T]) finish(f *feed, out *operator.Emitter[T]) error {
	f.done = true
	return out.Done(f.number)
}

// rest reports what there is to report while nothing is to be read: partitions done or idle.
func (r *reader[T]) rest(out *operator.Emitter[T]) (operator.Status, int64, error) {
	now, deadline, done := int64(0), int64(math.MaxInt64), true
	for _, f := range r.feeds {
		if f.done {
			continue
		}
		if f.pos.offset >= f.pos.stop {
			if err := r.finish(f, out); err != nil {
				return operator.Done, 0, err
			}
			continue
		}
		done = false
		if f.idle || r.idleAfter < 0 || f.pos.offset < 0 || f.tail.Load() != f.pos.offset {
			continue
		}
		if now == 0 {
			now = r.clock.Now()
		}
		if f.quiet == 0 {
			f.quiet = now
		}
		if now-f.quiet < r.idleAfter {
			deadline = min(deadline, f.quiet+r.idleAfter)
			continue
		}
		f.idle = true
		if err := out.Idle(f.number); err != nil {
			return operator.Done, 0, err
		}
	}
	switch {
	case done && r.stop.kind != boundNone:
		return operator.Done, 0, nil
	case deadline == math.MaxInt64:
		deadline = 0
	}
	return operator.Blocked, deadline, nil
}

// work emits up to about max records of the feed's first chunk.
func (r *reader[T]) work(f *feed, out *operator.Emitter[T], max int) error {
	c := f.queue[0]
	if c.resolved {
		r.begin(f, c)
	}
	for c.batch < len(c.batches) && f.pos.offset < f.pos.stop {
		b := c.batches[c.batch]
		n, err := r.emit(f, c, b, out, max)
		if err != nil {
			return err
		}
		if max -= n; c.record < len(b.Records) && f.pos.offset < f.pos.stop {
			return nil
		}
		c.batch, c.record = c.batch+1, 0
		if max <= 0 && c.batch < len(c.batches) {
			return nil
		}
	}
	f.pos.offset = min(f.pos.stop, c.next)
	if c.reset {
		f.pos.offset = c.next
	}
	if c.epoch >= 0 {
		f.pos.epoch = c.epoch
	}
	copy(f.queue, f.queue[1:])
	f.queue[len(f.queue)-1] = nil
	f.queue = f.queue[:len(f.queue)-1]
	r.release(f)
	return nil
}

// begin takes over where a feed begins, or goes on after a reset.
func (r *reader[T]) begin(f *feed, c *chunk) {
	f.pos.stop = c.stop
	if c.reset {
		r.n.resets.Add(1)
	}
	if f.pos.offset < 0 || c.reset {
		f.pos.offset = c.next
	}
}

// release lets the fetcher ask for more.
func (r *reader[T]) release(f *feed) {
	if f.buffered.Add(-1) == depth-1 {
		if x := f.owner.Load(); x != nil {
			poke(x.kick)
		}
	}
	lag := int64(0)
	for _, f := range r.feeds {
		if f.pos.offset >= 0 {
			lag += max(0, f.high.Load()-f.pos.offset)
		}
	}
	r.n.lag.Add(lag - r.lag)
	r.lag = lag
}

// emit decodes and emits records of one batch and returns how many. Records before the position are those
// that a batch holds in front of the offset asked for.
func (r *reader[T]) emit(f *feed, c *chunk, b *sarama.RecordBatch, out *operator.Emitter[T], max int) (int, error) {
	base, size, n := batchTime(b), 0, 0
	records := b.Records
	for ; c.record < len(records) && n < max; c.record++ {
		rec := records[c.record]
		offset := b.FirstOffset + rec.OffsetDelta
		if offset < f.pos.offset {
			continue
		}
		if offset >= f.pos.stop {
			f.pos.offset = f.pos.stop
			break
		}
		time := base
		if base != operator.NoTime && !b.LogAppendTime {
			time += int64(rec.TimestampDelta)
		}
		if r.in.WantsMeta() {
			r.describe(f, offset, time, rec)
		}
		f.pos.offset = offset + 1
		size += len(rec.Value)
		n++
		if err := r.in.Decode(&r.meta, rec.Value, &r.value); err != nil {
			if err = r.refuse(f, offset, time, rec, err); err != nil {
				return n, err
			}
			continue
		}
		if err := out.Emit(time, &r.value); err != nil {
			return n, err
		}
	}
	r.n.bytes.Add(int64(size))
	return n, nil
}

// batchTime returns the timestamp that the records' deltas count from; with LogAppendTime it is every record's.
func batchTime(b *sarama.RecordBatch) int64 {
	t := b.FirstTimestamp
	if b.LogAppendTime {
		t = b.MaxTimestamp
	}
	if t.IsZero() {
		return operator.NoTime
	}
	return t.UnixNano()
}

// describe fills the metadata for decoders that want it.
func (r *reader[T]) describe(f *feed, offset, time int64, rec *sarama.Record) {
	headers := r.meta.Headers[:0]
	for _, h := range rec.Headers {
		headers = append(headers, format.Header{Key: h.Key, Value: h.Value})
	}
	r.meta = format.Meta{Topic: f.topic, Partition: f.id, Offset: offset, Time: time, Key: rec.Key, Headers: headers}
}

// refuse does with a record that could not be decoded what the policy says.
func (r *reader[T]) refuse(f *feed, offset, time int64, rec *sarama.Record, cause error) error {
	if errors.Is(cause, format.ErrSkip) {
		r.n.skipped.Add(1)
		return nil
	}
	if errors.Is(cause, format.ErrUnavailable) { // not the record's fault: it is read again
		return fmt.Errorf("kafka: %s at offset %d: %w", f.partition, offset, cause)
	}
	r.n.bad.Add(1)
	switch r.policy {
	case format.Skip:
		return nil
	case format.DeadLetter:
		r.dead.At(time)
		r.dead.Emit(operator.DeadLetter{
			Source: r.ctx.Name(), Topic: f.topic, Split: f.id, Position: offset, Time: time,
			Key: bytes.Clone(rec.Key), Raw: bytes.Clone(rec.Value), Error: cause.Error(),
		})
		return r.dead.Err()
	}
	return operator.Permanent(&operator.RecordError{
		Operator: r.ctx.Name(), Subtask: r.ctx.Subtask(), Position: fmt.Sprintf("%s offset %d", f.partition, offset),
		Err: fmt.Errorf("kafka: bad record: %w; Source.BadRecords says what becomes of such", cause),
	})
}

// Positions tells where each partition goes on.
func (r *reader[T]) Positions(yield func(split string, position []byte)) {
	var buf [32]byte
	var marks map[partition]position
	if r.commit != nil {
		marks = make(map[partition]position, len(r.feeds))
	}
	for _, f := range r.feeds {
		yield(f.String(), f.pos.append(buf[:0]))
		if marks != nil && f.pos.offset >= 0 {
			marks[f.partition] = f.pos
		}
	}
	if r.commit != nil {
		r.commit.note(marks)
	}
}

// Acknowledge commits the positions to the group in the background.
func (r *reader[T]) Acknowledge(int64) {
	if r.commit != nil {
		r.commit.durable()
	}
}

// Close stops fetching and waits for the goroutines.
func (r *reader[T]) Close() error {
	r.router.close()
	if r.commit != nil {
		r.commit.close()
	}
	return nil
}

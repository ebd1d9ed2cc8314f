package kafka

import (
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"

	"github.com/turgo-io/turgo/connector/format"
)

// batch gathers records of one partition. It owns their bytes, in one arena, until the broker has acknowledged
// them: a retry sends the same records under the same sequence. Batches are used again and again.
//
// The task fills a batch, then gives it to the sender for good; the sender gives it back empty.
type batch struct {
	lane     *lane
	producer *producer
	barrier  *barrier

	arena   []byte
	records []sarama.Record
	headers []sarama.RecordHeader
	n       int
	first   int64 // milliseconds
	last    int64 // the newest, milliseconds

	// Of the sender.
	bytes  int
	wire   sarama.RecordBatch
	send   []*sarama.Record
	merged []*batch // batches that travel in this one
	sealed bool     // has its sequence: nothing joins any more
	acked  bool
}

// start makes an empty batch ready for records.
func (b *batch) start(l *lane, p *producer, barrier *barrier, millis int64) {
	b.lane, b.producer, b.barrier = l, p, barrier
	b.arena, b.n, b.first, b.last = b.arena[:0], 0, millis, millis
	b.headers = b.headers[:0]
}

// add appends a record whose key is arena[key:value] and whose value is arena[value:]. null says that
// the value is null.
func (b *batch) add(millis int64, key, value int, null bool, headers []format.Header) {
	if b.n == len(b.records) {
		b.records = append(b.records, make([]sarama.Record, max(64, b.n))...)
	}
	r := &b.records[b.n]
	end := len(b.arena)
	r.Key, r.Value, r.Headers = nil, nil, r.Headers[:0]
	if value > key {
		r.Key = b.arena[key:value:value]
	}
	if !null {
		r.Value = b.arena[value:end:end]
	}
	for _, h := range headers {
		r.Headers = append(r.Headers, b.header(h))
	}
	r.OffsetDelta = int64(b.n)
	r.TimestampDelta = time.Duration(millis-b.first) * time.Millisecond
	b.last = max(b.last, millis)
	b.n++
}

// header copies a header.
func (b *batch) header(h format.Header) *sarama.RecordHeader {
	k := len(b.arena)
	b.arena = append(b.arena, h.Key...)
	v := len(b.arena)
	b.arena = append(b.arena, h.Value...)
	b.headers = append(b.headers, sarama.RecordHeader{Key: b.arena[k:v:v], Value: b.arena[v:len(b.arena):len(b.arena)]})
	return &b.headers[len(b.headers)-1]
}

// pack lists the records to send.
func (b *batch) pack() {
	b.bytes = len(b.arena) + 16*b.n
	b.send = b.send[:0]
	for i := range b.records[:b.n] {
		b.send = append(b.send, &b.records[i])
	}
	b.sealed, b.acked = false, false
}

// absorb lets the records of o travel in b: batches that wait for their turn go as one.
func (b *batch) absorb(o *batch) {
	shift := time.Duration(o.first-b.first) * time.Millisecond
	for _, r := range o.send {
		r.OffsetDelta = int64(len(b.send))
		r.TimestampDelta += shift
		b.send = append(b.send, r)
	}
	b.bytes += o.bytes
	b.last = max(b.last, o.last)
	b.merged = append(b.merged, o)
}

// seal gives the batch its sequence number: it is sent as it is from now on, however often.
func (b *batch) seal(codec sarama.CompressionCodec) {
	b.sealed = true
	p := b.producer
	seq := p.sequence[b.lane]
	b.wire = sarama.RecordBatch{
		Version: 2, Codec: codec, CompressionLevel: sarama.CompressionLevelDefault,
		FirstTimestamp: time.UnixMilli(b.first), MaxTimestamp: time.UnixMilli(b.last),
		ProducerID: p.id, ProducerEpoch: p.epoch, FirstSequence: seq, IsTransactional: p.name != "",
		Records: b.send, LastOffsetDelta: int32(len(b.send) - 1),
	}
	p.sequence[b.lane] = nextSequence(seq, len(b.send))
}

// nextSequence wraps as the brokers do: 0 follows the greatest int32.
func nextSequence(s int32, n int) int32 { return int32((int64(s) + int64(n)) & 0x7fffffff) }

// producer is an identity under which the brokers know batches and their order.
type producer struct {
	name     string // transactional id, "" if there is none
	id       int64
	epoch    int16
	sequence map[*lane]int32 // next sequence, of the sender
	joined   map[*lane]bool  // partitions in the open transaction, of the sender until it is prepared
	joining  bool            // of the sender: a question to the coordinator is under way
	suspect  atomic.Bool     // some request ended without an answer, and may arrive later
}

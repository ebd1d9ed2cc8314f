package kafka

import (
	"errors"
	"reflect"
	"slices"

	"github.com/IBM/sarama"
)

var errOldFormat = errors.New("kafka: records in the message format of Kafka before 0.11, which has no place here; rewrite the topic with a current producer")

// visible returns the batches of a response that a reader may see, in offset order, and where the next
// request starts: past control, aborted and emptied batches too. grow says that not one whole batch
// fitted into the asked size.
//
// Under read_committed the broker sends what lies before the last stable offset, aborted records among
// it, with a list of the transactions that were aborted: from its first offset on, a producer's records
// are dropped until its abort marker. The list is of this response alone.
func visible(b *sarama.FetchResponseBlock, offset int64, committed bool) (batches []*sarama.RecordBatch, next int64, grow bool, err error) {
	next = offset
	var hidden filter
	if committed {
		hidden.pending = b.AbortedTransactions
		slices.SortFunc(hidden.pending, func(a, b *sarama.AbortedTransaction) int { return int(a.FirstOffset - b.FirstOffset) })
	}
	for _, set := range b.RecordsSet {
		if set.MsgSet != nil {
			return nil, next, false, errOldFormat
		}
		rb := set.RecordBatch
		if rb == nil {
			continue
		}
		if rb.PartialTrailingRecord {
			return batches, next, next == offset, nil
		}
		next = rb.LastOffset() + 1
		if !hidden.drops(rb) {
			batches = append(batches, rb)
		}
	}
	if len(b.RecordsSet) == 0 && !b.Partial {
		next = max(next, pastEmpty(b))
	}
	return batches, next, b.Partial && next == offset, nil
}

// filter knows which producers are within an aborted transaction at the current offset.
type filter struct {
	pending []*sarama.AbortedTransaction // by first offset, not reached yet
	aborted map[int64]bool               // by producer id
}

// drops reports whether a batch is hidden: a control batch, or of an aborted transaction.
func (f *filter) drops(b *sarama.RecordBatch) bool {
	for len(f.pending) > 0 && f.pending[0].FirstOffset <= b.LastOffset() {
		if f.aborted == nil {
			f.aborted = map[int64]bool{}
		}
		f.aborted[f.pending[0].ProducerID] = true
		f.pending = f.pending[1:]
	}
	if b.Control {
		if isAbort(b) {
			delete(f.aborted, b.ProducerID)
		}
		return true
	}
	return b.IsTransactional && f.aborted[b.ProducerID]
}

// isAbort reads a control record's key: version, then type, 16 bits each; type 0 is an abort.
func isAbort(b *sarama.RecordBatch) bool {
	if len(b.Records) == 0 {
		return false
	}
	k := b.Records[0].Key
	return len(k) >= 4 && k[2] == 0 && k[3] == 0
}

// pastEmpty returns where a response ends that holds batches but no record: compaction keeps the last
// batch of each producer, emptied. sarama leaves such batches out and remembers the end only in a field
// of its own; without it, a reader would ask for the same offset for ever. 0 if there was no batch.
func pastEmpty(b *sarama.FetchResponseBlock) int64 {
	f := reflect.ValueOf(b).Elem().FieldByName("recordsNextOffset")
	if !f.IsValid() || f.Kind() != reflect.Pointer || f.IsNil() || f.Elem().Kind() != reflect.Int64 {
		return 0
	}
	return f.Elem().Int()
}

package kafka

import (
	"strconv"
	"time"

	"github.com/turgo-io/turgo/connector/format"
	"github.com/turgo-io/turgo/operator"
)

// DeadLetters returns a sink for the side output operator.DeadLetters: each record with the key, value and timestamp that
// it came with, and headers that say where it was and what is wrong with it:
//
//	turgo-error      what the decoder said
//	turgo-source     name of the source
//	turgo-topic      topic, file or table that it was in
//	turgo-partition  and its partition, if it had one
//	turgo-position   and its offset or line, if it is known
//
// With Deliver ExactlyOnce dead letters become visible with the checkpoint that passes their records, as all other
// results of the job do. Set that, and the Connection, on what is returned.
func DeadLetters(brokers []string, topic string) Sink[operator.DeadLetter] {
	return Sink[operator.DeadLetter]{
		Brokers: brokers, Topic: topic,
		Encode: format.EncodeFunc[operator.DeadLetter](func(dst []byte, d *operator.DeadLetter) ([]byte, error) {
			if d.Raw == nil {
				return dst, format.ErrNull
			}
			return append(dst, d.Raw...), nil
		}),
		Key:       func(dst []byte, d *operator.DeadLetter) []byte { return append(dst, d.Key...) },
		Headers:   deadHeaders,
		Timestamp: deadTime,
	}
}

// maxCause bounds the error's text: a panic's has a stack, and a record too large would fail the job.
const maxCause = 4 << 10

func deadHeaders(d *operator.DeadLetter) []format.Header {
	header := func(key, value string) format.Header { return format.Header{Key: []byte(key), Value: []byte(value)} }
	all := []format.Header{
		header("turgo-error", d.Error[:min(len(d.Error), maxCause)]), header("turgo-source", d.Source), header("turgo-topic", d.Topic),
	}
	if d.Split >= 0 {
		all = append(all, header("turgo-partition", strconv.Itoa(int(d.Split))))
	}
	if d.Position >= 0 {
		all = append(all, header("turgo-position", strconv.FormatInt(d.Position, 10)))
	}
	return all
}

// deadTime is the time of the source; 1970 says that it had none.
func deadTime(d *operator.DeadLetter) time.Time { return time.Unix(0, max(0, d.Time)) }

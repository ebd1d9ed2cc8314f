package kafka

import (
	"errors"
	"fmt"
	"time"

	"github.com/IBM/sarama"

	"github.com/turgo-io/turgo/connector/format"
	"github.com/turgo-io/turgo/operator"
)

// What Sink.Deliver can be.
const (
	AtLeastOnce = operator.AtLeastOnce
	ExactlyOnce = operator.ExactlyOnce
)

// Sink writes a topic, or the topic of each record. Brokers, a topic and Encode are needed; the zero
// value of everything else works.
//
// Records of one partition keep their order, through retries and broker failures too. With AtLeastOnce
// a checkpoint waits until everything before it is acknowledged by all in-sync replicas; retries are
// recognized by the brokers, so only a restart of the job writes records again. With ExactlyOnce each
// checkpoint is a transaction: readers of committed records see a record once, when its checkpoint is durable.
type Sink[T any] struct {
	// Brokers are addresses, host:port, of some brokers; the others are found through them.
	Brokers []string
	// Topic is where records go. It must exist.
	Topic string
	// TopicOf chooses the topic of each record, in the place of Topic.
	TopicOf func(v *T) string
	// Encode makes the record's value.
	Encode format.Encoder[T]
	// Key appends the record's key to dst; appending nothing means no key. Records of one key go to one
	// partition and so keep their order.
	Key func(dst []byte, v *T) []byte
	// Partition chooses among n partitions. Nil takes murmur2 of the key, as the Java client does, and
	// for records without a key fills a batch of one partition, then of the next.
	Partition func(v *T, key []byte, n int) int
	// Headers returns the record's headers, which are copied.
	Headers func(v *T) []format.Header
	// Timestamp returns the record's Kafka timestamp. Nil takes its event time, or the job's clock for a
	// record without.
	Timestamp func(v *T) time.Time

	// Deliver is AtLeastOnce or ExactlyOnce.
	Deliver operator.Guarantee
	// Compression is "none" (also for ""), "gzip", "snappy", "lz4" or "zstd".
	Compression string
	// BatchBytes is how many bytes of records a partition gathers at most before they are sent; 0 is
	// 256 KB. It must be less than the topic's max.message.bytes.
	BatchBytes int
	// Linger is how long a record waits at most for its batch to fill while the job is busy; 0 is 5 ms.
	// When there is nothing more to do, batches are sent at once.
	Linger time.Duration
	// BufferBytes is how much may be written and not acknowledged before Write blocks; 0 is 8 MB.
	BufferBytes int

	// TransactionPrefix begins the transactional ids of ExactlyOnce; "" is made of the names of job and sink.
	// Two jobs with one prefix shut each other out.
	TransactionPrefix string
	// TransactionTimeout is when the brokers abort a transaction of ExactlyOnce that is not committed: longer than
	// the checkpoint interval and the longest time that the job may be down, or records are lost. At most
	// what the brokers allow (15 minutes unless set). 0 is 10 minutes.
	TransactionTimeout time.Duration
	// AcceptLoss goes on when transactions of the restored checkpoint are found aborted; without it the job fails.
	AcceptLoss bool

	Connection Connection
}

// Name returns "kafka" and the topic.
func (s Sink[T]) Name() string {
	if s.TopicOf != nil {
		return "kafka:topic per record"
	}
	return "kafka:" + s.Topic
}

// Guarantee returns Deliver.
func (s Sink[T]) Guarantee() operator.Guarantee { return s.Deliver }

// Validate reports every fault of the description.
func (s Sink[T]) Validate() error {
	errs := []error{validateBrokers("Sink", s.Brokers), s.Connection.validate()}
	if (s.Topic == "") == (s.TopicOf == nil) {
		errs = append(errs, errors.New("kafka: Sink: set one of Topic and TopicOf"))
	}
	if s.Encode == nil {
		errs = append(errs, errors.New("kafka: Sink.Encode is nil; use format.JSON, format.Raw or a function of your own"))
	} else if err := format.Check(s.Encode); err != nil {
		errs = append(errs, fmt.Errorf("kafka: Sink.Encode: %w", err))
	}
	if _, err := codecOf(s.Compression); err != nil {
		errs = append(errs, err)
	}
	switch s.Deliver {
	case AtLeastOnce, ExactlyOnce:
	default:
		errs = append(errs, fmt.Errorf("kafka: Sink.Deliver: %s is not offered; use AtLeastOnce or ExactlyOnce", s.Deliver))
	}
	if t := s.TransactionTimeout; t < 0 || t > 0 && t < time.Second {
		errs = append(errs, fmt.Errorf("kafka: Sink.TransactionTimeout %v: must be a second or more", t))
	}
	if s.BatchBytes < 0 || s.BatchBytes > 64<<20 || s.BufferBytes < 0 || s.Linger < 0 {
		errs = append(errs, fmt.Errorf("kafka: Sink: BatchBytes %d (at most 64 MiB), BufferBytes %d and Linger %v must not be negative", s.BatchBytes, s.BufferBytes, s.Linger))
	}
	return errors.Join(errs...)
}

var codecs = map[string]sarama.CompressionCodec{
	"": sarama.CompressionNone, "none": sarama.CompressionNone, "gzip": sarama.CompressionGZIP,
	"snappy": sarama.CompressionSnappy, "lz4": sarama.CompressionLZ4, "zstd": sarama.CompressionZSTD,
}

func codecOf(name string) (sarama.CompressionCodec, error) {
	c, ok := codecs[name]
	if !ok {
		return c, fmt.Errorf("kafka: Sink.Compression %q is unknown; use none, gzip, snappy, lz4 or zstd", name)
	}
	return c, nil
}

// Writer opens the writer of one subtask: it looks the topic up and gets a producer id.
func (s Sink[T]) Writer(c operator.Context) (operator.Writer[T], error) {
	return openWriter(&s, c)
}

package kafka

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/turgo-io/turgo/connector/format"
	"github.com/turgo-io/turgo/operator"
)

// Source reads topics. Brokers, Topics and Decode are needed; the zero value of everything else works.
//
// Each partition is a split: read in order by one subtask, with a position of its own in the
// checkpoint, so that after a restart every record is read again from there and none is left out.
// A record's event time is its Kafka timestamp, until an EventTime operator says otherwise.
type Source[T any] struct {
	// Brokers are addresses, host:port, of some brokers; the others are found through them.
	Brokers []string
	// Topics are the topics to read. They must exist.
	Topics []string
	// TopicPattern is a regular expression of whole topic names, in the place of Topics. At least one topic must
	// match at the start; those made later are found as new partitions are. Kafka's own topics never match.
	TopicPattern string
	// Decode makes a value of each record. A format.MetaDecoder also gets key, headers and position.
	Decode format.Decoder[T]

	// Start is where to begin when there is no checkpoint. Zero is Earliest.
	Start Bound
	// Stop makes the source end: Latest reads what is there when the job starts. A restart keeps the
	// stop that was found first. Zero never ends.
	Stop Bound
	// Reset is where to go on when the position is gone from the broker (retention was faster than the
	// job): Earliest, Latest or At. Zero fails the job, since records were lost.
	Reset Bound
	// BadRecords says what becomes of a record that Decode refuses.
	BadRecords format.BadRecords
	// Group commits the positions of durable checkpoints under this consumer group, so that tools can
	// show the lag. It decides nothing about what is read, but for a Start of Committed. "" commits nothing.
	Group string

	// ReadUncommitted also gives records of transactions that are open or aborted.
	ReadUncommitted bool
	// FetchBytes is the most that is asked for at once of one partition; 0 is 1 MB. About three times
	// that is held in memory for each partition.
	FetchBytes int
	// FetchWait is how long a broker holds a request that finds nothing new; 0 is 500 ms. A new record
	// ends the wait, so it costs no latency.
	FetchWait time.Duration
	// Connections is how many connections a subtask has to one broker at most; its partitions share
	// them. Responses are unpacked on as many processors. 0 is 4.
	Connections int
	// IdleAfter is how long a partition is read to its end before it is reported idle, so that its
	// watermark holds nobody back; 0 is 1 s, negative never.
	IdleAfter time.Duration
	// Discover is how often new partitions are looked for; 0 is 1 minute, negative never. They are read
	// from their first record. A source with a Stop looks once.
	Discover time.Duration

	Connection Connection
}

// Name returns "kafka" and the topics.
func (s Source[T]) Name() string {
	if s.TopicPattern != "" {
		return "kafka:" + s.TopicPattern
	}
	return topicsName(s.Topics)
}

func topicsName(topics []string) string {
	if len(topics) == 1 {
		return "kafka:" + topics[0]
	}
	return fmt.Sprintf("kafka:%d topics", len(topics))
}

// Validate reports every fault of the description.
func (s Source[T]) Validate() error {
	errs := []error{validateBrokers("Source", s.Brokers), s.Connection.validate()}
	if _, err := s.pattern(); err != nil {
		errs = append(errs, err)
	}
	if len(s.Topics) == 0 == (s.TopicPattern == "") {
		errs = append(errs, errors.New("kafka: Source: name the topics to read in one of Topics and TopicPattern"))
	}
	for i, t := range s.Topics {
		if t == "" || slices.Contains(s.Topics[:i], t) {
			errs = append(errs, fmt.Errorf("kafka: Source.Topics: %q is empty or named twice", t))
		}
	}
	if s.Decode == nil {
		errs = append(errs, errors.New("kafka: Source.Decode is nil; use format.JSON, format.Raw or a function of your own"))
	} else if err := format.Check(s.Decode); err != nil {
		errs = append(errs, fmt.Errorf("kafka: Source.Decode: %w", err))
	}
	errs = append(errs,
		s.Start.validate("Start", s.Group, boundEarliest, boundLatest, boundTime, boundOffsets, boundCommitted),
		s.Stop.validate("Stop", s.Group, boundLatest, boundTime, boundOffsets),
		s.Reset.validate("Reset", s.Group, boundEarliest, boundLatest, boundTime))
	if !s.BadRecords.Valid() {
		errs = append(errs, fmt.Errorf("kafka: Source.BadRecords: %d is no policy; use format.Fail, format.Skip or format.DeadLetter", s.BadRecords))
	}
	if s.FetchBytes < 0 || s.FetchBytes > 1<<30 || s.FetchWait < 0 || s.Connections < 0 {
		errs = append(errs, fmt.Errorf("kafka: Source: FetchBytes %d (at most 1 GiB), FetchWait %v and Connections %d must not be negative", s.FetchBytes, s.FetchWait, s.Connections))
	}
	return errors.Join(errs...)
}

func validateBrokers(what string, brokers []string) error {
	if len(brokers) == 0 || slices.Contains(brokers, "") {
		return fmt.Errorf("kafka: %s.Brokers %q: give the address, host:port, of at least one broker, and no empty one", what, brokers)
	}
	return nil
}

// DiscoverEvery is how often the runtime calls Splits again, in nanoseconds; 0 is never.
func (s Source[T]) DiscoverEvery() int64 {
	if s.Discover < 0 || s.Stop.kind != boundNone {
		return 0
	}
	return int64(orDefault(s.Discover, time.Minute))
}

// Splits lists the partitions of the topics.
func (s Source[T]) Splits(ctx context.Context) ([]operator.Split, error) {
	c := newCluster(s.Brokers, &s.Connection)
	defer c.close()
	topics := s.Topics
	if s.TopicPattern == "" {
		if err := c.find(ctx, topics); err != nil {
			return nil, err
		}
	} else {
		pattern, err := s.pattern()
		if err != nil {
			return nil, err
		}
		if topics, err = c.matching(ctx, pattern); err != nil {
			return nil, err
		}
	}
	var splits []operator.Split
	for _, t := range topics {
		for id := range c.partitions(t) {
			splits = append(splits, partition{t, id}.split())
		}
	}
	return splits, nil
}

// pattern compiles TopicPattern; nil without one.
func (s Source[T]) pattern() (*regexp.Regexp, error) {
	if s.TopicPattern == "" {
		return nil, nil
	}
	p, err := regexp.Compile("^(?:" + s.TopicPattern + ")$")
	if err != nil {
		return nil, fmt.Errorf("kafka: Source.TopicPattern is no regular expression: %w", err)
	}
	return p, nil
}

// Reader opens the reader of one subtask. Connections are made in the background when it gets splits.
func (s Source[T]) Reader(c operator.Context) (operator.Reader[T], error) {
	dead, err := operator.DeadLetters.Output(c)
	if err != nil {
		return nil, err
	}
	return newReader(&s, c, dead), nil
}

// settings are the numbers of a Source with the defaults put in.
type settings struct {
	topics      []string // empty with a pattern: ask for all
	start       Bound
	stop        Bound
	reset       Bound
	group       string
	committed   bool
	bytes       int32
	wait        time.Duration
	connections int
	idleAfter   int64
	retryFor    int64
}

func (s *Source[T]) settings() settings {
	return settings{
		topics: s.Topics, start: s.Start, stop: s.Stop, reset: s.Reset, group: s.Group,
		committed:   !s.ReadUncommitted,
		bytes:       int32(orDefault(s.FetchBytes, 1<<20)),
		wait:        orDefault(s.FetchWait, 500*time.Millisecond),
		connections: orDefault(s.Connections, 4),
		idleAfter:   int64(orDefault(s.IdleAfter, time.Second)),
		retryFor:    int64(s.Connection.retryFor()),
	}
}

func orDefault[N int | time.Duration](n, def N) N {
	if n == 0 {
		return def
	}
	return n
}

package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strings"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/turgo-io/turgo/connector/format"
	"github.com/turgo-io/turgo/connector/kafka"
	"github.com/turgo-io/turgo/connector/kafka/kafkatest"
	"github.com/turgo-io/turgo/connector/memory"
	"github.com/turgo-io/turgo/examples/fraud/payments"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/stream"
)

// partitions of the topic of payments.
const partitions = 4

// broker is where the payments come from.
type broker struct {
	addresses []string
	fake      *kafkatest.Cluster // nil for a real one
}

// openBroker starts the broker in this process, or takes that of the flags.
func openBroker(c *config) (*broker, error) {
	if c.brokers != "" {
		return &broker{addresses: strings.Split(c.brokers, ",")}, nil
	}
	fake, err := kafkatest.Start(kfake.DataDir(c.path("broker")))
	if err != nil {
		return nil, err
	}
	b := &broker{addresses: fake.Brokers(), fake: fake}
	return b, nil
}

func (b *broker) close() {
	if b.fake != nil {
		b.fake.Close()
	}
}

// record is a payment as it is produced.
type record struct {
	card uint64
	raw  []byte
}

// partitionOf says where the payments of a card go.
func partitionOf(card uint64) int { return int(card % partitions) }

// simulation yields the records of the simulated payments from the first one.
func simulation(c *config) (iter.Seq[record], error) {
	cfg := payments.Config{Seed: c.seed, Payments: c.payments, Cards: c.cards, Corrupt: c.corrupt}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return func(yield func(record) bool) {
		sim, err := payments.NewSimulator(cfg)
		if err != nil {
			panic(err) // validated above
		}
		for raw, p, ok := sim.Record(nil); ok; raw, p, ok = sim.Record(raw[:0]) {
			if !yield(record{p.CardID, bytes.Clone(raw)}) {
				return
			}
		}
	}, nil
}

// produce writes the simulated payments that the topic does not have yet: each partition's records are a
// sequence that the seed decides, so their number says where to go on after a crash.
func produce(ctx context.Context, c *config, b *broker, have map[int32]int64) error {
	all, err := simulation(c)
	if err != nil {
		return err
	}
	var skipped [partitions]int64
	rest := func(yield func(record) bool) {
		for r := range all {
			p := partitionOf(r.card)
			if skipped[p] < have[int32(p)] {
				skipped[p]++
			} else if !yield(r) {
				return
			}
		}
	}
	var source operator.Source[record] = memory.Seq[record](rest)
	if c.rate > 0 {
		source = operator.Paced(source, c.rate)
	}
	job := stream.NewJob("simulator", stream.Parallelism(1), stream.Logger(slog.New(slog.DiscardHandler)))
	stream.From(job, source).To(kafka.Sink[record]{
		Brokers:   b.addresses,
		Topic:     c.topic,
		Encode:    format.EncodeFunc[record](func(dst []byte, r *record) ([]byte, error) { return append(dst, r.raw...), nil }),
		Key:       func(dst []byte, r *record) []byte { return binary.BigEndian.AppendUint64(dst, r.card) },
		Partition: func(r *record, _ []byte, _ int) int { return partitionOf(r.card) },
	})
	if err := job.Run(ctx); err != nil {
		return fmt.Errorf("producing payments: %w", err)
	}
	return ctx.Err()
}

// planned counts the records of each partition when all payments are produced: where the job stops.
func planned(c *config) (map[int32]int64, error) {
	all, err := simulation(c)
	counts := map[int32]int64{}
	if err == nil {
		for r := range all {
			counts[int32(partitionOf(r.card))]++
		}
	}
	return counts, err
}

// present counts the records of each partition that the topic has.
func present(ctx context.Context, b *broker, topic string) (map[int32]int64, error) {
	ends, err := kafka.EndOffsets(ctx, b.addresses, topic)
	if err != nil {
		return nil, err
	}
	if len(ends) != partitions {
		return nil, errors.New("the topic has been made with another number of partitions; choose another -topic")
	}
	return ends, nil
}

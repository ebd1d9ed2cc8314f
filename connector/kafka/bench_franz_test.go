package kafka_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
)

// franz-go's clients as its documentation shows them, for the benchmarks only.

func franzConsume(b *testing.B, brokers []string, topic string, n int) {
	c, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.FetchMaxPartitionBytes(1<<20))
	require.NoError(b, err)
	defer c.Close()
	sum := 0
	for n > 0 {
		fetches := c.PollFetches(context.Background())
		require.NoError(b, fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) {
			sum += len(r.Value)
			n--
		})
	}
}

func franzCodec(compression string) kgo.CompressionCodec {
	if compression == "lz4" {
		return kgo.Lz4Compression()
	}
	return kgo.NoCompression()
}

func franzProduce(b *testing.B, value []byte, compression string) {
	brokers, topic := brokersWith(b, "bench-franz", 4)
	c, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.DefaultProduceTopic(topic), kgo.ProducerBatchCompression(franzCodec(compression)),
		kgo.MaxBufferedRecords(200_000))
	require.NoError(b, err)
	defer c.Close()
	b.ReportAllocs()
	b.ResetTimer()
	from := cpu()
	var once sync.Once
	var failed error
	for i := range b.N {
		c.Produce(context.Background(), &kgo.Record{Key: value[i&7 : i&7+8], Value: value}, func(_ *kgo.Record, err error) {
			if err != nil {
				once.Do(func() { failed = err })
			}
		})
	}
	require.NoError(b, c.Flush(context.Background()))
	require.NoError(b, failed)
	reportCPU(b, from)
}

// franzLoop copies n records, a transaction each interval, by franz-go's session.
func franzLoop(b *testing.B, brokers []string, in, out string, n int, interval time.Duration) (commits []time.Duration) {
	s, err := kgo.NewGroupTransactSession(kgo.SeedBrokers(brokers...), kgo.ConsumeTopics(in), kgo.ConsumerGroup(out), kgo.TransactionalID(out),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.FetchMaxPartitionBytes(1<<20), kgo.DefaultProduceTopic(out), kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.MaxBufferedRecords(200_000))
	require.NoError(b, err)
	defer s.Close()
	ctx := context.Background()
	for n > 0 {
		require.NoError(b, s.Begin())
		for began := time.Now(); n > 0 && time.Since(began) < interval; {
			fetches := s.PollFetches(ctx)
			require.NoError(b, fetches.Err())
			fetches.EachRecord(func(r *kgo.Record) {
				s.Produce(ctx, &kgo.Record{Key: r.Key, Value: r.Value}, nil)
				n--
			})
		}
		began := time.Now()
		committed, err := s.End(ctx, kgo.TryCommit)
		require.NoError(b, err)
		require.True(b, committed)
		commits = append(commits, time.Since(began))
	}
	return commits
}

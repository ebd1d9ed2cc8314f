package kafka_test

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/connector/format"
	"github.com/turgo-io/turgo/connector/kafka"
	"github.com/turgo-io/turgo/connector/kafka/kafkatest"
	"github.com/turgo-io/turgo/operator"
)

// One op is one record over 4 partitions, by Turgo, by sarama's own clients and by franz-go's. cpu-ns/op is the processor time
// of this process: with a broker of its own (TURGO_KAFKA_BROKERS) that is the client's alone, else kfake's too.

const benchRecords = 1_000_000

// inTopic is how many records a topic to read holds: as many bytes whatever their size.
func inTopic(size int) int { return benchRecords * 100 / max(100, size) }

// cpu returns the processor time of the process so far.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func reportCPU(b *testing.B, from time.Duration) {
	b.ReportMetric(float64(cpu()-from)/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e3, "krec/s")
}

// filled returns a topic with benchRecords records.
func filled(b *testing.B, size int, compression string) ([]string, string) {
	brokers, topic := brokersWith(b, fmt.Sprint("bench-", size), 4)
	value := filler(size)
	require.NoError(b, kafkatest.Fill(context.Background(), brokers, topic, func(yield func(record) bool) {
		for i := range inTopic(size) {
			if !yield(record{Key: value[i&7 : i&7+8], Value: value}) {
				return
			}
		}
	}, func(s *kafka.Sink[record]) {
		s.Compression = compression
		i := 0
		s.Partition = func(*record, []byte, int) int { i++; return i & 3 }
	}))
	return brokers, topic
}

// measured decodes by looking at the bytes: what is left is the connector's cost.
func measured() format.Decoder[int] {
	return format.DecodeFunc[int](func(data []byte, v *int) error {
		*v = len(data)
		return nil
	})
}

// summed is a Receiver.
type summed struct{ n, sum int }

func (s *summed) Push(_ int64, v *int) error {
	s.n++
	s.sum += *v
	return nil
}
func (s *summed) Mark(operator.Mark) error { return nil }

// consume reads n records of a topic and starts again at its beginning when it ends.
func consume(b *testing.B, s kafka.Source[int], n int) {
	for n > 0 {
		wake := make(chan struct{}, 1)
		env := kafkatest.Env(context.Background())
		env.Wake = func() {
			select {
			case wake <- struct{}{}:
			default:
			}
		}
		r, err := s.Reader(operator.NewContext(env))
		require.NoError(b, err)
		splits, err := s.Splits(context.Background())
		require.NoError(b, err)
		for i, sp := range splits {
			require.NoError(b, r.Add(sp, int32(i), nil))
		}
		var in summed
		out := &operator.Emitter[int]{Next: &in, Task: env.Task}
		for in.n < n {
			status, _, err := r.Poll(out, 1024)
			require.NoError(b, err)
			if status == operator.Done {
				break
			}
			if status == operator.Blocked {
				<-wake
			}
		}
		require.NoError(b, r.Close())
		n -= in.n
	}
}

func BenchmarkSource(b *testing.B) {
	for _, c := range []struct {
		size        int
		compression string
	}{{100, "none"}, {100, "lz4"}, {1024, "none"}} {
		b.Run(fmt.Sprintf("%dB/%s", c.size, c.compression), func(b *testing.B) {
			brokers, topic := filled(b, c.size, c.compression)
			b.Run("turgo", func(b *testing.B) {
				b.ReportAllocs()
				from := cpu()
				consume(b, kafka.Source[int]{Brokers: brokers, Topics: []string{topic}, Decode: measured(), Stop: kafka.Latest()}, b.N)
				reportCPU(b, from)
			})
			b.Run("sarama", func(b *testing.B) {
				b.ReportAllocs()
				from := cpu()
				for n := b.N; n > 0; n -= inTopic(c.size) {
					saramaConsume(b, brokers, topic, min(n, inTopic(c.size)))
				}
				reportCPU(b, from)
			})
			b.Run("franz", func(b *testing.B) {
				b.ReportAllocs()
				from := cpu()
				for n := b.N; n > 0; n -= inTopic(c.size) {
					franzConsume(b, brokers, topic, min(n, inTopic(c.size)))
				}
				reportCPU(b, from)
			})
		})
	}
}

func saramaConf() *sarama.Config {
	conf := sarama.NewConfig()
	conf.Version = sarama.V2_8_0_0
	return conf
}

// saramaConsume reads about n records by sarama's own consumer: a quarter of them from each partition.
func saramaConsume(b *testing.B, brokers []string, topic string, n int) {
	c, err := sarama.NewConsumer(brokers, saramaConf())
	require.NoError(b, err)
	defer c.Close()
	var wg sync.WaitGroup
	for p := range int32(4) {
		pc, err := c.ConsumePartition(topic, p, sarama.OffsetOldest)
		require.NoError(b, err)
		wg.Go(func() {
			sum := 0
			for range max(1, n/4) {
				m := <-pc.Messages()
				sum += len(m.Value)
			}
			pc.AsyncClose()
			for range pc.Messages() {
			}
		})
	}
	wg.Wait()
}

// filler returns a value that compresses a little.
func filler(size int) []byte {
	value := make([]byte, size)
	for i := range value {
		value[i] = "0123456789abcdef"[i*i%13]
	}
	return value
}

func BenchmarkSink(b *testing.B) {
	for _, c := range []struct {
		size        int
		compression string
	}{{100, "none"}, {100, "lz4"}, {1024, "none"}} {
		value := filler(c.size)
		b.Run(fmt.Sprintf("%dB/%s", c.size, c.compression), func(b *testing.B) {
			b.Run("turgo", func(b *testing.B) { benchSink(b, value, c.compression, kafka.AtLeastOnce) })
			b.Run("turgo-exactly-once", func(b *testing.B) { benchSink(b, value, c.compression, kafka.ExactlyOnce) })
			b.Run("sarama", func(b *testing.B) {
				brokers, topic := brokersWith(b, "bench-sink", 4)
				saramaProduce(b, brokers, topic, value, map[string]sarama.CompressionCodec{"none": sarama.CompressionNone, "lz4": sarama.CompressionLZ4}[c.compression])
			})
			b.Run("franz", func(b *testing.B) { franzProduce(b, value, c.compression) })
		})
	}
}

// benchSink writes b.N records, with a checkpoint after every million.
func benchSink(b *testing.B, value []byte, compression string, deliver operator.Guarantee) {
	brokers, topic := brokersWith(b, "bench-sink", 4)
	s := kafka.Sink[int]{
		Brokers: brokers, Topic: topic, Compression: compression, Deliver: deliver, TransactionPrefix: topic,
		Encode: format.EncodeFunc[int](func(dst []byte, v *int) ([]byte, error) { return append(dst, value...), nil }),
		Key:    func(dst []byte, v *int) []byte { return append(dst, value[*v&7:*v&7+8]...) },
	}
	w, err := s.Writer(operator.NewContext(kafkatest.Env(context.Background())))
	require.NoError(b, err)
	b.ReportAllocs()
	b.ResetTimer()
	from := cpu()
	done := make(chan error, 1)
	var v int
	for i := range b.N {
		v = i
		if err := w.Write(0, &v); err != nil {
			b.Fatal(err)
		}
		if n := i + 1; n%1_000_000 == 0 || n == b.N {
			w.Prepare(int64(n), func(_ []byte, err error) { done <- err })
			require.NoError(b, <-done)
			require.NoError(b, w.Commit(int64(n)))
		}
	}
	require.NoError(b, w.Close())
	reportCPU(b, from)
}

func saramaProduce(b *testing.B, brokers []string, topic string, value []byte, codec sarama.CompressionCodec) {
	conf := saramaConf()
	conf.Producer.Idempotent, conf.Net.MaxOpenRequests = true, 1
	conf.Producer.RequiredAcks, conf.Producer.Retry.Max = sarama.WaitForAll, 10
	conf.Producer.Return.Successes, conf.Producer.Compression = true, codec
	p, err := sarama.NewAsyncProducer(brokers, conf)
	require.NoError(b, err)
	var wg sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	from := cpu()
	wg.Go(func() {
		for range b.N {
			select {
			case <-p.Successes():
			case err := <-p.Errors():
				panic(err)
			}
		}
	})
	for i := range b.N {
		p.Input() <- &sarama.ProducerMessage{Topic: topic, Key: sarama.ByteEncoder(value[i&7 : i&7+8]), Value: sarama.ByteEncoder(value)}
	}
	wg.Wait()
	reportCPU(b, from)
	require.NoError(b, p.Close())
}

package kafka_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/connector/format"
	"github.com/turgo-io/turgo/connector/kafka"
	"github.com/turgo-io/turgo/connector/kafka/kafkatest"
	"github.com/turgo-io/turgo/operator"
)

// BenchmarkLoop copies a topic exactly once, with a commit each second: keys and values as they are.
func BenchmarkLoop(b *testing.B) {
	for _, size := range []int{100, 1024} {
		b.Run(fmt.Sprintf("%dB", size), func(b *testing.B) {
			brokers, in := filled(b, size, "none")
			for _, c := range []struct {
				name string
				loop func(b *testing.B, brokers []string, in, out string, n int, interval time.Duration) []time.Duration
			}{{"turgo", turgoLoop}, {"sarama", saramaLoop}, {"franz", franzLoop}} {
				b.Run(c.name, func(b *testing.B) {
					b.ReportAllocs()
					from := cpu()
					var commits []time.Duration
					for n := b.N; n > 0; n -= inTopic(size) {
						out := fmt.Sprintf("%s-%s-%d", in, c.name, time.Now().UnixNano())
						require.NoError(b, kafka.CreateTopic(context.Background(), brokers, out, 4))
						commits = append(commits, c.loop(b, brokers, in, out, min(n, inTopic(size)), time.Second)...)
					}
					reportCPU(b, from)
					slices.Sort(commits)
					b.ReportMetric(float64(commits[len(commits)/2].Microseconds())/1e3, "commit-ms")
					b.ReportMetric(float64(commits[len(commits)-1].Microseconds())/1e3, "commit-max-ms")
				})
			}
		})
	}
}

// view is a record that is part of the fetched bytes, as it may be for as long as it is pushed.
type view struct{ key, value []byte }

// copying hands what is read to the writer.
type copying struct {
	w operator.Writer[view]
	n int
}

func (c *copying) Push(at int64, v *view) error {
	c.n++
	return c.w.Write(at, v)
}
func (c *copying) Mark(operator.Mark) error { return nil }

// benchJob is a job's loop around a reader and a writer, without checkpoint files.
type benchJob struct {
	b         *testing.B
	env       *operator.Env
	r         operator.Reader[view]
	w         operator.Writer[view]
	wake      chan struct{}
	answer    chan error
	number    int64
	began     time.Time // of the checkpoint under way, zero if there is none
	committed *operator.Counter
	commits   []time.Duration
}

func openBenchJob(b *testing.B, brokers []string, in, out string) *benchJob {
	j := &benchJob{b: b, env: kafkatest.Env(context.Background()), wake: make(chan struct{}, 1), answer: make(chan error, 1)}
	j.env.Wake = func() {
		select {
		case j.wake <- struct{}{}:
		default:
		}
	}
	source := kafka.Source[view]{Brokers: brokers, Topics: []string{in}, Decode: format.MetaFunc[view](func(m *format.Meta, data []byte, v *view) error {
		*v = view{m.Key, data}
		return nil
	})}
	sink := kafka.Sink[view]{
		Brokers: brokers, Topic: out, Deliver: kafka.ExactlyOnce, TransactionPrefix: out,
		Encode: format.EncodeFunc[view](func(dst []byte, v *view) ([]byte, error) { return append(dst, v.value...), nil }),
		Key:    func(dst []byte, v *view) []byte { return append(dst, v.key...) },
	}
	var err error
	j.w, err = sink.Writer(operator.NewContext(j.env))
	require.NoError(b, err)
	j.r, err = source.Reader(operator.NewContext(j.env))
	require.NoError(b, err)
	splits, err := source.Splits(j.env.Ctx)
	require.NoError(b, err)
	for i, sp := range splits {
		require.NoError(b, j.r.Add(sp, int32(i), nil))
	}
	j.committed = j.env.Counters.Get(j.env.ID, "commits")
	return j
}

// begin begins a checkpoint if the last one is committed.
func (j *benchJob) begin() {
	if !j.began.IsZero() {
		return
	}
	j.number++
	j.began = time.Now()
	j.w.Prepare(j.number, func(_ []byte, err error) { j.answer <- err })
}

// durable commits what is prepared.
func (j *benchJob) durable(err error) {
	require.NoError(j.b, err)
	require.NoError(j.b, j.w.Commit(j.number))
}

// look notes that a commit was answered.
func (j *benchJob) look() {
	if !j.began.IsZero() && j.committed.Value() >= j.number {
		j.commits = append(j.commits, time.Since(j.began))
		j.began = time.Time{}
	}
}

// settle waits for the checkpoint under way.
func (j *benchJob) settle() {
	for j.look(); !j.began.IsZero(); j.look() {
		select {
		case err := <-j.answer:
			j.durable(err)
		case <-time.After(100 * time.Microsecond):
		}
	}
}

func turgoLoop(b *testing.B, brokers []string, in, out string, n int, interval time.Duration) []time.Duration {
	j := openBenchJob(b, brokers, in, out)
	next := &copying{w: j.w}
	emit := &operator.Emitter[view]{Next: next, Task: j.env.Task}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for next.n < n {
		status, _, err := j.r.Poll(emit, 1024)
		require.NoError(b, err)
		wake := closedWake
		if status == operator.Blocked {
			require.NoError(b, j.w.Flush())
			wake = j.wake
		}
		select {
		case err := <-j.answer:
			j.durable(err)
		case <-tick.C:
			j.begin()
		case <-wake:
		}
		j.look()
	}
	j.settle()
	j.begin()
	j.settle()
	require.NoError(b, j.r.Close())
	require.NoError(b, j.w.Close())
	return j.commits
}

// closedWake is a channel that never blocks.
var closedWake = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// saramaLoop copies by sarama's consumer and transactional producer.
func saramaLoop(b *testing.B, brokers []string, in, out string, n int, interval time.Duration) (commits []time.Duration) {
	conf := saramaConf()
	conf.Consumer.IsolationLevel = sarama.ReadCommitted
	c, err := sarama.NewConsumer(brokers, conf)
	require.NoError(b, err)
	defer c.Close()
	conf = saramaConf()
	conf.Producer.Idempotent, conf.Net.MaxOpenRequests, conf.Producer.Transaction.ID = true, 1, out
	conf.Producer.RequiredAcks, conf.Producer.Retry.Max = sarama.WaitForAll, 10
	p, err := sarama.NewAsyncProducer(brokers, conf)
	require.NoError(b, err)
	messages := make(chan *sarama.ConsumerMessage, 1024)
	var wg sync.WaitGroup
	for id := range int32(4) {
		pc, err := c.ConsumePartition(in, id, sarama.OffsetOldest)
		require.NoError(b, err)
		wg.Go(func() {
			for range max(1, n/4) {
				messages <- <-pc.Messages()
			}
			pc.AsyncClose()
			for range pc.Messages() {
			}
		})
	}
	offsets := map[string][]*sarama.PartitionOffsetMetadata{}
	for id := range int32(4) {
		offsets[in] = append(offsets[in], &sarama.PartitionOffsetMetadata{Partition: id})
	}
	for left := max(1, n/4) * 4; left > 0; {
		require.NoError(b, p.BeginTxn())
		for over := time.After(interval); left > 0; {
			select {
			case m := <-messages:
				p.Input() <- &sarama.ProducerMessage{Topic: out, Key: sarama.ByteEncoder(m.Key), Value: sarama.ByteEncoder(m.Value)}
				offsets[in][m.Partition].Offset = m.Offset + 1
				left--
				continue
			case err := <-p.Errors():
				require.NoError(b, err)
			case <-over:
			}
			break
		}
		began := time.Now()
		require.NoError(b, p.AddOffsetsToTxn(offsets, out))
		require.NoError(b, p.CommitTxn())
		commits = append(commits, time.Since(began))
	}
	wg.Wait()
	require.NoError(b, p.Close())
	return commits
}

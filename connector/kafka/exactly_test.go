package kafka_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/turgo-io/turgo/connector/connectortest"
	"github.com/turgo-io/turgo/connector/format"
	"github.com/turgo-io/turgo/connector/kafka"
	"github.com/turgo-io/turgo/connector/kafka/kafkatest"
	"github.com/turgo-io/turgo/operator"
)

// texts are distinct values.
func texts(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("value-%d", i))
	}
	return all
}

// lives runs the suite for sinks: random scripts of checkpoints that fail, crashes and changes of parallelism.
func lives(t *testing.T, guarantee operator.Guarantee, seeds int, change func(t *testing.T, k *kafkatest.Cluster, s *kafka.Sink[string])) {
	connectortest.Sink(t, connectortest.SinkCase[string]{
		Values: texts(120), Seeds: seeds,
		New: func(t *testing.T) (operator.Sink[string], func() []string) {
			brokers, topic := []string(nil), "out"
			var k *kafkatest.Cluster
			if change == nil {
				brokers, topic = brokersWith(t, topic, 3)
			} else {
				k = start(t, kfake.NumBrokers(2))
				require.NoError(t, k.CreateTopic(topic, 3))
				brokers = k.Brokers()
			}
			s := kafka.Sink[string]{
				Brokers: brokers, Topic: topic, Encode: format.String(), Deliver: guarantee, TransactionPrefix: topic,
				Key: func(dst []byte, v *string) []byte { return append(dst, *v...) }, BatchBytes: 200,
			}
			if change != nil {
				change(t, k, &s)
			}
			return s, func() (all []string) {
				for _, r := range readAll(t, brokers, topic) {
					all = append(all, string(r.Value))
				}
				return all
			}
		},
	})
}

func TestSinkAtLeastOnce(t *testing.T) { lives(t, kafka.AtLeastOnce, plans(5), nil) }

func TestSinkExactlyOnce(t *testing.T) { lives(t, kafka.ExactlyOnce, plans(20), nil) }

// Connections break under every request, EndTxn and InitProducerID among them: the broker has done what is asked again.
func TestSinkExactlyOnceOverBrokenLines(t *testing.T) {
	t.Parallel()
	lives(t, kafka.ExactlyOnce, plans(8), func(_ *testing.T, _ *kafkatest.Cluster, s *kafka.Sink[string]) {
		s.Connection.Dial = newCutter(2_500).dial
	})
}

func TestSinkExactlyOnceWithFaults(t *testing.T) {
	t.Parallel()
	lives(t, kafka.ExactlyOnce, plans(6), func(_ *testing.T, k *kafkatest.Cluster, _ *kafka.Sink[string]) {
		for key, e := range map[kmsg.Key]*kerr.Error{
			kmsg.EndTxn: kerr.NotCoordinator, kmsg.InitProducerID: kerr.CoordinatorLoadInProgress,
			kmsg.AddPartitionsToTxn: kerr.CoordinatorNotAvailable, kmsg.Produce: kerr.NotLeaderForPartition,
		} {
			k.Fake().Fault(kfake.Fault{Keys: []kmsg.Key{key}, Err: e, Count: 5})
		}
	})
}

func exactly(brokers []string, topic string) sink {
	return sink{Brokers: brokers, Topic: topic, Encode: encodeRecord(), Key: keyOf, Deliver: kafka.ExactlyOnce, TransactionPrefix: topic}
}

// payload prepares a checkpoint and returns what it keeps.
func payload(t testing.TB, w operator.Writer[record], n int64) []byte {
	type result struct {
		payload []byte
		err     error
	}
	done := make(chan result, 1)
	w.Prepare(n, func(p []byte, err error) { done <- result{p, err} })
	select {
	case r := <-done:
		require.NoError(t, r.err)
		return r.payload
	case <-time.After(patience):
		t.Fatal("the checkpoint was not prepared")
		return nil
	}
}

// readNow returns what a reader of committed records sees at this moment.
func readNow(t testing.TB, brokers []string, topic string) []record {
	s := source{Brokers: brokers, Topics: []string{topic}, Decode: decodeRecord(), Stop: kafka.Latest()}
	k := open(t, s).addAll(s, nil, 0, 1)
	defer k.close()
	require.NoError(t, k.done())
	return k.got
}

func TestExactlyOnceIsSeenWhenTheCheckpointIs(t *testing.T) {
	brokers, topic := brokersWith(t, "out", 2)
	w, env := writer(t, exactly(brokers, topic))
	write(t, w, 0, 50)
	payload(t, w, 1)
	require.Empty(t, readNow(t, brokers, topic), "prepared is not committed")
	write(t, w, 50, 50) // the next transaction is open meanwhile
	require.NoError(t, w.Flush())
	require.NoError(t, w.Commit(1))
	commits := env.Counters.Get(env.ID, "commits")
	require.Eventually(t, func() bool { return commits.Value() == 1 && len(readNow(t, brokers, topic)) == 50 }, patience, time.Millisecond)
	payload(t, w, 2)
	require.NoError(t, w.Commit(2))
	require.Eventually(t, func() bool { return commits.Value() == 2 }, patience, time.Millisecond)
	payload(t, w, 3) // nothing was written: no transaction
	require.NoError(t, w.Commit(3))
	requireExactly(t, 100, readAll(t, brokers, topic))
}

func TestExactlyOnceUsesFewIds(t *testing.T) {
	k := start(t)
	require.NoError(t, k.CreateTopic("out", 2))
	ids := locked[map[string]bool]{v: map[string]bool{}}
	k.Fake().ControlKey(int16(kmsg.InitProducerID), func(q kmsg.Request) (kmsg.Response, error, bool) {
		k.Fake().KeepControl()
		m := ids.get()
		m[*q.(*kmsg.InitProducerIDRequest).TransactionalID] = true
		return nil, nil, false
	})
	w, env := writer(t, exactly(k.Brokers(), "out"))
	for n := range int64(30) {
		write(t, w, int(n)*10, 10)
		payload(t, w, n+1)
		require.NoError(t, w.Commit(n+1))
		require.Eventually(t, func() bool { return env.Counters.Get(env.ID, "commits").Value() == n+1 }, patience, time.Millisecond)
	}
	requireExactly(t, 300, readAll(t, k.Brokers(), "out"))
	require.LessOrEqual(t, len(ids.get()), 4)
}

// A promised transaction that the brokers aborted meanwhile is a loss, and is said to be one.
func TestExactlyOnceSaysWhatIsLost(t *testing.T) {
	brokers, topic := brokersWith(t, "out", 1)
	s := exactly(brokers, topic)
	w, _ := writer(t, s)
	write(t, w, 0, 5)
	kept := payload(t, w, 1)
	require.NoError(t, w.Close())
	require.NoError(t, w.Close(), "once more is harmless")
	stranger := transactional(t, brokers, topic+"-0.0.0.1") // takes the id over, which aborts what it had open
	require.NoError(t, stranger.BeginTransaction())
	produce(t, stranger, topic, 100, 1)

	env := kafkatest.Env(context.Background())
	env.Payloads, env.Restored = [][]byte{kept}, 1
	_, err := s.Writer(operator.NewContext(env))
	require.ErrorContains(t, err, "its records are lost")
	require.ErrorContains(t, err, "checkpoint 1")
	require.True(t, operator.IsPermanent(err))

	s.AcceptLoss = true
	w2, err := s.Writer(operator.NewContext(env))
	require.NoError(t, err)
	require.NoError(t, w2.Close())
}

func TestExactlyOnceShutsZombiesOut(t *testing.T) {
	brokers, topic := brokersWith(t, "out", 1)
	s := exactly(brokers, topic)
	zombie, _ := writer(t, s)
	write(t, zombie, 100, 5)
	require.NoError(t, zombie.Flush())
	kept := payload(t, zombie, 1)
	write(t, zombie, 200, 5)
	require.NoError(t, zombie.Flush())

	env := kafkatest.Env(context.Background()) // the job was thought dead and restored from checkpoint 1
	env.Payloads, env.Restored = [][]byte{kept}, 1
	w, err := s.Writer(operator.NewContext(env))
	require.NoError(t, err)
	defer w.Close()
	write(t, zombie, 300, 5)
	require.Error(t, prepared(zombie, 2))
	write(t, w, 400, 5)
	payload(t, w, 2)
	require.NoError(t, w.Commit(2))
	require.Eventually(t, func() bool { return env.Counters.Get(env.ID, "commits").Value() == 1 }, patience, time.Millisecond)
	require.Equal(t, []string{"100", "101", "102", "103", "104", "400", "401", "402", "403", "404"}, values(readAll(t, brokers, topic)))
}

func TestExactlyOnceTimeoutAboveTheBrokers(t *testing.T) {
	k := start(t)
	require.NoError(t, k.CreateTopic("out", 1))
	k.Fake().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.InitProducerID}, Err: kerr.InvalidTransactionTimeout, TopLevel: true, Count: -1})
	_, err := exactly(k.Brokers(), "out").Writer(operator.NewContext(kafkatest.Env(context.Background())))
	require.ErrorContains(t, err, "Sink.TransactionTimeout 10m0s is more than the brokers allow")
	require.True(t, operator.IsPermanent(err))

	env := kafkatest.Env(context.Background())
	env.Interval = int64(time.Hour)
	_, err = exactly(k.Brokers(), "out").Writer(operator.NewContext(env))
	require.ErrorContains(t, err, "checkpoint interval 1h0m0s")
	require.True(t, operator.IsPermanent(err))
	require.ErrorContains(t, sink{TransactionTimeout: time.Millisecond}.Validate(), "TransactionTimeout")
}

// What the brokers answer to a producer that they do not want any more says what to look for.
func TestFencingIsExplained(t *testing.T) {
	for code, part := range map[*kerr.Error]string{
		kerr.InvalidProducerEpoch: "TransactionTimeout", kerr.InvalidTxnState: "TransactionTimeout",
		kerr.InvalidProducerIDMapping: "transactional.id.expiration.ms", kerr.ProducerFenced: "TransactionPrefix",
	} {
		for _, key := range []kmsg.Key{kmsg.AddPartitionsToTxn, kmsg.EndTxn} {
			t.Run(fmt.Sprint(key.Name(), code.Code), func(t *testing.T) {
				t.Parallel()
				k := start(t)
				require.NoError(t, k.CreateTopic("out", 1))
				w, _ := writer(t, exactly(k.Brokers(), "out"))
				k.Fake().Fault(kfake.Fault{Keys: []kmsg.Key{key}, Err: code, Count: -1})
				write(t, w, 0, 1)
				err := prepared(w, 1)
				if key == kmsg.EndTxn {
					require.NoError(t, err)
					require.NoError(t, w.Commit(1))
					require.Eventually(t, func() bool { err = w.Flush(); return err != nil }, patience, time.Millisecond)
				}
				require.ErrorContains(t, err, part)
				require.ErrorContains(t, err, fmt.Sprintf("code %d", code.Code))
			})
		}
	}
}

// A produce request names one transactional id: batches of another in it are refused by real brokers.
func TestRequestsHaveOneProducer(t *testing.T) {
	t.Parallel()
	k := start(t)
	require.NoError(t, k.CreateTopic("out", 6))
	var mu sync.Mutex
	names, mixed := map[string]bool{}, 0
	k.Fake().ControlKey(int16(kmsg.Produce), func(q kmsg.Request) (kmsg.Response, error, bool) {
		k.Fake().KeepControl()
		r := q.(*kmsg.ProduceRequest)
		ids := map[string]bool{}
		for _, topic := range r.Topics {
			for _, p := range topic.Partitions {
				ids[string(p.Records[43:51])] = true // producer id of the batch
			}
		}
		mu.Lock()
		defer mu.Unlock()
		names[*r.TransactionID] = true
		if len(ids) > 1 {
			mixed++
		}
		return nil, nil, false
	})
	s := exactly(k.Brokers(), "out")
	s.BatchBytes = 200
	w, env := writer(t, s)
	commits := env.Counters.Get(env.ID, "commits")
	const checkpoints, each = 20, 600
	for c := range checkpoints {
		done := make(chan error, 1)
		write(t, w, c*each, each)
		w.Prepare(int64(c+1), func(_ []byte, err error) { done <- err })
		write(t, w, (checkpoints+c)*each, each) // of the next one, while this one is on its way
		require.NoError(t, <-done)
		require.NoError(t, w.Commit(int64(c+1)))
	}
	payload(t, w, checkpoints+1)
	require.NoError(t, w.Commit(checkpoints+1))
	require.Eventually(t, func() bool { return commits.Value() == checkpoints+1 }, patience, time.Millisecond)
	mu.Lock()
	defer mu.Unlock()
	require.Greater(t, len(names), 1)
	require.Zero(t, mixed, "requests with batches of two producers")
	requireExactly(t, 2*checkpoints*each, readAll(t, k.Brokers(), "out"))
}

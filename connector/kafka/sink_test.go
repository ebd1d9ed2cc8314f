package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/turgo-io/turgo/connector/format"
	"github.com/turgo-io/turgo/connector/kafka"
	"github.com/turgo-io/turgo/connector/kafka/kafkatest"
	"github.com/turgo-io/turgo/operator"
)

func encodeRecord() format.Encoder[record] {
	return format.EncodeFunc[record](func(dst []byte, r *record) ([]byte, error) {
		switch string(r.Value) {
		case "bad":
			return dst, errors.New("cannot be written")
		case "null":
			return dst, format.ErrNull
		case "panic":
			panic("encoder in distress")
		}
		return append(dst, r.Value...), nil
	})
}

func keyOf(dst []byte, r *record) []byte { return append(dst, r.Key...) }

// writer opens a writer that ends with the test.
func writer(t testing.TB, s sink) (operator.Writer[record], *operator.Env) {
	require.NoError(t, s.Validate())
	env := kafkatest.Env(context.Background())
	env.Name = "sink"
	w, err := s.Writer(operator.NewContext(env))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	return w, env
}

// write writes n numbers from the given one.
func write(t testing.TB, w operator.Writer[record], from, n int) {
	for r := range numbered(from, n) {
		require.NoError(t, w.Write(r.Time.UnixNano(), &r))
	}
}

// prepared prepares a checkpoint and waits for it.
func prepared(w operator.Writer[record], n int64) error {
	done := make(chan error, 1)
	w.Prepare(n, func(_ []byte, err error) { done <- err })
	select {
	case err := <-done:
		return err
	case <-time.After(patience):
		return errors.New("the checkpoint was not prepared")
	}
}

func readAll(t testing.TB, brokers []string, topics ...string) []record {
	got, err := kafkatest.Read(background(t), brokers, topics...)
	require.NoError(t, err)
	return got
}

func TestSinkPlacesRecordsAsTheJavaClientDoes(t *testing.T) {
	k := start(t)
	require.NoError(t, k.CreateTopic("out", 7))
	w, _ := writer(t, sink{Brokers: k.Brokers(), Topic: "out", Encode: encodeRecord(), Key: keyOf})
	write(t, w, 0, 500)
	require.NoError(t, prepared(w, 1))
	got := readAll(t, k.Brokers(), "out")
	requireExactly(t, 500, got)
	for _, r := range got {
		require.EqualValues(t, javaPartition(r.Key, 7), r.Partition)
	}
}

func TestSinkWaitsForAcksAtTheBarrier(t *testing.T) {
	k := start(t)
	require.NoError(t, k.CreateTopic("out", 2))
	w, _ := writer(t, sink{Brokers: k.Brokers(), Topic: "out", Encode: encodeRecord(), Key: keyOf})
	var acked atomic.Bool
	release := make(chan struct{})
	k.Fake().ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		k.Fake().KeepControl()
		k.Fake().SleepControl(func() { <-release })
		acked.Store(true)
		return nil, nil, false
	})
	write(t, w, 0, 100)
	done := make(chan bool, 1)
	w.Prepare(1, func(_ []byte, err error) { done <- err == nil && acked.Load() })
	select {
	case <-done:
		t.Fatal("prepared before anything was acknowledged")
	case <-time.After(30 * time.Millisecond):
	}
	write(t, w, 100, 10) // the task goes on meanwhile
	close(release)
	require.True(t, <-done)
	require.NoError(t, prepared(w, 2))
	requireExactly(t, 110, readAll(t, k.Brokers(), "out"))
}

func TestSinkFlushSendsAtOnce(t *testing.T) {
	brokers, topic := brokersWith(t, "out", 1)
	w, _ := writer(t, sink{Brokers: brokers, Topic: topic, Encode: encodeRecord(), Linger: time.Hour})
	s := source{Brokers: brokers, Topics: []string{topic}, Decode: decodeRecord()}
	k := open(t, s).addAll(s, nil, 0, 1)
	defer k.close()
	for i := range 20 {
		write(t, w, i, 1)
		require.NoError(t, w.Flush())
		require.NoError(t, k.records(i+1))
	}
}

func TestSinkLingers(t *testing.T) {
	brokers, topic := brokersWith(t, "out", 1)
	w, env := writer(t, sink{Brokers: brokers, Topic: topic, Encode: encodeRecord(), Linger: time.Second})
	clock := &handClock{}
	env.Clock = clock
	w2, err := sink{Brokers: brokers, Topic: topic, Encode: encodeRecord(), Linger: time.Second}.Writer(operator.NewContext(env))
	require.NoError(t, err)
	defer w2.Close()
	write(t, w2, 0, 500)
	require.Zero(t, env.Counters.Get(env.ID, "written").Value(), "nothing is full")
	clock.now.Add(int64(time.Second))
	write(t, w2, 500, 64)
	require.Positive(t, env.Counters.Get(env.ID, "written").Value(), "it has waited long enough")
	require.NoError(t, w.Flush())
}

type handClock struct{ now atomic.Int64 }

func (c *handClock) Now() int64 { return c.now.Load() }

func TestSinkCompression(t *testing.T) {
	brokers, topic := brokersWith(t, "out", 3)
	from := 0
	for _, c := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		w, _ := writer(t, sink{Brokers: brokers, Topic: topic, Encode: encodeRecord(), Key: keyOf, Compression: c, BatchBytes: 4096})
		write(t, w, from, 2_000)
		require.NoError(t, prepared(w, 1), c)
		from += 2_000
	}
	requireExactly(t, from, readAll(t, brokers, topic))
}

func TestSinkHeadersTimesAndNulls(t *testing.T) {
	brokers, topic := brokersWith(t, "out", 1)
	clock := &handClock{}
	clock.now.Store(at(7_000).UnixNano())
	s := sink{Brokers: brokers, Topic: topic, Encode: encodeRecord(), Key: keyOf, Headers: func(r *record) []format.Header { return r.Headers }}
	env := kafkatest.Env(context.Background())
	env.Clock = clock
	w, err := s.Writer(operator.NewContext(env))
	require.NoError(t, err)
	defer w.Close()
	headers := []format.Header{{Key: []byte("trace"), Value: []byte("abc")}, {Key: []byte("empty")}}
	in := []record{
		{Key: []byte("a"), Value: []byte("x"), Headers: headers},
		{Value: []byte("no key")},
		{Key: []byte("gone"), Value: []byte("null")},
		{Key: []byte("b"), Value: []byte{}},
	}
	times := []int64{at(5).UnixNano(), operator.NoTime, at(1).UnixNano(), at(9).UnixNano()}
	for i := range in {
		require.NoError(t, w.Write(times[i], &in[i]))
	}
	require.NoError(t, prepared(w, 1))
	got := readAll(t, brokers, topic)
	require.Len(t, got, 4)
	require.Equal(t, "abc", string(got[0].Headers[0].Value))
	require.Len(t, got[0].Headers, 2)
	require.Nil(t, got[1].Key)
	require.Nil(t, got[2].Value, "a tombstone")
	require.NotNil(t, got[3].Value, "empty is not null")
	for i, want := range []time.Time{at(5), at(7_000), at(1), at(9)} {
		require.Equal(t, want, got[i].Time)
	}
}

func TestSinkTopicPerRecord(t *testing.T) {
	t.Parallel()
	k := start(t)
	for i := range 3 {
		require.NoError(t, k.CreateTopic(fmt.Sprint("out", i), 2))
	}
	w, _ := writer(t, sink{Brokers: k.Brokers(), Encode: encodeRecord(), Key: keyOf, TopicOf: func(r *record) string { return fmt.Sprint("out", r.Key[1]%3) }})
	write(t, w, 0, 600)
	require.NoError(t, prepared(w, 1))
	got := readAll(t, k.Brokers(), "out0", "out1", "out2")
	requireExactly(t, 600, got)
	for _, r := range got {
		require.Equal(t, fmt.Sprint("out", r.Key[1]%3), r.Topic)
	}
	err := w.Write(0, &record{Key: []byte("kx"), Value: []byte("v")})
	require.NoError(t, err) // 'x' % 3 == 0
	wBad, _ := writer(t, sink{Brokers: k.Brokers(), Encode: encodeRecord(), TopicOf: func(*record) string { return "missing" }})
	require.ErrorIs(t, wBad.Write(0, &record{Value: []byte("v")}), kafka.ErrNoTopic)
}

// The broker stores the records and the answer is lost: a retry must not store them again.
func TestSinkRetriesWithoutDuplicates(t *testing.T) {
	k := start(t, kfake.NumBrokers(2))
	require.NoError(t, k.CreateTopic("out", 4))
	cut := newCutter(3_000)
	w, _ := writer(t, sink{Brokers: k.Brokers(), Topic: "out", Encode: encodeRecord(), Key: keyOf, BatchBytes: 2048, Connection: kafka.Connection{Dial: cut.dial}})
	for i := range 20 {
		write(t, w, i*500, 500)
		require.NoError(t, prepared(w, int64(i)))
	}
	require.Positive(t, cut.cuts.Load(), "no line was cut: the test shows nothing")
	got := readAll(t, k.Brokers(), "out")
	requireExactly(t, 10_000, got)
	requireKeyOrder(t, got)
}

// requireKeyOrder checks that the numbers of each key rise.
func requireKeyOrder(t testing.TB, got []record) {
	last := map[string]int{}
	for _, r := range got {
		var i int
		_, err := fmt.Sscan(string(r.Value), &i)
		require.NoError(t, err)
		before, ok := last[string(r.Key)]
		require.True(t, !ok || i > before, "key %s: %d after %d", r.Key, i, before)
		last[string(r.Key)] = i
	}
}

// A broker takes any sequence from a producer that is new to it, so nothing may overtake the first batch.
func TestSinkFirstBatchGoesAlone(t *testing.T) {
	k := start(t)
	require.NoError(t, k.CreateTopic("out", 1))
	var answered, early atomic.Int64
	release := make(chan struct{})
	k.Fake().ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		k.Fake().KeepControl()
		if answered.Load() == 0 {
			if early.Add(1) == 1 {
				k.Fake().SleepControl(func() { <-release })
				answered.Store(1)
			}
		}
		return nil, nil, false
	})
	w, _ := writer(t, sink{Brokers: k.Brokers(), Topic: "out", Encode: encodeRecord(), Key: keyOf, BatchBytes: 512})
	write(t, w, 0, 2_000)
	require.Eventually(t, func() bool { return early.Load() == 1 }, patience, time.Millisecond)
	time.AfterFunc(50*time.Millisecond, func() { close(release) })
	require.NoError(t, prepared(w, 1))
	require.EqualValues(t, 1, early.Load())
	requireExactly(t, 2_000, readAll(t, k.Brokers(), "out"))
}

func TestSinkSurvivesFaults(t *testing.T) {
	t.Parallel()
	for _, e := range []*kerr.Error{
		kerr.NotLeaderForPartition, kerr.LeaderNotAvailable, kerr.NotEnoughReplicas, kerr.NotEnoughReplicasAfterAppend,
		kerr.RequestTimedOut, kerr.KafkaStorageError, kerr.UnknownTopicOrPartition,
	} {
		t.Run(e.Message, func(t *testing.T) {
			k := start(t)
			require.NoError(t, k.CreateTopic("out", 2))
			k.Fake().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: e, Count: 5})
			w, _ := writer(t, sink{Brokers: k.Brokers(), Topic: "out", Encode: encodeRecord(), Key: keyOf, BatchBytes: 1024})
			for i := range 5 {
				write(t, w, i*400, 400)
				require.NoError(t, w.Flush())
			}
			require.NoError(t, prepared(w, 1))
			got := readAll(t, k.Brokers(), "out")
			requireExactly(t, 2_000, got)
			requireKeyOrder(t, got)
		})
	}
}

func TestSinkFollowsLeaders(t *testing.T) {
	k := start(t, kfake.NumBrokers(3))
	require.NoError(t, k.CreateTopic("out", 4))
	w, _ := writer(t, sink{Brokers: k.Brokers(), Topic: "out", Encode: encodeRecord(), Key: keyOf, BatchBytes: 1024})
	for i := range 10 {
		write(t, w, i*500, 500)
		k.Fake().ShufflePartitionLeaders()
	}
	require.NoError(t, prepared(w, 1))
	got := readAll(t, k.Brokers(), "out")
	requireExactly(t, 5_000, got)
	requireKeyOrder(t, got)
}

func TestSinkFailsLoudly(t *testing.T) {
	k := start(t)
	require.NoError(t, k.CreateTopic("out", 1))
	w, _ := writer(t, sink{Brokers: k.Brokers(), Topic: "out", Encode: encodeRecord()})
	k.Fake().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.MessageTooLarge, Count: -1})
	write(t, w, 0, 10)
	err := prepared(w, 1)
	require.ErrorContains(t, err, "max.message.bytes")
	require.True(t, operator.IsPermanent(err))
	require.ErrorIs(t, w.Write(0, &record{Value: []byte("v")}), err, "and goes on failing")
	require.ErrorIs(t, w.Flush(), err)
	require.ErrorIs(t, w.Commit(1), err)
	require.ErrorIs(t, prepared(w, 2), err)

	w, _ = writer(t, sink{Brokers: k.Brokers(), Topic: "out", Encode: encodeRecord()})
	require.ErrorContains(t, w.Write(0, &record{Value: []byte("bad")}), "cannot be written")
	require.ErrorContains(t, w.Write(0, &record{Value: []byte("panic")}), "encoder in distress")
	w, _ = writer(t, sink{Brokers: k.Brokers(), Topic: "out", Encode: encodeRecord(), Partition: func(*record, []byte, int) int { return 1 }})
	require.ErrorContains(t, w.Write(0, &record{Value: []byte("v")}), "Sink.Partition returned 1 of 1")
}

func TestSinkGivesUpWhenNothingHelps(t *testing.T) {
	k := start(t)
	require.NoError(t, k.CreateTopic("out", 1))
	w, _ := writer(t, sink{Brokers: k.Brokers(), Topic: "out", Encode: encodeRecord(), Connection: kafka.Connection{RetryFor: 300 * time.Millisecond}})
	k.Fake().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotLeaderForPartition, Count: -1})
	write(t, w, 0, 1)
	require.ErrorContains(t, prepared(w, 1), "out/0 could not be written for 300ms")
}

func TestSinkPushesBack(t *testing.T) {
	k := start(t)
	require.NoError(t, k.CreateTopic("out", 1))
	w, env := writer(t, sink{Brokers: k.Brokers(), Topic: "out", Encode: encodeRecord(), BatchBytes: 1024, BufferBytes: 8192})
	release := make(chan struct{})
	k.Fake().ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		k.Fake().KeepControl()
		k.Fake().SleepControl(func() { <-release })
		return nil, nil, false
	})
	var n atomic.Int64
	end := make(chan error, 1)
	go func() {
		for r := range numbered(0, 5_000) {
			if err := w.Write(0, &r); err != nil {
				end <- err
				return
			}
			n.Add(1)
		}
		end <- nil
	}()
	blocked := env.Counters.Get(env.ID, "blocked")
	require.Eventually(t, func() bool { return blocked.Value() > 0 }, patience, time.Millisecond)
	require.Less(t, n.Load(), int64(2_000))
	close(release)
	require.NoError(t, <-end)
	require.NoError(t, prepared(w, 1))
	requireExactly(t, 5_000, readAll(t, k.Brokers(), "out"))
}

func TestSinkCloseDropsAndReturns(t *testing.T) {
	k := start(t)
	require.NoError(t, k.CreateTopic("out", 1))
	w, err := sink{Brokers: k.Brokers(), Topic: "out", Encode: encodeRecord()}.Writer(operator.NewContext(kafkatest.Env(context.Background())))
	require.NoError(t, err)
	k.Fake().ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		k.Fake().KeepControl()
		return nil, nil, true // never answered
	})
	write(t, w, 0, 100)
	done := make(chan error, 1)
	w.Prepare(1, func(_ []byte, err error) { done <- err })
	began := time.Now()
	require.NoError(t, w.Close())
	require.Less(t, time.Since(began), time.Second)
	require.ErrorContains(t, <-done, "closed")
}

func TestSinkValidate(t *testing.T) {
	err := sink{Deliver: operator.Idempotent, Compression: "rar", BatchBytes: -1}.Validate()
	for _, part := range []string{"Sink.Brokers", "Topic and TopicOf", "Sink.Encode", "Sink.Deliver", "Sink.Compression", "BatchBytes"} {
		require.ErrorContains(t, err, part)
	}
	require.NoError(t, sink{Brokers: []string{"b:1"}, Topic: "t", Encode: encodeRecord()}.Validate())
}

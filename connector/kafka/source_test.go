package kafka_test

import (
	"fmt"
	"maps"
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

func TestSourceReadsEverything(t *testing.T) {
	brokers, topic := brokersWith(t, "in", 4)
	fill(t, brokers, topic, 0, 20_000)
	s := source{Brokers: brokers, Topics: []string{topic}, Decode: decodeRecord()}
	k := open(t, s).addAll(s, nil, 0, 1)
	defer k.close()
	require.NoError(t, k.records(20_000))
	requireExactly(t, 20_000, k.got)
	for i, r := range k.got {
		require.Equal(t, r.Time.UnixNano(), k.times[i], "the event time is Kafka's timestamp")
		require.Equal(t, r.Partition, k.split[i], "the task knows the split")
	}
}

func TestSourceGoesOnFromPositions(t *testing.T) {
	brokers, topic := brokersWith(t, "in", 3)
	fill(t, brokers, topic, 0, 5_000, small)
	s := source{Brokers: brokers, Topics: []string{topic}, Decode: decodeRecord(), FetchBytes: 4096}
	var saved map[string][]byte
	var got []record
	for _, stop := range []int{0, 1, 2, 250, 1_111, 4_999, 5_000} { // a crash after that many records
		k := open(t, s)
		if saved != nil {
			restored(k.env)
		}
		k.addAll(s, saved, 0, 1)
		k.limit = 7
		require.NoError(t, k.records(stop-len(got)))
		saved = k.positions()
		got = append(got, k.got...)
		k.close()
	}
	requireExactly(t, 5_000, got)
}

func TestSourceSpreadsOverSubtasks(t *testing.T) {
	brokers, topic := brokersWith(t, "in", 5)
	fill(t, brokers, topic, 0, 3_000)
	s := source{Brokers: brokers, Topics: []string{topic}, Decode: decodeRecord(), Stop: kafka.Latest()}
	var got []record
	saved := map[string][]byte{}
	for i := range 3 { // three subtasks read a part each
		k := open(t, s).addAll(s, nil, i, 3)
		require.NoError(t, k.records(200))
		maps.Copy(saved, k.positions())
		got = append(got, k.got...)
		k.close()
	}
	require.Len(t, saved, 5)
	for i := range 2 { // and two the rest
		k := open(t, s, restored).addAll(s, saved, i, 2)
		require.NoError(t, k.done())
		got = append(got, k.got...)
		k.close()
	}
	requireExactly(t, 3_000, got)
}

func TestSourceStarts(t *testing.T) {
	brokers, topic := brokersWith(t, "in", 2)
	part := kafkatest.ToPartition(1)
	fill(t, brokers, topic, 0, 100, part)
	read := func(start, stop kafka.Bound, n int) []record {
		s := source{Brokers: brokers, Topics: []string{topic}, Decode: decodeRecord(), Start: start, Stop: stop}
		k := open(t, s).addAll(s, nil, 0, 1)
		defer k.close()
		require.NoError(t, k.done())
		require.Equal(t, n, len(k.got))
		return k.got
	}
	require.Equal(t, "0", string(read(kafka.Earliest(), kafka.Latest(), 100)[0].Value))
	require.Equal(t, "40", string(read(kafka.At(at(40)), kafka.Latest(), 60)[0].Value))
	require.Equal(t, "70", string(read(kafka.Offsets(map[string]map[int32]int64{topic: {1: 70}}), kafka.Latest(), 30)[0].Value))
	read(kafka.At(at(1_000)), kafka.Latest(), 0)
	read(kafka.Latest(), kafka.Latest(), 0)
	read(kafka.Earliest(), kafka.At(at(25)), 25)
	read(kafka.Earliest(), kafka.Offsets(map[string]map[int32]int64{topic: {1: 33}}), 33)
}

func TestSourceLatestSurvivesARestartWithoutRecords(t *testing.T) {
	brokers, topic := brokersWith(t, "in", 1)
	fill(t, brokers, topic, 0, 10)
	s := source{Brokers: brokers, Topics: []string{topic}, Decode: decodeRecord(), Start: kafka.Latest(), IdleAfter: time.Millisecond}
	k := open(t, s).addAll(s, nil, 0, 1)
	unresolved := k.positions() // a checkpoint before the broker has said where the end is
	require.NoError(t, k.until(func() bool { return len(k.marks) > 0 }))
	resolved := k.positions()
	k.close()

	fill(t, brokers, topic, 10, 5)
	k = open(t, s, restored).addAll(s, resolved, 0, 1)
	require.NoError(t, k.records(5))
	require.Equal(t, "10", string(k.got[0].Value), "what came while the job was down is read")
	k.close()

	k = open(t, s, restored).addAll(s, unresolved, 0, 1)
	require.NoError(t, k.until(func() bool { return len(k.marks) > 0 }))
	require.Empty(t, k.got, "a start that was not found yet is still Latest")
	k.close()
}

func TestSourceKeepsItsStopOverRestarts(t *testing.T) {
	brokers, topic := brokersWith(t, "in", 2)
	fill(t, brokers, topic, 0, 1_000)
	s := source{Brokers: brokers, Topics: []string{topic}, Decode: decodeRecord(), Stop: kafka.Latest()}
	k := open(t, s).addAll(s, nil, 0, 1)
	k.limit = 10
	require.NoError(t, k.found())
	require.NoError(t, k.records(100))
	got, saved := k.got, k.positions()
	k.close()
	fill(t, brokers, topic, 1_000, 500)

	k = open(t, s, restored).addAll(s, saved, 0, 1)
	require.NoError(t, k.done())
	got, saved = append(got, k.got...), k.positions()
	require.Equal(t, []operator.MarkKind{operator.SplitDone, operator.SplitDone}, kinds(k.marks))
	k.close()
	requireExactly(t, 1_000, got)

	k = open(t, s, restored).addAll(s, saved, 0, 1) // done is done
	require.NoError(t, k.done())
	require.Empty(t, k.got)
	require.Len(t, k.marks, 2)
	k.close()
}

func kinds(marks []operator.Mark) (all []operator.MarkKind) {
	for _, m := range marks {
		all = append(all, m.Kind)
	}
	return all
}

func TestSourceBadRecords(t *testing.T) {
	brokers, topic := brokersWith(t, "in", 1)
	require.NoError(t, kafkatest.Fill(background(t), brokers, topic, func(yield func(record) bool) {
		for i, v := range []string{"0", "bad", "1", "panic", "2"} {
			if !yield(record{Time: at(i), Key: []byte("key"), Value: []byte(v)}) {
				return
			}
		}
	}))
	s := source{Brokers: brokers, Topics: []string{topic}, Decode: decodeRecord(), Stop: kafka.Latest()}

	k := open(t, s).addAll(s, nil, 0, 1)
	err := k.done()
	require.ErrorContains(t, err, topic+"/0 offset 1")
	require.ErrorContains(t, err, `not a record: "bad"`)
	require.True(t, operator.IsPermanent(err), "a restart would meet it again")
	require.Len(t, k.got, 1)
	k.close()

	s.BadRecords = format.Skip
	k = open(t, s).addAll(s, nil, 0, 1)
	require.NoError(t, k.done())
	require.Len(t, k.got, 3)
	require.EqualValues(t, 2, k.counter("bad"))
	k.close()

	s.BadRecords = format.DeadLetter
	k = open(t, s).addAll(s, nil, 0, 1)
	require.NoError(t, k.done())
	require.Len(t, k.got, 3)
	require.Len(t, k.dead, 2)
	d := k.dead[0]
	require.Contains(t, d.Error, "not a record")
	d.Error = ""
	require.Equal(t, operator.DeadLetter{Source: "source", Topic: topic, Split: 0, Position: 1, Time: at(1).UnixNano(), Key: []byte("key"), Raw: []byte("bad")}, d)
	require.Contains(t, k.dead[1].Error, "decoder in distress")
	k.close()
}

func TestSourceIdleAndActive(t *testing.T) {
	brokers, topic := brokersWith(t, "in", 2)
	fill(t, brokers, topic, 0, 10, kafkatest.ToPartition(0))
	s := source{Brokers: brokers, Topics: []string{topic}, Decode: decodeRecord(), IdleAfter: 30 * time.Millisecond, FetchWait: 20 * time.Millisecond}
	k := open(t, s).addAll(s, nil, 0, 1)
	defer k.close()
	require.NoError(t, k.until(func() bool { return len(k.marks) == 2 }))
	require.Len(t, k.got, 10)
	require.ElementsMatch(t, []operator.Mark{{Kind: operator.SplitIdle, Value: 0}, {Kind: operator.SplitIdle, Value: 1}}, k.marks)
	fill(t, brokers, topic, 10, 1, kafkatest.ToPartition(1))
	require.NoError(t, k.until(func() bool { return len(k.marks) == 3 }))
	require.Len(t, k.got, 11)
	require.Equal(t, operator.Mark{Kind: operator.SplitIdle, Value: 1}, k.marks[2], "only the one that was active again")
}

func TestSourceNewPartitions(t *testing.T) {
	k := start(t)
	require.NoError(t, k.CreateTopic("in", 1))
	s := source{Brokers: k.Brokers(), Topics: []string{"in"}, Decode: decodeRecord(), Start: kafka.Latest(), IdleAfter: time.Millisecond}
	fill(t, k.Brokers(), "in", 0, 10)
	r := open(t, s).addAll(s, nil, 0, 1)
	defer r.close()
	require.NoError(t, r.until(func() bool { return len(r.marks) == 1 }))
	addPartitions(t, k.Brokers(), "in", 3)
	fill(t, k.Brokers(), "in", 10, 20, kafkatest.ToPartition(2))
	splits, err := s.Splits(background(t))
	require.NoError(t, err)
	require.Len(t, splits, 3)
	for i, sp := range splits[1:] {
		require.NoError(t, r.reader.Add(sp, int32(i+1), nil))
	}
	require.NoError(t, r.records(20))
	require.Equal(t, "10", string(r.got[0].Value), "a partition that came later is read from its first record")
}

func TestSourceByPattern(t *testing.T) {
	t.Parallel()
	k := start(t)
	s := source{Brokers: k.Brokers(), TopicPattern: "in-[0-9]+", Decode: decodeRecord()}
	require.Equal(t, "kafka:in-[0-9]+", s.Name())
	_, err := s.Splits(background(t))
	require.ErrorIs(t, err, kafka.ErrNoTopic)
	require.ErrorContains(t, err, "in-[0-9]+")
	for _, topic := range []string{"in-1", "in-2", "in-x", "main-1", "in-11x"} {
		require.NoError(t, k.CreateTopic(topic, 2))
	}
	fill(t, k.Brokers(), "in-1", 0, 10)
	fill(t, k.Brokers(), "in-2", 10, 10)
	fill(t, k.Brokers(), "in-x", 0, 10)
	r := open(t, s).addAll(s, nil, 0, 1)
	defer r.close()
	require.NoError(t, r.records(20))
	require.NoError(t, k.CreateTopic("in-3", 1))
	fill(t, k.Brokers(), "in-3", 20, 10)
	splits, err := s.Splits(background(t))
	require.NoError(t, err)
	require.Len(t, splits, 5)
	require.NoError(t, r.reader.Add(splits[4], 4, nil))
	require.NoError(t, r.records(30))
	requireExactly(t, 30, r.got)
	require.ErrorContains(t, source{TopicPattern: "("}.Validate(), "TopicPattern")
	require.ErrorContains(t, source{TopicPattern: "a", Topics: []string{"a"}}.Validate(), "one of Topics and TopicPattern")
}

func TestSourceFollowsLeaders(t *testing.T) {
	t.Parallel()
	k := start(t, kfake.NumBrokers(3))
	require.NoError(t, k.CreateTopic("in", 4))
	s := source{Brokers: k.Brokers(), Topics: []string{"in"}, Decode: decodeRecord(), FetchBytes: 2048}
	r := open(t, s).addAll(s, nil, 0, 1)
	defer r.close()
	r.limit = 50
	for round := range 6 {
		fill(t, k.Brokers(), "in", round*2_000, 2_000, small)
		require.NoError(t, r.records(round*2_000+700))
		k.Fake().ShufflePartitionLeaders()
	}
	require.NoError(t, r.records(12_000))
	requireExactly(t, 12_000, r.got)
}

func TestSourceSurvivesFaults(t *testing.T) {
	t.Parallel()
	for _, e := range []*kerr.Error{
		kerr.NotLeaderForPartition, kerr.LeaderNotAvailable, kerr.FencedLeaderEpoch, kerr.UnknownLeaderEpoch, kerr.KafkaStorageError,
		kerr.OffsetNotAvailable, kerr.UnknownTopicOrPartition, kerr.ReplicaNotAvailable,
	} {
		t.Run(e.Message, func(t *testing.T) {
			k := start(t)
			require.NoError(t, k.CreateTopic("in", 2))
			fill(t, k.Brokers(), "in", 0, 1_000, small)
			k.Fake().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Err: e, Count: 4})
			s := source{Brokers: k.Brokers(), Topics: []string{"in"}, Decode: decodeRecord(), FetchBytes: 2048}
			r := open(t, s).addAll(s, nil, 0, 1)
			defer r.close()
			require.NoError(t, r.records(1_000))
			requireExactly(t, 1_000, r.got)
		})
	}
}

func TestSourceSurvivesLostConnections(t *testing.T) {
	k := start(t)
	require.NoError(t, k.CreateTopic("in", 2))
	fill(t, k.Brokers(), "in", 0, 3_000, small)
	cut := newCutter(20_000)
	s := source{Brokers: k.Brokers(), Topics: []string{"in"}, Decode: decodeRecord(), FetchBytes: 2048, Connection: kafka.Connection{Dial: cut.dial}}
	r := open(t, s).addAll(s, nil, 0, 1)
	defer r.close()
	require.NoError(t, r.records(3_000))
	requireExactly(t, 3_000, r.got)
	require.Positive(t, cut.cuts.Load())
}

func TestSourceGivesUpWhenNothingHelps(t *testing.T) {
	k := start(t)
	require.NoError(t, k.CreateTopic("in", 1))
	s := source{Brokers: k.Brokers(), Topics: []string{"in"}, Decode: decodeRecord(), Connection: kafka.Connection{RetryFor: 300 * time.Millisecond}}
	r := open(t, s).addAll(s, nil, 0, 1)
	defer r.close()
	k.Fake().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Err: kerr.NotLeaderForPartition, Count: -1})
	err := r.records(1)
	require.ErrorContains(t, err, "in/0 could not be read for 300ms")
}

func TestSourceOffsetOutOfRange(t *testing.T) {
	k := start(t)
	require.NoError(t, k.CreateTopic("in", 1))
	fill(t, k.Brokers(), "in", 0, 1_000, small)
	s := source{Brokers: k.Brokers(), Topics: []string{"in"}, Decode: decodeRecord(), FetchBytes: 1024}
	r := open(t, s).addAll(s, nil, 0, 1)
	require.NoError(t, r.records(10))
	saved := r.positions()
	r.close()
	require.NoError(t, k.Fake().DeleteRecords("in", 0, 600))

	r = open(t, s, restored).addAll(s, saved, 0, 1)
	err := r.records(1)
	require.ErrorContains(t, err, "is gone (the broker has 600 to 1000)")
	require.True(t, operator.IsPermanent(err))
	r.close()

	s.Reset = kafka.Earliest()
	r = open(t, s, restored).addAll(s, saved, 0, 1)
	require.NoError(t, r.records(400))
	require.Equal(t, "600", string(r.got[0].Value))
	require.EqualValues(t, 1, r.counter("resets"))
	r.close()

	s.Reset = kafka.Latest()
	r = open(t, s, restored).addAll(s, saved, 0, 1)
	require.NoError(t, r.until(func() bool { return r.counter("resets") == 1 }))
	fill(t, k.Brokers(), "in", 1_000, 5)
	require.NoError(t, r.records(5))
	require.Equal(t, "1000", string(r.got[0].Value))
	r.close()
}

func TestSourceCommitsToItsGroup(t *testing.T) {
	brokers, topic := brokersWith(t, "in", 2)
	fill(t, brokers, topic, 0, 500)
	group := fmt.Sprintf("g-%d", time.Now().UnixNano())
	s := source{Brokers: brokers, Topics: []string{topic}, Decode: decodeRecord(), Group: group}
	k := open(t, s).addAll(s, nil, 0, 1)
	k.limit = 10
	require.NoError(t, k.records(300))
	n := len(k.got)
	k.positions()
	k.reader.(operator.Acknowledger).Acknowledge(1)
	k.close()

	s.Start, s.Stop = kafka.Committed(kafka.Earliest()), kafka.Latest()
	k2 := open(t, s).addAll(s, nil, 0, 1)
	require.NoError(t, k2.done())
	require.Equal(t, 500-n, len(k2.got))
	k2.close()
	requireExactly(t, 500, append(k.got, k2.got...))

	s.Group = group + "-other"
	k3 := open(t, s).addAll(s, nil, 0, 1)
	require.NoError(t, k3.done())
	require.Equal(t, 500, len(k3.got), "a group without commits takes the other bound")
	k3.close()
}

func TestSourceClosesWhileARequestWaits(t *testing.T) {
	brokers, topic := brokersWith(t, "in", 4)
	s := source{Brokers: brokers, Topics: []string{topic}, Decode: decodeRecord(), FetchWait: time.Minute, IdleAfter: time.Millisecond}
	k := open(t, s).addAll(s, nil, 0, 1)
	require.NoError(t, k.until(func() bool { return len(k.marks) == 4 }))
	began := time.Now()
	k.close()
	require.Less(t, time.Since(began), time.Second)
}

func TestSourceLag(t *testing.T) {
	brokers, topic := brokersWith(t, "in", 1)
	fill(t, brokers, topic, 0, 1_000, small)
	s := source{Brokers: brokers, Topics: []string{topic}, Decode: decodeRecord(), FetchBytes: 1024}
	k := open(t, s).addAll(s, nil, 0, 1)
	defer k.close()
	require.NoError(t, k.records(200))
	require.Positive(t, k.counter("lag"))
	require.NoError(t, k.records(1_000))
	require.NoError(t, k.until(func() bool { return k.counter("lag") == 0 }))
}

func TestSourceValidate(t *testing.T) {
	err := source{
		Start: kafka.Committed(kafka.Latest()), Stop: kafka.Earliest(), Reset: kafka.Offsets(nil), BadRecords: 9, FetchBytes: -1,
		Connection: kafka.Connection{Version: "x", SASL: &kafka.SASL{Mechanism: "MAGIC"}},
	}.Validate()
	for _, part := range []string{"Source.Brokers", "one of Topics and TopicPattern", "Source.Decode", "Source.Group", "Source.Stop", "Source.Reset", "Source.BadRecords", "FetchBytes", "Connection.Version", "MAGIC"} {
		require.ErrorContains(t, err, part)
	}
	require.NoError(t, source{Brokers: []string{"b:1"}, Topics: []string{"t"}, Decode: decodeRecord()}.Validate())
	require.Error(t, source{Brokers: []string{"b:1"}, Topics: []string{"t", "t"}, Decode: decodeRecord()}.Validate())
}

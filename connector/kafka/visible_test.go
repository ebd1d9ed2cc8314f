package kafka_test

import (
	"context"
	"fmt"
	"hash/crc32"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/turgo-io/turgo/connector/kafka"
	"github.com/turgo-io/turgo/connector/kafka/kafkatest"
	"github.com/turgo-io/turgo/operator"
)

// transactional returns a producer of transactions by another client, for partition 0.
func transactional(t testing.TB, brokers []string, id string) *kgo.Client {
	c, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.TransactionalID(id), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.TransactionTimeout(patience))
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func produce(t testing.TB, c *kgo.Client, topic string, from, n int) {
	for i := from; i < from+n; i++ { // one batch each
		require.NoError(t, c.ProduceSync(context.Background(), &kgo.Record{Topic: topic, Value: fmt.Append(nil, i)}).FirstErr())
	}
}

func values(got []record) (all []string) {
	for _, r := range got {
		all = append(all, string(r.Value))
	}
	return all
}

func TestSourceShowsCommittedRecordsOnly(t *testing.T) {
	brokers, topic := brokersWith(t, "in", 1)
	a, b := transactional(t, brokers, topic+"-a"), transactional(t, brokers, topic+"-b")
	var want []string
	n := 0
	for _, step := range []struct{ commitA, commitB bool }{{true, false}, {false, true}, {false, false}, {true, true}} {
		require.NoError(t, a.BeginTransaction())
		require.NoError(t, b.BeginTransaction())
		for range 2 { // interleaved
			produce(t, a, topic, n, 2)
			produce(t, b, topic, n+2, 2)
			if step.commitA {
				want = append(want, fmt.Sprint(n), fmt.Sprint(n+1))
			}
			if step.commitB {
				want = append(want, fmt.Sprint(n+2), fmt.Sprint(n+3))
			}
			n += 4
		}
		require.NoError(t, a.EndTransaction(context.Background(), kgo.TransactionEndTry(step.commitA)))
		require.NoError(t, b.EndTransaction(context.Background(), kgo.TransactionEndTry(step.commitB)))
	}
	s := source{Brokers: brokers, Topics: []string{topic}, Decode: decodeRecord(), Stop: kafka.Latest()}
	for _, fetch := range []int{1, 200, 1 << 20} { // markers and batches in all sorts of responses
		s.FetchBytes = fetch
		k := open(t, s).addAll(s, nil, 0, 1)
		require.NoError(t, k.done())
		require.Equal(t, want, values(k.got), "fetch %d", fetch)
		k.close()
	}
	s.ReadUncommitted = true
	k := open(t, s).addAll(s, nil, 0, 1)
	require.NoError(t, k.done())
	require.Equal(t, n, len(k.got))
	k.close()
}

func TestSourceWaitsForOpenTransactions(t *testing.T) {
	brokers, topic := brokersWith(t, "in", 1)
	fill(t, brokers, topic, 0, 5)
	a := transactional(t, brokers, topic+"-a")
	require.NoError(t, a.BeginTransaction())
	produce(t, a, topic, 5, 3)
	fill(t, brokers, topic, 8, 2)
	s := source{Brokers: brokers, Topics: []string{topic}, Decode: decodeRecord(), IdleAfter: time.Millisecond}
	k := open(t, s).addAll(s, nil, 0, 1)
	defer k.close()
	require.NoError(t, k.records(5))
	for range 20 {
		status, _, err := k.reader.Poll(&k.out, 10)
		require.NoError(t, err)
		require.Equal(t, operator.Blocked, status)
	}
	require.Len(t, k.got, 5)
	require.Empty(t, k.marks, "records are there that will be seen: the partition is not idle")
	require.NoError(t, a.EndTransaction(context.Background(), kgo.TryCommit))
	require.NoError(t, k.records(10))
	requireExactly(t, 10, k.got)
}

func TestSourceReadsCompactedTopics(t *testing.T) {
	k := start(t)
	require.NoError(t, k.Fake().CreateTopic("in", 1, map[string]string{"cleanup.policy": "compact", "segment.bytes": "1024", "min.cleanable.dirty.ratio": "0", "retention.ms": "-1"}))
	require.NoError(t, kafkatest.Fill(background(t), k.Brokers(), "in", func(yield func(record) bool) {
		yield(record{Time: at(0), Key: []byte("only once"), Value: []byte("0")}) // stays, so there is a gap behind it
	}))
	fill(t, k.Brokers(), "in", 1, 3_000, small) // 97 keys
	s := source{Brokers: k.Brokers(), Topics: []string{"in"}, Decode: decodeRecord(), FetchBytes: 512}
	early := open(t, s).addAll(s, nil, 0, 1)
	early.limit = 10
	require.NoError(t, early.records(100))
	saved := early.positions()
	early.close()

	k.Fake().Compact()
	s.Stop = kafka.Latest()
	late := open(t, s).addAll(s, nil, 0, 1)
	defer late.close()
	require.NoError(t, late.done())
	require.Less(t, len(late.got), 3_000, "nothing was compacted: the test shows nothing")
	newest := map[string]string{}
	for _, r := range late.got {
		newest[string(r.Key)] = string(r.Value)
	}
	require.Len(t, newest, 98)
	for i := 3_000; i > 3_000-97; i-- {
		require.Equal(t, fmt.Sprint(i), newest[fmt.Sprintf("k%d", i%97)])
	}
	again := open(t, source{Brokers: k.Brokers(), Topics: []string{"in"}, Decode: decodeRecord()}, restored).addAll(s, saved, 0, 1)
	defer again.close()
	require.NoError(t, again.records(1))
	require.GreaterOrEqual(t, again.got[0].Offset, int64(100), "a position within a gap goes on behind it")
}

// emptyBatch is what compaction leaves of a producer's last batch: a header with no record.
func emptyBatch(first int64, records int32) []byte {
	b := kmsg.RecordBatch{
		FirstOffset: first, Magic: 2, PartitionLeaderEpoch: 0, LastOffsetDelta: records - 1,
		FirstTimestamp: at(0).UnixMilli(), MaxTimestamp: at(0).UnixMilli(), ProducerID: 9, ProducerEpoch: 0, FirstSequence: 0, NumRecords: 0,
	}
	raw := b.AppendTo(nil)
	b.Length = int32(len(raw) - 12)
	raw = b.AppendTo(nil)
	b.CRC = int32(crc32.Checksum(raw[21:], crc32.MakeTable(crc32.Castagnoli)))
	return b.AppendTo(nil)
}

func TestSourcePassesEmptyBatches(t *testing.T) {
	k := start(t)
	require.NoError(t, k.CreateTopic("in", 1))
	fill(t, k.Brokers(), "in", 0, 30, small)
	var asked locked[[]int64]
	k.Fake().ControlKey(int16(kmsg.Fetch), func(q kmsg.Request) (kmsg.Response, error, bool) {
		k.Fake().KeepControl()
		request := q.(*kmsg.FetchRequest)
		part := request.Topics[0].Partitions[0]
		asked.set(append(asked.get(), part.FetchOffset))
		if part.FetchOffset >= 20 {
			return nil, nil, false
		}
		// Offsets 0 to 19 are as compacted: two emptied batches, no record.
		response := request.ResponseKind().(*kmsg.FetchResponse)
		st := kmsg.NewFetchResponseTopic()
		st.Topic = "in"
		sp := kmsg.NewFetchResponseTopicPartition()
		sp.HighWatermark, sp.LastStableOffset = 30, 30
		sp.RecordBatches = append(emptyBatch(0, 7), emptyBatch(7, 13)...)
		st.Partitions = append(st.Partitions, sp)
		response.Topics = append(response.Topics, st)
		return response, nil, true
	})
	s := source{Brokers: k.Brokers(), Topics: []string{"in"}, Decode: decodeRecord()}
	r := open(t, s).addAll(s, nil, 0, 1)
	defer r.close()
	require.NoError(t, r.records(10))
	require.Equal(t, "20", string(r.got[0].Value))
	require.EqualValues(t, []int64{0, 20}, asked.get()[:2], "both batches are passed in one step")
}

func TestSourceGrowsForALargeBatch(t *testing.T) {
	k := start(t)
	require.NoError(t, k.CreateTopic("in", 1))
	fill(t, k.Brokers(), "in", 0, 1_000)
	// A broker that takes the size at its word, as those of other makers do, cuts the batch.
	k.Fake().ControlKey(int16(kmsg.Fetch), func(q kmsg.Request) (kmsg.Response, error, bool) {
		k.Fake().KeepControl()
		request := q.(*kmsg.FetchRequest)
		part := request.Topics[0].Partitions[0]
		if part.PartitionMaxBytes > 20_000 {
			return nil, nil, false
		}
		response := request.ResponseKind().(*kmsg.FetchResponse)
		st := kmsg.NewFetchResponseTopic()
		st.Topic = "in"
		sp := kmsg.NewFetchResponseTopicPartition()
		sp.HighWatermark, sp.LastStableOffset = 1_000, 1_000
		head := emptyBatch(0, 1_000)
		head[8], head[9], head[10], head[11] = 0, 0, 0x50, 0 // says 20 KB, and ends
		sp.RecordBatches = head
		st.Partitions = append(st.Partitions, sp)
		response.Topics = append(response.Topics, st)
		return response, nil, true
	})
	s := source{Brokers: k.Brokers(), Topics: []string{"in"}, Decode: decodeRecord(), FetchBytes: 1_000}
	r := open(t, s).addAll(s, nil, 0, 1)
	defer r.close()
	require.NoError(t, r.records(1_000))
	requireExactly(t, 1_000, r.got)
}

func TestSourceReadsAllCompressions(t *testing.T) {
	brokers, topic := brokersWith(t, "in", 1)
	for i, c := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		fill(t, brokers, topic, i*1_000, 1_000, func(s *sink) { s.Compression, s.BatchBytes = c, 8_192 })
	}
	s := source{Brokers: brokers, Topics: []string{topic}, Decode: decodeRecord(), FetchBytes: 100}
	var saved map[string][]byte
	var got []record
	for len(got) < 5_000 { // positions within compressed batches
		k := open(t, s, restored).addAll(s, saved, 0, 1)
		k.limit = 333
		require.NoError(t, k.records(333))
		got, saved = append(got, k.got...), k.positions()
		k.close()
		if len(got) >= 4_600 {
			s.Stop = kafka.Bound{}
			k := open(t, s, restored).addAll(s, saved, 0, 1)
			require.NoError(t, k.records(5_000-len(got)))
			got = append(got, k.got...)
			k.close()
		}
	}
	requireExactly(t, 5_000, got)
}

func TestReadBackIsReadCommitted(t *testing.T) {
	brokers, topic := brokersWith(t, "in", 1)
	a := transactional(t, brokers, topic+"-a")
	require.NoError(t, a.BeginTransaction())
	produce(t, a, topic, 0, 3)
	require.NoError(t, a.EndTransaction(context.Background(), kgo.TryAbort))
	fill(t, brokers, topic, 0, 2)
	got, err := kafkatest.Read(background(t), brokers, topic)
	require.NoError(t, err)
	require.Len(t, got, 2)
}

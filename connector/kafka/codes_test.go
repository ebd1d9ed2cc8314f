package kafka_test

import (
	"bytes"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/turgo-io/turgo/connector/connectortest"
	"github.com/turgo-io/turgo/connector/format"
	"github.com/turgo-io/turgo/connector/kafka"
	"github.com/turgo-io/turgo/connector/kafka/kafkatest"
	"github.com/turgo-io/turgo/operator"
)

// Values of the Java client's own tests of the hash.
func TestMurmur2(t *testing.T) {
	for key, want := range map[string]int32{
		"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536, "a-little-bit-longer-string": -1486304829,
		"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971, "abc": 479470107,
	} {
		require.Equal(t, want, kafka.Murmur2(key), key)
	}
}

func TestSequenceWraps(t *testing.T) {
	require.EqualValues(t, 7, kafka.NextSequence(2, 5))
	require.EqualValues(t, 0, kafka.NextSequence(math.MaxInt32, 1))
	require.EqualValues(t, 4, kafka.NextSequence(math.MaxInt32-5, 10))
}

func TestPositionKeeps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := kafka.EncodePosition(rapid.Int64Range(-1, math.MaxInt64).Draw(t, "offset"), rapid.Int32Range(-1, math.MaxInt32).Draw(t, "epoch"), rapid.Int64Range(-1, math.MaxInt64-1).Draw(t, "stop"))
		out, err := kafka.RecodePosition(in)
		require.NoError(t, err)
		require.Equal(t, in, out)
		_, err = kafka.RecodePosition(in[:len(in)-1])
		require.Error(t, err)
		_, err = kafka.RecodePosition(append(in, 0))
		require.Error(t, err)
	})
	_, err := kafka.RecodePosition([]byte{9, 0, 0, 0})
	require.ErrorContains(t, err, "version 9")
}

func FuzzPosition(f *testing.F) {
	f.Add(kafka.EncodePosition(5, 1, -1))
	f.Add(kafka.EncodePosition(-1, -1, 1<<40))
	f.Add([]byte{1, 0x80})
	f.Fuzz(func(t *testing.T, data []byte) {
		out, err := kafka.RecodePosition(data)
		if err != nil {
			return
		}
		again, err := kafka.RecodePosition(out)
		require.NoError(t, err)
		require.Equal(t, out, again)
	})
}

func FuzzPledge(f *testing.F) {
	f.Add(kafka.EncodePledge(0, 0, 0))
	f.Add(kafka.EncodePledge(3, 1, 2, "a", "b", "turgo-job-sink-3.1.2.9"))
	f.Add([]byte{1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, data []byte) {
		out, err := kafka.RecodePledge(data)
		if err != nil {
			return
		}
		again, err := kafka.RecodePledge(out)
		require.NoError(t, err)
		require.True(t, bytes.Equal(out, again))
	})
}

func TestPledgeDamaged(t *testing.T) {
	whole := kafka.EncodePledge(3, 1, 2, "first", "second")
	out, err := kafka.RecodePledge(whole)
	require.NoError(t, err)
	require.Equal(t, whole, out)
	for i := range whole {
		_, err := kafka.RecodePledge(whole[:i])
		require.Error(t, err, "cut at %d", i)
	}
	_, err = kafka.RecodePledge(append(whole, 1))
	require.Error(t, err)
	_, err = kafka.RecodePledge([]byte{2})
	require.ErrorContains(t, err, "version 2")
}

func TestTransactionalIds(t *testing.T) {
	name := kafka.Name("turgo-my.job-1.2.3.4-sink", 7, 2, 11, 3)
	restored, attempt, subtask, ok := kafka.ParseName("turgo-my.job-1.2.3.4-sink", name)
	require.True(t, ok)
	require.Equal(t, []int64{7, 2, 11}, []int64{restored, attempt, subtask})
	for _, foreign := range []string{"turgo-my.job", "other-7.2.11.3", "turgo-my.job-1.2.3.4-sink-x", "turgo-my.job-1.2.3.4-sink-1.2.3", "turgo-my.job-1.2.3.4-sink-1.2.3.-4", "turgo-my.job-1.2.3.4-sink-2-1.2.3.4"} {
		_, _, _, ok := kafka.ParseName("turgo-my.job-1.2.3.4-sink", foreign)
		require.False(t, ok, foreign)
	}
}

func TestSplitsSpreadEvenly(t *testing.T) {
	for _, topic := range []string{"payments", "a", "topic-with-1/2"} {
		for _, parallelism := range []uint32{1, 2, 3, 5} {
			counts := make([]int, parallelism)
			for id := range int32(30) {
				s := kafka.SplitOf(topic, id)
				counts[s.Ord%parallelism]++
				back, n, err := kafka.ParseSplit(s.ID)
				require.NoError(t, err)
				require.Equal(t, topic, back)
				require.Equal(t, id, n)
			}
			for _, c := range counts {
				require.Equal(t, 30/int(parallelism), c)
			}
		}
	}
	for _, bad := range []string{"", "x", "/1", "x/", "x/-1", "x/y", "x/99999999999"} {
		_, _, err := kafka.ParseSplit(bad)
		require.Error(t, err, bad)
	}
}

// The suite for connectors.
func TestSourceSuite(t *testing.T) {
	brokers, topic := brokersWith(t, "in", 3)
	want := texts(60)
	require.NoError(t, kafkatest.Fill(background(t), brokers, topic, func(yield func(record) bool) {
		for _, v := range want {
			if !yield(record{Key: []byte(v), Value: []byte(v)}) {
				return
			}
		}
	}, func(s *sink) { s.BatchBytes = 100 }))
	connectortest.Source(t, connectortest.SourceCase[string]{
		Want: want,
		New: func() operator.Source[string] {
			return kafka.Source[string]{Brokers: brokers, Topics: []string{topic}, Decode: format.String(), Stop: kafka.Latest()}
		},
	})
}

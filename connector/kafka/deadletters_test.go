package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/connector/format"
	"github.com/turgo-io/turgo/connector/kafka"
	"github.com/turgo-io/turgo/connector/kafka/kafkatest"
	"github.com/turgo-io/turgo/operator"
)

// What a source refuses goes to a topic of its own, and is seen when the checkpoint is.
func TestDeadLettersTopic(t *testing.T) {
	brokers, topic := brokersWith(t, "in", 1)
	require.NoError(t, kafka.CreateTopic(background(t), brokers, topic+"-dead", 1))
	require.NoError(t, kafkatest.Fill(background(t), brokers, topic, func(yield func(record) bool) {
		for i, v := range []string{"good", "bad", "panic", "good"} {
			yield(record{Time: at(i), Key: fmt.Appendf(nil, "k%d", i), Value: []byte(v)})
		}
	}))
	s := source{Brokers: brokers, Topics: []string{topic}, Decode: decodeRecord(), BadRecords: format.DeadLetter}
	r := open(t, s).addAll(s, nil, 0, 1)
	defer r.close()
	require.NoError(t, r.records(2))

	sink := kafka.DeadLetters(brokers, topic+"-dead")
	sink.Deliver, sink.TransactionPrefix = kafka.ExactlyOnce, topic
	require.NoError(t, sink.Validate())
	env := kafkatest.Env(context.Background())
	w, err := sink.Writer(operator.NewContext(env))
	require.NoError(t, err)
	defer w.Close()
	for i := range r.dead {
		require.NoError(t, w.Write(r.dead[i].Time, &r.dead[i]))
	}
	require.NoError(t, w.Write(0, &operator.DeadLetter{Source: "file:x", Topic: "x", Split: -1, Position: -1, Time: operator.NoTime, Error: strings.Repeat("e", 1<<20)}))
	done := make(chan error, 1)
	w.Prepare(1, func(_ []byte, err error) { done <- err })
	require.NoError(t, <-done)
	require.NoError(t, w.Commit(1))
	require.NoError(t, w.Close())

	got := readAll(t, brokers, topic+"-dead")
	require.Len(t, got, 3)
	headers := map[string]string{}
	for _, h := range got[0].Headers {
		headers[string(h.Key)] = string(h.Value)
	}
	require.Equal(t, map[string]string{
		"turgo-error": `not a record: "bad"`, "turgo-source": "source", "turgo-topic": topic, "turgo-partition": "0", "turgo-position": "1",
	}, headers)
	require.Equal(t, "bad", string(got[0].Value))
	require.Equal(t, "k1", string(got[0].Key))
	require.Equal(t, at(1), got[0].Time)
	require.Contains(t, string(got[1].Headers[0].Value), "decoder in distress")
	require.Nil(t, got[2].Value)
	require.Len(t, got[2].Headers, 3)
}

// A codec whose service is away is no reason to give records up.
func TestUnavailableCodecIsNoBadRecord(t *testing.T) {
	brokers, topic := brokersWith(t, "in", 1)
	fill(t, brokers, topic, 0, 3)
	away := fmt.Errorf("%w: registry: no answer", format.ErrUnavailable)
	s := source{
		Brokers: brokers, Topics: []string{topic}, BadRecords: format.Skip,
		Decode: format.DecodeFunc[record](func([]byte, *record) error { return away }),
	}
	r := open(t, s).addAll(s, nil, 0, 1)
	defer r.close()
	err := r.records(1)
	require.ErrorIs(t, err, format.ErrUnavailable)
	require.False(t, operator.IsPermanent(err))
	require.Zero(t, r.counter("bad"))

	w, _ := writer(t, sink{Brokers: brokers, Topic: topic, Encode: format.EncodeFunc[record](func(dst []byte, _ *record) ([]byte, error) { return dst, away })})
	err = w.Write(0, &record{})
	require.True(t, errors.Is(err, format.ErrUnavailable) && !operator.IsPermanent(err), err)
}

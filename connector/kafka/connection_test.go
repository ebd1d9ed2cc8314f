package kafka_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/turgo-io/turgo/connector/kafka"
	"github.com/turgo-io/turgo/connector/kafka/kafkatest"
	"github.com/turgo-io/turgo/operator"
)

// soon fails if f takes longer than the ten seconds after which a user expects to be told.
func soon(t *testing.T, f func() error) error {
	began := time.Now()
	err := f()
	require.Less(t, time.Since(began), 10*time.Second)
	return err
}

func TestUnreachableBroker(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	refusing := l.Addr().String()
	require.NoError(t, l.Close())
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes the connection and says nothing
	require.NoError(t, err)
	defer silent.Close()
	for _, addr := range []string{refusing, silent.Addr().String()} {
		conn := kafka.Connection{Timeout: 700 * time.Millisecond}
		s := source{Brokers: []string{addr}, Topics: []string{"in"}, Decode: decodeRecord(), Connection: conn}
		_, err = s.Splits(context.Background())
		require.ErrorIs(t, err, kafka.ErrUnreachable)
		require.ErrorContains(t, err, addr)
		for _, out := range []sink{{Topic: "out"}, {Topic: "out", Deliver: kafka.ExactlyOnce}, {TopicOf: func(*record) string { return "out" }, Deliver: kafka.ExactlyOnce}} {
			out.Brokers, out.Encode, out.Connection = []string{addr}, encodeRecord(), conn
			err := soon(t, func() error {
				_, err := out.Writer(operator.NewContext(kafkatest.Env(context.Background())))
				return err
			})
			require.ErrorIs(t, err, kafka.ErrUnreachable)
			require.ErrorContains(t, err, addr)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err = source{Brokers: []string{silent.Addr().String()}, Topics: []string{"in"}, Decode: decodeRecord()}.Splits(ctx)
	require.Error(t, soon(t, func() error { return err }))
}

func TestMissingTopic(t *testing.T) {
	t.Parallel()
	k := start(t)
	s := source{Brokers: k.Brokers(), Topics: []string{"nowhere"}, Decode: decodeRecord()}
	err := soon(t, func() error { _, err := s.Splits(context.Background()); return err })
	require.ErrorIs(t, err, kafka.ErrNoTopic)
	require.ErrorContains(t, err, "nowhere")
	err = soon(t, func() error {
		_, err := sink{Brokers: k.Brokers(), Topic: "nowhere", Encode: encodeRecord()}.Writer(operator.NewContext(kafkatest.Env(context.Background())))
		return err
	})
	require.ErrorIs(t, err, kafka.ErrNoTopic)
}

func TestAuthorizationRefused(t *testing.T) {
	t.Parallel()
	k := start(t)
	require.NoError(t, k.CreateTopic("in", 1))
	fill(t, k.Brokers(), "in", 0, 1)
	s := source{Brokers: k.Brokers(), Topics: []string{"in"}, Decode: decodeRecord()}
	for _, key := range []kmsg.Key{kmsg.Metadata, kmsg.ListOffsets, kmsg.Fetch} {
		h := k.Fake().Fault(kfake.Fault{Keys: []kmsg.Key{key}, Topic: "in", Err: kerr.TopicAuthorizationFailed, Count: -1})
		err := soon(t, func() error {
			splits, err := s.Splits(context.Background())
			if err != nil {
				return err
			}
			r := open(t, s)
			defer r.close()
			require.NoError(t, r.reader.Add(splits[0], 0, nil))
			return r.records(1)
		})
		require.ErrorIs(t, err, kafka.ErrUnauthorized, key.Name())
		require.True(t, operator.IsPermanent(err), key.Name())
		require.ErrorContains(t, err, "in", key.Name())
		h.Remove()
	}
	k.Fake().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.TopicAuthorizationFailed, Count: -1})
	w, _ := writer(t, sink{Brokers: k.Brokers(), Topic: "in", Encode: encodeRecord()})
	write(t, w, 0, 1)
	require.ErrorIs(t, prepared(w, 1), kafka.ErrUnauthorized)
}

func TestSASL(t *testing.T) {
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		t.Run(mechanism, func(t *testing.T) {
			t.Parallel()
			k := start(t, kfake.EnableSASL(), kfake.Superuser(mechanism, "us=er,1", "pass word"))
			require.NoError(t, k.CreateTopic("in", 2))
			conn := kafka.Connection{SASL: &kafka.SASL{Mechanism: mechanism, User: "us=er,1", Password: "pass word"}}
			with := func(s *sink) { s.Connection = conn }
			fill(t, k.Brokers(), "in", 0, 100, with)
			s := source{Brokers: k.Brokers(), Topics: []string{"in"}, Decode: decodeRecord(), Connection: conn}
			r := open(t, s).addAll(s, nil, 0, 1)
			require.NoError(t, r.records(100))
			r.close()

			// kfake hangs up where a broker answers SASL_AUTHENTICATION_FAILED; the fault is that answer.
			conn.SASL, conn.Timeout = &kafka.SASL{Mechanism: mechanism, User: "us=er,1", Password: "wrong secret"}, time.Second
			s.Connection = conn
			err := soon(t, func() error { _, err := s.Splits(context.Background()); return err })
			require.ErrorContains(t, err, "check Brokers, the network, whether the listener wants TLS, and the credentials")
			require.NotContains(t, err.Error(), "wrong secret")
			k.Fake().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.SASLAuthenticate}, Err: kerr.SaslAuthenticationFailed, TopLevel: true, Count: -1})
			err = soon(t, func() error { _, err := s.Splits(context.Background()); return err })
			require.ErrorIs(t, err, kafka.ErrUnauthorized)
			require.True(t, operator.IsPermanent(err))
		})
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	s := &kafka.SASL{User: "u", Password: "hush-hush"}
	c := kafka.Connection{SASL: s}
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%+v %#v", s, s), fmt.Sprintf("%v %+v %#v", c, c, c), fmt.Sprintf("%+v", *s), fmt.Sprintf("%#v", *s)} {
		require.NotContains(t, text, "hush-hush")
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	server, client := certificates(t)
	k := start(t, kfake.TLS(server))
	require.NoError(t, k.CreateTopic("in", 2))
	conn := kafka.Connection{TLS: client, Timeout: 2 * time.Second}
	fill(t, k.Brokers(), "in", 0, 100, func(s *sink) { s.Connection = conn })
	s := source{Brokers: k.Brokers(), Topics: []string{"in"}, Decode: decodeRecord(), Connection: conn}
	r := open(t, s).addAll(s, nil, 0, 1)
	require.NoError(t, r.records(100))
	r.close()

	_, stranger := certificates(t)
	_, late := certificates(t)
	late.RootCAs, late.Time = client.RootCAs, func() time.Time { return time.Now().Add(3 * time.Hour) }
	for name, c := range map[string]*tls.Config{
		"wrong CA": stranger, "wrong host": {RootCAs: client.RootCAs, ServerName: "example.org"}, "expired": late, "no TLS": nil,
	} {
		s.Connection = kafka.Connection{TLS: c, Timeout: time.Second}
		err := soon(t, func() error { _, err := s.Splits(context.Background()); return err })
		require.ErrorIs(t, err, kafka.ErrUnreachable, name)
	}
}

func TestCreateTopicAndEndOffsets(t *testing.T) {
	t.Parallel()
	brokers, topic := brokersWith(t, "first", 1)
	ctx := background(t)
	made := topic + "-made"
	require.NoError(t, kafka.CreateTopic(ctx, brokers, made, 3))
	require.NoError(t, kafka.CreateTopic(ctx, brokers, made, 5), "there already")
	ends, err := kafka.EndOffsets(ctx, brokers, made)
	require.NoError(t, err)
	require.Equal(t, map[int32]int64{0: 0, 1: 0, 2: 0}, ends)
	fill(t, brokers, made, 0, 10, kafkatest.ToPartition(2))
	ends, err = kafka.EndOffsets(ctx, brokers, made)
	require.NoError(t, err)
	require.EqualValues(t, 10, ends[2])
	require.ErrorContains(t, kafka.CreateTopic(ctx, brokers, topic+"-none", 0), topic+"-none")
	_, err = kafka.EndOffsets(ctx, brokers, topic+"-missing")
	require.ErrorIs(t, err, kafka.ErrNoTopic)
}

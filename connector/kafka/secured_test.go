package kafka_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/turgo-io/turgo/connector/kafka"
	"github.com/turgo-io/turgo/operator"
)

// unsecured is a token as the brokers' test validator takes it: a JWT without a signature.
func unsecured(subject string, good time.Duration) string {
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	now := time.Now().Unix()
	return part(`{"alg":"none"}`) + "." + part(fmt.Sprintf(`{"sub":%q,"iat":%d,"exp":%d}`, subject, now, now+int64(good.Seconds()))) + "."
}

// Each mechanism over TLS, at the broker of TURGO_KAFKA_SECURED with the authority in TURGO_KAFKA_CA (see
// scripts/kafka-test.sh), where sessions last 3 s: longer runs show that a token is asked for again. Without
// these, the fake broker, which knows all of them but tokens.
func TestSecuredBroker(t *testing.T) {
	t.Parallel()
	address, mechanisms := os.Getenv("TURGO_KAFKA_SECURED"), []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}
	real := address != ""
	conn := kafka.Connection{Timeout: 5 * time.Second}
	brokers := []string{address}
	if real {
		mechanisms = append(mechanisms, "OAUTHBEARER")
		conn.TLSFiles = &kafka.TLSFiles{CA: os.Getenv("TURGO_KAFKA_CA")}
	}
	for _, mechanism := range mechanisms {
		t.Run(mechanism, func(t *testing.T) {
			t.Parallel()
			conn, brokers := conn, brokers
			if !real {
				server, client := certificates(t)
				k := start(t, kfake.TLS(server), kfake.EnableSASL(), kfake.Superuser(mechanism, "job", "hush-hush"))
				conn.TLS, brokers = client, k.Brokers()
			}
			var asked atomic.Int64
			conn.SASL = &kafka.SASL{Mechanism: mechanism, User: "job", Password: "hush-hush"}
			if mechanism == "OAUTHBEARER" {
				conn.SASL = &kafka.SASL{Mechanism: mechanism, Token: func() (string, error) {
					asked.Add(1)
					return unsecured("job", 4*time.Second), nil
				}}
			}
			topic := fmt.Sprintf("secured-%s-%d", strings.ToLower(mechanism), time.Now().UnixNano())
			require.NoError(t, kafka.CreateTopic(background(t), brokers, topic, 2, conn))
			s := source{Brokers: brokers, Topics: []string{topic}, Decode: decodeRecord(), Connection: conn}
			r := open(t, s).addAll(s, nil, 0, 1)
			defer r.close()
			rounds := 1
			if real {
				rounds = 6 // past the session's end, on connections that are kept
			}
			w, _ := writer(t, sink{Brokers: brokers, Topic: topic, Encode: encodeRecord(), Key: keyOf, Connection: conn})
			for i := range rounds {
				write(t, w, i*50, 50)
				require.NoError(t, prepared(w, int64(i+1)))
				require.NoError(t, r.records((i+1)*50))
				if i+1 < rounds {
					<-time.After(time.Second)
				}
			}
			requireExactly(t, rounds*50, r.got)
			if mechanism == "OAUTHBEARER" {
				require.Greater(t, asked.Load(), int64(5), "one for each connection, and again for each that outlives its session")
			}
			refusedCredentials(t, s, real)
		})
	}
}

// refusedCredentials checks what is said of a wrong password, an expired token and another authority.
func refusedCredentials(t *testing.T, s source, real bool) {
	wrong := *s.Connection.SASL
	wrong.Password = "hush-hush-2"
	if wrong.Token != nil {
		wrong.Token = func() (string, error) { return unsecured("job", -time.Hour), nil }
	}
	good := s.Connection
	s.Connection.SASL = &wrong
	if !real {
		s.Connection.Timeout = time.Second
	}
	err := soon(t, func() error { _, err := s.Splits(context.Background()); return err })
	require.Error(t, err)
	require.NotContains(t, err.Error(), "hush-hush")
	if !real {
		return
	}
	require.ErrorIs(t, err, kafka.ErrUnauthorized)
	require.True(t, operator.IsPermanent(err))
	s.Connection = good
	s.Connection.Timeout = 2 * time.Second
	file := filepath.Join(t.TempDir(), "ca.pem")
	writePEM(t, file, "CERTIFICATE", newAuthority(t).cert.Raw)
	for what, f := range map[string]*kafka.TLSFiles{"wrong CA": {CA: file}, "wrong host": {CA: good.TLSFiles.CA, ServerName: "elsewhere"}} {
		s.Connection.TLSFiles = f
		err := soon(t, func() error { _, err := s.Splits(context.Background()); return err })
		require.ErrorIs(t, err, kafka.ErrUnreachable, what)
		require.ErrorContains(t, err, "certificate", what)
	}
}

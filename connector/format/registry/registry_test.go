package registry_test

import (
	"crypto/tls"
	"encoding/json/v2"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/turgo-io/turgo/connector/format"
	"github.com/turgo-io/turgo/connector/format/avro"
	"github.com/turgo-io/turgo/connector/format/protobuf"
	"github.com/turgo-io/turgo/connector/format/registry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is a schema registry of one process: ids from 1, whatever the subject.
type server struct {
	*httptest.Server
	mu      sync.Mutex
	schemas []stored
	asked   int
	refuse  int    // answer so many requests with 503
	want    string // Authorization header
}

type stored struct {
	Schema  string `json:"schema"`
	Type    string `json:"schemaType,omitzero"`
	ID      int    `json:"id,omitzero"`
	Subject string `json:"subject,omitzero"`
	Version int    `json:"version,omitzero"`
}

func serve(t testing.TB, secure bool) *server {
	s := &server{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /schemas/ids/{id}", s.byID)
	mux.HandleFunc("POST /subjects/{subject}", s.lookup)
	mux.HandleFunc("POST /subjects/{subject}/versions", s.create)
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asked++
		switch {
		case s.want != "" && r.Header.Get("Authorization") != s.want:
			answer(w, 401, map[string]any{"error_code": 40101, "message": "Unauthorized"})
		case s.refuse > 0:
			s.refuse--
			answer(w, 503, map[string]any{"error_code": 50301, "message": "busy"})
		default:
			mux.ServeHTTP(w, r)
		}
	}))
	if secure {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return s
}

func answer(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/vnd.schemaregistry.v1+json")
	w.WriteHeader(code)
	_ = json.MarshalWrite(w, v)
}

func (s *server) byID(w http.ResponseWriter, r *http.Request) {
	var id int
	_, _ = fmt.Sscan(r.PathValue("id"), &id)
	if id < 1 || id > len(s.schemas) {
		answer(w, 404, map[string]any{"error_code": 40403, "message": "Schema not found"})
		return
	}
	x := s.schemas[id-1]
	answer(w, 200, stored{Schema: x.Schema, Type: x.Type})
}

func (s *server) find(r *http.Request) (in stored, at int) {
	_ = json.UnmarshalRead(r.Body, &in)
	in.Subject = r.PathValue("subject")
	for i, x := range s.schemas {
		if x.Schema == in.Schema && x.Subject == in.Subject {
			return in, i
		}
	}
	return in, -1
}

func (s *server) lookup(w http.ResponseWriter, r *http.Request) {
	_, at := s.find(r)
	if at < 0 {
		answer(w, 404, map[string]any{"error_code": 40403, "message": "Schema not found"})
		return
	}
	answer(w, 200, s.schemas[at])
}

func (s *server) create(w http.ResponseWriter, r *http.Request) {
	in, at := s.find(r)
	if at < 0 {
		in.ID, in.Version, at = len(s.schemas)+1, 1, len(s.schemas)
		s.schemas = append(s.schemas, in)
	}
	answer(w, 200, map[string]any{"id": s.schemas[at].ID})
}

func (s *server) client(change ...func(*registry.Client)) registry.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableKeepAlives = true
	transport.TLSClientConfig = s.tls()
	c := registry.Client{URLs: []string{s.URL}, Subject: "payments-value", Register: true, HTTP: &http.Client{Transport: transport}}
	for _, f := range change {
		f(&c)
	}
	return c
}

func (s *server) tls() *tls.Config {
	if s.TLS == nil {
		return nil
	}
	return s.Client().Transport.(*http.Transport).TLSClientConfig
}

type payment struct {
	Card   string `avro:"card" json:"card"`
	Amount int64  `avro:"amount" json:"amount"`
}

const (
	schema = `{"type":"record","name":"Payment","fields":[{"name":"card","type":"string"},{"name":"amount","type":"long"}]}`
	older  = `{"type":"record","name":"Payment","fields":[{"name":"amount","type":"int"},{"name":"card","type":"string"}]}`
)

func TestAvro(t *testing.T) {
	s := serve(t, false)
	type old struct {
		Amount int    `avro:"amount"`
		Card   string `avro:"card"`
	}
	before, err := registry.Of(s.client(), avro.Of[old](older)).Encode(nil, &old{7, "c0"})
	require.NoError(t, err)
	require.Equal(t, []byte{0, 0, 0, 0, 1}, before[:5])

	codec := registry.Of(s.client(), avro.Of[payment](schema))
	require.NoError(t, format.Check(codec))
	var data []byte
	for range 100 {
		data, err = codec.Encode([]byte("x"), &payment{"c1", 12})
		require.NoError(t, err)
	}
	require.Equal(t, []byte{'x', 0, 0, 0, 0, 2}, data[:6])
	var got payment
	for range 100 {
		require.NoError(t, codec.Decode(before, &got))
		require.Equal(t, payment{"c0", 7}, got, "the writer's schema, resolved with the reader's")
		require.NoError(t, codec.Decode(data[1:], &got))
		require.Equal(t, payment{"c1", 12}, got)
	}
	require.LessOrEqual(t, s.asked, 6, "each schema is asked for once")
	require.ErrorIs(t, codec.Decode(nil, &got), format.ErrSkip)
}

func TestProtobuf(t *testing.T) {
	s := serve(t, false)
	codec := registry.Of(s.client(), protobuf.Of[wrapperspb.StringValue]())
	in := wrapperspb.String("hello")
	data, err := codec.Encode(nil, &in)
	require.NoError(t, err)
	var got *wrapperspb.StringValue
	require.NoError(t, codec.Decode(data, &got))
	require.Equal(t, "hello", got.Value)
	var none *wrapperspb.StringValue
	_, err = codec.Encode(nil, &none)
	require.ErrorIs(t, err, format.ErrNull)

	other := wrapperspb.Bool(true)
	data, err = registry.Of(s.client(), protobuf.Of[wrapperspb.BoolValue]()).Encode(nil, &other)
	require.NoError(t, err)
	require.ErrorContains(t, codec.Decode(data, &got), "message [6] of its file, not [7]")
	first := durationpb.New(time.Second) // a file's first message has an index of one byte
	seconds := registry.Of(s.client(), protobuf.Of[durationpb.Duration]())
	data, err = seconds.Encode(nil, &first)
	require.NoError(t, err)
	require.Zero(t, data[5])
	var d *durationpb.Duration
	require.NoError(t, seconds.Decode(data, &d))
	require.Equal(t, time.Second, d.AsDuration())
	require.ErrorContains(t, codec.Decode(data[:5], &got), "message index")
}

func TestJSON(t *testing.T) {
	s := serve(t, false)
	codec := registry.Of(s.client(), registry.JSON[payment](`{"type":"object"}`))
	data, err := codec.Encode(nil, &payment{"c1", 12})
	require.NoError(t, err)
	require.Equal(t, `{"card":"c1","amount":12}`, string(data[5:]))
	var got payment
	require.NoError(t, codec.Decode(data, &got))
	require.Equal(t, payment{"c1", 12}, got)
	require.ErrorContains(t, registry.Of(s.client(), avro.Of[payment](schema)).Decode(data, &got), "schema 1 is of kind JSON, not AVRO")
}

func TestFaults(t *testing.T) {
	s := serve(t, false)
	codec := registry.Of(s.client(func(c *registry.Client) { c.Timeout, c.Register = 300*time.Millisecond, false }), avro.Of[payment](schema))
	var got payment
	for _, unframed := range []string{"", "\x00\x00", "{\"card\":1}"} {
		require.ErrorContains(t, codec.Decode([]byte(unframed), &got), "no frame")
	}
	err := codec.Decode([]byte{0, 0, 0, 0, 9, 1}, &got)
	require.ErrorContains(t, err, "schema 9: Schema not found (code 40403)")
	require.NotErrorIs(t, err, format.ErrUnavailable, "the record's fault")
	_, err = codec.Encode(nil, &payment{})
	require.ErrorContains(t, err, "the schema of payments-value")

	s.refuse = 2
	_, err = registry.Of(s.client(), avro.Of[payment](schema)).Encode(nil, &payment{})
	require.NoError(t, err, "asked again")
	s.refuse = 1000
	require.ErrorIs(t, codec.Decode([]byte{0, 0, 0, 0, 1, 1}, &got), format.ErrUnavailable)
	s.refuse = 0
	require.Error(t, codec.Decode([]byte{0, 0, 0, 0, 1, 1}, &got), "and the next one is asked for anew")

	require.ErrorContains(t, format.Check(registry.Of(registry.Client{}, avro.Of[payment](schema))), "Client.URLs")
	require.ErrorIs(t, format.Check(registry.Of(s.client(), avro.Of[payment]("x"))), avro.ErrSchema)
	_, err = registry.Of(registry.Client{URLs: []string{s.URL}}, avro.Of[payment](schema)).Encode(nil, &payment{})
	require.ErrorContains(t, err, "Client.Subject")
	bad := registry.Of(registry.Client{}, avro.Of[payment](schema))
	require.Error(t, bad.Decode([]byte{0}, &got))
	_, err = bad.Encode(nil, &got)
	require.Error(t, err)
}

func TestCredentials(t *testing.T) {
	s := serve(t, true)
	s.want = "Basic dXNlcjpodXNoLWh1c2g=" // user:hush-hush
	with := func(c *registry.Client) { c.User, c.Password, c.Timeout = "user", "hush-hush", 300*time.Millisecond }
	_, err := registry.Of(s.client(with), avro.Of[payment](schema)).Encode(nil, &payment{})
	require.NoError(t, err)
	wrong := s.client(with, func(c *registry.Client) { c.Password = "hush-hush-2" })
	_, err = registry.Of(wrong, avro.Of[payment](schema)).Encode(nil, &payment{})
	require.ErrorIs(t, err, format.ErrUnavailable)
	require.ErrorContains(t, err, "refuses the credentials")
	s.want = "Bearer tok-hush-hush"
	_, err = registry.Of(s.client(func(c *registry.Client) { c.Token = "tok-hush-hush" }), avro.Of[payment](schema)).Encode(nil, &payment{})
	require.NoError(t, err)

	stranger := s.client(with)
	stranger.HTTP = nil // does not know the server's CA
	_, err = registry.Of(stranger, avro.Of[payment](schema)).Encode(nil, &payment{})
	require.ErrorIs(t, err, format.ErrUnavailable)
	require.ErrorContains(t, err, "certificate")
	for _, text := range []string{err.Error(), fmt.Sprintf("%v %+v %#v", wrong, wrong, wrong)} {
		require.False(t, strings.Contains(text, "hush-hush"), text)
	}
}

func FuzzDecode(f *testing.F) {
	s := serve(f, false)
	codec := registry.Of(s.client(), protobuf.Of[wrapperspb.StringValue]())
	in := wrapperspb.String("hello")
	data, err := codec.Encode(nil, &in)
	require.NoError(f, err)
	f.Add(data)
	f.Add([]byte{0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0xf})
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 4 {
			copy(data, []byte{0, 0, 0, 0, 1}) // others are the server's to refuse
		}
		var v *wrapperspb.StringValue
		if codec.Decode(data, &v) == nil {
			_, err := codec.Encode(nil, &v)
			require.NoError(t, err)
		}
	})
}

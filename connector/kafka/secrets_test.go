package kafka_test

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/turgo-io/turgo/connector/kafka"
	"github.com/turgo-io/turgo/stream"
)

// text gathers what is written.
type text struct {
	mu sync.Mutex
	b  strings.Builder
}

func (x *text) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.Write(p)
}

func (x *text) add(format string, args ...any) { fmt.Fprintf(x, format+"\n", args...) }

// A whole run, with checkpoints and with failures, tells nobody the password: not its logs, errors, counters or graph, nor
// any file that it leaves.
func TestARunKeepsItsSecrets(t *testing.T) {
	t.Parallel()
	const secret, wrong = "hush-hush-4711", "hush-hush-4712"
	dir := t.TempDir()
	server, trusted := certificates(t)
	k := start(t, kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-512", "job", secret), kfake.TLS(server))
	for _, topic := range []string{"in", "out", "dead"} {
		require.NoError(t, k.CreateTopic(topic, 2))
	}
	conn := kafka.Connection{TLS: trusted, Timeout: time.Second, SASL: &kafka.SASL{Mechanism: "SCRAM-SHA-512", User: "job", Password: secret}}
	fill(t, k.Brokers(), "in", 0, 500, func(s *sink) { s.Connection = conn })
	var said text
	run := func(conn kafka.Connection, change func(*source, *sink)) {
		s := source{Brokers: k.Brokers(), Topics: []string{"in"}, Decode: decodeRecord(), Stop: kafka.Latest(), Group: "g", Connection: conn}
		out := exactly(k.Brokers(), "out")
		out.Connection = conn
		change(&s, &out)
		log := slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug}))
		job := stream.NewJob("secrets", stream.StateDir(dir), stream.CheckpointEvery(5*time.Millisecond), stream.Logger(log), stream.Parallelism(2))
		stream.From(job, s).ID("in").To(out).ID("out")
		g, err := job.Graph()
		said.add("%v %s", err, g)
		said.add("%s %s %+v %#v %v %+v", g.Mermaid(), g.DOT(), s.Connection, out.Connection, s.Name(), out)
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		began := time.Now()
		said.add("run: %v", job.Run(ctx))
		require.Less(t, time.Since(began), 10*time.Second)
	}
	as := func(password string) kafka.Connection {
		c := conn
		c.SASL = &kafka.SASL{Mechanism: "SCRAM-SHA-512", User: "job", Password: password}
		return c
	}
	nothing := func(*source, *sink) {}
	run(as(wrong), nothing)
	run(conn, func(s *source, _ *sink) { s.Topics = []string{"nowhere"} })
	run(conn, func(_ *source, out *sink) { out.Topic = "nowhere" })
	run(conn, nothing)
	fill(t, k.Brokers(), "in", 0, 500, func(s *sink) { s.Connection = conn })
	run(conn, nothing)
	require.Contains(t, said.b.String(), "does not exist", "the runs said something")
	require.Contains(t, said.b.String(), "run: <nil>")

	files := 0
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		data, err := os.ReadFile(path)
		said.add("%s %s", path, data)
		return err
	}))
	require.Positive(t, files)
	require.NotContains(t, said.b.String(), "hush-hush")
}

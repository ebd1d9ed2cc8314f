package connectortest_test

import (
	"context"
	"encoding/binary"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/connector/connectortest"
	"github.com/turgo-io/turgo/operator"
)

// fault is what is wrong with the connectors of this test; empty: nothing.
type fault string

// brokenBy names the fault to the process that runs the suite on it.
const brokenBy = "CONNECTORTEST_FAULT"

// TestSuite runs the suite on a source and a sink, with the fault that TestFaultsAreFound asks for.
func TestSuite(t *testing.T) {
	f := fault(os.Getenv(brokenBy))
	values := []int{10, 11, 12, 13, 14, 15, 16, 17, 18, 19}
	shared, calls := slices.Clone(values), 0
	connectortest.Source(t, connectortest.SourceCase[int]{
		New:  func() operator.Source[int] { return &source{f, shared, &calls} },
		Want: values,
	})
	connectortest.Sink(t, connectortest.SinkCase[int]{
		New: func(*testing.T) (operator.Sink[int], func() []int) {
			s := &sink{fault: f, staged: map[int64][]int{}}
			return s, func() []int { return s.values }
		},
		Values: values,
	})
}

func TestFaultsAreFound(t *testing.T) {
	for f, says := range map[fault]string{
		"loses on restore":         "cut after record",
		"repeats on restore":       "cut after record",
		"gives its own memory":     "a receiver changed its copy",
		"swallows errors":          "the receiver failed",
		"changes its splits":       "Splits must name the same splits each time",
		"commits too early":        "exactly once",
		"forgets a failed one":     "exactly once",
		"ignores payloads":         "exactly once",
		"keeps what is not its":    "exactly once",
		"names no error":           "Should NOT be empty",
		"waits for its background": "test timed out",
	} {
		t.Run(string(f), func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSuite$", "-test.timeout=5s")
			cmd.Env = append(os.Environ(), brokenBy+"="+string(f))
			out, err := cmd.CombinedOutput()
			require.Error(t, err, "the suite did not notice")
			require.Contains(t, string(out), says)
		})
	}
}

// source is a source of one split.
type source struct {
	fault  fault
	values []int
	calls  *int // of Splits
}

func (s *source) Name() string {
	if s.fault == "names no error" {
		return ""
	}
	return "test"
}

func (*source) Validate() error { return nil }

func (s *source) Splits(context.Context) ([]operator.Split, error) {
	if s.fault == "changes its splits" {
		*s.calls++
		return []operator.Split{{ID: strconv.Itoa(*s.calls)}}, nil
	}
	return []operator.Split{{ID: "only"}}, nil
}

func (s *source) Reader(operator.Context) (operator.Reader[int], error) {
	return &reader{source: s, at: -1}, nil
}

type reader struct {
	*source
	number  int32
	at      int // -1: not added
	scratch int
}

func (r *reader) Add(_ operator.Split, number int32, position []byte) error {
	r.number, r.at = number, 0
	if position != nil {
		n, _ := binary.Uvarint(position)
		r.at = int(n)
		switch {
		case r.fault == "loses on restore" && r.at > 0:
			r.at++
		case r.fault == "repeats on restore" && r.at > 0:
			r.at--
		}
	}
	return nil
}

func (r *reader) Poll(out *operator.Emitter[int], limit int) (operator.Status, int64, error) {
	if r.at < 0 || r.at >= len(r.values) {
		return operator.Done, 0, nil
	}
	out.Split(r.number)
	for ; limit > 0 && r.at < len(r.values); limit-- {
		v := &r.values[r.at]
		if r.fault != "gives its own memory" {
			r.scratch = *v
			v = &r.scratch
		}
		r.at++
		if err := out.Emit(operator.NoTime, v); err != nil && r.fault != "swallows errors" {
			return operator.Done, 0, err
		}
	}
	return operator.Ready, 0, nil
}

func (r *reader) Positions(yield func(string, []byte)) {
	if r.at >= 0 {
		yield("only", binary.AppendUvarint(nil, uint64(r.at)))
	}
}

func (*reader) Close() error { return nil }

// sink stages what is prepared under a number of its own, and commits it by the number in the payload.
type sink struct {
	fault  fault
	values []int
	next   int64
	staged map[int64][]int
}

func (*sink) Name() string                  { return "test" }
func (*sink) Validate() error               { return nil }
func (*sink) Guarantee() operator.Guarantee { return operator.ExactlyOnce }

func (s *sink) Writer(c operator.Context) (operator.Writer[int], error) {
	for _, p := range c.Env().Payloads {
		for len(p) > 0 && s.fault != "ignores payloads" {
			id, n := binary.Uvarint(p)
			s.commit(int64(id))
			p = p[n:]
		}
	}
	return &sinkWriter{sink: s, env: c.Env()}, nil
}

func (s *sink) commit(id int64) {
	s.values = append(s.values, s.staged[id]...)
	delete(s.staged, id)
}

type sinkWriter struct {
	*sink
	env     *operator.Env
	pending []int
	mine    []int64 // staged and not committed
	of      []int64 // the checkpoints of mine
}

func (w *sinkWriter) Write(_ int64, v *int) error {
	w.pending = append(w.pending, *v)
	if w.fault == "commits too early" && len(w.pending) == 1 {
		w.values = append(w.values, w.pending...)
		w.pending = nil
	}
	return nil
}

func (w *sinkWriter) Flush() error { return nil }

func (w *sinkWriter) Prepare(checkpoint int64, done func([]byte, error)) {
	if w.fault == "waits for its background" {
		var job sync.WaitGroup
		job.Add(1)
		w.env.Executor.Go("test", job.Done)
		job.Wait()
	}
	w.next++
	w.staged[w.next], w.pending = w.pending, nil
	w.mine, w.of = append(w.mine, w.next), append(w.of, checkpoint)
	var payload []byte
	for _, id := range w.mine {
		payload = binary.AppendUvarint(payload, uint64(id))
	}
	done(payload, nil)
}

func (w *sinkWriter) Commit(checkpoint int64) error {
	for len(w.of) > 0 && w.of[0] <= checkpoint {
		if w.of[0] == checkpoint || w.fault != "forgets a failed one" {
			w.commit(w.mine[0])
		}
		w.mine, w.of = w.mine[1:], w.of[1:]
	}
	return nil
}

func (w *sinkWriter) Close() error {
	if w.fault == "keeps what is not its" {
		w.values = append(w.values, w.pending...)
	}
	return nil
}

func TestClock(t *testing.T) {
	var c connectortest.Clock
	require.Zero(t, c.Now())
	c.Set(5)
	c.Set(3)
	require.Equal(t, int64(5), c.Now(), "a clock does not go back")
}

func TestSteps(t *testing.T) {
	var s connectortest.Steps
	var got []int
	s.Go("a", func() {
		got = append(got, 1)
		s.Go("b", func() { got = append(got, 3) })
	})
	s.Go("c", func() { got = append(got, 2) })
	require.True(t, s.RunNext())
	require.Equal(t, []int{1}, got)
	s.Wait()
	require.Equal(t, []int{1, 2, 3}, got)
	require.False(t, s.RunNext())
}

func TestEnv(t *testing.T) {
	e := connectortest.Env(t.Context(), 1, 3)
	e.Wake()
	e.Wake() // nobody listens: it does not block
	c := operator.NewContext(e)
	require.Equal(t, 1, c.Subtask())
	require.Equal(t, 3, c.Parallelism())
	ran := make(chan bool, 1)
	e.Executor.Go("job", func() { ran <- true })
	require.True(t, <-ran)
}

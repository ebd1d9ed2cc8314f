package stdout_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/connector/connectortest"
	"github.com/turgo-io/turgo/connector/stdout"
	"github.com/turgo-io/turgo/operator"
)

func open[T any](t *testing.T, s *stdout.Sink[T]) operator.Writer[T] {
	t.Helper()
	w, err := s.Writer(operator.NewContext(connectortest.Env(t.Context(), 0, 1)))
	require.NoError(t, err)
	return w
}

func TestSink(t *testing.T) {
	var values []string
	for i := range 60 {
		values = append(values, fmt.Sprint("line ", i))
	}
	connectortest.Sink(t, connectortest.SinkCase[string]{
		New: func(*testing.T) (operator.Sink[string], func() []string) {
			var out bytes.Buffer
			return &stdout.Sink[string]{Out: &out}, func() []string {
				return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
			}
		},
		Values: values,
	})
}

func TestFormats(t *testing.T) {
	type pair struct {
		Key string
		N   int
	}
	var out bytes.Buffer
	prints := func(write func()) string {
		out.Reset()
		write()
		return out.String()
	}
	write := func(w operator.Writer[pair], v pair) {
		require.NoError(t, w.Write(0, &v))
		require.NoError(t, w.Flush())
	}
	text, raw := "a\x00b", []byte("bytes")
	for _, c := range []struct {
		name, want string
		write      func()
	}{
		{"struct", "{to 2}\n", func() { write(open(t, &stdout.Sink[pair]{Out: &out}), pair{"to", 2}) }},
		{"format and prefix", "# to=2\n", func() {
			write(open(t, &stdout.Sink[pair]{Out: &out, Prefix: "# ", Format: func(dst []byte, p *pair) []byte {
				return fmt.Appendf(dst, "%s=%d", p.Key, p.N)
			}}), pair{"to", 2})
		}},
		{"string", "a\x00b\n", func() {
			w := open(t, &stdout.Sink[string]{Out: &out})
			require.NoError(t, w.Write(0, &text))
			require.NoError(t, w.Flush())
		}},
		{"bytes", "bytes\n", func() {
			w := open(t, &stdout.Sink[[]byte]{Out: &out})
			require.NoError(t, w.Write(0, &raw))
			w.Prepare(1, func(_ []byte, err error) { require.NoError(t, err) })
		}},
		{"dropped", "", func() {
			w := open(t, &stdout.Sink[[]byte]{Out: &out})
			require.NoError(t, w.Write(0, &raw))
			require.NoError(t, w.Close())
		}},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, prints(c.write)) })
	}
}

// whole demands that each Write holds whole lines, one at a time.
type whole struct {
	t    *testing.T
	busy sync.Mutex
	n    int
}

func (w *whole) Write(p []byte) (int, error) {
	if !w.busy.TryLock() {
		w.t.Error("two writes at a time")
		return len(p), nil
	}
	defer w.busy.Unlock()
	for line := range strings.SplitAfterSeq(string(p), "\n") {
		if line != "" && line != "0123456789\n" {
			w.t.Errorf("torn line %q", line)
		}
		w.n += len(line)
	}
	return len(p), nil
}

func TestSubtasksTakeTurns(t *testing.T) {
	out := &whole{t: t}
	sink := &stdout.Sink[string]{Out: out}
	var tasks sync.WaitGroup
	for range 4 {
		w := open(t, sink)
		tasks.Go(func() {
			v := "0123456789"
			for range 20_000 {
				if err := w.Write(0, &v); err != nil {
					t.Error(err)
				}
			}
			if err := w.Flush(); err != nil {
				t.Error(err)
			}
		})
	}
	tasks.Wait()
	require.Equal(t, 4*20_000*11, out.n)
}

type broken struct{}

var errBroken = errors.New("pipe closed")

func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestBrokenWriter(t *testing.T) {
	w := open(t, &stdout.Sink[int]{Out: broken{}})
	v := 1
	require.NoError(t, w.Write(0, &v))
	w.Prepare(1, func(_ []byte, err error) { require.ErrorIs(t, err, errBroken) })
	require.ErrorContains(t, func() (err error) {
		for err == nil {
			err = w.Write(0, &v)
		}
		return err
	}(), "stdout: print: pipe closed")
}

func TestPrintGoesToStandardOutput(t *testing.T) {
	s := stdout.Print[int]()
	require.Nil(t, s.Out)
	require.Equal(t, operator.AtLeastOnce, s.Guarantee())
}

func ExamplePrint() {
	w, err := stdout.Print[string]().Writer(operator.NewContext(&operator.Env{}))
	if err != nil {
		panic(err)
	}
	v := "to be"
	_ = w.Write(operator.NoTime, &v)
	_ = w.Flush()
	// Output: to be
}

func BenchmarkWrite(b *testing.B) {
	sink := &stdout.Sink[string]{Out: discard{}}
	w, err := sink.Writer(operator.NewContext(connectortest.Env(b.Context(), 0, 1)))
	require.NoError(b, err)
	v := "a line of text"
	b.ReportAllocs()
	for b.Loop() {
		err = w.Write(0, &v)
	}
	require.NoError(b, err)
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

package stream_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/connector/memory"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/stream"
)

// tally counts each key's numbers and tells the count by a timer at the end of event time.
type tally struct {
	n     state.Value[int]
	total state.Map[string, int64]
}

func (f *tally) Open(c operator.Context) error {
	f.n, f.total = state.NewValue[int](c, "n"), state.NewMap[string, int64](c, "total")
	return nil
}

func (f *tally) Process(c operator.KeyedContext[int], v int, out *operator.Collector[string]) error {
	*f.n.Ref()++
	*f.total.Ref("sum") += int64(v)
	if n, _ := f.n.Get(); n == 1 { // once, in the first run: later runs must find it
		c.SetTimer(second(1_000_000))
	}
	return nil
}

func (f *tally) OnTimer(c operator.KeyedContext[int], at time.Time, out *operator.Collector[string]) error {
	n, _ := f.n.Get()
	sum, _ := f.total.Get("sum")
	out.Emit(fmt.Sprint(c.Key(), ": ", n, " ", sum))
	return nil
}

// resumed is a job that is run in parts: each run has a source that gives some of the numbers and then waits, and is
// cancelled then; or it is cancelled when a number passes.
type resumed struct {
	dir string
	out *memory.Collector[string]
}

const resumeSize, resumeKeys = 4000, 50

func (r *resumed) run(t *testing.T, limit, stopAt int, opts ...stream.Option) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if stopAt == 0 {
		cancel()
	}
	in := count{n: limit, splits: 4}
	if limit < resumeSize {
		in.idle = cancel
	}
	job := stream.NewJob("resumed", append([]stream.Option{stream.Logger(nil), stream.StateDir(r.dir)}, opts...)...)
	stream.From(job, in).ID("numbers").
		Map(func(v int) int {
			if v == stopAt {
				cancel()
			}
			return v
		}).
		EventTime(second, stream.OutOfOrder(time.Hour*24)).
		KeyBy(func(v int) int { return v % resumeKeys }).
		Process(func() operator.Keyed[int, int, string] { return &tally{} }).ID("tally").
		To(r.out).ID("out")
	require.NoError(t, soon(t, ctx, job))
}

func (r *resumed) want() (all []string) {
	for k := range resumeKeys {
		n, sum := 0, 0
		for v := k; v < resumeSize; v += resumeKeys {
			n, sum = n+1, sum+v
		}
		all = append(all, fmt.Sprint(k, ": ", n, " ", sum))
	}
	return all
}

// A job that is cancelled and run again goes on exactly, at the same parallelism and at others.
func TestRunsGoOn(t *testing.T) {
	for name, parallelisms := range map[string][]int{"same": {2, 2, 2, 2}, "rescaled": {1, 2, 3, 1}, "down": {4, 3, 1, 5}} {
		t.Run(name, func(t *testing.T) {
			r := &resumed{t.TempDir(), memory.Committed[string]()}
			for i, p := range parallelisms {
				r.run(t, resumeSize*i/len(parallelisms), 0, stream.Parallelism(p)) // cancelled before it began: nothing changes
				r.run(t, resumeSize*(i+1)/len(parallelisms), -1, stream.Parallelism(p))
				if i < len(parallelisms)-1 {
					require.Empty(t, r.out.Values(), "after run %d", i)
				}
			}
			require.ElementsMatch(t, r.want(), r.out.Values())
			r.run(t, resumeSize, -1, stream.Parallelism(2)) // and a finished job has nothing left to do
			require.ElementsMatch(t, r.want(), r.out.Values())
		})
	}
}

// keeper is a job over one state struct.
func keeper[S any](dir, job, id string, fn func(s *S, v int) string, opts ...stream.Option) ([]string, error) {
	out := memory.Collect[string]()
	j := stream.NewJob(job, append([]stream.Option{stream.Logger(nil), stream.StateDir(dir), stream.Parallelism(1)}, opts...)...)
	stream.From(j, memory.Of(1, 2, 3)).ID(fmt.Sprint("source of ", id)). // a new source, so there is something to read
										KeyBy(func(int) string { return "k" }).
										WithState(fn).ID(id).To(out).ID("out")
	err := j.Run(context.Background())
	return out.Values(), err
}

type v1 struct {
	Sum  int32
	Name string
	Gone bool
}

func sumV1(s *v1, v int) string {
	s.Sum += int32(v)
	s.Name, s.Gone = "n", true
	return fmt.Sprint(s.Sum)
}

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	dir := t.TempDir()
	_, err := keeper(dir, "job", "sums", sumV1)
	require.NoError(t, err)

	_, err = keeper(dir, "other", "sums", sumV1)
	require.ErrorContains(t, err, `job "job"`)
	require.ErrorContains(t, err, `"other"`)

	_, err = keeper(dir, "job", "sums", sumV1, stream.MaxParallelism(64))
	require.ErrorContains(t, err, "stream.MaxParallelism(128)")

	values, err := keeper(dir, "job", "renamed", sumV1)
	require.ErrorContains(t, err, "sums")
	require.ErrorContains(t, err, "AllowNonRestoredState")
	require.Empty(t, values)

	values, err = keeper(dir, "job", "renamed", sumV1, stream.AllowNonRestoredState())
	require.NoError(t, err)
	require.Equal(t, []string{"1", "3", "6"}, values)

	// It is dropped now: the old id begins anew.
	values, err = keeper(dir, "job", "sums", sumV1, stream.AllowNonRestoredState())
	require.NoError(t, err)
	require.Equal(t, []string{"1", "3", "6"}, values)
}

func TestStateStructsEvolve(t *testing.T) {
	again := stream.AllowNonRestoredState() // the source's id changes, so that there is something to read
	key := func(int) string { return "k" }
	run := func(t *testing.T, dir, source string, build func(*stream.Keyed[string, int]) *stream.Stream[string]) ([]string, error) {
		out := memory.Collect[string]()
		j := stream.NewJob("evolves", stream.Logger(nil), stream.StateDir(dir), stream.Parallelism(1), again)
		build(stream.From(j, memory.Of(1, 2, 3)).ID(source).KeyBy(key)).ID("sums").To(out).ID("out")
		err := j.Run(context.Background())
		return out.Values(), err
	}
	with := func(k *stream.Keyed[string, int]) *stream.Stream[string] { return k.WithState(sumV1).Stream }
	t.Run("fits", func(t *testing.T) {
		dir := t.TempDir()
		_, err := run(t, dir, "a", with)
		require.NoError(t, err)
		type v2 struct {
			New  []string
			Name string
			Sum  int64
		}
		values, err := run(t, dir, "b", func(k *stream.Keyed[string, int]) *stream.Stream[string] {
			return k.WithState(func(s *v2, v int) string {
				s.Sum += int64(v) << 32
				s.New = append(s.New, s.Name)
				return fmt.Sprint(s.Sum, " ", s.New)
			}).Stream
		})
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(6+int64(1)<<32, " [n]"), values[0])
		values, err = run(t, dir, "c", func(k *stream.Keyed[string, int]) *stream.Stream[string] {
			return k.WithState(func(s *v2, v int) string { return fmt.Sprint(s.Sum, " ", len(s.New)) }).Stream
		})
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(6+int64(6)<<32, " ", 3), values[0])
	})
	t.Run("does not fit", func(t *testing.T) {
		dir := t.TempDir()
		_, err := run(t, dir, "a", with)
		require.NoError(t, err)
		type v2 struct {
			Sum  string
			Name string
		}
		values, err := run(t, dir, "b", func(k *stream.Keyed[string, int]) *stream.Stream[string] {
			return k.WithState(func(s *v2, v int) string { return s.Sum }).Stream
		})
		for _, part := range []string{"sums", "state", "Sum", "int32", "string"} {
			require.ErrorContains(t, err, part)
		}
		require.Empty(t, values)
		values, err = run(t, dir, "c", with) // nothing was harmed
		require.NoError(t, err)
		require.Equal(t, []string{"7", "9", "12"}, values)
	})
}

// journal is a log that can be looked into.
type journal struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.String()
}

func (j *journal) option() stream.Option { return stream.Logger(slog.New(slog.NewTextHandler(j, nil))) }

// Cancelled at whatever moment, a job stops without an error, and the next run goes on exactly.
func TestCancelledAnywhere(t *testing.T) {
	for round := range 20 {
		r := &resumed{t.TempDir(), memory.Committed[string]()}
		stops := []int{(round * 37) % 300, 800 + round*53, 2500 + round*11}
		slices.Sort(stops)
		for i, s := range stops {
			r.run(t, resumeSize, s, stream.Parallelism(1+(round+i)%3), stream.CheckpointEvery(time.Duration(round%4)*time.Millisecond/2))
		}
		r.run(t, resumeSize, -1, stream.Parallelism(2))
		require.ElementsMatch(t, r.want(), r.out.Values(), "round %d", round)
	}
}

// Two jobs do not share a directory: the second is refused, and the first is not disturbed.
func TestOneJobADirectory(t *testing.T) {
	dir := t.TempDir()
	var second error
	job := func(during func()) (*stream.Job, *memory.Collector[int]) {
		out := memory.Collect[int]()
		j := stream.NewJob("alone", stream.Logger(nil), stream.StateDir(dir), stream.Parallelism(1))
		stream.From(j, memory.Of(1)).ID("in").KeyBy(func(v int) int { return v }).WithState(func(n *int, v int) int {
			during()
			*n++
			return *n
		}).To(out)
		return j, out
	}
	other, _ := job(func() {})
	first, out := job(func() { second = other.Run(context.Background()) })
	require.NoError(t, first.Run(context.Background()))
	require.ErrorContains(t, second, "in use")
	require.ErrorContains(t, second, dir)
	require.Equal(t, []int{1}, out.Values())
	require.NoError(t, other.Run(context.Background())) // it is free now
}

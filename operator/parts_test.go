package operator_test

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/operator"
)

func TestPermanent(t *testing.T) {
	require.NoError(t, operator.Permanent(nil))
	require.False(t, operator.IsPermanent(io.EOF))
	require.False(t, operator.IsPermanent(nil))
	err := fmt.Errorf("reading: %w", operator.Permanent(io.EOF))
	require.True(t, operator.IsPermanent(err))
	require.True(t, operator.IsPermanent(&operator.RecordError{Operator: "map", Err: err}))
	require.ErrorIs(t, err, io.EOF)
	require.EqualError(t, err, "reading: EOF")
}

func TestRecordError(t *testing.T) {
	err := &operator.RecordError{Operator: "map", Subtask: 2, Position: "payments-1@77", Stack: "main.go:7", Err: io.EOF}
	require.EqualError(t, err, "operator: map[2]: EOF (at payments-1@77)\nmain.go:7")
	require.ErrorIs(t, err, io.EOF)
	require.EqualError(t, &operator.RecordError{Operator: "map", Err: io.EOF}, "operator: map[0]: EOF")
	require.ErrorIs(t, operator.Recovered("map", 0, io.EOF), io.EOF)
	require.ErrorContains(t, operator.Recovered("map", 1, 42), "operator: map[1]: panic: 42\ngoroutine ")
}

func TestNames(t *testing.T) {
	for k, want := range []string{"watermark", "idle", "barrier", "end", "flush", "split-added", "split-idle", "split-done"} {
		kind := operator.MarkKind(k)
		require.Equal(t, want, kind.String())
		require.Equal(t, k >= 4, kind.Local(), want)
	}
	require.Equal(t, "at-least-once idempotent exactly-once", fmt.Sprint(operator.AtLeastOnce, operator.Idempotent, operator.ExactlyOnce))
}

func TestCounters(t *testing.T) {
	var all operator.Counters
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				all.Get("b", "late").Add(1)
				all.Get("a", "late").Add(2)
			}
		})
	}
	wg.Wait()
	all.Get("a", "early")
	var got []string
	for _, c := range all.All() {
		got = append(got, fmt.Sprint(c.Operator, " ", c.Name, " ", c.Value()))
	}
	require.Equal(t, []string{"a early 0", "a late 800", "b late 400"}, got)
	var none *operator.Counters
	none.Get("a", "late").Add(1) // counts into nothing
}

// failing is an output that fails at the n-th record.
type failing struct {
	sink[int]
	at int
}

var errFull = errors.New("full")

func (f *failing) Push(time int64, v *int) error {
	if f.at--; f.at == 0 {
		return errFull
	}
	return f.sink.Push(time, v)
}

// A collector keeps the first error, drops what comes behind it, and goes on once it was asked.
func TestCollector(t *testing.T) {
	out := &failing{sink: sink[int]{keep: true}, at: 2}
	c := operator.NewCollector[int](out)
	c.Emit(1)
	c.At(7)
	c.Emit(2)
	c.Emit(3)
	require.ErrorIs(t, c.Err(), errFull)
	require.NoError(t, c.Err())
	c.EmitAt(time.Unix(0, 9), 4)
	c.Emit(5)
	require.Equal(t, []operator.Record[int]{{Time: operator.NoTime, Value: 1}, {Time: 9, Value: 4}, {Time: 7, Value: 5}}, out.recs)
	nothing := operator.NewCollector[int](nil)
	nothing.Emit(1)
	require.NoError(t, nothing.Err())
}

func TestContext(t *testing.T) {
	b, env := backendFor(t)
	env.Subtask, env.Parallelism, env.Attempt, env.Task.Split, env.Task.Watermark = 2, 3, 4, 5, 6
	*env.Clock.(*fixedClock) = 1_000_000_000
	c := operator.NewContext(env)
	require.Equal(t, "job op id 2 3 128 4 5", fmt.Sprint(c.Job(), " ", c.Name(), " ", c.ID(), " ", c.Subtask(), " ", c.Parallelism(), " ", c.MaxParallelism(), " ", c.Attempt(), " ", c.Split()))
	require.Equal(t, time.Unix(1, 0).UTC(), c.Now())
	require.Equal(t, time.Unix(0, 6).UTC(), c.Watermark())
	require.Same(t, env, c.Env())
	require.Equal(t, env.Ctx, c.Context())
	require.Same(t, env.Log, c.Log())
	require.Same(t, env.Scope, c.StateScope())
	c.Counter("n").Add(3)
	require.Equal(t, int64(3), env.Counters.Get("id", "n").Value())
	c.Enter()
	require.Equal(t, env.Index, env.Task.Operator)
	require.NoError(t, b.Close())
	require.WithinDuration(t, time.Now(), time.Unix(0, operator.SystemClock{}.Now()), time.Minute)
}

func TestSideOfAnotherType(t *testing.T) {
	b, env := backendFor(t)
	numbers, texts := operator.NewSide[int]("rest"), operator.NewSide[string]("rest")
	c := operator.NewContext(env)
	require.Equal(t, "rest", numbers.Name())
	require.False(t, numbers.Connected(c))
	r, err := numbers.Receiver(c)
	require.NoError(t, err)
	require.Nil(t, r)
	env.Sides["rest"] = operator.Receiver[int](&sink[int]{})
	require.True(t, numbers.Connected(c))
	_, err = texts.Receiver(c)
	require.EqualError(t, err, `operator: side output "rest" of op: the operator puts out string, the stream was made with another type`)
	_, err = texts.Output(c)
	require.Error(t, err)
	require.NoError(t, b.Close())
}

func TestEmitter(t *testing.T) {
	out := &sink[int]{keep: true}
	e := operator.Emitter[int]{Next: out, Task: &operator.TaskState{}}
	e.Split(3)
	for v := range 2 {
		require.NoError(t, e.Emit(int64(v), &v))
	}
	require.NoError(t, e.Idle(3))
	require.NoError(t, e.Done(4))
	require.Equal(t, int32(3), e.Task.Split)
	require.Equal(t, uint64(2), e.N)
	require.Equal(t, []operator.Mark{{Kind: operator.SplitIdle, Value: 3}, {Kind: operator.SplitDone, Value: 4}}, out.marks)
}

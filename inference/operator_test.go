package inference_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference"
	"github.com/turgo-io/turgo/operator"
)

// rig runs an operator as a task would, with a clock that the test sets, and writes down what it hands on.
type rig[In, R any] struct {
	t      *testing.T
	op     operator.Operator[In, R]
	env    *operator.Env
	now    int64
	cancel context.CancelFunc
	trace  []string
}

func (r *rig[In, R]) Now() int64 { return r.now }

// recorder is a receiver that adds what it gets to the trace.
type recorder[T any] struct {
	trace *[]string
	task  *operator.TaskState
	name  string
}

func (l recorder[T]) Push(time int64, v *T) error {
	at := ""
	if time != operator.NoTime {
		at = fmt.Sprintf("@%d", time)
	}
	if l.task.Split != 0 {
		at += fmt.Sprintf("/%d", l.task.Split)
	}
	*l.trace = append(*l.trace, fmt.Sprintf("%s%v%s", l.name, *v, at))
	return nil
}

func (l recorder[T]) Mark(m operator.Mark) error {
	if m.At != 0 {
		return errors.New("a mark outside of a batch has a place")
	}
	*l.trace = append(*l.trace, fmt.Sprintf("%s%v", m.Kind.String()[:1], m.Value))
	return nil
}

// newRig opens the operator of a factory. sides are its side outputs.
func newRig[In, R any](t *testing.T, f operator.Factory[In, R], sides ...operator.Side[inference.Failed[In]]) *rig[In, R] {
	t.Helper()
	require.NoError(t, f.(interface{ Validate() error }).Validate())
	ctx, cancel := context.WithCancel(t.Context())
	r := &rig[In, R]{t: t, op: f.New(), now: 1000, cancel: cancel}
	r.env = &operator.Env{
		Name: f.Name(), ID: f.Name(), Parallelism: 1, Ctx: ctx, Log: slog.New(slog.DiscardHandler), Clock: r,
		Task: &operator.TaskState{Operator: -1}, Index: 3, Counters: &operator.Counters{}, Sides: map[string]any{},
	}
	for _, s := range sides {
		r.env.Sides[s.Name()] = sideLog[In]{recorder[inference.Failed[In]]{&r.trace, r.env.Task, "failed:"}}
	}
	require.NoError(t, r.op.Open(operator.NewContext(r.env), recorder[R]{&r.trace, r.env.Task, ""}))
	t.Cleanup(func() {
		cancel()
		require.NoError(t, r.op.Close())
	})
	return r
}

// sideLog writes failures short.
type sideLog[In any] struct{ recorder[inference.Failed[In]] }

func (l sideLog[In]) Push(time int64, v *inference.Failed[In]) error {
	if v.Time != time {
		return errors.New("the failure's time is not the record's")
	}
	*l.trace = append(*l.trace, fmt.Sprintf("failed:%v:%s:%s", v.Value, v.Model, v.Err))
	return nil
}

// push hands in records; their event time is their place in the call.
func (r *rig[In, R]) push(values ...In) *rig[In, R] {
	r.t.Helper()
	for i := range values {
		require.NoError(r.t, r.op.Push(int64(i), &values[i]))
	}
	return r
}

func (r *rig[In, R]) mark(kind operator.MarkKind, value int64) *rig[In, R] {
	r.t.Helper()
	require.NoError(r.t, r.op.Mark(operator.Mark{Kind: kind, Value: value}))
	return r
}

// after lets time go by, and ticks as the runtime does.
func (r *rig[In, R]) after(d time.Duration) *rig[In, R] {
	r.t.Helper()
	r.now += d.Nanoseconds()
	timed := r.op.(operator.Timed)
	if due := timed.Deadline(); due != 0 && due <= r.now {
		require.NoError(r.t, timed.Tick(r.now))
	}
	return r
}

// got returns what was handed on since the last call.
func (r *rig[In, R]) got() string {
	s := strings.Join(r.trace, " ")
	r.trace = nil
	return s
}

func (r *rig[In, R]) count(name string) int64 { return r.env.Counters.Get("predict", name).Value() }

// batches is a model that gives each number together with the size of its batch, and fails for negative ones.
func batches() *inference.Model {
	return inference.Custom(func(context.Context) (inference.Predictor[int, string], error) { return sizes{}, nil }, inference.Named("sizes"))
}

type sizes struct{}

var errNegative = errors.New("negative")

func (sizes) Predict(_ context.Context, in []int, out []string) error {
	for i, v := range in {
		if out[i] != "" {
			return errors.New("predictions must come in empty")
		}
		if v < 0 {
			return errNegative
		}
		out[i] = fmt.Sprintf("%d/%d", v, len(in))
	}
	return nil
}

func second[A, B any](_ A, b B) B { return b }

func TestBatchesFillUp(t *testing.T) {
	r := newRig(t, inference.Predict(batches(), inference.Batch{Max: 3}, second[int, string]))
	require.Equal(t, "", r.push(1, 2).got())
	require.Equal(t, "1/3@0 2/3@1 3/3@0", r.push(3).got())
	require.Equal(t, "4/3@0 5/3@1 6/3@2", r.push(4, 5, 6, 7).got())
	require.Equal(t, "7/1@3 e0", r.mark(operator.End, 0).got())
	require.Equal(t, []int64{3, 7, 0}, []int64{r.count("batches"), r.count("rows"), r.count("errors")})

	one := newRig(t, inference.Predict(batches(), inference.Batch{Max: 1}, second[int, string]))
	require.Equal(t, "1/1@0 2/1@1", one.push(1, 2).got())
}

func TestDelayBoundsTheWait(t *testing.T) {
	r := newRig(t, inference.Predict(batches(), inference.Batch{Delay: 10 * time.Millisecond}, second[int, string]))
	timed := r.op.(operator.Timed)
	require.Zero(t, timed.Deadline(), "with nothing gathered there is nothing to wait for")
	r.push(1).after(6 * time.Millisecond).push(2)
	require.Equal(t, int64(1000+10e6), timed.Deadline(), "the oldest record's wait counts")
	require.Equal(t, "", r.after(3*time.Millisecond).got())
	require.Equal(t, "1/2@0 2/2@0", r.after(time.Millisecond).got())
	require.Zero(t, timed.Deadline())
	require.Equal(t, "", r.after(time.Hour).got())
	require.NoError(t, timed.Tick(r.now), "a tick that is not due does nothing")
	require.Equal(t, "3/1@0", r.push(3).after(10*time.Millisecond).got())
}

func TestFlushWhenNothingIsToRead(t *testing.T) {
	r := newRig(t, inference.Predict(batches(), inference.Batch{}, second[int, string]))
	require.Equal(t, "1/2@0 2/2@1 f0", r.push(1, 2).mark(operator.Flush, 0).got())
	require.Equal(t, "f0", r.mark(operator.Flush, 0).got())
	require.Equal(t, "3/1@0 i0", r.push(3).mark(operator.Idle, 0).got())

	wait := newRig(t, inference.Predict(batches(), inference.Batch{Wait: true}, second[int, string]))
	require.Equal(t, "f0", wait.push(1).mark(operator.Flush, 0).got(), "what comes later need not wait too")
	require.Equal(t, "", wait.push(2).mark(operator.Idle, 0).got())
	require.Equal(t, "1/2@0 2/2@0 i0", wait.after(2*time.Millisecond).got(), "the default delay")
}

func TestMarksKeepTheirPlaces(t *testing.T) {
	r := newRig(t, inference.Predict(batches(), inference.Batch{Max: 4}, second[int, string]))
	require.Equal(t, "w1", r.mark(operator.Watermark, 1).got(), "nothing gathered: handed on at once")
	r.push(1).mark(operator.Watermark, 2).mark(operator.Watermark, 3)
	r.push(2).mark(operator.SplitDone, 7).mark(operator.Watermark, 4).mark(operator.Watermark, 5)
	r.push(3)
	require.Equal(t, "1/4@0 w3 2/4@0 s7 w5 3/4@0 4/4@0", r.push(4).got(), "one batch; of watermarks at one place the last is enough")
	r.push(5).mark(operator.Watermark, 6)
	require.Equal(t, "5/1@0 w6 b9", r.mark(operator.Barrier, 9).got(), "a barrier finds nothing in flight")
	require.Equal(t, "b10", r.mark(operator.Barrier, 10).got())
	r.push(6).mark(operator.Watermark, operator.MaxTime)
	require.Equal(t, fmt.Sprintf("6/1@0 w%d", operator.MaxTime), r.got(), "behind it nothing comes to wait for")
	require.Equal(t, "e0", r.mark(operator.End, 0).got())
}

func TestIdleAndWatermarksWhileWaiting(t *testing.T) {
	r := newRig(t, inference.Predict(batches(), inference.Batch{Max: 4, Wait: true}, second[int, string]))
	r.push(1).mark(operator.Watermark, 1).mark(operator.Idle, 0)
	r.mark(operator.Watermark, 2).mark(operator.Idle, 0)
	require.Equal(t, "1/1@0 w2 i0", r.after(time.Second).got())

	r.push(2)
	for i := range 1000 {
		r.mark(operator.SplitIdle, int64(i))
	}
	require.Contains(t, r.got(), "2/1@0 s0 s1 s2", "marks do not pile up without end")
}

func TestRecordsKeepTheirSplit(t *testing.T) {
	r := newRig(t, inference.Predict(batches(), inference.Batch{Max: 3}, second[int, string]))
	for split, v := range []int{1, 2, 3} {
		r.env.Task.Split = int32(split)
		r.push(v)
	}
	require.Equal(t, "1/3@0 2/3@0/1 3/3@0/2", r.got())
	require.Equal(t, int32(2), r.env.Task.Split)
}

// TestWatermarkOfTheTask: what follows in the task reads the watermark that its records came at, not that of the
// records gathered since.
func TestWatermarkOfTheTask(t *testing.T) {
	var seen []int64
	var task *operator.TaskState
	own := int64(0) // an operator behind that makes watermarks sets it
	look := func(v int, _ string) int {
		seen = append(seen, task.Watermark)
		if own != 0 {
			task.Watermark = own
		}
		return v
	}
	r := newRig(t, inference.Predict(batches(), inference.Batch{Max: 4}, look))
	task = r.env.Task
	watermark := func(w int64) {
		task.Watermark = w // as the runtime does
		r.mark(operator.Watermark, w)
	}
	watermark(1)
	r.push(1)
	watermark(2)
	watermark(3)
	r.push(2, 3)
	watermark(4)
	r.mark(operator.Flush, 0)
	require.Equal(t, []int64{1, 3, 3}, seen)
	require.Equal(t, int64(4), task.Watermark)

	own, seen = 77, nil
	r.push(4, 5)
	watermark(5)
	r.push(6, 7)
	require.Equal(t, []int64{4, 77, 77, 77}, seen)
	require.Equal(t, int64(77), task.Watermark)
}

func TestFailureEndsTheAttempt(t *testing.T) {
	r := newRig(t, inference.Predict(batches(), inference.Batch{Max: 2}, second[int, string]))
	v := -1
	r.push(1)
	err := r.op.Push(5, &v)
	require.ErrorIs(t, err, errNegative)
	require.EqualError(t, err, "inference: model sizes failed on a batch of 2 records (FailedTo puts such records aside): negative")
	require.Equal(t, int32(3), r.env.Task.Operator, "the runtime blames this operator")
	require.Equal(t, int64(1), r.count("errors"))
}

func TestFailedRecordsGoAside(t *testing.T) {
	side := operator.NewSide[inference.Failed[int]]("failed")
	f := inference.Predict(batches(), inference.Batch{Max: 8}, second[int, string], inference.FailedTo(side))
	r := newRig(t, f, side)
	r.push(1, 2).mark(operator.Watermark, 1).push(-3, 4, 5).mark(operator.Watermark, 2).push(6, -7, 8)
	require.Equal(t, "1/2@0 2/2@1 w1 failed:-3:sizes:negative 4/1@1 5/2@2 w2 6/2@0 failed:-7:sizes:negative 8/1@2", r.got())
	require.Equal(t, []int64{1, 8, 2}, []int64{r.count("batches"), r.count("rows"), r.count("errors")})
	require.Equal(t, "9/1@0 b1", r.push(9).mark(operator.Barrier, 1).got(), "failures of one batch are not those of the next")

	dropped := newRig(t, f)
	require.Equal(t, "1/1@0 e0", dropped.push(1, -1).mark(operator.End, 0).got(), "no stream was made of the side output")
	require.Equal(t, int64(1), dropped.count("errors"))
}

// TestEndOfAttemptIsNoFailedRecord: when the context ends, records are not to blame.
func TestEndOfAttemptIsNoFailedRecord(t *testing.T) {
	model := inference.Custom(func(context.Context) (inference.Predictor[int, int], error) { return blocking{}, nil })
	side := operator.NewSide[inference.Failed[int]]("failed")
	r := newRig(t, inference.Predict(model, inference.Batch{Max: 2}, second[int, int], inference.FailedTo(side)), side)
	r.push(1)
	r.cancel()
	v := 2
	require.ErrorIs(t, r.op.Push(0, &v), context.Canceled)
	require.Empty(t, r.got())
}

type blocking struct{}

func (blocking) Predict(ctx context.Context, _, _ []int) error {
	<-ctx.Done()
	return ctx.Err()
}

type scored struct {
	Parts [2]float64
	More  []float32
	ByKey map[string]float32
	Deep  struct{ f float32 }
}

func TestNaN(t *testing.T) {
	nan := func(v float64) float64 { return v / v * 0 } // NaN for 0
	model := inference.Func(func(v float64) scored {
		var s scored
		switch {
		case v < 1:
			s.Parts[1] = nan(v)
		case v < 2:
			s.More = []float32{1, float32(nan(v - 1))}
		case v < 3:
			s.ByKey = map[string]float32{"a": float32(nan(v - 2))}
		default:
			s.Deep.f = float32(nan(v - 3))
		}
		return s
	}, inference.Named("ratio"))
	keep := func(v float64, _ scored) float64 { return v }
	side := operator.NewSide[inference.Failed[float64]]("failed")
	r := newRig(t, inference.Predict(model, inference.Batch{Max: 8}, keep, inference.FailedTo(side), inference.FailOnNaN()), side)
	const said = ":ratio:inference: the model gave NaN"
	require.Equal(t, "failed:0"+said+" 0.5@1 failed:1"+said+" 1.5@3 failed:2"+said+" 2.5@5 failed:3"+said+" 3.5@7",
		r.push(0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5).got())
	require.Equal(t, int64(4), r.count("errors"))

	strict := newRig(t, inference.Predict(model, inference.Batch{Max: 1}, keep, inference.FailOnNaN()))
	v := 0.0
	require.ErrorIs(t, strict.op.Push(0, &v), inference.ErrNaN)
	passes := newRig(t, inference.Predict(model, inference.Batch{Max: 1}, keep))
	require.Equal(t, "0@0", passes.push(0).got())
}

func TestPredictorIsClosed(t *testing.T) {
	closed := 0
	model := inference.Custom(func(context.Context) (inference.Predictor[int, int], error) { return closer{closed: &closed}, nil })
	t.Run("job", func(t *testing.T) {
		newRig(t, inference.Predict(model, inference.Batch{}, second[int, int]))
		newRig(t, inference.Predict(model, inference.Batch{}, second[int, int]))
	})
	require.Equal(t, 2, closed, "one a subtask")
}

type closer struct {
	blocking
	closed *int
}

func (c closer) Close() error {
	*c.closed++
	return nil
}

func TestWhatPredictRefuses(t *testing.T) {
	other := operator.NewSide[inference.Failed[string]]("failed")
	f := inference.Predict[int, string, string](batches(), inference.Batch{Max: -1, Delay: -1}, nil, inference.FailedTo(other))
	err := f.(interface{ Validate() error }).Validate()
	require.ErrorContains(t, err, "Batch.Max is -1: it must be 1 to 1048576, or 0 for 256")
	require.ErrorContains(t, err, "Batch.Delay is -1ns: it cannot be negative")
	require.ErrorContains(t, err, "the function of Predict is nil")
	require.ErrorContains(t, err, "FailedTo is given an operator.Side[github.com/turgo-io/turgo/inference.Failed[string]]; records here are of type int")

	op := f.New()
	err = op.Open(operator.NewContext(&operator.Env{}), nil)
	require.True(t, operator.IsPermanent(err), "no restart helps")
	require.NoError(t, op.Close())

	wrong := inference.Predict(batches(), inference.Batch{}, func(a int, b float64) float64 { return b })
	err = wrong.(interface{ Validate() error }).Validate()
	require.EqualError(t, err, "inference: model sizes turns int into string; it is used to turn int into float64")

	failing := inference.Custom(func(context.Context) (inference.Predictor[int, int], error) { return nil, errNegative }, inference.Named("remote"), inference.Versioned("3"))
	op2 := inference.Predict(failing, inference.Batch{}, second[int, int]).New()
	err = op2.Open(operator.NewContext(&operator.Env{Ctx: t.Context(), Task: &operator.TaskState{}}), nil)
	require.EqualError(t, err, "inference: opening model remote@3: negative")
	require.NoError(t, op2.Close())
}

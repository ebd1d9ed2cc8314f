package inference

import (
	"fmt"
	"io"
	"reflect"

	"github.com/turgo-io/turgo/operator"
)

// predict gathers records and hands on what the model makes of them.
//
//	Push ──> rows ─── full, late, nothing to read, barrier, end ──> model ──> result ──> Out
//	Mark ──> held, each with its place among the rows ─────────────────────────────────────^
//
// What must hold: held is empty whenever rows is; a mark leaves after all rows before it and before
// all rows behind it; nothing is in rows or held when a Barrier is handed on.
type predict[In, Out, R any] struct {
	operator.Base[R]
	*predictFactory[In, Out, R]
	predictor Predictor[In, Out]
	failures  operator.Receiver[Failed[In]] // nil: they are dropped, or end the attempt
	nans      floats                        // of Out, if NaN is a failure

	rows   []In
	places []place // of rows
	outs   []Out
	held   []operator.Mark // At says how many rows are before it
	due    int64           // processing time to run at, 0 if there are no rows
	errs   []error         // of rows, while a batch that failed is looked at; else empty

	watermark int64 // of the task when the first of rows came; while they go out, that of what went out

	scratch               R
	batches, seen, errors *operator.Counter
}

// place is what a record has besides its value.
type place struct {
	time  int64
	split int32 // of the source: what is chained behind may ask for it
}

// Open makes the predictor of this subtask.
func (o *predict[In, Out, R]) Open(c operator.Context, out operator.Receiver[R]) error {
	p, err := o.check()
	if err != nil {
		return operator.Permanent(err)
	}
	c.Enter()
	if o.predictor, err = p.open(c.Context()); err != nil {
		return fmt.Errorf("inference: opening model %s: %w", o.model, err)
	}
	if o.failed != nil {
		if o.failures, err = o.side.Receiver(c); err != nil {
			return err
		}
	}
	if o.failOnNaN {
		o.nans = floatsOf(reflect.TypeFor[Out]())
	}
	o.batches, o.seen, o.errors = c.Counter("batches"), c.Counter("rows"), c.Counter("errors")
	return o.Base.Open(c, out)
}

// Push gathers a record, and runs the model if the batch is full.
func (o *predict[In, Out, R]) Push(time int64, v *In) error {
	env := o.Context.Env()
	o.rows = append(o.rows, *v)
	o.places = append(o.places, place{time, env.Task.Split})
	if len(o.rows) == 1 {
		o.watermark = env.Task.Watermark
	}
	if len(o.rows) >= o.batch.Max {
		return o.drain()
	}
	if o.due == 0 {
		o.due = env.Clock.Now() + o.batch.Delay.Nanoseconds()
	}
	return nil
}

// Deadline is when the oldest record has waited long enough.
func (o *predict[In, Out, R]) Deadline() int64 { return o.due }

// Tick runs the model if the oldest record has waited long enough.
func (o *predict[In, Out, R]) Tick(now int64) error {
	if o.due == 0 || now < o.due {
		return nil
	}
	return o.drain()
}

// Mark holds a mark that has its place among the records gathered, and runs the model at one that
// records must not wait behind.
func (o *predict[In, Out, R]) Mark(m operator.Mark) error {
	if len(o.rows) == 0 {
		return o.Out.Mark(m)
	}
	if o.waits(m) {
		return o.hold(m)
	}
	if err := o.drain(); err != nil {
		return err
	}
	return o.Out.Mark(m)
}

// waits reports whether a mark can wait until the batch goes out. At a barrier state is taken when Mark
// returns, at the end the task stops; when there is nothing to read, to wait or not is the user's choice.
func (o *predict[In, Out, R]) waits(m operator.Mark) bool {
	switch m.Kind {
	case operator.Barrier, operator.End:
		return false
	case operator.Flush, operator.Idle:
		return o.batch.Wait
	case operator.Watermark:
		return m.Value != operator.MaxTime // behind which nothing comes that a batch could wait for
	}
	return true
}

// hold keeps a mark until the rows before it are out. A Flush is for operators that gather, so it need not wait;
// a watermark makes up for the watermark, and the idleness, right before it.
func (o *predict[In, Out, R]) hold(m operator.Mark) error {
	if m.Kind == operator.Flush {
		return o.Out.Mark(m)
	}
	m.At = int32(len(o.rows))
	if m.Kind == operator.Watermark {
		for n := len(o.held); n > 0 && o.held[n-1].At == m.At && o.held[n-1].Kind <= operator.Idle; n-- {
			o.held = o.held[:n-1]
		}
	}
	o.held = append(o.held, m)
	if len(o.held) > 2*o.batch.Max+64 { // marks without end between two records: let them not pile up
		return o.drain()
	}
	return nil
}

// drain runs the model on what is gathered, and hands on the results and the marks held, in order.
func (o *predict[In, Out, R]) drain() error {
	o.due = 0
	if err := o.score(); err != nil {
		return err
	}
	if err := o.emit(); err != nil {
		return err
	}
	o.rows, o.places, o.held = o.rows[:0], o.places[:0], o.held[:0]
	return nil
}

// emit hands on results and marks, in order. What follows in the task sees it as it was when they came:
// the split of a record, and a watermark only behind the records that were before it.
func (o *predict[In, Out, R]) emit() error {
	task, next := o.Context.Env().Task, 0
	split, watermark := task.Split, task.Watermark
	task.Watermark = o.watermark
	for i := range o.rows {
		for ; next < len(o.held) && int(o.held[next].At) <= i; next++ {
			if err := o.release(o.held[next], task); err != nil {
				return err
			}
		}
		task.Split = o.places[i].split
		if err := o.emitRow(i); err != nil {
			return err
		}
	}
	for task.Split = split; next < len(o.held); next++ {
		if err := o.release(o.held[next], task); err != nil {
			return err
		}
	}
	if task.Watermark == o.watermark { // else an operator behind makes watermarks of its own
		task.Watermark = watermark
	}
	return nil
}

// release hands a held mark on.
func (o *predict[In, Out, R]) release(m operator.Mark, task *operator.TaskState) error {
	if m.At = 0; m.Kind == operator.Watermark && task.Watermark == o.watermark {
		o.watermark, task.Watermark = m.Value, m.Value
	}
	return o.Out.Mark(m)
}

func (o *predict[In, Out, R]) emitRow(i int) error {
	o.Context.Enter()
	if len(o.errs) > 0 && o.errs[i] != nil {
		return o.emitFailed(i)
	}
	o.scratch = o.result(o.rows[i], o.outs[i])
	return o.Out.Push(o.places[i].time, &o.scratch)
}

func (o *predict[In, Out, R]) emitFailed(i int) error {
	o.errors.Add(1)
	if o.failures == nil {
		return nil
	}
	at := o.places[i].time
	return o.failures.Push(at, &Failed[In]{Value: o.rows[i], Time: at, Model: o.model.String(), Err: o.errs[i].Error()})
}

// Close closes the predictor if it can be closed. Records still gathered are dropped: the attempt has
// failed, or they would have gone out before.
func (o *predict[In, Out, R]) Close() error {
	if c, ok := o.predictor.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

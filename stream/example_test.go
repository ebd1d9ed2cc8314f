package stream_test

import (
	"context"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/turgo-io/turgo/connector/memory"
	"github.com/turgo-io/turgo/connector/stdout"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/stream"
	"github.com/turgo-io/turgo/window"
)

func Example() {
	job := stream.NewJob("wordcount", stream.Parallelism(1))
	stream.From(job, memory.Lines("to be or not", "to be")).
		FlatMap(strings.FieldsSeq).
		KeyBy(strings.ToLower).
		Count().
		To(stdout.Print[stream.KV[string, int64]]())
	if err := job.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	// Output:
	// {to 1}
	// {be 1}
	// {or 1}
	// {not 1}
	// {to 2}
	// {be 2}
}

type view struct {
	User string
	At   time.Time
}

func (v view) Time() time.Time { return v.At }

func ExampleKeyed_Window() {
	at := func(clock string) time.Time { t, _ := time.Parse(time.TimeOnly, clock); return t.AddDate(2026, 0, 0) }
	job := stream.NewJob("views", stream.Parallelism(1))
	stream.From(job, memory.Of(
		view{"ann", at("10:00:05")}, view{"bob", at("10:00:20")}, view{"ann", at("10:00:50")}, view{"ann", at("10:01:10")},
	)).
		EventTime(view.Time, stream.OutOfOrder(5*time.Second)).
		KeyBy(func(v view) string { return v.User }).
		Window(window.Tumbling(time.Minute)).
		Aggregate(window.Count[view](), func(user string, span window.Span, n int64) string {
			return fmt.Sprintf("%s %s: %d", span.StartTime().Format(time.TimeOnly), user, n)
		}).
		To(stdout.Print[string]())
	if err := job.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 10:00:00 ann: 2
	// 10:00:00 bob: 1
	// 10:01:00 ann: 1
}

// dedup hands each event on once, as long as it remembers it.
type dedup struct{ seen state.Value[bool] }

func (d *dedup) Open(c operator.Context) error {
	d.seen = state.NewValue[bool](c, "seen")
	return nil
}

func (d *dedup) Process(c operator.KeyedContext[string], event string, out *operator.Collector[string]) error {
	if _, ok := d.seen.Get(); !ok {
		d.seen.Set(true)
		out.Emit(event)
	}
	return nil
}

func ExampleKeyed_Process() {
	job := stream.NewJob("dedup", stream.Parallelism(1))
	stream.From(job, memory.Of("a", "b", "a", "c", "b")).
		KeyBy(func(s string) string { return s }).
		Process(func() operator.Keyed[string, string, string] { return &dedup{} }).
		To(stdout.Print[string]())
	if err := job.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	// Output:
	// a
	// b
	// c
}

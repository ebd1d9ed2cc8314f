package operator_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/turgo-io/turgo/connector/memory"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/operator/operatortest"
	"github.com/turgo-io/turgo/stream"
)

// everyOther hands on every other record.
type everyOther[T any] struct {
	operator.Base[T]
	skip bool
}

func (o *everyOther[T]) Push(time int64, v *T) error {
	if o.skip = !o.skip; o.skip {
		return o.Out.Push(time, v)
	}
	return nil
}

func newEveryOther[T any]() operator.Factory[T, T] {
	return operator.NewFactory("every-other", func() operator.Operator[T, T] { return &everyOther[T]{} })
}

// An operator of one's own.
func Example() {
	job := stream.NewJob("example", stream.Parallelism(1))
	out := memory.Collect[int]()
	stream.From(job, memory.Of(1, 2, 3, 4, 5)).Via(newEveryOther[int]()).To(out)
	if err := job.Run(context.Background()); err != nil {
		fmt.Println(err)
	}
	fmt.Println(out.Values())
	// Output: [1 3 5]
}

// It is right as long as nothing is restored: what it counts is no state.
func TestEveryOther(t *testing.T) {
	operatortest.Run(t, newEveryOther[int](), operatortest.Of(1, 2, 3, 4, 5), operatortest.Of(1, 3, 5),
		operatortest.Only(operatortest.Batched|operatortest.Stopped))
}

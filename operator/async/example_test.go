package async_test

import (
	"context"
	"fmt"
	"time"

	"github.com/turgo-io/turgo/connector/memory"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/operator/async"
	"github.com/turgo-io/turgo/stream"
)

// A service that knows three people is asked for the name of each id; what it does not know goes to a side output.
func Example() {
	name := func(_ context.Context, id int) (string, error) {
		if names := []string{"ann", "bob", "cy"}; id < len(names) {
			return names[id], nil
		}
		return "", async.ErrNotFound
	}
	unknown := operator.NewSide[operator.Failure[int]]("unknown")
	job, out, lost := stream.NewJob("example", stream.Parallelism(1)), memory.Collect[string](), memory.Collect[int]()
	named := stream.From(job, memory.Of(1, 2, 9)).
		Async(name, async.Capacity(100), async.Timeout(time.Second), async.Retries(async.Retry{Attempts: 3}), async.FailedTo(unknown))
	named.To(out)
	named.Side(unknown).Map(func(f operator.Failure[int]) int { return f.Value }).To(lost)
	fmt.Println(job.Run(context.Background()), out.Values(), lost.Values())
	// Output: <nil> [bob cy] [9]
}

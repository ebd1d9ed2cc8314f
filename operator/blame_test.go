package operator_test

import (
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/window"
)

// A panic in user code is the operator's whose code it is, also behind something that it has emitted.
func TestPanicsAreBlamed(t *testing.T) {
	boom := func(h hit) bool { panic("boom") }
	twice := 0
	for name, f := range map[string]operator.Factory[hit, hit]{
		"map":    operator.NewMap(func(h hit) hit { boom(h); return h }),
		"update": operator.NewUpdate(func(h *hit) { boom(*h) }),
		"filter": operator.NewFilter(boom),
		"flatmap": operator.NewFlatMap(func(h hit) iter.Seq[hit] {
			return func(yield func(hit) bool) { yield(h); boom(h) }
		}),
		"try":                   operator.NewTry(func(h hit) (hit, error) { boom(h); return h, nil }, operator.NewSide[operator.Failure[hit]]("failed")),
		"split":                 operator.NewSplit(boom, operator.NewSide[hit]("others")),
		"event-time":            operator.NewEventTime(operator.Watermarks[hit]{Time: func(h hit) time.Time { boom(h); return time.Time{} }}),
		"with-state":            operator.NewWithState(func(_ *int, h hit) hit { boom(h); return h }),
		"reduce":                operator.NewReduce(func(sum, h hit) hit { boom(h); return h }),
		"count":                 operator.NewCount[string, hit](func(string, int64) hit { boom(hit{}); return hit{} }),
		"over":                  operator.NewOver(window.Range(1), func(h hit) float64 { boom(h); return 0 }, func(h hit, _ *window.Rolling) hit { return h }),
		"over, second function": operator.NewOver(window.Range(1), func(hit) float64 { return 0 }, func(h hit, _ *window.Rolling) hit { boom(h); return h }),
		"window, aggregator": operator.NewWindow(operator.WindowSpec[string, hit, window.SumAcc[int], int, hit]{
			Assigner: window.Tumbling(time.Second), Aggregator: window.Sum(func(h hit) int { boom(h); return 0 }), Late: operator.NewSide[hit]("late"),
			Result: func(string, window.Span, int) hit { return hit{} },
		}),
		"window, result": operator.NewWindow(operator.WindowSpec[string, hit, int64, int64, hit]{
			Assigner: window.Tumbling(time.Second), Aggregator: window.Count[hit](), Late: operator.NewSide[hit]("late"),
			Result: func(string, window.Span, int64) hit { boom(hit{}); return hit{} },
		}),
		"function": operator.NewFunction("function", func() operator.Function[hit, hit] { return explosive{} }),
		"keyed": keyedFunc(func(_ operator.KeyedContext[string], h hit, out *operator.Collector[hit]) error {
			if twice++; twice == 2 {
				out.Emit(h)
				boom(h)
			}
			return nil
		}),
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, userOf, f, 0)
			other := *h.env
			other.Index = 9
			require.NoError(t, h.key.Open(operator.NewContext(&other), h.op))
			push := func() {
				for range 3 {
					require.NoError(t, h.push(5, hit{"ann", 1}))
				}
				require.NoError(t, h.watermark(operator.MaxTime))
			}
			require.PanicsWithValue(t, "boom", push)
			require.Equal(t, h.env.Index, h.env.Task.Operator)
			require.NoError(t, h.close())
		})
	}
}

type explosive struct{}

func (explosive) Process(_ operator.RecordContext, h hit, out *operator.Collector[hit]) error {
	out.Emit(h)
	panic("boom")
}

package streamtest_test

import (
	"errors"
	"testing"

	"github.com/turgo-io/turgo/stream"
	"github.com/turgo-io/turgo/stream/streamtest"
)

// Pipeline is what is to be tested: it counts what each user has clicked.
func Pipeline(clicks *stream.Stream[string]) *stream.Stream[stream.KV[string, int64]] {
	return clicks.KeyBy(func(user string) string { return user }).Count()
}

// The test of a pipeline, under a hundred seeds with crashes, bad disks, slow sinks and all else that a plan can have.
func ExampleExplore() {
	test := func(t *testing.T) {
		streamtest.Explore(t, 100, func(h *streamtest.Harness) error {
			in := streamtest.Source[string](h)
			out := streamtest.Collect(h, Pipeline(in.Stream()))
			in.Add("ann", "bob", "ann")
			return errors.Join(h.RunErr(t.Context()), out.Diff(
				stream.KV[string, int64]{Key: "ann", Value: 1},
				stream.KV[string, int64]{Key: "bob", Value: 1},
				stream.KV[string, int64]{Key: "ann", Value: 2},
			))
		})
	}
	_ = test // go test runs it if it is called TestPipeline
}

func TestExampleExplore(t *testing.T) {
	streamtest.Explore(t, 100, func(h *streamtest.Harness) error {
		in := streamtest.Source[string](h)
		out := streamtest.Collect(h, Pipeline(in.Stream()))
		in.Add("ann", "bob", "ann")
		return errors.Join(h.RunErr(t.Context()), out.Diff(
			stream.KV[string, int64]{Key: "ann", Value: 1}, stream.KV[string, int64]{Key: "bob", Value: 1},
			stream.KV[string, int64]{Key: "ann", Value: 2}))
	})
}

package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/turgo-io/turgo/stream"
	"github.com/turgo-io/turgo/stream/streamtest"
)

// Outcome is what a run came to.
type Outcome struct {
	Err     error // what is wrong with the result; nil: nothing
	Trace   uint64
	Counts  streamtest.Counts
	Crashes int
	Failed  int // times that the job ended with an error of the plan and was run again
	Records int // at the ends
}

// mostSteps ends runs that go round in circles.
const mostSteps = 300_000

// Play runs the job on the engine and compares what it puts out with the answer of plain Go: no record lost, none too
// many, none of a lane before an earlier one.
func (j *Job) Play(t testing.TB) Outcome {
	plan, err := streamtest.ParsePlan(j.Faults)
	if err != nil {
		return Outcome{Err: err}
	}
	p := j.compile()
	want := p.answer(j)
	h := streamtest.New(t, streamtest.Seed(j.Seed), streamtest.LoseUnsynced(j.Lose), streamtest.Faults(plan), streamtest.MaxSteps(mostSteps))
	sources, sinks := make([]*streamtest.Script[Record], len(j.Sources)), make([]*streamtest.Collected[Record], len(want))
	for i := range sources {
		sources[i] = j.script(h, i)
	}
	for i := range sinks {
		sinks[i] = streamtest.NewCollected[Record](h)
	}
	h.Rebuild(func(int) []stream.Option { return j.options() }, func(life int) {
		p.wire(&wiring{j, life}, sources, sinks)
	})
	errs := []error{h.RunErr(context.Background())}
	for i, s := range sinks {
		errs = append(errs, diff(i, want[i], s.Values()))
	}
	return Outcome{
		Err: errors.Join(errs...), Trace: h.Trace(), Counts: h.Counts(),
		Crashes: h.Crashes(), Failed: h.Failures(), Records: count(want),
	}
}

// diff says what is lost, what is too much and what is out of order at an end.
func diff(end int, want, got []Record) error {
	errs := []error{reordered(end, got)}
	got = slices.SortedFunc(slices.Values(got), compare)
	var lost, extra []Record
	for len(want)+len(got) > 0 {
		switch {
		case len(got) == 0 || len(want) > 0 && compare(want[0], got[0]) < 0:
			lost, want = append(lost, want[0]), want[1:]
		case len(want) == 0 || compare(want[0], got[0]) > 0:
			extra, got = append(extra, got[0]), got[1:]
		default:
			want, got = want[1:], got[1:]
		}
	}
	if len(lost)+len(extra) > 0 {
		errs = append(errs, fmt.Errorf("sim: end %d: %d lost: %v; %d too many: %v", end, len(lost), few(lost), len(extra), few(extra)))
	}
	return errors.Join(errs...)
}

func few(all []Record) []Record { return all[:min(len(all), 4)] }

// reordered finds records that came before an earlier one of their lane.
func reordered(end int, got []Record) error {
	newest := map[uint64]Record{}
	for _, r := range got {
		if r.Lane == 0 {
			continue
		}
		if last, ok := newest[r.Lane]; ok && last.Seq > r.Seq {
			return fmt.Errorf("sim: end %d: out of order: %v after %v", end, r, last)
		}
		newest[r.Lane] = r
	}
	return nil
}

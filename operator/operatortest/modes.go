package operatortest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/turgo-io/turgo/operator"
)

// endOfTime is the watermark before the end of an input.
var endOfTime = operator.Mark{Kind: operator.Watermark, Value: operator.MaxTime}

// String says how a run was made.
func (w way) String() string {
	if w.note == "" {
		return w.mode.String()
	}
	return w.mode.String() + " (" + w.note + ")"
}

// others runs the modes behind the first and compares each with it.
func (s *subject[In, Out]) others(first *run[In, Out]) error {
	for _, w := range s.ways() {
		r, err := s.do(w)
		if err := errors.Join(s.judge(r, err), s.compareRuns(first, r)); err != nil {
			return err
		}
	}
	if s.modes&Stopped == 0 || s.fails != "" {
		return nil
	}
	return s.stop(len(first.entries))
}

// ways lists the runs that must put out what the item-wise one does.
func (s *subject[In, Out]) ways() (all []way) {
	if s.modes&Batched != 0 {
		for _, n := range []int{2, 3, 256} {
			all = append(all, way{mode: Batched, note: fmt.Sprintf("%d records", n), batch: n, room: -1})
		}
	}
	if s.fails != "" { // what comes out before the error depends on nothing else
		return all
	}
	if s.modes&Restored != 0 {
		all = append(all, way{mode: Restored, note: "a checkpoint and a restore after each record", every: true, room: -1})
	}
	if s.modes&Rescaled != 0 && s.keying != nil {
		all = append(all, s.rescales()...)
	}
	return all
}

// rescalesMax is how many pairs of cuts the rescaled mode tries.
const rescalesMax = 5

// rescales cuts the script in three, at different places.
func (s *subject[In, Out]) rescales() (all []way) {
	n := len(s.script.steps)
	for _, i := range spread(n, rescalesMax) {
		j := i + (n-i)/2
		if j == i {
			continue
		}
		all = append(all, way{
			mode: Rescaled, note: fmt.Sprintf("to 3 subtasks before step %d, to 2 before step %d", i+1, j+1),
			cuts: map[int]int{i: 3, j: 2}, room: -1,
		})
	}
	return all
}

// spread returns up to limit numbers below n, evenly apart.
func spread(n, limit int) (all []int) {
	for i := range min(n, limit) {
		all = append(all, i*n/min(n, limit))
	}
	return all
}

// stopsMax is how many places the stopped mode tries.
const stopsMax = 16

// stop lets the output fail at different calls.
func (s *subject[In, Out]) stop(calls int) error {
	for _, room := range spread(calls, stopsMax) {
		for _, batch := range []int{1, 256} {
			w := way{mode: Stopped, note: fmt.Sprintf("the output fails after %d calls", room), batch: batch, room: room}
			r, err := s.do(w)
			if !errors.Is(err, errStopped) {
				r.fault("the output returned an error, and the operator %v: return it at once", orNil(err))
			}
			if len(r.faults) > 0 {
				return fmt.Errorf("%v: %w", w, errors.Join(r.faults...))
			}
		}
	}
	return nil
}

func orNil(err error) any {
	if err == nil {
		return "none"
	}
	return err
}

// series is the records of one key that came out of one output.
type series struct {
	side string
	key  any
}

// compareRuns compares a run with the first: the records of each key on each output, in order, and the counters.
func (s *subject[In, Out]) compareRuns(first, r *run[In, Out]) error {
	want, got := first.byKey(), r.byKey()
	var keys []series
	for _, e := range slices.Concat(first.entries, r.entries) {
		if k := (series{e.side, e.key}); !e.isMark && !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	for _, k := range keys {
		if err := compare(k.String(), want[k], got[k]); err != nil {
			return fmt.Errorf("%v: %w", r.way, err)
		}
	}
	if !s.makesMarks || !s.comparesMarks(r.mode) {
		return s.compareCounters(first, r)
	}
	err := compare("the output with its marks", first.of("", true), r.of("", true))
	return errors.Join(err, s.compareCounters(first, r))
}

// comparesMarks reports whether the watermarks that an operator makes must be those of the item-wise run. Since
// when a split is quiet is not kept over a restore.
func (s *subject[In, Out]) comparesMarks(m Mode) bool {
	return m == Batched || m == Restored && !slices.ContainsFunc(s.script.steps, func(st step[In]) bool {
		return st.kind == idleStep || st.kind == clockStep
	})
}

func (s *subject[In, Out]) compareCounters(first, r *run[In, Out]) error {
	for _, c := range first.counters.All() {
		if n := r.counters.Get(c.Operator, c.Name).Value(); n != c.Value() {
			return fmt.Errorf("%v: counter %q is %d; item by item it is %d", r.way, c.Name, n, c.Value())
		}
	}
	return nil
}

func (k series) String() string {
	what := "the output"
	if k.side != "" {
		what = "the side output " + k.side
	}
	if k.key != nil {
		what += fmt.Sprintf(" for key %v", k.key)
	}
	return what + ", compared with the item-wise run,"
}

func (j *journal) byKey() map[series][]entry {
	m := map[series][]entry{}
	for _, e := range j.entries {
		if !e.isMark {
			k := series{e.side, e.key}
			m[k] = append(m[k], e)
		}
	}
	return m
}

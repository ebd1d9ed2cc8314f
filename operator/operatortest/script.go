package operatortest

import (
	"errors"
	"fmt"
	"time"

	"github.com/turgo-io/turgo/operator"
)

// Script is what goes into an operator, step by step, or what is wanted out of it. The zero value is the empty
// script; the methods append to it and return it. The end of the input (a watermark at the end of time, then
// End) follows by itself. A step that makes no sense, such as a time that cannot be read, fails the test that
// runs the script.
//
// Times are times of day, "10:00", "10:00:00" or "10:00:00.25", all of one day and UTC, or RFC 3339 for another day.
type Script[T any] struct {
	steps  []step[T]
	faults []error
}

// stepKind says what a step does.
type stepKind uint8

const (
	recordStep stepKind = iota // a record
	markStep                   // a control element
	clockStep                  // processing time moves
	splitStep                  // the records that follow come from another split
	doneStep                   // a split is read to its end
	idleStep                   // a split has nothing to read for now
)

type step[T any] struct {
	kind  stepKind
	rec   operator.Record[T]
	mark  operator.Mark
	clock int64
	split string
}

// Of returns a script of records without event time: Of(1, 2, 3), or Of[int]() to begin with a step of another kind.
func Of[T any](values ...T) *Script[T] { return new(Script[T]).Untimed(values...) }

// At appends records with an event time.
func (s *Script[T]) At(at string, values ...T) *Script[T] {
	t := s.parse(at)
	for _, v := range values {
		s.add(step[T]{rec: operator.Record[T]{Time: t, Value: v}})
	}
	return s
}

// Untimed appends records without event time.
func (s *Script[T]) Untimed(values ...T) *Script[T] {
	for _, v := range values {
		s.add(step[T]{rec: operator.Record[T]{Time: operator.NoTime, Value: v}})
	}
	return s
}

// Watermark appends a watermark: no record of that time or an earlier one follows, but late ones.
func (s *Script[T]) Watermark(at string) *Script[T] {
	return s.add(step[T]{kind: markStep, mark: operator.Mark{Kind: operator.Watermark, Value: s.parse(at)}})
}

// EndOfTime appends the watermark that stands before the end of every input. A script that is wanted as output
// names it only if it names watermarks at all.
func (s *Script[T]) EndOfTime() *Script[T] {
	return s.add(step[T]{kind: markStep, mark: operator.Mark{Kind: operator.Watermark, Value: operator.MaxTime}})
}

// Barrier appends a checkpoint. The restored and rescaled runs take more of their own.
func (s *Script[T]) Barrier() *Script[T] {
	return s.add(step[T]{kind: markStep, mark: operator.Mark{Kind: operator.Barrier}})
}

// Idle appends that nothing is to be expected for now.
func (s *Script[T]) Idle() *Script[T] {
	return s.add(step[T]{kind: markStep, mark: operator.Mark{Kind: operator.Idle}})
}

// Flush appends that there is nothing more to read for the moment.
func (s *Script[T]) Flush() *Script[T] {
	return s.add(step[T]{kind: markStep, mark: operator.Mark{Kind: operator.Flush}})
}

// Clock moves processing time; an operator whose Deadline has come is ticked. It begins at midnight of the day.
func (s *Script[T]) Clock(at string) *Script[T] {
	return s.add(step[T]{kind: clockStep, clock: s.parse(at)})
}

// Split says which split of a source the records that follow come from, as an operator sees it that stands right
// behind a source. The first use of an id adds the split.
func (s *Script[T]) Split(id string) *Script[T] { return s.add(step[T]{kind: splitStep, split: id}) }

// SplitIdle says that a split has nothing to read for now.
func (s *Script[T]) SplitIdle(id string) *Script[T] { return s.add(step[T]{kind: idleStep, split: id}) }

// SplitDone says that a split is read to its end.
func (s *Script[T]) SplitDone(id string) *Script[T] { return s.add(step[T]{kind: doneStep, split: id}) }

func (s *Script[T]) add(st step[T]) *Script[T] {
	s.steps = append(s.steps, st)
	return s
}

func (s *Script[T]) parse(at string) int64 {
	t, err := parseTime(at)
	if err != nil {
		s.faults = append(s.faults, fmt.Errorf("step %d: %w", len(s.steps)+1, err))
	}
	return t
}

// midnight begins the day that times of day are of.
var midnight = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func parseTime(at string) (int64, error) {
	for _, layout := range []string{"15:04:05", "15:04"} {
		if t, err := time.Parse(layout, at); err == nil {
			day := time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
			return midnight.Add(t.Sub(day)).UnixNano(), nil
		}
	}
	t, err := time.Parse(time.RFC3339Nano, at)
	if err != nil {
		return operator.NoTime, fmt.Errorf("operatortest: %q is no time: write 15:04, 15:04:05 or RFC 3339", at)
	}
	return t.UnixNano(), nil
}

// formatTime writes a time the way that a script has it.
func formatTime(t int64) string {
	switch t {
	case operator.NoTime:
		return "no time"
	case operator.MaxTime:
		return "end of time"
	}
	at := time.Unix(0, t).UTC()
	if at.Truncate(24*time.Hour) == midnight {
		return at.Format("15:04:05.999999999")
	}
	return at.Format(time.RFC3339Nano)
}

func (s step[T]) String() string {
	switch s.kind {
	case recordStep:
		return fmt.Sprintf("%s  %+v", formatTime(s.rec.Time), s.rec.Value)
	case clockStep:
		return "clock " + formatTime(s.clock)
	case splitStep:
		return "split " + s.split
	case doneStep:
		return "split done " + s.split
	case idleStep:
		return "split idle " + s.split
	}
	return markText(s.mark)
}

func markText(m operator.Mark) string {
	switch m.Kind {
	case operator.Watermark:
		return "watermark " + formatTime(m.Value)
	case operator.Barrier:
		if m.Value != 0 { // a script does not number them
			return fmt.Sprintf("barrier %d", m.Value)
		}
	}
	return m.Kind.String()
}

// validate returns every fault of the script.
func (s *Script[T]) validate() error {
	if s == nil {
		return errors.New("operatortest: the script is nil; begin with operatortest.Of")
	}
	return errors.Join(s.faults...)
}

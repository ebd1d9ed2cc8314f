package operatortest

import (
	"fmt"
	"strings"

	"github.com/turgo-io/turgo/operator"
)

// Mode is a way to run an operator.
type Mode uint8

const (
	// ItemWise: each record alone, one task. What comes out here is compared with what is wanted, and is what all
	// other modes must give.
	ItemWise Mode = 1 << iota
	// Batched: the records between two marks in batches of 2, of 3 and of 256; a keyed operator has the keys of a
	// batch looked up together.
	Batched
	// Restored: after every record a checkpoint, and a new instance that goes on from it.
	Restored
	// Rescaled: 1 subtask, then 3, then 2, each from a checkpoint of those before; for keyed operators.
	Rescaled
	// Stopped: the output fails, at every call in turn; the operator must hand the error on at once, and close.
	Stopped

	allModes = ItemWise | Batched | Restored | Rescaled | Stopped
)

var modeNames = [...]string{"item-wise", "batched", "restored", "rescaled", "stopped"}

// String names the modes.
func (m Mode) String() string {
	var names []string
	for i, name := range modeNames {
		if m&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// Option changes how an operator is run and what is wanted of it.
type Option func(*settings)

type settings struct {
	modes      Mode
	makesMarks bool
	allowLate  bool
	fails      string
	sides      []sideOutput
	counters   []counterWant
}

// sideOutput is a side output with its type erased.
type sideOutput struct {
	name     string
	port     func(*gate) any // an operator.Receiver of its type
	want     []entry
	compared bool
	fault    error
}

type counterWant struct {
	name string
	n    int64
}

// Only runs the operator in some modes; ItemWise always is one of them.
func Only(modes Mode) Option { return func(s *settings) { s.modes = modes | ItemWise } }

// MakesWatermarks says that the operator makes watermarks and idleness itself, instead of handing them on.
func MakesWatermarks() Option { return func(s *settings) { s.makesMarks = true } }

// AllowLate says that the operator may emit records behind a watermark that covers them.
func AllowLate() Option { return func(s *settings) { s.allowLate = true } }

// Fails says that the operator must end with an error whose text contains part. What comes out before is
// compared all the same.
func Fails(part string) Option { return func(s *settings) { s.fails = part } }

// WantSide connects a side output and says what must come out of it. A nil script only connects it.
func WantSide[S any](tag operator.Side[S], want *Script[S]) Option {
	return func(s *settings) {
		o := sideOutput{name: tag.Name(), port: func(g *gate) any { return &port[S]{g, tag.Name()} }}
		if want != nil {
			o.want, o.compared = want.entries(o.name), true
			o.fault = want.validate()
		}
		s.sides = append(s.sides, o)
	}
}

// WantCounter says what one of the operator's counters must come to.
func WantCounter(name string, n int64) Option {
	return func(s *settings) { s.counters = append(s.counters, counterWant{name, n}) }
}

// entries returns a script as what is wanted of an output.
func (s *Script[T]) entries(side string) (all []entry) {
	for _, st := range s.steps {
		switch st.kind {
		case recordStep:
			all = append(all, entry{side: side, time: st.rec.Time, value: st.rec.Value})
		case markStep:
			all = append(all, entry{side: side, mark: st.mark, isMark: true})
		default:
			s.faults = append(s.faults, fmt.Errorf("operatortest: %q is nothing that comes out of an operator", st))
		}
	}
	return all
}

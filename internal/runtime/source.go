package runtime

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/turgo-io/turgo/internal/bug"
	"github.com/turgo-io/turgo/internal/graph"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
)

// pollMax is about how many records one step of a source emits.
const pollMax = 256

// sourcePort is a task's source with its type erased: called once a step.
type sourcePort interface {
	step(t *Task) (operator.Status, error)
	deadline() int64
	halt()
	notePositions() error
	acknowledge(n int64)
	abandon()
	records() uint64
}

// SourceNode is a node that reads a source.
type SourceNode[T any] struct {
	Node   *graph.Node
	Source operator.Source[T]
	Out    Out[T]
	Sides  []SideOut
}

// Head builds the source's reader and the chain behind it.
func (n *SourceNode[T]) Head(b *Builder) error {
	env := b.env(n.Node)
	out, err := n.Out.Receiver(b)
	if err != nil {
		return err
	}
	if out, env.Sides, err = sides(b, n.Sides, out); err != nil {
		return err
	}
	s := &sourceTask[T]{source: n.Source, env: env, task: b.task}
	s.emitter = operator.Emitter[T]{Next: out, Task: env.Task}
	env.Task.Pause = s.pause
	b.task.source, b.task.head = s, out
	b.add(env, s, s.open, s.close)
	return nil
}

// splitPosition is what the checkpoint keeps of a split.
type splitPosition struct {
	ID       string
	Ord      uint32
	Position []byte
}

// sourceTask drives a reader. Each subtask keeps the positions of its own splits in union state: after a
// change of parallelism each picks those that are its own now.
type sourceTask[T any] struct {
	source    operator.Source[T]
	env       *operator.Env
	task      *Task
	reader    operator.Reader[T]
	emitter   operator.Emitter[T]
	positions state.OperatorList[splitPosition]
	splits    []operator.Split // by number
	known     map[string]uint32
	kept      []splitPosition
	at        int64 // the reader's deadline
	halted    bool
	adopted   bool // restored splits were added
	resting   bool // all splits are read to their end, and more may be found

	discoverAt int64
	looking    context.Context // of a discovery: ends when the source is closed
	look       func()          // ends it
	mu         sync.Mutex
	found      []operator.Split // by the discovery that runs in the background
	foundErr   error
	arrived    bool
}

func (s *sourceTask[T]) open() (err error) {
	c := operator.NewContext(s.env)
	s.looking, s.look = context.WithCancel(s.env.Ctx)
	s.positions = state.NewOperatorList[splitPosition](c, "positions", state.Union)
	if s.reader, err = s.source.Reader(c); err != nil {
		return err
	}
	found, err := s.source.Splits(s.env.Ctx)
	if err != nil {
		return fmt.Errorf("finding splits: %w", err)
	}
	s.known = map[string]uint32{}
	s.planDiscovery()
	s.found, s.arrived = found, true // added by the first step, when state is started
	return nil
}

func (s *sourceTask[T]) planDiscovery() {
	s.discoverAt = 0
	if d, ok := s.source.(operator.Discoverer); ok && d.DiscoverEvery() > 0 {
		s.discoverAt = s.env.Clock.Now() + d.DiscoverEvery()
	}
}

// discover looks for new splits in the background.
func (s *sourceTask[T]) discover() {
	s.discoverAt = 0
	s.env.Executor.Go("discover", func() {
		found, err := s.source.Splits(s.looking)
		s.mu.Lock()
		s.found, s.foundErr, s.arrived = found, err, true
		s.mu.Unlock()
		s.env.Wake()
	})
}

// adopt takes what discovery found: this subtask's new splits go to the reader.
func (s *sourceTask[T]) adopt() error {
	s.mu.Lock()
	arrived, found, err := s.arrived, s.found, s.foundErr
	s.arrived = false
	s.mu.Unlock()
	if !arrived {
		return nil
	}
	if err != nil { // the next look may do better; what is known is read on
		s.env.Log.Warn("finding splits failed; trying again later", "error", err)
		s.planDiscovery()
		return nil
	}
	for _, p := range s.restored() {
		if err := s.add(operator.Split{ID: p.ID, Ord: p.Ord}, p.Position); err != nil {
			return err
		}
	}
	for _, split := range found {
		if err := s.add(split, nil); err != nil {
			return err
		}
	}
	s.planDiscovery()
	if len(s.splits) == 0 {
		return s.rest()
	}
	return nil
}

// restored returns the positions of the restored checkpoint at the first call, nothing later.
func (s *sourceTask[T]) restored() []splitPosition {
	if s.adopted {
		return nil
	}
	s.adopted = true
	all := slices.Clone(s.positions.Get())
	slices.SortFunc(all, func(a, b splitPosition) int { return cmp.Compare(a.ID, b.ID) })
	if bug.Enabled && bug.On(bug.SplitForgotten) && len(all) > 0 {
		all = all[:len(all)-1]
	}
	return all
}

func (s *sourceTask[T]) add(split operator.Split, position []byte) error {
	if _, known := s.known[split.ID]; known || int(split.Ord%uint32(s.env.Parallelism)) != s.env.Subtask {
		return nil
	}
	number := int32(len(s.splits))
	s.known[split.ID] = split.Ord
	s.splits = append(s.splits, split)
	s.env.Task.Splits = append(s.env.Task.Splits, split.ID)
	if err := s.reader.Add(split, number, position); err != nil {
		return fmt.Errorf("split %s: %w", split.ID, err)
	}
	return s.emitter.Next.Mark(operator.Mark{Kind: operator.SplitAdded, Value: int64(number)})
}

func (s *sourceTask[T]) step(*Task) (operator.Status, error) {
	s.env.Task.Operator, s.emitter.Index = s.env.Index, s.env.Index
	if s.discoverAt != 0 && s.discoverAt <= s.env.Clock.Now() {
		s.discover()
	}
	if err := s.adopt(); err != nil {
		return operator.Done, err
	}
	s.at = 0
	if s.halted || s.env.Task.Ahead {
		return operator.Blocked, nil
	}
	status, at, err := s.reader.Poll(&s.emitter, pollMax)
	s.at = at
	if status == operator.Done && s.discovers() && err == nil {
		return operator.Blocked, s.rest()
	}
	s.resting = false
	return status, err
}

// rest says, once, that nothing comes until splits are found: what is read to its end holds no watermark back.
func (s *sourceTask[T]) rest() error {
	if s.resting {
		return nil
	}
	s.resting = true
	return s.emitter.Next.Mark(operator.Mark{Kind: operator.Idle})
}

// discovers reports whether more splits may come.
func (s *sourceTask[T]) discovers() bool {
	d, ok := s.source.(operator.Discoverer)
	return ok && d.DiscoverEvery() > 0
}

func (s *sourceTask[T]) deadline() int64 {
	if s.halted || s.at == 0 || (s.discoverAt != 0 && s.discoverAt < s.at) {
		return s.discoverAt
	}
	return s.at
}

// pause leaves a split out, if the reader can do that.
func (s *sourceTask[T]) pause(split int32, paused bool) {
	if r, ok := s.reader.(operator.Pauser); ok {
		r.Pause(split, paused)
	}
}

func (s *sourceTask[T]) halt()           { s.halted = true }
func (s *sourceTask[T]) records() uint64 { return s.emitter.N }

// notePositions puts where the reader is into state, for the checkpoint whose barrier follows. A barrier that
// comes before the first step of the source, while it was opened, finds the restored positions still with nobody.
func (s *sourceTask[T]) notePositions() error {
	if err := s.adopt(); err != nil {
		return err
	}
	if bug.Enabled && bug.On(bug.PositionsOld) {
		defer s.positions.Set(slices.Clone(s.kept))
	}
	s.kept = s.kept[:0]
	s.reader.Positions(func(id string, position []byte) {
		s.kept = append(s.kept, splitPosition{id, s.known[id], slices.Clone(position)})
	})
	s.positions.Set(s.kept)
	return nil
}

func (s *sourceTask[T]) acknowledge(n int64) {
	if r, ok := s.reader.(operator.Acknowledger); ok {
		r.Acknowledge(n)
	}
}

// abandon gives back what the reader holds after a simulated crash.
func (s *sourceTask[T]) abandon() {
	if s.reader != nil {
		defer func() { _ = recover() }() // the crash may have come in the middle of anything
		_ = s.reader.Close()
	}
}

func (s *sourceTask[T]) close() error {
	s.look()
	if s.reader == nil {
		return nil // it was never opened
	}
	return s.reader.Close()
}

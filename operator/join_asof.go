package operator

import (
	"fmt"

	"github.com/turgo-io/turgo/state"
)

// NewAsOfJoin returns the operator that joins each left record with the version of its key that was valid at its event
// time: the right record with the greatest event time that is not after it, the one that came last among equals. A left
// record waits until the watermark has reached it, so that its version has come. It is an inner join, which drops records
// of which no version is known, or a left join. Records that the watermark has passed are late and dropped; those without
// event time are an error.
//
// State: for each key the left records that wait, and the versions from the one valid at the watermark on.
func NewAsOfJoin[K comparable, L, R, Out any](s JoinSpec[L, R, Out]) TwoFactory[L, R, Out] {
	return checkedTwo[L, R, Out]{
		NewTwoFactory("as-of-"+s.Kind.String(), func() TwoInput[L, R, Out] {
			return &asOfJoin[L, R, Out]{joinCore: joinCore[L, R, Out]{JoinSpec: s}}
		}),
		func() error {
			if s.Kind != InnerJoin && s.Kind != LeftJoin {
				return fmt.Errorf("operator: an as-of join is inner or left, not a %v", s.Kind)
			}
			return s.validate()
		},
	}
}

type asOfJoin[L, R, Out any] struct {
	joinCore[L, R, Out]
	waiting  state.Map[rowKey, L]
	versions state.Map[int64, R]
	number   state.Value[uint64]
	timers   state.Timers
}

func (o *asOfJoin[L, R, Out]) Open(c Context, out Receiver[Out]) error {
	o.waiting = state.NewMap[rowKey, L](c, "waiting")
	o.versions = state.NewMap[int64, R](c, "versions")
	o.number = state.NewValue[uint64](c, "number")
	o.timers = state.NewTimers(c)
	return o.joinCore.Open(c, out)
}

func (o *asOfJoin[L, R, Out]) PushLeft(time int64, v *L) error {
	o.Context.Enter()
	switch {
	case time == NoTime:
		return errJoinTime
	case time <= o.passed:
		return o.dropLeft(time, v)
	}
	n := o.number.Ref()
	*n++
	o.waiting.Set(rowKey{time, *n}, *v)
	o.timers.Set(state.EventTime, time, 0)
	return nil
}

func (o *asOfJoin[L, R, Out]) PushRight(time int64, v *R) error {
	o.Context.Enter()
	switch {
	case time == NoTime:
		return errJoinTime
	case time <= o.passed:
		return o.dropRight(time, v)
	}
	o.prune()
	o.versions.Set(time, *v)
	return nil
}

// prune forgets the versions before the one that is valid at the watermark: all older left records have had theirs.
func (o *asOfJoin[L, R, Out]) prune() {
	valid, found := int64(0), false
	for at := range o.versions.All() {
		if at > o.passed {
			return
		}
		if found {
			o.versions.Delete(valid)
		}
		valid, found = at, true
	}
}

// Mark joins what the watermark has reached before it hands the watermark on.
func (o *asOfJoin[L, R, Out]) Mark(m Mark) error {
	if m.Kind == Watermark {
		for {
			at, _, ok := o.timers.PopDue(state.EventTime, m.Value)
			if !ok {
				break
			}
			if err := o.join(at); err != nil {
				return err
			}
		}
		o.passed = m.Value
	}
	return o.Out.Mark(m)
}

// join puts the left records of the current key out that are at a time.
func (o *asOfJoin[L, R, Out]) join(at int64) error {
	version, known := o.versionAt(at)
	for k, l := range o.waiting.All() {
		if k.Time > at {
			break
		}
		o.waiting.Delete(k)
		var r *R
		if known {
			r = &version
		} else if o.Kind == InnerJoin {
			continue
		}
		if err := o.emit(k.Time, &l, r); err != nil {
			return err
		}
	}
	if o.waiting.Len() == 0 {
		o.number.Clear()
	}
	return nil
}

// versionAt returns the newest version that is not after a time.
func (o *asOfJoin[L, R, Out]) versionAt(at int64) (v R, ok bool) {
	for time, r := range o.versions.All() {
		if time > at {
			break
		}
		v, ok = r, true
	}
	return v, ok
}

// NewBroadcastJoin returns the operator that joins each left record, without an exchange by key, with the newest right
// record of its key that has come to its subtask: inner or left. The whole right side is in every subtask's memory.
func NewBroadcastJoin[K comparable, L, R, Out any](left func(L) K, right func(R) K, s JoinSpec[L, R, Out]) TwoFactory[L, R, Out] {
	return checkedTwo[L, R, Out]{
		NewBroadcast("broadcast-"+s.Kind.String(), func() Broadcast[L, R, Out] {
			return &broadcastJoin[K, L, R, Out]{spec: s, left: left, right: right}
		}),
		func() error {
			if s.Kind != InnerJoin && s.Kind != LeftJoin || left == nil || right == nil {
				return fmt.Errorf("operator: a broadcast join is inner or left, not a %v, and needs the keys of both sides", s.Kind)
			}
			return s.validate()
		},
	}
}

type broadcastJoin[K comparable, L, R, Out any] struct {
	spec  JoinSpec[L, R, Out]
	left  func(L) K
	right func(R) K
	table BroadcastState[K, R]
}

func (j *broadcastJoin[K, L, R, Out]) Open(c Context) error {
	j.table = NewBroadcastState[K, R](c, "table")
	return nil
}

func (j *broadcastJoin[K, L, R, Out]) Process(_ RecordContext, v L, out *Collector[Out]) error {
	r, ok := j.table.Get(j.left(v))
	switch {
	case ok:
		out.Emit(j.spec.Result(&v, &r))
	case j.spec.Kind == LeftJoin:
		out.Emit(j.spec.Result(&v, nil))
	}
	return nil
}

func (j *broadcastJoin[K, L, R, Out]) ProcessBroadcast(_ RecordContext, v R, _ *Collector[Out]) error {
	j.table.Set(j.right(v), v)
	return nil
}

package stream

import (
	"errors"
	"fmt"
	"time"

	"github.com/turgo-io/turgo/internal/exchange"
	"github.com/turgo-io/turgo/internal/graph"
	"github.com/turgo-io/turgo/internal/runtime"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/window"
)

// Joined is two streams that meet by key. What follows says which of their records do.
type Joined[K comparable, L, R any] struct {
	left     *Stream[L]
	right    *Stream[R]
	leftKey  func(L) K
	rightKey func(R) K
}

// Join brings two streams together: records of the same key meet.
//
//	orders.Join(shipments, Order.ID, Shipment.Order).
//		Between(-time.Hour, 24*time.Hour).
//		Inner(func(o Order, s Shipment) Delivery { … })
func (s *Stream[T]) Join[K comparable, U any](other *Stream[U], left func(T) K, right func(U) K) *Joined[K, T, U] {
	return &Joined[K, T, U]{s, other, left, right}
}

// Pairs is two streams of which it is said which records meet. What follows says what comes of them.
type Pairs[K comparable, L, R any] struct {
	of        *Joined[K, L, R]
	lateLeft  operator.Side[L]
	lateRight operator.Side[R]
	assigner  window.Assigner // of windowed joins
	options   window.Options
	bounds    *window.Bounds // of interval joins
	table     bool
	ttl       time.Duration
}

func (j *Joined[K, L, R]) pairs() *Pairs[K, L, R] {
	return &Pairs[K, L, R]{of: j, lateLeft: operator.NewSide[L]("late-left"), lateRight: operator.NewSide[R]("late-right")}
}

// Window lets records meet that are in the same window.
func (j *Joined[K, L, R]) Window(assigner window.Assigner, opts ...window.Option) *Pairs[K, L, R] {
	p := j.pairs()
	p.assigner, p.options = assigner, window.With(opts...)
	return p
}

// Between lets records meet if the right one's event time is from lower to upper after the left one's; negative is before.
func (j *Joined[K, L, R]) Between(lower, upper time.Duration) *Pairs[K, L, R] {
	p := j.pairs()
	b := window.Between(lower, upper)
	p.bounds = &b
	return p
}

// Within lets all records meet that are at most d apart in event time: a join without windows whose state is kept for d.
func (j *Joined[K, L, R]) Within(d time.Duration) *Pairs[K, L, R] { return j.Between(-d, d) }

// Always lets all records meet. State grows with both streams.
func (j *Joined[K, L, R]) Always() *Pairs[K, L, R] {
	p := j.pairs()
	b := window.Always()
	p.bounds = &b
	return p
}

// AsOf lets each left record meet the right one that is its key's version at the left one's event time. Inner and Left
// only.
func (j *Joined[K, L, R]) AsOf() *Pairs[K, L, R] { return j.pairs() }

// Tables lets the newest record of each side meet: each record puts the pair out anew. A ttl of event time forgets what was
// not renewed; 0 keeps all.
func (j *Joined[K, L, R]) Tables(ttl time.Duration) *Pairs[K, L, R] {
	p := j.pairs()
	p.table, p.ttl = true, ttl
	return p
}

// Process hands both streams to user code with state, timers and side outputs for each key; fn makes one for each subtask.
func (j *Joined[K, L, R]) Process[U any](fn func() operator.CoKeyed[K, L, R, U]) *Keyed[K, U] {
	r := two(j, operator.NewCoKeyed("co-process", fn), exchange.Hash)
	return &Keyed[K, U]{check(r, fn == nil)}
}

// LateTo puts records that come too late to be joined on side outputs. Without it they are only counted.
func (p *Pairs[K, L, R]) LateTo(left operator.Side[L], right operator.Side[R]) *Pairs[K, L, R] {
	c := *p
	c.lateLeft, c.lateRight = left, right
	return &c
}

// Inner puts fn of each pair out.
func (p *Pairs[K, L, R]) Inner[U any](fn func(l L, r R) U) *Stream[U] {
	return joined(p, operator.InnerJoin, fn == nil, func(l *L, r *R) U { return fn(*l, *r) })
}

// Left puts fn of each pair out, and of left records without partner, with nil.
func (p *Pairs[K, L, R]) Left[U any](fn func(l L, r *R) U) *Stream[U] {
	return joined(p, operator.LeftJoin, fn == nil, func(l *L, r *R) U { return fn(*l, r) })
}

// Right puts fn of each pair out, and of right records without partner, with nil.
func (p *Pairs[K, L, R]) Right[U any](fn func(l *L, r R) U) *Stream[U] {
	return joined(p, operator.RightJoin, fn == nil, func(l *L, r *R) U { return fn(l, *r) })
}

// Full puts fn of each pair out, and of records of either side without partner, with nil.
func (p *Pairs[K, L, R]) Full[U any](fn func(l *L, r *R) U) *Stream[U] {
	return joined(p, operator.FullJoin, fn == nil, fn)
}

// Semi puts fn of each left record out once that has a partner.
func (p *Pairs[K, L, R]) Semi[U any](fn func(l L) U) *Stream[U] {
	return joined(p, operator.SemiJoin, fn == nil, func(l *L, _ *R) U { return fn(*l) })
}

// Anti puts fn of each left record out that has no partner.
func (p *Pairs[K, L, R]) Anti[U any](fn func(l L) U) *Stream[U] {
	return joined(p, operator.AntiJoin, fn == nil, func(l *L, _ *R) U { return fn(*l) })
}

// CoGroup puts fn of all records out that are in the same window of a key. It is for windows only.
func (p *Pairs[K, L, R]) CoGroup[U any](fn func(key K, f window.Firing, left []L, right []R) U) *Stream[U] {
	s := two(p.of, operator.NewCoGroup(p.assigner, p.options, fn), exchange.Hash)
	if p.assigner == nil {
		s.node.Faults = append(s.node.Faults, errors.New("groups are of windows: choose one by Window"))
	}
	return s
}

// joined adds the operator for what is to come of the pairs.
func joined[K comparable, L, R, U any](p *Pairs[K, L, R], kind operator.JoinKind, isNil bool, fn func(*L, *R) U) *Stream[U] {
	spec := operator.JoinSpec[L, R, U]{Kind: kind, Result: fn, LateLeft: p.lateLeft, LateRight: p.lateRight}
	var f operator.TwoFactory[L, R, U]
	switch {
	case p.assigner != nil:
		f = operator.NewWindowJoin[K](p.assigner, p.options, spec)
	case p.bounds != nil:
		f = operator.NewIntervalJoin[K](*p.bounds, spec)
	case p.table:
		f = operator.NewTableJoin[K](spec, p.ttl)
	default:
		f = operator.NewAsOfJoin[K](spec)
	}
	return check(two(p.of, f, exchange.Hash), isNil)
}

// IntervalJoin puts fn of each pair out whose event times are within bounds: Join, Between and Inner in one.
func (s *Stream[T]) IntervalJoin[K comparable, U, V any](other *Stream[U], left func(T) K, right func(U) K, b window.Bounds, fn func(T, U) V) *Stream[V] {
	p := s.Join(other, left, right).pairs()
	p.bounds = &b
	return p.Inner(fn)
}

// ForeignJoin joins a table with another one that its rows refer to: key is a row's own key, foreign that of the row it
// refers to, whose key is right. Every change on either side puts fn of the rows that it concerns out; of a row whose
// partner has not come, or is unknown, with nil if outer. (It is no method: its types grow.)
func ForeignJoin[PK, FK comparable, T, U, V any](s *Stream[T], other *Stream[U], key func(T) PK, foreign func(T) FK, right func(U) FK, outer bool, fn func(T, *U) V) *Stream[V] {
	kind := operator.InnerJoin
	if outer {
		kind = operator.LeftJoin
	}
	spec := operator.JoinSpec[T, U, V]{
		Kind: kind, Result: func(l *T, r *U) V { return fn(*l, r) },
		LateLeft: operator.NewSide[T]("late-left"), LateRight: operator.NewSide[U]("late-right"),
	}
	keyed := s.KeyBy(key)
	rows := check(via(keyed.Stream, operator.NewReferrals[PK](foreign)).keyed(), foreign == nil)
	j := &Joined[FK, operator.Referral[PK, FK, T], U]{rows, other, func(r operator.Referral[PK, FK, T]) FK { return r.To }, right}
	return check(two(j, operator.NewForeignJoin[PK, FK](spec), exchange.Hash), fn == nil)
}

// BroadcastJoin joins each record with the newest one of its key that has come of another stream, all of which every subtask
// keeps in memory; nil if none has. The stream itself needs no exchange.
func (s *Stream[T]) BroadcastJoin[K comparable, U, V any](other *Stream[U], left func(T) K, right func(U) K, fn func(T, *U) V) *Stream[V] {
	spec := operator.JoinSpec[T, U, V]{Kind: operator.LeftJoin, Result: func(l *T, r *U) V { return fn(*l, r) }}
	j := &Joined[bool, T, U]{left: s, right: other}
	return check(two(j, operator.NewBroadcastJoin(left, right, spec), exchange.Broadcast), fn == nil)
}

// WithBroadcast hands the stream, and another of which every subtask gets each record, to user code; fn makes one for each
// subtask.
func (s *Stream[T]) WithBroadcast[U, V any](other *Stream[U], fn func() operator.Broadcast[T, U, V]) *Stream[V] {
	j := &Joined[bool, T, U]{left: s, right: other}
	return check(two(j, operator.NewBroadcast("broadcast", fn), exchange.Broadcast), fn == nil)
}

// WithKeyedBroadcast is WithBroadcast with a key for the stream: user code has state and timers of each key.
func (s *Stream[T]) WithKeyedBroadcast[K comparable, U, V any](other *Stream[U], key func(T) K, fn func() operator.KeyedBroadcast[K, T, U, V]) *Keyed[K, V] {
	j := &Joined[K, T, U]{left: s, right: other, leftKey: key}
	r := two(j, operator.NewKeyedBroadcast("keyed-broadcast", fn), exchange.Broadcast)
	return &Keyed[K, V]{check(r, fn == nil || key == nil)}
}

// two adds an operator of two inputs. The right one is reached by key, or is broadcast; the left one by its key if it has
// one.
func two[K comparable, L, R, U any](j *Joined[K, L, R], f operator.TwoFactory[L, R, U], right exchange.Kind) *Stream[U] {
	job := j.left.job
	n := job.node(graph.Operator, f.Name())
	b := &runtime.TwoNode[K, L, R, U]{Node: n, Left: j.leftKey, Right: j.rightKey, Factory: f}
	n.Build = b
	if v, ok := f.(interface{ Validate() error }); ok {
		n.Validate = v.Validate
	}
	out := newStream(job, n, &b.Out, func(o runtime.SideOut) { b.Sides = append(b.Sides, o) })
	if j.right == nil || j.right.job != job {
		n.Faults = append(n.Faults, errors.New("the other stream is nil, or of another job"))
		return out
	}
	if right == exchange.Hash && (j.leftKey == nil || j.rightKey == nil) {
		n.Faults = append(n.Faults, errors.New("the key function of a side is nil"))
		return out
	}
	if j.leftKey != nil {
		connectBy(j.left, n, j.leftKey)
	} else {
		j.left.connect(n, nil, exchange.Route[L]{})
	}
	if right == exchange.Hash {
		connectBy(j.right, n, j.rightKey)
	} else {
		j.right.reached(right).connect(n, nil, exchange.Route[R]{})
	}
	return out
}

// connectBy adds an edge by key.
func connectBy[K comparable, T any](s *Stream[T], n *graph.Node, key func(T) K) {
	groups := s.job.settings.maxParallelism
	route := exchange.Route[T]{Groups: groups}
	hasher, err := state.HashOf[K]()
	if err != nil {
		n.Faults = append(n.Faults, fmt.Errorf("the key: %w", err))
	} else {
		route.Group = func(v *T) int { return hasher.Group(key(*v), groups) }
	}
	s.reached(exchange.Hash).connect(n, nil, route)
}

package operator

import (
	"fmt"

	"github.com/turgo-io/turgo/state"
)

// Referral is a row of a table on its way to the table that it refers to: by a foreign key.
type Referral[PK, FK comparable, L any] struct {
	Key  PK
	To   FK
	Row  L
	Gone bool // the row refers to another one now
}

// NewReferrals returns the operator, behind a KeyBy by the primary key, that sends each row to the row that it refers to,
// and tells the one that it referred to before.
//
// State: for each primary key the foreign key of its newest row.
func NewReferrals[PK, FK comparable, L any](foreign func(L) FK) Factory[L, Referral[PK, FK, L]] {
	return NewKeyed("refer", func() Keyed[PK, L, Referral[PK, FK, L]] { return &referrer[PK, FK, L]{foreign: foreign} })
}

type referrer[PK, FK comparable, L any] struct {
	foreign func(L) FK
	to      state.Value[FK]
}

func (f *referrer[PK, FK, L]) Open(c Context) error {
	f.to = state.NewValue[FK](c, "to")
	return nil
}

func (f *referrer[PK, FK, L]) Process(c KeyedContext[PK], v L, out *Collector[Referral[PK, FK, L]]) error {
	to := f.foreign(v)
	if before, ok := f.to.Get(); ok && before != to {
		out.Emit(Referral[PK, FK, L]{Key: c.Key(), To: before, Row: v, Gone: true})
	}
	f.to.Set(to)
	out.Emit(Referral[PK, FK, L]{Key: c.Key(), To: to, Row: v})
	return nil
}

// NewForeignJoin returns the operator that joins the rows of a table with the row of another that they refer to: every new
// left row, and for every new right row each left one that refers to it, inner or left.
//
// State: for each foreign key the right row, and the left ones by primary key.
func NewForeignJoin[PK, FK comparable, L, R, Out any](s JoinSpec[L, R, Out]) TwoFactory[Referral[PK, FK, L], R, Out] {
	return checkedTwo[Referral[PK, FK, L], R, Out]{
		NewCoKeyed("foreign-"+s.Kind.String(), func() CoKeyed[FK, Referral[PK, FK, L], R, Out] {
			return &foreignJoin[PK, FK, L, R, Out]{spec: s}
		}),
		func() error {
			if s.Kind != InnerJoin && s.Kind != LeftJoin {
				return fmt.Errorf("operator: a join by a foreign key is inner or left, not a %v", s.Kind)
			}
			return s.validate()
		},
	}
}

type foreignJoin[PK, FK comparable, L, R, Out any] struct {
	spec  JoinSpec[L, R, Out]
	lefts state.Map[PK, L]
	right state.Value[R]
}

func (f *foreignJoin[PK, FK, L, R, Out]) Open(c Context) error {
	f.lefts = state.NewMap[PK, L](c, "left")
	f.right = state.NewValue[R](c, "right")
	return nil
}

func (f *foreignJoin[PK, FK, L, R, Out]) ProcessLeft(_ KeyedContext[FK], v Referral[PK, FK, L], out *Collector[Out]) error {
	if v.Gone {
		f.lefts.Delete(v.Key)
		return nil
	}
	f.lefts.Set(v.Key, v.Row)
	r, ok := f.right.Get()
	switch {
	case ok:
		out.Emit(f.spec.Result(&v.Row, &r))
	case f.spec.Kind == LeftJoin:
		out.Emit(f.spec.Result(&v.Row, nil))
	}
	return nil
}

func (f *foreignJoin[PK, FK, L, R, Out]) ProcessRight(_ KeyedContext[FK], v R, out *Collector[Out]) error {
	f.right.Set(v)
	for _, l := range f.lefts.All() {
		out.Emit(f.spec.Result(&l, &v))
	}
	return nil
}

package window

import "errors"

// Pair is the accumulator of two aggregators that run in one pass.
type Pair[A, B any] struct {
	A A
	B B
}

// both runs two aggregators side by side; the wider combinations nest it.
type both[T, A1, R1, A2, R2, R any] struct {
	a    Aggregator[T, A1, R1]
	b    Aggregator[T, A2, R2]
	join func(R1, R2) R
}

// Combine2 computes two aggregates in one pass and joins their results.
func Combine2[T, A1, R1, A2, R2, R any](a Aggregator[T, A1, R1], b Aggregator[T, A2, R2], join func(R1, R2) R) Aggregator[T, Pair[A1, A2], R] {
	return both[T, A1, R1, A2, R2, R]{a, b, join}
}

func (c both[T, A1, R1, A2, R2, R]) Add(acc *Pair[A1, A2], v *T) {
	c.a.Add(&acc.A, v)
	c.b.Add(&acc.B, v)
}

func (c both[T, A1, R1, A2, R2, R]) Merge(dst, src *Pair[A1, A2]) {
	c.a.Merge(&dst.A, &src.A)
	c.b.Merge(&dst.B, &src.B)
}

func (c both[T, A1, R1, A2, R2, R]) Result(acc *Pair[A1, A2]) R {
	return c.join(c.a.Result(&acc.A), c.b.Result(&acc.B))
}

// Validate implements [Validator]: it reports the faults of both parts.
func (c both[T, A1, R1, A2, R2, R]) Validate() error {
	return errors.Join(Validate(c.a), Validate(c.b))
}

// Grows implements [Growing]: one of the parts is enough.
func (c both[T, A1, R1, A2, R2, R]) Grows() bool { return Grows(c.a) || Grows(c.b) }

// Retractable implements [Retractor]: both parts must be.
func (c both[T, A1, R1, A2, R2, R]) Retractable() bool {
	_, a := AsRetractor(c.a)
	_, b := AsRetractor(c.b)
	return a && b
}

// Retract implements [Retractor].
func (c both[T, A1, R1, A2, R2, R]) Retract(acc *Pair[A1, A2], v *T) {
	c.a.(Retractor[T, A1]).Retract(&acc.A, v)
	c.b.(Retractor[T, A2]).Retract(&acc.B, v)
}

// two carries two results to a wider join.
type two[R1, R2 any] struct {
	a R1
	b R2
}

func pair[R1, R2 any](a R1, b R2) two[R1, R2] { return two[R1, R2]{a, b} }

// Combine3 computes three aggregates in one pass and joins their results.
func Combine3[T, A1, R1, A2, R2, A3, R3, R any](a Aggregator[T, A1, R1], b Aggregator[T, A2, R2], c Aggregator[T, A3, R3],
	join func(R1, R2, R3) R,
) Aggregator[T, Pair[Pair[A1, A2], A3], R] {
	return Combine2(Combine2(a, b, pair[R1, R2]), c, func(l two[R1, R2], r R3) R { return join(l.a, l.b, r) })
}

// Combine4 computes four aggregates in one pass and joins their results.
func Combine4[T, A1, R1, A2, R2, A3, R3, A4, R4, R any](a Aggregator[T, A1, R1], b Aggregator[T, A2, R2], c Aggregator[T, A3, R3],
	d Aggregator[T, A4, R4], join func(R1, R2, R3, R4) R,
) Aggregator[T, Pair[Pair[A1, A2], Pair[A3, A4]], R] {
	return Combine2(Combine2(a, b, pair[R1, R2]), Combine2(c, d, pair[R3, R4]),
		func(l two[R1, R2], r two[R3, R4]) R { return join(l.a, l.b, r.a, r.b) })
}

package exchange

import "github.com/turgo-io/turgo/operator"

// Config sizes an exchange. Batch is records a batch, Slots batches a ring.
type Config struct{ Batch, Slots int }

// Exchange is all rings of one edge: from each sending subtask to each receiving one, or with
// Forward only between those of one number.
type Exchange[T any] struct {
	config  Config
	forward bool
	from    []Waker
	to      []Waker
	rings   [][]*ring[T] // by sender, then receiver
	codec   Codec[T]
}

// New returns the exchange between the tasks from and to.
func New[T any](c Config, from, to []Waker, forward bool) *Exchange[T] {
	x := &Exchange[T]{config: c, forward: forward, from: from, to: to, rings: make([][]*ring[T], len(from))}
	for f := range from {
		x.rings[f] = make([]*ring[T], len(to))
		for t := range to {
			if !forward || f == t {
				x.rings[f][t] = newRing[T](c.Slots)
			}
		}
	}
	return x
}

// Store lets checkpoints overtake the records of the exchange, and store them. It comes before Inputs and Output.
func (x *Exchange[T]) Store(codec Codec[T]) { x.codec = codec }

// Stores reports whether checkpoints can overtake the records.
func (x *Exchange[T]) Stores() bool { return x.codec != nil }

// Inputs returns the receiving ends of subtask to, which feed out.
func (x *Exchange[T]) Inputs(to int, out operator.Receiver[T]) (ins []In) {
	for f := range x.from {
		if r := x.rings[f][to]; r != nil {
			ins = append(ins, newInput(x, f, r, out))
		}
	}
	return ins
}

// Output returns the sending end of subtask from: a receiver that deals records out by route, and
// the senders for its task to flush and drain.
func (x *Exchange[T]) Output(from int, route Route[T]) (operator.Receiver[T], []Out) {
	var senders []*sender[T]
	var outs []Out
	for t := range x.to {
		if r := x.rings[from][t]; r != nil {
			s := &sender[T]{
				ring: r, size: x.config.Batch, to: x.to[t], receiver: t, codec: x.codec,
				open: batch[T]{recs: make([]operator.Record[T], 0, x.config.Batch)},
			}
			senders, outs = append(senders, s), append(outs, s)
		}
	}
	return newOutput(senders, route, from), outs
}

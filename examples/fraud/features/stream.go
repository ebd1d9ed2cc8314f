package features

import (
	"iter"

	"github.com/turgo-io/turgo/examples/fraud/payments"
)

// Stream computes the features of a sequence of payments in plain Go, with a
// state per card in a map: what training uses, and the reference for the job.
// The pointer is valid until the next turn of the loop.
func Stream(in iter.Seq[payments.Payment]) iter.Seq[*Features] {
	return func(yield func(*Features) bool) {
		cards := map[uint64]*CardState{}
		var f Features
		for p := range in {
			s := cards[p.CardID]
			if s == nil {
				s = new(CardState)
				cards[p.CardID] = s
			}
			Clean(&p)
			s.Update(&p, &f)
			if !yield(&f) {
				return
			}
		}
	}
}

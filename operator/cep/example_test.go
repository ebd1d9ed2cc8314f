package cep_test

import (
	"context"
	"fmt"
	"time"

	"github.com/turgo-io/turgo/connector/memory"
	"github.com/turgo-io/turgo/operator/cep"
	"github.com/turgo-io/turgo/stream"
)

type payment struct {
	Card   string
	Second int
	Amount float64
}

func (p payment) at() time.Time { return time.Unix(int64(p.Second), 0) }

// Two small payments with a card, and a large one behind them within a minute.
func Example() {
	probing := cep.Begin[payment]("small").Where(func(p payment) bool { return p.Amount < 1 }).Times(2).
		FollowedBy("large").Where(func(p payment) bool { return p.Amount > 500 }).
		Within(time.Minute).AfterMatch(cep.SkipPastLast())

	job, out := stream.NewJob("example", stream.Parallelism(1)), memory.Collect[string]()
	stream.From(job, memory.Of(
		payment{"c1", 0, 0.5}, payment{"c2", 5, 900}, payment{"c1", 10, 0.2}, payment{"c1", 20, 700},
	)).EventTime(payment.at).
		KeyBy(func(p payment) string { return p.Card }).
		Detect(probing, func(card string, m cep.Match[payment]) string {
			large, _ := m.First("large")
			return fmt.Sprintf("card %s: %v after %d small ones", card, large.Amount, len(m.All("small")))
		}).To(out)
	fmt.Println(job.Run(context.Background()), out.Values())
	// Output: <nil> [card c1: 700 after 2 small ones]
}

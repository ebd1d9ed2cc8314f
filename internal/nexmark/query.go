package nexmark

import (
	"errors"
	"fmt"
	"time"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/stream"
)

// Query is one of NEXMark's queries.
type Query struct {
	Name  string
	About string
	// Build adds the query to a job: it reads in and sums its rows up in out.
	Build func(j *stream.Job, in Input, out *Total)
}

// ErrUnknown is returned by Find.
var ErrUnknown = errors.New("nexmark: no such query")

// Find returns a query by its name.
func Find(name string) (Query, error) {
	for _, q := range Queries() {
		if q.Name == name {
			return q, nil
		}
	}
	return Query{}, fmt.Errorf("%w: %q; there are %v", ErrUnknown, name, Names())
}

// Names lists the queries.
func Names() (all []string) {
	for _, q := range Queries() {
		all = append(all, q.Name)
	}
	return all
}

// Queries returns all queries.
func Queries() []Query {
	return []Query{
		{"q0", "every bid as it is", passThrough},
		{"q1", "every bid with its price in euros", currency},
		{"q2", "bids on some auctions", selection},
		{"q3", "who sells in some states", localItems},
		{"q4", "average winning price of a category", winningPrices},
		{"q5", "auctions with the most bids in the last ten seconds", hotItems(10*time.Second, 2*time.Second)},
		{"q5w", "auctions with the most bids in the last minute, every second", hotItems(time.Minute, time.Second)},
		{"q6", "mean price of each seller's last sales", incomes},
		{"q7", "highest bids", highestBids},
		{"q8", "new persons who sell at once", newSellers},
		{"q9", "winning bid of each auction", winningBids},
		{"q11", "bids of each session of a bidder", sessions},
		{"q12", "bids of each bidder by the clock", processingTime},
		{"q13", "bids with a bounded side input", sideJoin},
		{"q14", "bids calculated with", calculation},
		{"q16", "bids of each channel", channels},
		{"q17", "prices of each auction", auctionPrices},
		{"q18", "last bid of each bidder on each auction", lastBids},
		{"q19", "ten highest bids of each auction", topBids},
		{"q20", "bids with their auction", expandedBids},
		{"q22", "parts of the address of each bid", directories},
	}
}

// span is the window of most queries.
const span = 10 * time.Second

// timed gives the records of a source their event time.
func timed[T any](j *stream.Job, src operator.Source[T], at func(T) time.Time) *stream.Stream[T] {
	return stream.From(j, src).EventTime(at,
		stream.OutOfOrder(jitterMilli*time.Millisecond), stream.WatermarkEvery(jitterMilli*time.Millisecond))
}

// sum ends a stream in a checksum of its rows.
func sum[T any](s *stream.Stream[T], out *Total, row func(*T) Row) { s.To(checksum[T]{out, row}) }

// millis is a point in time as events have it.
func millis(nanos int64) int64 { return nanos / int64(time.Millisecond) }

func bidRow(b *Bid) Row {
	return Row(0).With(b.Auction).With(b.Bidder).With(b.Price).With(b.Time).With(int64(len(b.Extra)))
}

// passThrough is q0.
func passThrough(j *stream.Job, in Input, out *Total) {
	sum(stream.From(j, in.Bids()), out, bidRow)
}

// currency is q1.
func currency(j *stream.Job, in Input, out *Total) {
	sum(stream.From(j, in.Bids()).Map(Bid.inEuros), out, bidRow)
}

func (b Bid) inEuros() Bid {
	b.Price = b.Price * 908 / 1000
	return b
}

// selection is q2.
func selection(j *stream.Job, in Input, out *Total) {
	some := stream.From(j, in.Bids()).Filter(func(b Bid) bool { return b.Auction%123 == 0 })
	sum(some, out, func(b *Bid) Row { return Row(0).With(b.Auction).With(b.Price) })
}

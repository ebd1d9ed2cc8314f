package nexmark

import (
	"time"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/stream"
	"github.com/turgo-io/turgo/window"
)

// auctionCount is how many bids an auction had in the window that ends at End.
type auctionCount struct{ End, Auction, Bids int64 }

// touch is what q5 needs of a bid.
type touch struct{ Auction int64 }

// hotItems is q5 for a window and how often it is asked for.
func hotItems(size, slide time.Duration) func(*stream.Job, Input, *Total) {
	return func(j *stream.Job, in Input, out *Total) {
		counts := timed(j, in.Bids(), Bid.At).
			Map(func(b Bid) touch { return touch{b.Auction} }).
			KeyBy(func(t touch) int64 { return t.Auction }).
			Window(window.Sliding(size, slide)).
			Aggregate(window.Count[touch](), func(auction int64, w window.Span, n int64) auctionCount {
				return auctionCount{millis(w.End), auction, n}
			})
		hot := best(counts, window.Tumbling(slide), func(c *auctionCount) int64 { return c.Bids })
		sum(hot, out, func(c *auctionCount) Row { return Row(0).With(c.End).With(c.Auction).With(c.Bids) })
	}
}

// best puts out the records with the greatest score of each window: first those of each subtask, then of these.
func best[T any](s *stream.Stream[T], w window.TumblingWindow, score func(*T) int64) *stream.Stream[T] {
	f := newLeaders(w, score)
	return s.Via(f).Name("best-of-subtask").Global().Via(f).Name("best-of-all")
}

// offer is what q7 and q19 need of a bid.
type offer struct{ Auction, Bidder, Price, Time int64 }

func (b Bid) offer() offer { return offer{b.Auction, b.Bidder, b.Price, b.Time} }

// highestBids is q7.
func highestBids(j *stream.Job, in Input, out *Total) {
	w := window.Tumbling(span)
	highest := best(timed(j, in.Bids(), Bid.At).Map(Bid.offer), w, func(o *offer) int64 { return o.Price })
	sum(highest, out, func(o *offer) Row {
		end := w.SpanOf(time.UnixMilli(o.Time).UnixNano()).End
		return Row(0).With(millis(end)).With(o.Auction).With(o.Bidder).With(o.Price).With(o.Time)
	})
}

// session is a run of bids of a bidder without a gap; End is the last one's time and the gap.
type session struct{ Bidder, Bids, Start, End int64 }

// presence is what q11 needs of a bid.
type presence struct{ Bidder int64 }

// sessions is q11.
func sessions(j *stream.Job, in Input, out *Total) {
	all := timed(j, in.Bids(), Bid.At).
		Map(func(b Bid) presence { return presence{b.Bidder} }).
		KeyBy(func(p presence) int64 { return p.Bidder }).
		Window(window.Session(span)).
		Aggregate(window.Count[presence](), func(bidder int64, w window.Span, n int64) session {
			return session{bidder, n, millis(w.Start), millis(w.End)}
		})
	sum(all, out, func(s *session) Row { return Row(0).With(s.Bidder).With(s.Bids).With(s.Start).With(s.End) })
}

// pairing is the key of q18.
type pairing struct{ Bidder, Auction int64 }

// lastBids is q18. Whole bids cross the exchange and are kept.
func lastBids(j *stream.Job, in Input, out *Total) {
	last := timed(j, in.Bids(), Bid.At).
		KeyBy(func(b Bid) pairing { return pairing{b.Bidder, b.Auction} }).
		Window(window.Tumbling(span)).
		Aggregate(newest{}, func(_ pairing, _ window.Span, b Bid) Bid { return b })
	sum(last, out, bidRow)
}

// newest keeps the last bid by time, then price, then length.
type newest struct{}

func (newest) Add(acc, b *Bid) {
	if acc.before(b) {
		*acc = *b
	}
}

func (n newest) Merge(dst, src *Bid) { n.Add(dst, src) }
func (newest) Result(acc *Bid) Bid   { return *acc }

// before orders bids; that of no auction is before all.
func (b *Bid) before(o *Bid) bool {
	switch {
	case b.Time != o.Time:
		return b.Time < o.Time
	case b.Price != o.Price:
		return b.Price < o.Price
	}
	return len(b.Extra) < len(o.Extra)
}

// topBids is q19.
func topBids(j *stream.Job, in Input, out *Total) {
	top := timed(j, in.Bids(), Bid.At).
		Map(Bid.offer).
		KeyBy(func(o offer) int64 { return o.Auction }).
		Window(window.Tumbling(span)).
		Aggregate(ten{}, func(auction int64, w window.Span, best ranking) ranked { return ranked{millis(w.End), auction, best} }).
		Do(func() operator.Function[ranked, place10] { return rows{} })
	sum(top, out, func(p *place10) Row {
		return Row(0).With(p.End).With(p.Auction).With(p.Rank).With(p.Price).With(p.Bidder).With(p.Time)
	})
}

// bid10 is a bid in a ranking.
type bid10 struct{ Price, Bidder, Time int64 }

// above orders bids in a ranking: by price, then the earlier one, then by bidder.
func (b *bid10) above(o *bid10) bool {
	switch {
	case b.Price != o.Price:
		return b.Price > o.Price
	case b.Time != o.Time:
		return b.Time < o.Time
	}
	return b.Bidder < o.Bidder
}

// ranking is the ten highest bids at most. It is an array so that nothing is allocated for a window.
type ranking struct {
	N    int64
	Bids [10]bid10
}

// enter puts a bid into its place and drops the last if there are too many.
func (r *ranking) enter(b bid10) {
	at := r.N
	for at > 0 && b.above(&r.Bids[at-1]) {
		at--
	}
	if at == int64(len(r.Bids)) {
		return
	}
	r.N = min(r.N+1, int64(len(r.Bids)))
	copy(r.Bids[at+1:r.N], r.Bids[at:])
	r.Bids[at] = b
}

// ten keeps the ten highest bids.
type ten struct{}

func (ten) Add(acc *ranking, o *offer) { acc.enter(bid10{o.Price, o.Bidder, o.Time}) }

func (ten) Merge(dst, src *ranking) {
	for _, b := range src.Bids[:src.N] {
		dst.enter(b)
	}
}

func (ten) Result(acc *ranking) ranking { return *acc }

// ranked is the ranking of an auction's window.
type ranked struct {
	End, Auction int64
	Best         ranking
}

// place10 is a row of q19.
type place10 struct{ End, Auction, Rank, Price, Bidder, Time int64 }

// rows puts out a ranking row by row.
type rows struct{}

func (rows) Process(_ operator.RecordContext, r ranked, out *operator.Collector[place10]) error {
	for i, b := range r.Best.Bids[:r.Best.N] {
		out.Emit(place10{r.End, r.Auction, int64(i + 1), b.Price, b.Bidder, b.Time})
	}
	return nil
}

package nexmark

import (
	"time"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/stream"
	"github.com/turgo-io/turgo/window"
)

// sold is an auction that is over, with the bid that won: the highest, of these the earliest, of these that of the least
// bidder.
type sold struct {
	Auction, Seller, Category, Expires int64
	Bidder, Price, Time                int64
}

// item is what q6, q9 and q20 need of an auction.
type item struct{ ID, Seller, Category, InitialBid, Reserve, Time, Expires int64 }

func (a item) at() time.Time   { return time.UnixMilli(a.Time) }
func (a item) id() int64       { return a.ID }
func (o offer) at() time.Time  { return time.UnixMilli(o.Time) }
func (o offer) auction() int64 { return o.Auction }

// items is a source of auctions.
func (in Input) items() operator.Source[item] {
	return source[item]{in, "auctions", func(e *Event, v *item) *item {
		if e.Kind != KindAuction {
			return nil
		}
		a := &e.Auction
		*v = item{a.ID, a.Seller, a.Category, a.InitialBid, a.Reserve, a.Time, a.Expires}
		return v
	}}
}

// offers is a source of bids without their texts.
func (in Input) offers() operator.Source[offer] {
	return source[offer]{in, "bids", func(e *Event, v *offer) *offer {
		if e.Kind != KindBid {
			return nil
		}
		*v = e.Bid.offer()
		return v
	}}
}

// longest is more than an auction takes, and than bids come before it.
const longest = 10 * time.Second

// sales is the stream of auctions that are over, with the winning bid.
func sales(j *stream.Job, in Input) *stream.Keyed[int64, sold] {
	return timed(j, in.items(), item.at).
		Join(timed(j, in.offers(), offer.at), item.id, offer.auction).
		Process(func() operator.CoKeyed[int64, item, offer, sold] { return &hammerer{} })
}

// hammerer finds the winning bid of each auction.
//
// State: the auction, and the bids that are at least as good as all before or came before the auction.
type hammerer struct {
	item state.Value[item]
	best state.Value[offer]
	bids state.List[offer]
}

// Open declares the state.
func (h *hammerer) Open(c operator.Context) error {
	h.item = state.NewValue[item](c, "item")
	h.best = state.NewValue[offer](c, "best")
	h.bids = state.NewList[offer](c, "early")
	return nil
}

// ProcessLeft opens the auction.
func (h *hammerer) ProcessLeft(c operator.KeyedContext[int64], a item, _ *operator.Collector[sold]) error {
	h.item.Set(a)
	for _, b := range h.bids.All() {
		h.bid(a, b)
	}
	h.bids.Clear()
	c.SetTimer(time.UnixMilli(a.Expires))
	return nil
}

// ProcessRight takes a bid. One that comes before its auction has to wait; how long it can says the auction's greatest
// length.
func (h *hammerer) ProcessRight(c operator.KeyedContext[int64], b offer, _ *operator.Collector[sold]) error {
	if a, ok := h.item.Get(); ok {
		h.bid(a, b)
		return nil
	}
	if h.bids.Len() == 0 {
		c.SetTimer(time.UnixMilli(b.Time).Add(longest))
	}
	h.bids.Append(b)
	return nil
}

func (h *hammerer) bid(a item, b offer) {
	if b.Time < a.Time || b.Time > a.Expires {
		return
	}
	if best, ok := h.best.Get(); !ok || b.wins(best) {
		h.best.Set(b)
	}
}

// wins says that a bid on the same auction is better.
func (o offer) wins(p offer) bool {
	switch {
	case o.Price != p.Price:
		return o.Price > p.Price
	case o.Time != p.Time:
		return o.Time < p.Time
	}
	return o.Bidder < p.Bidder
}

// OnTimer ends the auction, or forgets bids whose auction did not come.
func (h *hammerer) OnTimer(c operator.KeyedContext[int64], at time.Time, out *operator.Collector[sold]) error {
	a, ok := h.item.Get()
	switch {
	case !ok:
		h.bids.Clear()
	case a.Expires == at.UnixMilli():
		if b, ok := h.best.Get(); ok {
			out.Emit(sold{a.ID, a.Seller, a.Category, a.Expires, b.Bidder, b.Price, b.Time})
		}
		h.item.Clear()
		h.best.Clear()
	}
	return nil
}

// winningBids is q9: the winning bid of each auction.
func winningBids(j *stream.Job, in Input, out *Total) {
	sum(sales(j, in).Stream, out, soldRow)
}

func soldRow(s *sold) Row {
	return Row(0).With(s.Auction).With(s.Seller).With(s.Category).With(s.Bidder).With(s.Price).With(s.Time)
}

// income is a row of q6.
type income struct{ End, Seller, Mean, Count int64 }

// lastSales is how many sales of a seller count in q6.
const lastSales = 10

// incomes is q6: the mean price of the last ten auctions of each seller that ended in a window.
func incomes(j *stream.Job, in Input, out *Total) {
	rows := sales(j, in).
		KeyBy(func(s sold) int64 { return s.Seller }).
		Window(window.Tumbling(span)).
		Aggregate(window.TopN(lastSales, sold.order), func(seller int64, w window.Span, last []sold) income {
			return incomeOf(millis(w.End), seller, last)
		})
	sum(rows, out, incomeRow)
}

// order is by end, then by auction.
func (s sold) order() int64 { return (s.Expires-baseTime)*1e8 + s.Auction }

func incomeOf(end, seller int64, last []sold) income {
	i := income{End: end, Seller: seller, Count: int64(len(last))}
	for _, s := range last {
		i.Mean += s.Price
	}
	i.Mean /= i.Count
	return i
}

func incomeRow(i *income) Row { return Row(0).With(i.End).With(i.Seller).With(i.Mean).With(i.Count) }

// bidOnItem is a row of q20.
type bidOnItem struct {
	Bid  offer
	Item item
}

// expandedBids is q20: each bid with its auction, of one category.
func expandedBids(j *stream.Job, in Input, out *Total) {
	some := timed(j, in.items(), item.at).Filter(func(a item) bool { return a.Category == firstCategory })
	rows := timed(j, in.offers(), offer.at).
		Join(some, offer.auction, item.id).
		Within(longest).
		Inner(func(b offer, a item) bidOnItem { return bidOnItem{b, a} })
	sum(rows, out, expandedRow)
}

func expandedRow(r *bidOnItem) Row {
	b, a := &r.Bid, &r.Item
	return Row(0).With(b.Auction).With(b.Bidder).With(b.Price).With(b.Time).With(a.Seller).With(a.InitialBid).With(a.Reserve).With(a.Expires)
}

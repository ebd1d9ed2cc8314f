package nexmark

import (
	"github.com/turgo-io/turgo/stream"
	"github.com/turgo-io/turgo/window"
)

// ranks counts bids by how much is offered: below ten thousand, below a million, and more.
type ranks struct{ Total, Low, Middle, High int64 }

func (r *ranks) add(price int64) {
	r.Total++
	switch {
	case price < 10_000:
		r.Low++
	case price < 1_000_000:
		r.Middle++
	default:
		r.High++
	}
}

func (r *ranks) merge(o *ranks) {
	r.Total, r.Low, r.Middle, r.High = r.Total+o.Total, r.Low+o.Low, r.Middle+o.Middle, r.High+o.High
}

func (r *ranks) row(h Row) Row { return h.With(r.Total).With(r.Low).With(r.Middle).With(r.High) }

// counting is the aggregator of ranks.
type counting struct{}

func (counting) Add(acc *ranks, b *channelBid) { acc.add(b.Price) }
func (counting) Merge(dst, src *ranks)         { dst.merge(src) }
func (counting) Result(acc *ranks) ranks       { return *acc }

// channelBid is what q16 needs of a bid.
type channelBid struct {
	Channel                string
	Auction, Bidder, Price int64
}

// channelStats is a row of q16.
type channelStats struct {
	End               int64
	Channel           string
	Ranks             ranks
	Bidders, Auctions int64
}

// channels is q16: bids of each channel and window by rank, and how many bidders and auctions there were.
func channels(j *stream.Job, in Input, out *Total) {
	rows := timed(j, in.Bids(), Bid.At).
		Map(func(b Bid) channelBid { return channelBid{b.Channel, b.Auction, b.Bidder, b.Price} }).
		KeyBy(func(b channelBid) string { return b.Channel }).
		Window(window.Tumbling(span)).
		Aggregate(window.Combine3(counting{},
			window.Set(func(b channelBid) int64 { return b.Bidder }),
			window.Set(func(b channelBid) int64 { return b.Auction }),
			func(r ranks, bidders, auctions []int64) channelStats {
				return channelStats{Ranks: r, Bidders: int64(len(bidders)), Auctions: int64(len(auctions))}
			}),
			func(channel string, w window.Span, s channelStats) channelStats {
				s.End, s.Channel = millis(w.End), channel
				return s
			})
	sum(rows, out, channelRow)
}

func channelRow(s *channelStats) Row {
	return s.Ranks.row(Row(0).With(s.End).Text(s.Channel)).With(s.Bidders).With(s.Auctions)
}

// prices sums the bids on an auction up.
type prices struct {
	Ranks         ranks
	Min, Max, Sum int64
}

func (p *prices) add(price int64) {
	if p.Ranks.Total == 0 || price < p.Min {
		p.Min = price
	}
	p.Max, p.Sum = max(p.Max, price), p.Sum+price
	p.Ranks.add(price)
}

// pricing is the aggregator of prices.
type pricing struct{}

func (pricing) Add(acc *prices, o *offer) { acc.add(o.Price) }

func (pricing) Merge(dst, src *prices) {
	if dst.Ranks.Total == 0 {
		*dst = *src
		return
	}
	if src.Ranks.Total > 0 {
		dst.Min, dst.Max, dst.Sum = min(dst.Min, src.Min), max(dst.Max, src.Max), dst.Sum+src.Sum
		dst.Ranks.merge(&src.Ranks)
	}
}

func (pricing) Result(acc *prices) prices { return *acc }

// auctionStats is a row of q17.
type auctionStats struct {
	End, Auction int64
	Prices       prices
}

// auctionPrices is q17: bids on each auction and window by rank, and the least, greatest, mean price and their sum.
func auctionPrices(j *stream.Job, in Input, out *Total) {
	rows := timed(j, in.Bids(), Bid.At).
		Map(Bid.offer).
		KeyBy(func(o offer) int64 { return o.Auction }).
		Window(window.Tumbling(span)).
		Aggregate(pricing{}, func(auction int64, w window.Span, p prices) auctionStats {
			return auctionStats{millis(w.End), auction, p}
		})
	sum(rows, out, auctionRow)
}

func auctionRow(s *auctionStats) Row {
	p := &s.Prices
	return p.Ranks.row(Row(0).With(s.End).With(s.Auction)).With(p.Min).With(p.Max).With(p.Sum / p.Ranks.Total).With(p.Sum)
}

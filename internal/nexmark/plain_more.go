package nexmark

import (
	"cmp"
	"slices"
	"strings"
)

func (p *plain) eachBidder() { p.bids(func(b *Bid) { p.fields(b.Bidder) }) }

func (p *plain) sideJoin() {
	side := sideInput()
	p.bids(func(b *Bid) {
		p.fields(b.Auction, b.Bidder, b.Price, b.Time, side[b.Auction%sideRows].Value)
	})
}

func (p *plain) calculation() {
	p.bids(func(b *Bid) {
		if euros := b.Price * 908 / 1000; euros > 1_000_000 && euros < 50_000_000 {
			p.fields(b.Auction, b.Bidder, euros, partOfDay(b.Time), b.Time, int64(strings.Count(b.Extra, "c")))
		}
	})
}

func (p *plain) directories() {
	p.bids(func(b *Bid) {
		parts := strings.Split(b.page(), "/")
		p.sum.Add(Row(0).With(b.Auction).With(b.Bidder).With(b.Price).Text(b.Channel).Text(parts[3]).Text(parts[4]).Text(parts[5]))
	})
}

func (p *plain) channels() {
	type key struct {
		at      int64
		channel string
	}
	type acc struct {
		ranks             ranks
		bidders, auctions map[int64]bool
	}
	all := map[key]*acc{}
	p.bids(func(b *Bid) {
		k := key{floor(b.Time, tenThousand), b.Channel}
		if all[k] == nil {
			all[k] = &acc{bidders: map[int64]bool{}, auctions: map[int64]bool{}}
		}
		all[k].ranks.add(b.Price)
		all[k].bidders[b.Bidder], all[k].auctions[b.Auction] = true, true
	})
	for k, a := range all {
		p.sum.Add(channelRow(&channelStats{k.at + tenThousand, k.channel, a.ranks, int64(len(a.bidders)), int64(len(a.auctions))}))
	}
}

func (p *plain) auctionPrices() {
	type key struct{ at, auction int64 }
	all := map[key]*prices{}
	p.bids(func(b *Bid) {
		k := key{floor(b.Time, tenThousand), b.Auction}
		if all[k] == nil {
			all[k] = &prices{}
		}
		all[k].add(b.Price)
	})
	for k, s := range all {
		p.sum.Add(auctionRow(&auctionStats{k.at + tenThousand, k.auction, *s}))
	}
}

// sales returns every auction that was won.
func (p *plain) sales() (all []sold) {
	items := map[int64]Auction{}
	p.auctions(func(a *Auction) { items[a.ID] = *a })
	best := map[int64]offer{}
	p.bids(func(b *Bid) {
		a, ok := items[b.Auction]
		if !ok || b.Time < a.Time || b.Time > a.Expires {
			return
		}
		if have, ok := best[b.Auction]; !ok || b.offer().wins(have) {
			best[b.Auction] = b.offer()
		}
	})
	for id, b := range best {
		a := items[id]
		all = append(all, sold{id, a.Seller, a.Category, a.Expires, b.Bidder, b.Price, b.Time})
	}
	return all
}

func (p *plain) winningBids() {
	for _, s := range p.sales() {
		p.sum.Add(soldRow(&s))
	}
}

func (p *plain) incomes() {
	type key struct{ at, seller int64 }
	all := map[key][]sold{}
	for _, s := range p.sales() {
		k := key{floor(s.Expires, tenThousand), s.Seller}
		all[k] = append(all[k], s)
	}
	for k, list := range all {
		slices.SortFunc(list, func(a, b sold) int { return cmp.Compare(b.order(), a.order()) })
		i := incomeOf(k.at+tenThousand, k.seller, list[:min(len(list), lastSales)])
		p.sum.Add(incomeRow(&i))
	}
}

func (p *plain) expandedBids() {
	items := map[int64]item{}
	p.auctions(func(a *Auction) {
		if a.Category == firstCategory {
			items[a.ID] = item{a.ID, a.Seller, a.Category, a.InitialBid, a.Reserve, a.Time, a.Expires}
		}
	})
	p.bids(func(b *Bid) {
		if a, ok := items[b.Auction]; ok {
			p.sum.Add(expandedRow(&bidOnItem{b.offer(), a}))
		}
	})
}

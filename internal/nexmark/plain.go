package nexmark

import (
	"cmp"
	"fmt"
	"slices"
)

// Plain answers a query in one goroutine over the whole input, with maps and loops: what a program without an engine
// costs, and the judge of results. It knows all events before it answers, so it needs no watermarks.
func Plain(query string, events int64) (Sum, error) {
	p := plain{events: events, generator: NewGenerator()}
	answer, ok := map[string]func(){
		"q0": p.passThrough, "q1": p.currency, "q2": p.selection, "q3": p.localItems, "q4": p.winningPrices,
		"q5":  func() { p.hotItems(10_000, 2_000) },
		"q5w": func() { p.hotItems(60_000, 1_000) },
		"q7":  p.highestBids, "q8": p.newSellers, "q11": p.sessions, "q18": p.lastBids, "q19": p.topBids,
		"q6": p.incomes, "q9": p.winningBids, "q12": p.eachBidder, "q13": p.sideJoin, "q14": p.calculation,
		"q16": p.channels, "q17": p.auctionPrices, "q20": p.expandedBids, "q22": p.directories,
	}[query]
	if !ok {
		return Sum{}, fmt.Errorf("%w: %q", ErrUnknown, query)
	}
	answer()
	return p.sum, nil
}

type plain struct {
	events    int64
	generator *Generator
	sum       Sum
}

// fields adds a row of numbers.
func (p *plain) fields(fields ...int64) {
	h := Row(0)
	for _, f := range fields {
		h = h.With(f)
	}
	p.sum.Add(h)
}

func (p *plain) each(kind Kind, f func(*Event)) {
	var e Event
	for n := range p.events {
		if p.generator.Event(n, &e); e.Kind == kind {
			f(&e)
		}
	}
}

func (p *plain) bids(f func(*Bid))         { p.each(KindBid, func(e *Event) { f(&e.Bid) }) }
func (p *plain) auctions(f func(*Auction)) { p.each(KindAuction, func(e *Event) { f(&e.Auction) }) }
func (p *plain) persons(f func(*Person))   { p.each(KindPerson, func(e *Event) { f(&e.Person) }) }

const tenThousand = int64(10_000) // milliseconds

func floor(time, width int64) int64 { return time - time%width }

func (p *plain) passThrough() { p.bids(func(b *Bid) { p.sum.Add(bidRow(b)) }) }

func (p *plain) currency() {
	p.bids(func(b *Bid) { p.fields(b.Auction, b.Bidder, b.Price*908/1000, b.Time, int64(len(b.Extra))) })
}

func (p *plain) selection() {
	p.bids(func(b *Bid) {
		if b.Auction%123 == 0 {
			p.fields(b.Auction, b.Price)
		}
	})
}

func (p *plain) localItems() {
	local := map[int64]Person{}
	p.persons(func(q *Person) {
		if slices.Contains([]string{"OR", "ID", "CA"}, q.State) {
			local[q.ID] = *q
		}
	})
	p.auctions(func(a *Auction) {
		if q, ok := local[a.Seller]; ok && a.Category == 10 {
			p.sum.Add(Row(0).Text(q.Name).Text(q.City).Text(q.State).With(a.ID))
		}
	})
}

func (p *plain) winningPrices() {
	type item struct{ category, from, to, best int64 }
	items := map[int64]*item{}
	p.auctions(func(a *Auction) { items[a.ID] = &item{a.Category, a.Time, a.Expires, 0} })
	p.bids(func(b *Bid) {
		if i := items[b.Auction]; i != nil && i.from <= b.Time && b.Time <= i.to {
			i.best = max(i.best, b.Price)
		}
	})
	type group struct{ end, category int64 }
	groups := map[group]tally{}
	for _, i := range items {
		if i.best > 0 {
			g := group{floor(i.to, tenThousand) + tenThousand, i.category}
			groups[g] = tally{groups[g].Sum + i.best, groups[g].Count + 1}
		}
	}
	for g, t := range groups {
		p.fields(g.end, g.category, t.Sum/t.Count, t.Count)
	}
}

// hotItems counts bids by pane, then adds the panes of each window up.
func (p *plain) hotItems(size, slide int64) {
	panes := map[int64]map[int64]int64{}
	first, last := int64(1)<<62, int64(0)
	p.bids(func(b *Bid) {
		at := floor(b.Time, slide)
		if panes[at] == nil {
			panes[at] = map[int64]int64{}
		}
		panes[at][b.Auction]++
		first, last = min(first, at), max(last, at)
	})
	for start := first - size + slide; start <= last; start += slide {
		counts, most := map[int64]int64{}, int64(0)
		for at := start; at < start+size; at += slide {
			for auction, n := range panes[at] {
				counts[auction] += n
				most = max(most, counts[auction])
			}
		}
		for auction, n := range counts {
			if n == most {
				p.fields(start+size, auction, n)
			}
		}
	}
}

func (p *plain) highestBids() {
	best := map[int64]int64{}
	p.bids(func(b *Bid) { best[floor(b.Time, tenThousand)] = max(best[floor(b.Time, tenThousand)], b.Price) })
	p.bids(func(b *Bid) {
		if at := floor(b.Time, tenThousand); b.Price == best[at] {
			p.fields(at+tenThousand, b.Auction, b.Bidder, b.Price, b.Time)
		}
	})
}

func (p *plain) newSellers() {
	type sale struct{ at, seller int64 }
	sales := map[sale]bool{}
	p.auctions(func(a *Auction) { sales[sale{floor(a.Time, tenThousand), a.Seller}] = true })
	p.persons(func(q *Person) {
		if at := floor(q.Time, tenThousand); sales[sale{at, q.ID}] {
			p.sum.Add(Row(0).With(q.ID).Text(q.Name).With(at))
		}
	})
}

func (p *plain) sessions() {
	times := map[int64][]int64{}
	p.bids(func(b *Bid) { times[b.Bidder] = append(times[b.Bidder], b.Time) })
	for bidder, at := range times {
		slices.Sort(at)
		from := 0
		for i := range at {
			if i+1 == len(at) || at[i+1]-at[i] > tenThousand {
				p.fields(bidder, int64(i+1-from), at[from], at[i]+tenThousand)
				from = i + 1
			}
		}
	}
}

func (p *plain) lastBids() {
	type key struct{ at, bidder, auction int64 }
	last := map[key]Bid{}
	p.bids(func(b *Bid) {
		k := key{floor(b.Time, tenThousand), b.Bidder, b.Auction}
		if have, ok := last[k]; !ok || have.before(b) {
			last[k] = *b
		}
	})
	for _, b := range last {
		p.sum.Add(bidRow(&b))
	}
}

func (p *plain) topBids() {
	type key struct{ at, auction int64 }
	all := map[key][]bid10{}
	p.bids(func(b *Bid) {
		k := key{floor(b.Time, tenThousand), b.Auction}
		all[k] = append(all[k], bid10{b.Price, b.Bidder, b.Time})
	})
	for k, bids := range all {
		slices.SortFunc(bids, func(a, b bid10) int {
			return cmp.Or(cmp.Compare(b.Price, a.Price), cmp.Compare(a.Time, b.Time), cmp.Compare(a.Bidder, b.Bidder))
		})
		for i, b := range bids[:min(len(bids), 10)] {
			p.fields(k.at+tenThousand, k.auction, int64(i+1), b.Price, b.Bidder, b.Time)
		}
	}
}

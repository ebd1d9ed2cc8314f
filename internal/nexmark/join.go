package nexmark

import (
	"time"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/stream"
	"github.com/turgo-io/turgo/window"
)

// party is what q3 and q8 need of persons and auctions, by the person's id.
type party struct {
	ID                int64
	Time              int64
	Auction, Category int64 // of an auction
	Name, City, State string
	Sells             bool // it is an auction of the person, not the person
}

func (p party) at() time.Time { return time.UnixMilli(p.Time) }
func (p party) id() int64     { return p.ID }

// parties is a source of persons and auctions.
func (in Input) parties() operator.Source[party] {
	return source[party]{in, "persons-and-auctions", func(e *Event, v *party) *party {
		switch p, a := &e.Person, &e.Auction; e.Kind {
		case KindPerson:
			*v = party{ID: p.ID, Time: p.Time, Name: p.Name, City: p.City, State: p.State}
		case KindAuction:
			*v = party{ID: a.Seller, Time: a.Time, Auction: a.ID, Category: a.Category, Sells: true}
		default:
			return nil
		}
		return v
	}}
}

// localItem is an auction of a person of some states.
type localItem struct {
	Name, City, State string
	Auction           int64
}

// localItems is q3: a join of persons and auctions over all of their history.
func localItems(j *stream.Job, in Input, out *Total) {
	items := stream.From(j, in.parties()).
		Filter(func(p party) bool {
			if p.Sells {
				return p.Category == firstCategory
			}
			return p.State == "OR" || p.State == "ID" || p.State == "CA"
		}).
		KeyBy(party.id).
		Process(func() operator.Keyed[int64, party, localItem] { return &sellerJoin{} })
	sum(items.Stream, out, func(l *localItem) Row {
		return Row(0).Text(l.Name).Text(l.City).Text(l.State).With(l.Auction)
	})
}

// sellerJoin joins auctions with their seller, whichever comes first.
//
// State: each person, and the auctions of those who have not come yet.
type sellerJoin struct {
	person state.Value[party]
	early  state.List[int64]
}

// Open declares the state.
func (s *sellerJoin) Open(c operator.Context) error {
	s.person = state.NewValue[party](c, "person")
	s.early = state.NewList[int64](c, "auctions")
	return nil
}

// Process implements operator.Keyed.
func (s *sellerJoin) Process(_ operator.KeyedContext[int64], v party, out *operator.Collector[localItem]) error {
	if !v.Sells {
		s.person.Set(v)
		for _, auction := range s.early.All() {
			out.Emit(localItem{v.Name, v.City, v.State, auction})
		}
		s.early.Clear()
		return nil
	}
	if p, ok := s.person.Get(); ok {
		out.Emit(localItem{p.Name, p.City, p.State, v.Auction})
		return nil
	}
	s.early.Append(v.Auction)
	return nil
}

// newSeller is a person who came and sold in the same window.
type newSeller struct {
	ID, Start int64
	Name      string
	Sold      bool
}

// newSellers is q8: a join of persons and auctions in windows.
func newSellers(j *stream.Job, in Input, out *Total) {
	sellers := timed(j, in.parties(), party.at).
		KeyBy(party.id).
		Window(window.Tumbling(span)).
		Aggregate(meeting{}, func(id int64, w window.Span, m met) newSeller {
			return newSeller{id, millis(w.Start), m.Name, m.Came && m.Sold}
		}).
		Filter(func(s newSeller) bool { return s.Sold })
	sum(sellers, out, func(s *newSeller) Row { return Row(0).With(s.ID).Text(s.Name).With(s.Start) })
}

// met says what was seen of a person.
type met struct {
	Name       string
	Came, Sold bool
}

// meeting notes what is seen of a person.
type meeting struct{}

func (meeting) Add(acc *met, p *party) {
	if p.Sells {
		acc.Sold = true
		return
	}
	acc.Came, acc.Name = true, p.Name
}

func (meeting) Merge(dst, src *met) {
	dst.Sold = dst.Sold || src.Sold
	if src.Came {
		dst.Came, dst.Name = true, src.Name
	}
}

func (meeting) Result(acc *met) met { return *acc }

// lot is what q4 needs of auctions and bids, by the auction's id.
type lot struct {
	Auction, Time, Expires int64 // Expires is 0 for a bid
	Category, Price        int64
}

func (l lot) at() time.Time { return time.UnixMilli(l.Time) }

// lots is a source of auctions and bids.
func (in Input) lots() operator.Source[lot] {
	return source[lot]{in, "auctions-and-bids", func(e *Event, v *lot) *lot {
		switch b, a := &e.Bid, &e.Auction; e.Kind {
		case KindBid:
			v.Auction, v.Time, v.Expires, v.Category, v.Price = b.Auction, b.Time, 0, 0, b.Price
		case KindAuction:
			v.Auction, v.Time, v.Expires, v.Category, v.Price = a.ID, a.Time, a.Expires, a.Category, 0
		default:
			return nil
		}
		return v
	}}
}

// winner is the highest bid of an auction that is over.
type winner struct{ Category, Price int64 }

// average is a row of q4.
type average struct{ End, Category, Price, Count int64 }

// winningPrices is q4: the winning bid of each auction, and the average of these by category.
func winningPrices(j *stream.Job, in Input, out *Total) {
	averages := timed(j, in.lots(), lot.at).
		KeyBy(func(l lot) int64 { return l.Auction }).
		Process(func() operator.Keyed[int64, lot, winner] { return &auctioneer{} }).
		KeyBy(func(w winner) int64 { return w.Category }).
		Window(window.Tumbling(span)).
		Aggregate(mean{}, func(category int64, w window.Span, m tally) average {
			return average{millis(w.End), category, m.Sum / m.Count, m.Count}
		})
	sum(averages, out, func(a *average) Row { return Row(0).With(a.End).With(a.Category).With(a.Price).With(a.Count) })
}

// auctioneer finds the highest bid of each auction between its opening and its end.
//
// State: open auctions, and bids on auctions that are not open. Of these only bids that are newer than the watermark
// are kept: what opened before would have come.
type auctioneer struct {
	open  state.Value[hammer]
	early state.Value[waiting]
}

// hammer is an open auction and its highest bid, 0 if there is none: prices are more than that.
type hammer struct{ Time, Expires, Category, Best int64 }

// waiting is bids in order of arrival.
type waiting struct {
	Last int64 // the newest bid's time: a timer stands there
	Bids []early
}

type early struct{ Time, Price int64 }

func (h *hammer) bid(time, price int64) {
	if time >= h.Time && time <= h.Expires && price > h.Best {
		h.Best = price
	}
}

// Open declares the state.
func (a *auctioneer) Open(c operator.Context) error {
	a.open = state.NewValue[hammer](c, "open")
	a.early = state.NewValue[waiting](c, "early")
	return nil
}

// Process implements operator.Keyed.
func (a *auctioneer) Process(c operator.KeyedContext[int64], v lot, _ *operator.Collector[winner]) error {
	if v.Expires != 0 {
		h := hammer{v.Time, v.Expires, v.Category, 0}
		if w, ok := a.early.Get(); ok {
			for _, b := range w.Bids {
				h.bid(b.Time, b.Price)
			}
			a.early.Clear()
		}
		a.open.Set(h)
		c.SetTimer(time.UnixMilli(v.Expires))
		return nil
	}
	if h, ok := a.open.Get(); ok {
		if h.Best < v.Price {
			a.open.Ref().bid(v.Time, v.Price)
		}
		return nil
	}
	w := a.early.Ref()
	w.Bids = append(w.Bids, early{v.Time, v.Price})
	if len(w.Bids) == 1 {
		w.Last = v.Time
		c.SetTimer(time.UnixMilli(v.Time))
	}
	return nil
}

// OnTimer ends an auction, or forgets bids on one that will not come.
func (a *auctioneer) OnTimer(c operator.KeyedContext[int64], at time.Time, out *operator.Collector[winner]) error {
	if h, ok := a.open.Get(); ok {
		if h.Expires == at.UnixMilli() {
			a.open.Clear()
			if h.Best > 0 {
				out.Emit(winner{h.Category, h.Best})
			}
		}
		return nil
	}
	if w, ok := a.early.Get(); ok && w.Last <= at.UnixMilli() {
		a.forget(c)
	}
	return nil
}

// forget drops the bids that the watermark has passed, and comes again for the others.
func (a *auctioneer) forget(c operator.KeyedContext[int64]) {
	w, passed := a.early.Ref(), c.Watermark().UnixMilli()
	kept := w.Bids[:0]
	for _, b := range w.Bids {
		if b.Time > passed {
			kept = append(kept, b)
			w.Last = max(w.Last, b.Time)
		}
	}
	w.Bids = kept
	if len(kept) == 0 {
		a.early.Clear()
		return
	}
	c.SetTimer(time.UnixMilli(w.Last))
}

// tally is a sum and a count of whole numbers.
type tally struct{ Sum, Count int64 }

// mean sums prices up; window.Mean is of floats.
type mean struct{}

func (mean) Add(acc *tally, w *winner) { acc.Sum, acc.Count = acc.Sum+w.Price, acc.Count+1 }
func (mean) Merge(dst, src *tally)     { dst.Sum, dst.Count = dst.Sum+src.Sum, dst.Count+src.Count }
func (mean) Result(acc *tally) tally   { return *acc }

package nexmark

import (
	"strings"
	"time"

	"github.com/turgo-io/turgo/connector/memory"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/stream"
	"github.com/turgo-io/turgo/window"
)

// seen is a person's bids in a window of processing time.
type seen struct{ Bidder, Bids int64 }

// processingTime is q12: bids of each bidder in windows of processing time. Which bids share a window depends on the clock;
// so each bid is a row, with its bidder.
func processingTime(j *stream.Job, in Input, out *Total) {
	counts := stream.From(j, in.Bids()).
		Map(func(b Bid) presence { return presence{b.Bidder} }).
		KeyBy(func(p presence) int64 { return p.Bidder }).
		Window(window.Tumbling(span), window.ByClock()).
		Aggregate(window.Count[presence](), func(bidder int64, _ window.Span, n int64) seen { return seen{bidder, n} }).
		Do(func() operator.Function[seen, int64] { return eachBid{} })
	sum(counts, out, func(bidder *int64) Row { return Row(0).With(*bidder) })
}

// eachBid makes a row of each bid that was counted.
type eachBid struct{}

func (eachBid) Process(_ operator.RecordContext, s seen, out *operator.Collector[int64]) error {
	for range s.Bids {
		out.Emit(s.Bidder)
	}
	return nil
}

// sideRows is how many rows the side input of q13 has.
const sideRows = 10_000

// sideRow is a row of the side input; it is valid from before the first event.
type sideRow struct{ Key, Value int64 }

func (sideRow) at() time.Time { return time.UnixMilli(baseTime - 1000) }
func (r sideRow) key() int64  { return r.Key }

func sideInput() []sideRow {
	rows := make([]sideRow, sideRows)
	for i := range rows {
		rows[i] = sideRow{int64(i), int64(mix64(uint64(i)) >> 1)}
	}
	return rows
}

// described is a row of q13.
type described struct {
	offer
	Value int64
}

// sideJoin is q13: each bid with its row of a bounded side input.
func sideJoin(j *stream.Job, in Input, out *Total) {
	side := stream.From(j, memory.Slice(sideInput())).EventTime(sideRow.at)
	bids := timed(j, in.Bids(), Bid.At).Map(Bid.offer)
	rows := bids.Join(side, func(o offer) int64 { return o.Auction % sideRows }, sideRow.key).
		AsOf().
		Inner(func(o offer, r sideRow) described { return described{o, r.Value} })
	sum(rows, out, func(d *described) Row {
		return Row(0).With(d.Auction).With(d.Bidder).With(d.Price).With(d.Time).With(d.Value)
	})
}

// calculated is a row of q14.
type calculated struct {
	offer
	Part, Letters int64
}

// calculation is q14: bids of middling price in euros, with the part of the day and a count of letters.
func calculation(j *stream.Job, in Input, out *Total) {
	rows := stream.From(j, in.Bids()).
		Filter(func(b Bid) bool { p := b.Price * 908 / 1000; return p > 1_000_000 && p < 50_000_000 }).
		Map(calculate)
	sum(rows, out, func(c *calculated) Row {
		return Row(0).With(c.Auction).With(c.Bidder).With(c.Price).With(c.Part).With(c.Time).With(c.Letters)
	})
}

func calculate(b Bid) calculated {
	o := b.offer()
	o.Price = o.Price * 908 / 1000
	return calculated{o, partOfDay(b.Time), int64(strings.Count(b.Extra, "c"))}
}

// partOfDay is 0 by night, 1 by day, 2 else.
func partOfDay(milli int64) int64 {
	switch hour := milli / 3_600_000 % 24; {
	case hour >= 8 && hour <= 18:
		return 1
	case hour <= 6 || hour >= 20:
		return 0
	}
	return 2
}

// located is a row of q22.
type located struct {
	offer
	Channel string
	Dirs    [3]string
}

// directories is q22: the parts of the address of each bid's page.
func directories(j *stream.Job, in Input, out *Total) {
	rows := stream.From(j, in.Bids()).Map(func(b Bid) located { return located{b.offer(), b.Channel, dirsOf(b.page())} })
	sum(rows, out, locatedRow)
}

func locatedRow(l *located) Row {
	return Row(0).With(l.Auction).With(l.Bidder).With(l.Price).Text(l.Channel).Text(l.Dirs[0]).Text(l.Dirs[1]).Text(l.Dirs[2])
}

// page is the address of the bid's page, which events do not have: its parts are of the bid's text.
func (b *Bid) page() string {
	return "https://www.nexmark.com/" + b.Extra[:5] + "/" + b.Extra[5:10] + "/" + b.Extra[10:15] + "/item.htm"
}

func dirsOf(url string) (dirs [3]string) {
	rest := url
	for i := range 6 {
		part, after, _ := strings.Cut(rest, "/")
		if rest = after; i >= 3 {
			dirs[i-3] = part
		}
	}
	return dirs
}

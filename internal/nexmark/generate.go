package nexmark

import (
	"math"
	"strings"
)

// The constants are those of the peers' generators: with others the published checksums do not hold.
const (
	gamma = uint64(0x9E3779B97F4A7C15) // SplitMix64's step
	seed  = uint64(0x6E65786D61726B)   // "nexmark"

	baseTime    = int64(1_700_000_000_000) // event time of event 0, before jitter
	perMilli    = 10                       // events per millisecond of event time
	jitterMilli = 100                      // how far out of order an event may be

	perEpoch      = 50 // events of which one is a person, auctionsEach are auctions, the others bids
	auctionsEach  = 3
	firstID       = 1000
	activePersons = 1000 // who may still bid and sell
	openAuctions  = 100  // how far back a bid reaches
	ahead         = 10   // ids ahead of the newest that may be named before they exist
	hotEach       = 100  // one id of so many is hot
	firstCategory = 10

	poolSize   = 1024
	priceSteps = 4096
)

// mix64 is the finalizer of SplitMix64.
func mix64(z uint64) uint64 {
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// random draws numbers. It is seeded anew for each event.
type random uint64

func (r *random) next() uint64 {
	*r += random(gamma)
	return mix64(uint64(*r))
}

// below draws a number from 0 to n-1.
func (r *random) below(n int64) int64 { return int64((r.next() >> 32) * uint64(n) >> 32) }

// Generator makes events. It keeps tables only; any number of goroutines may use it.
type Generator struct {
	prices   [priceSteps + 1]int64 // geometric from 100 to 100 million
	pool     [poolSize]string
	names    []string
	cities   []string
	states   []string
	channels []string
}

// NewGenerator fills the tables.
func NewGenerator() *Generator {
	g := &Generator{
		cities:   strings.Split("Phoenix,Los Angeles,San Francisco,Boise,Portland,Bend,Redmond,Seattle,Kent,Cheyenne", ","),
		states:   strings.Split("AZ,CA,ID,OR,WA,WY", ","),
		channels: strings.Split("Google,Facebook,Baidu,Apple", ","),
	}
	for _, first := range strings.Split("Peter,Paul,Luke,John,Saul,Vicky,Kate,Julie,Sarah,Deiter,Walter", ",") {
		for _, last := range strings.Split("Shultz,Abrams,Spencer,White,Bartels,Walton,Smith,Jones,Noris", ",") {
			g.names = append(g.names, first+" "+last)
		}
	}
	for i := range g.prices {
		g.prices[i] = int64(math.Round(100 * math.Pow(10, 6*float64(i)/priceSteps)))
	}
	for i := range g.pool {
		g.pool[i] = letters(mix64(seed ^ uint64(0x5000+i)))
	}
	return g
}

// letters draws a string of 50 to 77 letters.
func letters(from uint64) string {
	r := random(from)
	text := make([]byte, 50+r.below(28))
	for i := range text {
		text[i] = 'a' + byte(r.below(26))
	}
	return string(text)
}

func (g *Generator) text(r *random) string { return g.pool[r.below(poolSize)] }

// price draws from a distribution whose logarithm is uniform.
func (g *Generator) price(r *random) int64 {
	u := r.next() >> 32
	low, high := g.prices[u>>20], g.prices[u>>20+1]
	return low + (high-low)*int64(u&(1<<20-1))>>20
}

// somePerson draws one of the newest persons, or one who is about to come.
func somePerson(r *random, last int64) int64 {
	active := min(last+1, activePersons)
	return last + 1 - active + r.below(active+ahead)
}

// Event makes event n of e. The order of draws is the format: each must stay where it is.
func (g *Generator) Event(n int64, e *Event) {
	r := random(mix64(seed + uint64(n)*gamma))
	time := baseTime + n/perMilli - r.below(jitterMilli+1)
	epoch, off := n/perEpoch, n%perEpoch
	switch {
	case off == 0:
		e.Kind = KindPerson
		g.person(&r, epoch, time, &e.Person)
	case off <= auctionsEach:
		e.Kind = KindAuction
		g.auction(&r, epoch, off-1, time, &e.Auction)
	default:
		e.Kind = KindBid
		g.bid(&r, epoch, time, &e.Bid)
	}
}

func (g *Generator) bid(r *random, epoch, time int64, b *Bid) {
	last := epoch*auctionsEach + auctionsEach - 1
	auction := last / hotEach * hotEach
	if r.below(2) == 0 {
		oldest := max(last-openAuctions, 0)
		auction = oldest + r.below(last-oldest+1+ahead)
	}
	bidder := epoch/hotEach*hotEach + 1
	if r.below(4) == 0 {
		bidder = somePerson(r, epoch)
	}
	b.Auction, b.Bidder = auction+firstID, bidder+firstID
	b.Price, b.Time = g.price(r), time
	b.Channel = g.channels[r.below(int64(len(g.channels)))]
	b.Extra = g.text(r)
}

func (g *Generator) auction(r *random, epoch, i, time int64, a *Auction) {
	seller := epoch / hotEach * hotEach
	if r.below(4) == 0 {
		seller = somePerson(r, epoch)
	}
	a.ID, a.Seller = epoch*auctionsEach+i+firstID, seller+firstID
	a.Category = firstCategory + r.below(5)
	a.InitialBid = g.price(r)
	a.Time, a.Expires = time, time+1+r.below(332)
	a.Reserve = a.InitialBid + g.price(r)
	a.Item = g.text(r)
	a.Description = g.text(r)
	a.Extra = g.text(r)
}

func (g *Generator) person(r *random, epoch, time int64, p *Person) {
	p.ID, p.Time = epoch+firstID, time
	p.Name = g.names[r.below(int64(len(g.names)))]
	p.Email = g.text(r)
	p.Card = g.text(r)
	p.City = g.cities[r.below(int64(len(g.cities)))]
	p.State = g.states[r.below(int64(len(g.states)))]
	p.Extra = g.text(r)
}

package nexmark

import "time"

// Kind tells events apart.
type Kind uint8

// What an event is about.
const (
	KindPerson Kind = iota
	KindAuction
	KindBid
)

// Event is one of the three; the others are not set.
type Event struct {
	Kind    Kind
	Person  Person
	Auction Auction
	Bid     Bid
}

// Bid offers a price for an auction.
type Bid struct {
	Auction, Bidder int64
	Price           int64
	Time            int64 // milliseconds since the Unix epoch, as all times of events
	Channel, Extra  string
}

// At is when the bid was made.
func (b Bid) At() time.Time { return time.UnixMilli(b.Time) }

// Auction offers something for sale.
type Auction struct {
	ID, Seller, Category     int64
	InitialBid, Reserve      int64
	Time, Expires            int64
	Item, Description, Extra string
}

// At is when the auction opened.
func (a Auction) At() time.Time { return time.UnixMilli(a.Time) }

// Person may sell and bid.
type Person struct {
	ID, Time           int64
	Name, Email, Card  string
	City, State, Extra string
}

// At is when the person was first seen.
func (p Person) At() time.Time { return time.UnixMilli(p.Time) }

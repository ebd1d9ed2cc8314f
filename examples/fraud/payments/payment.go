package payments

import (
	"errors"
	"math"
	"time"
)

// ErrMalformed is the class of every record that is not a payment; the wrapped
// message names the position and what was expected there.
var ErrMalformed = errors.New("payments: malformed record")

// MissingCents stands for an amount that the record did not carry.
const MissingCents = math.MinInt64

// Payment is one card payment as the acquirer reports it. Fields that the
// record does not carry have the value named here.
type Payment struct {
	ID       uint64   // number of the payment, unique
	CardID   uint64   // token of the card; never missing
	At       int64    // event time, nanoseconds since the Unix epoch; never missing
	Cents    int64    // amount in euro cents, or MissingCents
	Lat, Lon float64  // of the terminal, or of the buyer's device if online; or NaN
	Merchant uint32   // number of the merchant, 0 if missing
	Device   uint32   // fingerprint of the buyer's device, 0 for card-present payments
	Country  Country  // of the terminal or device, as written: may be lower case
	Category Category // the merchant's trade
	Channel  Channel  // how the card was used
	Fraud    Fraud    // the truth; features must not look at it
	Repairs  Repairs  // what cleaning put right; not part of a record
}

// Repairs says which values of a payment are not as they were reported.
type Repairs uint8

// What can be repaired.
const (
	AmountGuessed Repairs = 1 << iota // missing or absurd, replaced by a typical one
	AmountSign                        // negative, made positive
	CountryFixed                      // missing or in lower case
	PlaceDropped                      // coordinates missing or not on Earth
)

// Card is the key of the stream: the card's token.
func (p Payment) Card() uint64 { return p.CardID }

// Time is the event time in UTC.
func (p Payment) Time() time.Time { return time.Unix(0, p.At).UTC() }

// Amount is the amount in euro, NaN if it is missing.
func (p Payment) Amount() float64 {
	if p.Cents == MissingCents {
		return math.NaN()
	}
	return float64(p.Cents) / 100
}

// HasLocation says whether the payment carries usable coordinates.
func (p *Payment) HasLocation() bool {
	return p.Lat >= -90 && p.Lat <= 90 && p.Lon >= -180 && p.Lon <= 180
}

// Country is a two-letter country code; the zero value is "missing".
type Country [2]byte

// UnknownCountry is what cleaning writes where the country is missing.
var UnknownCountry = Country{'?', '?'}

// String is the code, or "" where it is missing.
func (c Country) String() string {
	if c == (Country{}) {
		return ""
	}
	return string(c[:])
}

// Category is a merchant's trade.
type Category uint8

// The trades. OtherTrade also stands for a missing or unheard-of name.
const (
	OtherTrade Category = iota
	Grocery
	Fuel
	Restaurant
	Travel
	Electronics
	Fashion
	Health
	Entertainment
	Services
	Cash
	Luxury
	GiftCards
	numCategories
)

var categoryNames = [numCategories]string{
	"other", "grocery", "fuel", "restaurant", "travel", "electronics",
	"fashion", "health", "entertainment", "services", "cash", "luxury", "giftcards",
}

// String is the name used in records.
func (c Category) String() string { return nameOf(categoryNames[:], int(c)) }

// Channel is how a card was used.
type Channel uint8

// The channels.
const (
	UnknownChannel Channel = iota
	Chip
	Contactless
	Online
	ATM
	Keyed  // typed in by the merchant, card not present
	Stripe // magnetic stripe, where the chip does not work or is not asked for
	numChannels
)

var channelNames = [numChannels]string{"unknown", "chip", "contactless", "online", "atm", "keyed", "stripe"}

// String is the name used in records.
func (c Channel) String() string { return nameOf(channelNames[:], int(c)) }

// Present says whether the card itself was at the terminal.
func (c Channel) Present() bool {
	return c == Chip || c == Contactless || c == ATM || c == Stripe
}

// Fraud is the truth about a payment.
type Fraud uint8

// The kinds of crime; see the simulator for how each one looks.
const (
	Legit Fraud = iota
	Stolen
	Testing
	Cloned
	Collusion
	Takeover
	numFrauds
)

var fraudNames = [numFrauds]string{"", "stolen", "testing", "cloned", "collusion", "takeover"}

// String is the name used in records, "" for a legitimate payment.
func (f Fraud) String() string { return nameOf(fraudNames[:], int(f)) }

func nameOf(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return names[0]
}

// indexOf finds a name, 0 if there is none.
func indexOf(names []string, name []byte) int {
	for i, n := range names {
		if n == string(name) {
			return i
		}
	}
	return 0
}

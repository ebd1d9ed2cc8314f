package features

import (
	"math"

	"github.com/turgo-io/turgo/examples/fraud/payments"
)

const (
	// MaxCents is the highest amount that is believed.
	MaxCents = 20_000_00
	// TypicalCents replaces an amount that is missing or not believed.
	TypicalCents = 30_00
)

// Clean repairs a payment in place and notes in its field Repairs what it did.
// Cleaning twice changes nothing more.
func Clean(p *payments.Payment) {
	cleanAmount(p)
	cleanCountry(p)
	if !p.HasLocation() {
		p.Lat, p.Lon = math.NaN(), math.NaN()
		p.Repairs |= payments.PlaceDropped
	}
}

// cleanAmount takes a negative amount for one with a wrong sign, and replaces
// one that is missing or beyond belief: the true value cannot be known, and a
// bound in its place would look like a very dear purchase.
func cleanAmount(p *payments.Payment) {
	if p.Cents < 0 && p.Cents != payments.MissingCents {
		p.Cents = -p.Cents
		p.Repairs |= payments.AmountSign
	}
	if p.Cents == payments.MissingCents || p.Cents > MaxCents {
		p.Cents = TypicalCents
		p.Repairs |= payments.AmountGuessed
	}
}

func cleanCountry(p *payments.Payment) {
	c := p.Country
	if c == (payments.Country{}) {
		c = payments.UnknownCountry
	}
	for i := range c {
		if 'a' <= c[i] && c[i] <= 'z' {
			c[i] -= 'a' - 'A'
		}
	}
	if c != p.Country {
		p.Country = c
		p.Repairs |= payments.CountryFixed
	}
}

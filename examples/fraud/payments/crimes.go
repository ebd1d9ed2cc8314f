package payments

import "time"

// crime is a kind of fraud: how often it happens and how an episode goes.
//
//	stolen     someone with the card itself buys what can be resold, in the
//	           holder's own city, shop after shop, until the card is blocked
//	testing    a robot tries a leaked number with tiny amounts online, seconds
//	           apart, then spends
//	cloned     a copy, mostly of the stripe alone, is used at terminals and cash
//	           machines in a far city while the holder is at home
//	collusion  a merchant charges many leaked cards with round, middling amounts
//	takeover   someone who has the holder's password buys at night from a device
//	           that the card has never been used with
type crime struct {
	kind   Fraud
	share  float64 // of the fraudulent payments
	length float64 // mean number of payments of an episode
	commit func(s *Simulator, card int, t int64)
}

func crimes() []crime {
	return []crime{
		{Stolen, 0.25, 9.5, (*Simulator).stolen},
		{Testing, 0.27, 8, (*Simulator).testing},
		{Cloned, 0.22, 5, (*Simulator).cloned},
		{Collusion, 0.08, 14, (*Simulator).collusion},
		{Takeover, 0.18, 4, (*Simulator).takeover},
	}
}

func resaleable(c Category) bool {
	return c == Electronics || c == Luxury || c == GiftCards || c == Fashion || c == Cash
}

func digital(c Category) bool { return c == GiftCards || c == Electronics || c == Travel }

func (s *Simulator) stolen(card int, t int64) {
	h, r := &s.holders[card], s.r
	city, _, _, ok := h.whereabouts(t)
	if !ok {
		city = h.city
	}
	for range 6 + r.intn(8) {
		p := s.blank(card, t)
		s.inPerson(&p, s.world.shop(r, city, resaleable), float64(h.level)*r.between(1.8, 5.5))
		s.charge(p, Stolen)
		t += r.span(60, 800)
	}
}

func (s *Simulator) testing(card int, t int64) {
	r, device := s.r, s.device(s.r)
	city := uint16(r.pick(s.world.homes))
	spot := s.world.cities[city]
	trial := s.world.site(r, nil)
	for range 3 + r.intn(8) {
		p := s.blank(card, t)
		s.onlineAt(&p, trial, device, 1)
		p.Cents = rounded(r.between(0.5, 5), 1)
		s.locate(&p, city, spot.lat, spot.lon)
		s.charge(p, Testing)
		t += r.span(3, 60)
	}
	t += r.span(60, 900)
	for range 1 + r.intn(2) {
		p := s.blank(card, t)
		s.onlineAt(&p, s.world.site(r, digital), device, r.between(1.8, 5.5))
		s.locate(&p, city, spot.lat, spot.lon)
		s.charge(p, Testing)
		t += r.span(30, 600)
	}
}

func (s *Simulator) cloned(card int, t int64) {
	h, r := &s.holders[card], s.r
	city := s.world.far(r, h.city, 700)
	for range 3 + r.intn(5) {
		p := s.blank(card, t)
		s.inPerson(&p, s.world.shop(r, city, resaleable), float64(h.level)*r.between(1, 3))
		if p.Channel.Present() && r.chance(0.8) {
			p.Channel = Stripe
		}
		s.charge(p, Cloned)
		t += r.span(240, 3600)
	}
}

// collusion ignores the card it is given: the merchant has a list of its own.
func (s *Simulator) collusion(_ int, t int64) {
	r := s.r
	id := s.world.site(r, nil)
	typical := r.between(150, 600)
	for range 8 + r.intn(13) {
		p := s.blank(r.intn(len(s.holders)), t)
		s.atShop(&p, id, Keyed, 1)
		p.Cents = rounded(typical*r.between(0.7, 1.6), 500)
		s.charge(p, Collusion)
		t += r.span(20, 1500)
	}
}

func (s *Simulator) takeover(card int, t int64) {
	h, r := &s.holders[card], s.r
	for hour := LocalHour(t, h.lon); hour < 0.5 || hour > 4.5; hour = LocalHour(t, h.lon) {
		t += int64(37 * time.Minute)
	}
	device := s.device(r)
	city, lat, lon := h.city, h.lat, h.lon
	if r.chance(0.5) {
		city = uint16(r.pick(s.world.homes))
		lat, lon = s.world.cities[city].lat, s.world.cities[city].lon
	}
	for range 2 + r.intn(5) {
		p := s.blank(card, t)
		s.onlineAt(&p, s.world.site(r, digital), device, float64(h.level)*r.between(1.2, 4))
		s.locate(&p, city, lat, lon)
		s.charge(p, Takeover)
		t += r.span(30, 900)
	}
}

// charge plans a fraudulent payment.
func (s *Simulator) charge(p Payment, kind Fraud) {
	p.Fraud = kind
	s.plan(p)
}

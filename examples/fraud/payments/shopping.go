package payments

// The habits of honest people, among them some that look like crime: shopping
// sprees, streaks of tiny purchases in a game, new devices, orders by phone
// from far away, journeys, and now and then something expensive.
const (
	spreeChance   = 0.07  // a payment is followed by 1 to 3 in other shops nearby
	gameChance    = 0.006 // a payment online starts 3 to 8 tiny ones
	newDevice     = 0.012 // a payment online comes from a device never seen
	phoneOrder    = 0.004 // a payment is dictated to a merchant anywhere
	dearChance    = 0.004 // a payment is 3 to 9 times as high as usual
	wrongPlace    = 0.015 // a payment online is located in another city of the world
	stripeChance  = 0.006 // the chip is not read
	familiarShop  = 0.72
	familiarSite  = 0.5
	secondDevice  = 0.25
	expectedExtra = spreeChance*2 + gameChance*0.33*5.5
)

// honest makes a payment of holder h at time t; ok is false if she is on her
// way somewhere or asleep.
func (s *Simulator) honest(card int, t int64) (p Payment, ok bool) {
	h, r := &s.holders[card], s.r
	city, lat, lon, ok := h.whereabouts(t)
	if !ok || !h.willing(r, t, lon) {
		return p, false
	}
	p = s.blank(card, t)
	switch {
	case r.chance(phoneOrder):
		s.atShop(&p, s.world.site(r, nil), Keyed, h.spending(r))
	case r.chance(float64(h.online)):
		s.onlineAt(&p, s.siteOf(h), s.deviceOf(h), h.spending(r))
		s.locate(&p, city, lat, lon)
		if r.chance(gameChance) {
			s.game(card, t, city, lat, lon)
		}
	default:
		s.inPerson(&p, s.shopOf(h, city), h.spending(r))
		if r.chance(spreeChance) {
			s.spree(card, t, city)
		}
	}
	return p, true
}

// spending is the holder's level, sometimes for something dear.
func (h *holder) spending(r *rng) float64 {
	if r.chance(dearChance) {
		return float64(h.level) * r.between(3, 9)
	}
	return float64(h.level)
}

func (s *Simulator) shopOf(h *holder, city uint16) uint32 {
	if city == h.city && s.r.chance(familiarShop) {
		return h.favourites[s.r.intn(len(h.favourites))]
	}
	return s.world.shop(s.r, city, nil)
}

func (s *Simulator) siteOf(h *holder) uint32 {
	if s.r.chance(familiarSite) {
		return h.sites[s.r.intn(len(h.sites))]
	}
	return s.world.site(s.r, nil)
}

func (s *Simulator) deviceOf(h *holder) uint32 {
	switch {
	case s.r.chance(newDevice):
		id := s.device(s.r)
		if s.r.chance(0.3) {
			h.devices[0] = id // a new telephone, here to stay
		}
		return id
	case h.devices[1] != 0 && s.r.chance(secondDevice):
		return h.devices[1]
	}
	return h.devices[0]
}

// locate places an online payment at the buyer, or where the network thinks
// that the buyer is.
func (s *Simulator) locate(p *Payment, city uint16, lat, lon float64) {
	if s.r.chance(wrongPlace) {
		city = uint16(s.r.pick(s.world.homes))
		lat, lon = s.world.cities[city].lat, s.world.cities[city].lon
	}
	p.Lat, p.Lon = place(lat+0.005*s.r.norm(), lon+0.005*s.r.norm())
	p.Country = s.world.cities[city].country
}

// spree plans more purchases in the same city within the next hour or so.
func (s *Simulator) spree(card int, t int64, city uint16) {
	for range 1 + s.r.intn(3) {
		t += s.r.span(180, 2100)
		p := s.blank(card, t)
		s.inPerson(&p, s.world.shop(s.r, city, nil), float64(s.holders[card].level))
		s.plan(p)
	}
}

// game plans a streak of tiny purchases from the holder's own device.
func (s *Simulator) game(card int, t int64, city uint16, lat, lon float64) {
	h := &s.holders[card]
	id := s.siteOf(h)
	for range 3 + s.r.intn(6) {
		t += s.r.span(5, 90)
		p := s.blank(card, t)
		s.onlineAt(&p, id, h.devices[0], 1)
		p.Category = Entertainment
		p.Cents = rounded(s.r.between(0.5, 9), 1)
		s.locate(&p, city, lat, lon)
		s.plan(p)
	}
}

// blank is a payment that says who and when.
func (s *Simulator) blank(card int, t int64) Payment {
	return Payment{CardID: CardToken(card), At: t - t%1e6, Cents: MissingCents}
}

// inPerson fills in a payment at a terminal.
func (s *Simulator) inPerson(p *Payment, id uint32, level float64) {
	channel := Chip
	if s.world.merchants[id].trade == Cash {
		channel = ATM
	}
	s.atShop(p, id, channel, level)
	switch {
	case s.r.chance(stripeChance):
		p.Channel = Stripe
	case channel == Chip && p.Cents < 5000 && s.r.chance(0.8):
		p.Channel = Contactless
	}
}

// atShop fills in a payment that is located at the merchant.
func (s *Simulator) atShop(p *Payment, id uint32, channel Channel, level float64) {
	m := &s.world.merchants[id]
	p.Merchant, p.Category, p.Channel = id, m.trade, channel
	p.Lat, p.Lon, p.Country = m.lat, m.lon, s.world.cities[m.city].country
	p.Cents = s.world.amount(s.r, id, level)
}

// onlineAt fills in a payment over the network, still without its place.
func (s *Simulator) onlineAt(p *Payment, id, device uint32, level float64) {
	s.atShop(p, id, Online, level)
	p.Device = device
}

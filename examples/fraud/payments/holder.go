package payments

import (
	"math"
	"time"
)

// holder is a cardholder: where she lives, what she spends, when she is awake.
type holder struct {
	lat, lon   float64 // home
	away       trip
	favourites [6]uint32 // local shops
	sites      [3]uint32 // online shops
	devices    [2]uint32 // the second is 0 for many
	city       uint16
	activity   float32 // chance that a drawn card is used, 0 to 1
	online     float32 // share of her payments that are made online
	level      float32 // spending compared with others
	lark       float32 // hours by which her day is shifted
}

// trip is a stay in another city; leave and back are zero for who stays home.
type trip struct {
	leave, arrive int64 // nanoseconds since the Unix epoch
	back, home    int64
	lat, lon      float64 // hotel
	city          uint16
}

// travellers is the share of holders who leave their city during the run.
const travellers = 0.05

func (s *Simulator) newHolder(r *rng) holder {
	w := s.world
	h := holder{city: uint16(r.pick(w.homes))}
	c := w.cities[h.city]
	h.lat, h.lon = place(c.lat+0.05*r.norm(), c.lon+0.07*r.norm())
	h.activity = float32(r.between(0.15, 1))
	h.online = float32(r.between(0.08, 0.6))
	h.level = float32(math.Exp(0.45 * r.norm()))
	h.lark = float32(1.5 * r.norm())
	if r.chance(0.04) {
		h.lark += 8 // works at night
	}
	for i := range h.favourites {
		h.favourites[i] = w.shop(r, h.city, nil)
	}
	for i := range h.sites {
		h.sites[i] = w.site(r, nil)
	}
	h.devices[0] = s.device(r)
	if r.chance(0.35) {
		h.devices[1] = s.device(r)
	}
	if r.chance(travellers) {
		h.away = s.newTrip(r, &h)
	}
	return h
}

// cruise is the door-to-door speed of a traveller in km/h, waits come on top.
const cruise = 650

func (s *Simulator) newTrip(r *rng, h *holder) trip {
	t := trip{city: s.world.far(r, h.city, 150)}
	c := s.world.cities[t.city]
	t.lat, t.lon = place(c.lat+0.03*r.norm(), c.lon+0.03*r.norm())
	hours := DistanceKm(h.lat, h.lon, t.lat, t.lon)/cruise + r.between(1, 4)
	t.leave = s.start + int64(r.float()*float64(s.cfg.Period))
	t.arrive = t.leave + int64(hours*float64(time.Hour))
	t.back = t.arrive + int64(r.between(12, 120)*float64(time.Hour))
	t.home = t.back + t.arrive - t.leave
	return t
}

// whereabouts is the city and spot of a holder; ok is false on the way.
func (h *holder) whereabouts(t int64) (city uint16, lat, lon float64, ok bool) {
	switch a := &h.away; {
	case a.leave == 0 || t < a.leave || t >= a.home:
		return h.city, h.lat, h.lon, true
	case t >= a.arrive && t < a.back:
		return a.city, a.lat, a.lon, true
	}
	return 0, 0, 0, false
}

// LocalHour is the hour of the day by the sun, 0 to 24.
func LocalHour(t int64, lon float64) float64 {
	const day = int64(24 * time.Hour)
	h := float64(((t%day)+day)%day)/float64(time.Hour) + lon/15
	return math.Mod(h+24, 24)
}

// awake is how likely people pay in an hour of the day.
var awake = [24]float64{.06, .04, .03, .03, .04, .08, .2, .4, .6, .65, .7, .8, 1, .95, .75, .7, .8, .95, 1, .9, .7, .5, .3, .14}

// willing says whether a drawn holder pays now.
func (h *holder) willing(r *rng, t int64, lon float64) bool {
	hour := int(LocalHour(t, lon)+float64(h.lark)+48) % 24
	return r.chance(float64(h.activity) * awake[hour])
}

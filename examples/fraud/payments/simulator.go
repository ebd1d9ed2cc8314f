package payments

import (
	"errors"
	"fmt"
	"iter"
	"time"
)

// MaxDelay bounds how long after its time a payment arrives.
const MaxDelay = 4500 * time.Millisecond

// Config describes a simulated run. A zero field takes its default, so that
// Config{Seed: 1} is the demo's world.
type Config struct {
	// Seed chooses the world. Different seeds share nothing but the map.
	Seed uint64
	// Payments is how many payments come out: 500,000.
	Payments int
	// Cards is the number of cards, 20,000; Merchants that of merchants, 5,000.
	Cards, Merchants int
	// Start is the time of the first payment, 2026-03-02 00:00 UTC, and Period
	// about the time until the last, 5 days.
	Start  time.Time
	Period time.Duration
	// FraudRate is the share of fraudulent payments, 0.01. Negative for none.
	FraudRate float64
	// DirtyRate is the share of payments with a damaged value, 0.02. Negative
	// for none.
	DirtyRate float64
	// Corrupt is how many records that are no payments [Simulator.Record] puts
	// between the others, evenly spread.
	Corrupt int
}

func (c Config) withDefaults() Config {
	orInt := func(v, d int) int {
		if v == 0 {
			return d
		}
		return v
	}
	orFloat := func(v, d float64) float64 {
		if v == 0 {
			return d
		}
		return max(v, 0)
	}
	c.Payments, c.Cards, c.Merchants = orInt(c.Payments, 500_000), orInt(c.Cards, 20_000), orInt(c.Merchants, 5_000)
	c.FraudRate, c.DirtyRate = orFloat(c.FraudRate, 0.01), orFloat(c.DirtyRate, 0.02)
	if c.Start.IsZero() {
		c.Start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	}
	if c.Period == 0 {
		c.Period = 5 * 24 * time.Hour
	}
	return c
}

// leastMerchants lets every city have a shop, and the network too.
const leastMerchants = 100

// Validate reports every setting that makes no world.
func (c Config) Validate() error {
	c = c.withDefaults()
	var errs []error
	refuse := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf("payments: "+format, args...))
		}
	}
	refuse(c.Payments < 0, "Payments is %d; it must be positive", c.Payments)
	refuse(c.Cards < 0, "Cards is %d; it must be positive", c.Cards)
	refuse(c.Merchants < leastMerchants, "Merchants is %d; the map needs %d", c.Merchants, leastMerchants)
	refuse(c.Period < 0, "Period is %v; it must be positive", c.Period)
	refuse(c.FraudRate > 0.5, "FraudRate is %v; 0.5 is the most", c.FraudRate)
	refuse(c.DirtyRate > 1, "DirtyRate is %v; 1 is the most", c.DirtyRate)
	refuse(c.Corrupt < 0, "Corrupt is %d; use 0 for none", c.Corrupt)
	refuse(c.Start.Year() < 1970 || c.Start.Year() > 2200, "Start is in %d; choose a year from 1970 to 2200", c.Start.Year())
	return errors.Join(errs...)
}

// CardToken is the token of the i-th card, from 0.
func CardToken(i int) uint64 { return 4_000_000_000_000_000 + uint64(i) }

// Simulator invents payments in the order of their arrival. It is for one
// goroutine.
type Simulator struct {
	cfg     Config
	world   *world
	holders []holder
	r       *rng
	crimes  []crime
	kinds   []float64 // cumulative: how likely an episode is of which kind
	start   int64
	now     int64   // event time up to which everything was made
	next    int64   // time of the next honest payment
	pace    float64 // mean nanoseconds between honest payments
	episode float64 // chance that a crime starts at an honest payment
	pending queue   // planned for later, by event time
	arrival queue   // on the way to the bank, by time of arrival
	emitted int
	corrupt int
}

// NewSimulator builds the world of a configuration; an invalid one is refused.
func NewSimulator(cfg Config) (*Simulator, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	s := &Simulator{
		cfg: cfg, world: newWorld(cfg.Seed, cfg.Merchants), r: newRNG(cfg.Seed, 3),
		start: cfg.Start.UnixNano(), crimes: crimes(),
	}
	people := newRNG(cfg.Seed, 2)
	s.holders = make([]holder, cfg.Cards)
	for i := range s.holders {
		s.holders[i] = s.newHolder(people)
	}
	perEpisode := 0.0
	for _, c := range s.crimes {
		s.kinds = append(s.kinds, c.share/c.length)
		perEpisode += c.share / c.length
	}
	s.kinds = cumulate(s.kinds...)
	honest := float64(cfg.Payments) * (1 - cfg.FraudRate) / (1 + expectedExtra)
	s.pace = float64(cfg.Period) / max(honest, 1)
	s.episode = cfg.FraudRate * float64(cfg.Payments) * perEpisode / max(honest, 1)
	s.now, s.next = s.start, s.start
	return s, nil
}

// Next returns the next payment to arrive, numbered from 1; ok is false after
// the last.
func (s *Simulator) Next() (p Payment, ok bool) {
	if s.emitted >= s.cfg.Payments {
		return p, false
	}
	for s.arrival.empty() || s.arrival.top() > s.now {
		s.step()
	}
	p = s.arrival.pop()
	s.emitted++
	p.ID = uint64(s.emitted)
	return p, true
}

// All ranges over the payments that are left.
func (s *Simulator) All() iter.Seq[Payment] {
	return func(yield func(Payment) bool) {
		for p, ok := s.Next(); ok && yield(p); p, ok = s.Next() {
		}
	}
}

// Record appends the next record as a producer would send it: the JSON of the
// next payment, or, Config.Corrupt times in a run, bytes that are no payment;
// then p.ID is 0 and p.CardID only a key for the partition.
func (s *Simulator) Record(dst []byte) (rec []byte, p Payment, ok bool) {
	if due := s.cfg.Corrupt * s.emitted / max(s.cfg.Payments, 1); s.corrupt < due {
		s.corrupt++
		p = s.blank(s.corrupt%len(s.holders), s.now)
		return AppendCorrupt(dst, &p, s.corrupt), p, true
	}
	if p, ok = s.Next(); !ok {
		return dst, p, false
	}
	return p.AppendJSON(dst), p, true
}

// step moves event time to the next payment, planned or spontaneous, and sends
// it on its way.
func (s *Simulator) step() {
	if !s.pending.empty() && s.pending.top() <= s.next {
		s.now = max(s.now, s.pending.top())
		s.send(s.pending.pop())
		return
	}
	s.now = s.next
	s.next += int64(s.pace * s.r.exp())
	if s.r.chance(s.episode) {
		s.crimes[s.r.pick(s.kinds)].commit(s, s.r.intn(len(s.holders)), s.now)
	}
	s.send(s.spontaneous())
}

// spontaneous draws cards until one is used now. On a map that spans the time
// zones somebody is always awake, yet a tiny world may sleep: then the last
// card drawn is used anyway.
func (s *Simulator) spontaneous() Payment {
	for range 2000 {
		if p, ok := s.honest(s.r.intn(len(s.holders)), s.now); ok {
			return p
		}
	}
	card := s.r.intn(len(s.holders))
	p := s.blank(card, s.now)
	s.inPerson(&p, s.holders[card].favourites[0], float64(s.holders[card].level))
	return p
}

// plan keeps a payment until its time has come.
func (s *Simulator) plan(p Payment) { s.pending.push(p.At, p) }

// send puts a payment on its way: nine of ten arrive at once, some late.
func (s *Simulator) send(p Payment) {
	delay := s.r.span(0.02, 0.3)
	if s.r.chance(0.1) {
		delay = s.r.span(0.3, MaxDelay.Seconds())
	}
	if s.r.chance(s.cfg.DirtyRate) {
		s.soil(&p)
	}
	s.arrival.push(p.At+delay, p)
}

// device draws a fingerprint that is not 0.
func (s *Simulator) device(r *rng) uint32 { return uint32(r.next()>>32) | 1 }

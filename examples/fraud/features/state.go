package features

import (
	"math"
	"time"

	"github.com/turgo-io/turgo/examples/fraud/payments"
	"github.com/turgo-io/turgo/window"
)

// MaxEntries bounds the amounts that are kept per card: counts saturate there.
const MaxEntries = 128

const (
	tinyCents   = 10_00                   // up to here an amount is tiny
	tinyPause   = 20 * time.Minute        // a longer pause ends a run of tiny ones
	farKm       = 300                     // from here on a place is far from home
	leastGap    = float64(time.Minute)    // shorter gaps make no sense as travel
	homeWeight  = 20                      // payments over which the home is averaged
	priorWeight = 3                       // payments that the prior mean counts for
	priorEuro   = 40.0                    // the mean of a card without past
	priorLog    = 3.3                     // the same for logarithms, ln 27
	priorVar    = 1.0                     // variance of the logarithms
	newAge      = float64(24 * time.Hour) // a device is new for so long
)

// CardState is what is remembered of one card; its zero value is a card never
// seen. All of it is exported and plain, for a state codec.
type CardState struct {
	Spend window.Rolling // amounts in cents, so that sums are exact

	Seen     int64
	MeanEuro float64 // running mean amount
	MeanLog  float64 // running mean and squared deviations (Welford) of ln(amount)
	M2Log    float64

	LastAt           int64 // time of the latest payment
	LastLat, LastLon float64
	HomeLat, HomeLon float64 // running mean of the places, latest weigh most
	Places           int32   // how many places the mean was made of

	Far    int32  // far payments in a row, card present
	Tiny   int32  // length of the run of tiny payments
	Trades uint32 // a bit for each trade seen

	Strange, Resale float64 // decaying sums, as of LastAt; see Features

	Merchants [12]uint32          // latest first
	Countries [4]payments.Country // latest first
	Devices   [4]Device           // latest first
}

// Device is a device that a card was used from.
type Device struct {
	ID    uint32
	Since int64 // time of its first payment
}

// ranges are the rolling time spans, in the order that Update reads them.
func ranges() window.Ranges {
	return window.Range(time.Minute, time.Hour, 24*time.Hour).AtMost(MaxEntries)
}

// Update enters a cleaned payment into the card's state and fills in f. It is
// called once per payment in order of arrival.
func (s *CardState) Update(p *payments.Payment, f *Features) {
	*f = Features{Payment: *p}
	s.rolling(p, f)
	s.travel(p, f)
	s.novelty(p, f)
	s.habit(p, f)
	s.decaying(p, f)
	f.Hour = float32(hourAt(p))
	f.Trade, f.Channel = float32(p.Category), float32(p.Channel)
	s.Seen++
	f.Seen = float32(s.Seen)
	if s.Seen == 1 || p.At > s.LastAt {
		s.LastAt = p.At
	}
}

func hourAt(p *payments.Payment) float64 {
	if !p.HasLocation() {
		return payments.LocalHour(p.At, 0)
	}
	return payments.LocalHour(p.At, p.Lon)
}

// rolling fills in counts, sums and means of the last minute, hour and day.
func (s *CardState) rolling(p *payments.Payment, f *Features) {
	c := ranges()
	s.Spend.Add(&c, p.At, float64(p.Cents))
	minute, hour, day := s.Spend.Stats(0), s.Spend.Stats(1), s.Spend.Stats(2)
	f.Amount = euro(float64(p.Cents))
	f.Count1m, f.Sum1m, f.Mean1m = float32(minute.Count), euro(minute.Sum), euro(minute.Mean)
	f.Count1h, f.Sum1h, f.Mean1h, f.Max1h = float32(hour.Count), euro(hour.Sum), euro(hour.Mean), euro(hour.Max)
	f.Count24h, f.Sum24h, f.Mean24h, f.Max24h = float32(day.Count), euro(day.Sum), euro(day.Mean), euro(day.Max)
}

func euro(cents float64) float32 { return float32(cents / 100) }

// travel fills in time, distance and speed since the last payment and the
// distance from home, and moves both.
func (s *CardState) travel(p *payments.Payment, f *Features) {
	f.Gap, f.Distance, f.Speed, f.HomeDistance = -1, -1, -1, -1
	gap := math.Abs(float64(p.At - s.LastAt))
	if s.Seen > 0 {
		f.Gap = float32(gap / float64(time.Second))
	}
	if !p.HasLocation() {
		return
	}
	if s.Places > 0 {
		km := payments.DistanceKm(s.LastLat, s.LastLon, p.Lat, p.Lon)
		f.Distance = float32(km)
		f.Speed = float32(km / (max(gap, leastGap) / float64(time.Hour)))
		f.HomeDistance = float32(payments.DistanceKm(s.HomeLat, s.HomeLon, p.Lat, p.Lon))
	}
	s.far(p, f)
	s.settleHome(p)
	if p.At >= s.LastAt || s.Places == 1 {
		s.LastLat, s.LastLon = p.Lat, p.Lon
	}
}

// far counts payments in a row with the card present and far from home.
func (s *CardState) far(p *payments.Payment, f *Features) {
	if p.Channel.Present() {
		s.Far++
		if f.HomeDistance < farKm {
			s.Far = 0
		}
	}
	f.FarCount = float32(s.Far)
}

// settleHome moves the home a little towards the place, along the shorter way
// around the globe.
func (s *CardState) settleHome(p *payments.Payment) {
	s.Places++
	weight := 1 / float64(min(s.Places, homeWeight))
	s.HomeLat += (p.Lat - s.HomeLat) * weight
	s.HomeLon += math.Remainder(p.Lon-s.HomeLon, 360) * weight
	s.HomeLon = math.Remainder(s.HomeLon, 360)
}

// novelty fills in what the card was not used with before.
func (s *CardState) novelty(p *payments.Payment, f *Features) {
	f.NewMerchant = isNew(remember(s.Merchants[:], p.Merchant))
	f.NewCountry = 0
	if p.Country != payments.UnknownCountry {
		f.NewCountry = isNew(remember(s.Countries[:], p.Country))
	}
	bit := uint32(1) << (p.Category & 31)
	f.NewTrade = isNew(s.Trades&bit != 0)
	s.Trades |= bit
	f.DeviceAge = -1
	if p.Device != 0 {
		known, since := s.device(p.Device, p.At)
		f.NewDevice = isNew(known)
		f.DeviceAge = float32(max(float64(p.At-since), 0) / float64(time.Hour))
	}
	for _, d := range s.Devices {
		if d.ID != 0 && float64(p.At-d.Since) < newAge {
			f.DeviceCount24h++
		}
	}
}

func isNew(known bool) float32 {
	if known {
		return 0
	}
	return 1
}

// remember moves v to the front of a list of the latest distinct values and
// says whether it was there. The last one is forgotten for a new one.
func remember[V comparable](latest []V, v V) bool {
	i, known := 0, false
	for i = range latest {
		if latest[i] == v {
			known = true
			break
		}
	}
	copy(latest[1:i+1], latest[:i])
	latest[0] = v
	return known
}

// device does the same for devices and says since when this one is known.
func (s *CardState) device(id uint32, at int64) (known bool, since int64) {
	i := 0
	for i = range s.Devices {
		if s.Devices[i].ID == id {
			known = true
			break
		}
	}
	d := Device{id, at}
	if known {
		d.Since = s.Devices[i].Since
	}
	copy(s.Devices[1:i+1], s.Devices[:i])
	s.Devices[0] = d
	return known, d.Since
}

// habit compares the amount with the card's past and enters it there. A prior
// stands in for cards with little past.
func (s *CardState) habit(p *payments.Payment, f *Features) {
	amount, n := float64(p.Cents)/100, float64(s.Seen)
	log := math.Log(amount + 1)
	f.Ratio = float32(amount / ((s.MeanEuro*n + priorEuro*priorWeight) / (n + priorWeight)))
	mean := (s.MeanLog*n + priorLog*priorWeight) / (n + priorWeight)
	variance := (s.M2Log + priorVar*priorWeight) / (n + priorWeight)
	f.Zscore = float32((log - mean) / math.Sqrt(variance))
	s.MeanEuro += (amount - s.MeanEuro) / (n + 1)
	delta := log - s.MeanLog
	s.MeanLog += delta / (n + 1)
	s.M2Log += delta * (log - s.MeanLog)
	s.tiny(p, f)
}

// tiny tells how many tiny payments came just before, and counts this one.
func (s *CardState) tiny(p *payments.Payment, f *Features) {
	if s.Seen > 0 && p.At-s.LastAt > int64(tinyPause) {
		s.Tiny = 0
	}
	f.TinyRun = float32(s.Tiny)
	if p.Cents <= tinyCents && p.Channel == payments.Online {
		s.Tiny++
	}
}

// halfLife is the time in which a decaying sum loses half of its weight.
const halfLife = float64(30 * time.Minute)

// decaying lets the decaying sums fade up to this payment and adds it. A late
// payment is added as if it came at the time of the latest.
func (s *CardState) decaying(p *payments.Payment, f *Features) {
	if s.Seen > 0 && p.At > s.LastAt {
		fade := math.Exp2(-float64(p.At-s.LastAt) / halfLife)
		s.Strange *= fade
		s.Resale *= fade
	}
	s.Strange += float64(f.NewMerchant)
	if resaleable(p.Category) {
		s.Resale += float64(p.Cents) / 100
	}
	f.Strange, f.Resale = float32(s.Strange), float32(s.Resale)
}

func resaleable(c payments.Category) bool {
	switch c {
	case payments.Electronics, payments.Luxury, payments.GiftCards, payments.Fashion, payments.Cash:
		return true
	}
	return false
}

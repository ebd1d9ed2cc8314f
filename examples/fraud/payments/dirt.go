package payments

import (
	"math"
	"strconv"
)

// soil damages a payment as terminals and gateways do; cleaning has to repair
// it. The truth about fraud stays.
func (s *Simulator) soil(p *Payment) {
	switch x := s.r.float(); {
	case x < 0.35:
		p.Country = Country{}
	case x < 0.65:
		p.Country = Country{p.Country[0] | 0x20, p.Country[1] | 0x20}
	case x < 0.75:
		p.Cents = -p.Cents
	case x < 0.80:
		p.Cents *= 100_000 // cents taken for euro, and worse
	case x < 0.87:
		p.Cents = MissingCents
	case x < 0.95:
		p.Lat, p.Lon = math.NaN(), math.NaN()
	default:
		p.Lat = math.Round(p.Lat*1e8) / 1e5 // thousandths taken for degrees
	}
}

// AppendCorrupt appends a record that is no payment: p cut off, with a wrong
// type, or not JSON at all. The same how gives the same damage.
func AppendCorrupt(dst []byte, p *Payment, how int) []byte {
	start := len(dst)
	switch how % 5 {
	case 0:
		dst = p.AppendJSON(dst)
		return dst[:start+(len(dst)-start)*2/3]
	case 1:
		dst = append(dst, `{"card":"`...)
		dst = strconv.AppendUint(dst, p.CardID, 10)
		return append(dst, `","time":"yesterday"}`...)
	case 2:
		return append(dst, 0x00, 0xff, 0x1f, 'p', 'a', 'y')
	case 3:
		return append(dst, `{"id":1,"amount":12.5}`...)
	}
	return append(p.AppendJSON(dst), '}')
}

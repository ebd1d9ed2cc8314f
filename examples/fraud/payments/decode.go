package payments

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Decode reads one JSON object into p. Fields may come in any order; unknown
// ones are skipped, of repeated ones the last counts, null is "missing". A
// record without card or time, or with a value of the wrong type, is refused
// with [ErrMalformed]; p is then undefined. A name of a trade or channel that
// is not known is no error: it becomes OtherTrade or UnknownChannel. Nothing of
// data is kept.
func Decode(data []byte, p *Payment) error {
	*p = Payment{Cents: MissingCents, Lat: math.NaN(), Lon: math.NaN()}
	s := scanner{data: data}
	var seen fields
	if err := s.object(func(name []byte) error { return s.field(name, p, &seen) }); err != nil {
		return err
	}
	if s.space(); s.pos != len(data) {
		return s.fail("the end of the record")
	}
	return seen.complete()
}

// fields notes which of the fields that a payment cannot do without were seen.
type fields struct{ card, time bool }

func (f fields) complete() error {
	switch {
	case !f.card:
		return fmt.Errorf(`%w: no "card"`, ErrMalformed)
	case !f.time:
		return fmt.Errorf(`%w: no "time"`, ErrMalformed)
	}
	return nil
}

// field consumes the value of one field.
func (s *scanner) field(name []byte, p *Payment, seen *fields) (err error) {
	if s.space() == 'n' && s.literal("null") {
		return p.clear(name, seen)
	}
	switch string(name) {
	case "id":
		p.ID, err = s.uint(math.MaxUint64)
	case "card":
		seen.card = true
		p.CardID, err = s.uint(math.MaxUint64)
	case "time":
		seen.time = true
		p.At, err = s.time()
	case "merchant":
		err = s.uint32(&p.Merchant)
	case "device":
		err = s.uint32(&p.Device)
	case "amount":
		p.Cents, err = s.cents()
	case "lat":
		p.Lat, err = s.float()
	case "lon":
		p.Lon, err = s.float()
	case "country":
		err = s.text(func(v []byte) error { return p.setCountry(v) })
	case "category":
		err = s.text(func(v []byte) error { p.Category = Category(indexOf(categoryNames[:], v)); return nil })
	case "channel":
		err = s.text(func(v []byte) error { p.Channel = Channel(indexOf(channelNames[:], v)); return nil })
	case "fraud":
		err = s.text(func(v []byte) error { p.Fraud = Fraud(indexOf(fraudNames[:], v)); return nil })
	default:
		err = s.skip(0)
	}
	return err
}

// clear makes a field missing: a null that follows a value takes it back.
func (p *Payment) clear(name []byte, seen *fields) error {
	switch string(name) {
	case "id":
		p.ID = 0
	case "card":
		seen.card = false
	case "time":
		seen.time = false
	case "merchant":
		p.Merchant = 0
	case "device":
		p.Device = 0
	case "amount":
		p.Cents = MissingCents
	case "lat":
		p.Lat = math.NaN()
	case "lon":
		p.Lon = math.NaN()
	case "country":
		p.Country = Country{}
	case "category":
		p.Category = OtherTrade
	case "channel":
		p.Channel = UnknownChannel
	case "fraud":
		p.Fraud = Legit
	}
	return nil
}

// setCountry takes two letters of either case, "??" or nothing.
func (p *Payment) setCountry(v []byte) error {
	p.Country = Country{}
	if len(v) == 0 {
		return nil
	}
	if len(v) != 2 || !countryByte(v[0]) || !countryByte(v[1]) {
		return fmt.Errorf("%w: country %q is not a two-letter code", ErrMalformed, v)
	}
	p.Country = Country{v[0], v[1]}
	return nil
}

func countryByte(c byte) bool { return c == '?' || 'a' <= c|0x20 && c|0x20 <= 'z' }

// text consumes a string and hands it over.
func (s *scanner) text(set func([]byte) error) error {
	v, err := s.str()
	if err != nil {
		return err
	}
	return set(v)
}

func (s *scanner) uint32(dst *uint32) error {
	v, err := s.uint(math.MaxUint32)
	*dst = uint32(v)
	return err
}

// uint consumes a whole number without sign, fraction or exponent.
func (s *scanner) uint(limit uint64) (uint64, error) {
	text, err := s.number()
	if err != nil {
		return 0, err
	}
	v, ok := parseUint(text, limit)
	if !ok {
		return 0, s.fail("a whole number before here, 0 to " + strconv.FormatUint(limit, 10))
	}
	return v, nil
}

func parseUint(text []byte, limit uint64) (v uint64, ok bool) {
	for _, c := range text {
		d := uint64(c - '0')
		if d > 9 || v > (math.MaxUint64-d)/10 {
			return 0, false
		}
		v = v*10 + d
	}
	return v, len(text) > 0 && v <= limit
}

func (s *scanner) float() (float64, error) {
	text, err := s.number()
	if err != nil {
		return 0, err
	}
	v, err := parseFloat(text)
	if err != nil {
		return 0, s.fail("a smaller number before here")
	}
	return v, nil
}

// powers of ten that a float64 holds exactly.
var powers = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// parseFloat is exact: up to 15 digits the quotient of two exactly held numbers
// is the correctly rounded value; the rest is strconv's work.
func parseFloat(text []byte) (float64, error) {
	if m, decimals, ok := decimal(text); ok {
		if m == 0 && text[0] == '-' {
			return math.Copysign(0, -1), nil
		}
		return float64(m) / powers[decimals], nil
	}
	return strconv.ParseFloat(string(text), 64)
}

// decimal reads a plain decimal number of at most 15 digits as an integer and
// the number of its decimals.
func decimal(text []byte) (m int64, decimals int, ok bool) {
	if len(text) == 0 || len(text) > 17 {
		return 0, 0, false
	}
	digits, point := 0, -1
	start := 0
	if text[0] == '-' {
		start = 1
	}
	for i, c := range text[start:] {
		if c == '.' && point < 0 {
			point = i
			continue
		}
		if c-'0' > 9 {
			return 0, 0, false
		}
		m = m*10 + int64(c-'0')
		digits++
	}
	if point >= 0 {
		decimals = digits - point
	}
	if start == 1 {
		m = -m
	}
	return m, decimals, digits > 0 && digits <= 15
}

// maxAmount bounds what an amount may say, in euro; beyond it cents are no
// longer exact in a float64. Cleaning draws a much lower line.
const maxAmount = 1e12

func (s *scanner) cents() (int64, error) {
	text, err := s.number()
	if err != nil {
		return 0, err
	}
	v, ok := parseCents(text)
	if !ok {
		return 0, s.fail("an amount below 1e12 before here")
	}
	return v, nil
}

// parseCents reads an amount; more than two decimals are rounded half away
// from zero.
func parseCents(text []byte) (int64, bool) {
	if m, decimals, ok := decimal(text); ok && decimals <= 2 {
		for ; decimals < 2; decimals++ {
			m *= 10
		}
		return m, m >= -maxAmount*100 && m <= maxAmount*100
	}
	v, err := parseFloat(text)
	if err != nil || !(math.Abs(v) <= maxAmount) {
		return 0, false
	}
	return int64(math.Round(v * 100)), true
}

// time consumes RFC 3339 text or whole milliseconds since the Unix epoch.
func (s *scanner) time() (int64, error) {
	if s.space() != '"' {
		v, err := s.uint(maxMillis)
		return int64(v) * int64(time.Millisecond), err
	}
	text, err := s.str()
	if err != nil {
		return 0, err
	}
	return parseTime(text)
}

// maxMillis is 2261-12-31T23:59:59.999Z; nanoseconds overflow in 2262.
const maxMillis = 9_214_646_399_999

// parseTime reads RFC 3339 text.
func parseTime(text []byte) (int64, error) {
	if at, ok := parseUTC(text); ok {
		return at, nil
	}
	t, err := time.Parse(time.RFC3339, string(text))
	if err != nil || t.UTC().Year() < 1678 || t.UTC().Year() > 2261 {
		return 0, fmt.Errorf("%w: time %q: want RFC 3339, years 1678 to 2261", ErrMalformed, text)
	}
	return t.UnixNano(), nil
}

// parseUTC reads "2026-03-01T10:00:00Z" with or without three decimals, from
// 1970 on; anything else is left to package time.
func parseUTC(t []byte) (int64, bool) {
	const shape = "dddd-dd-ddTdd:dd:dd"
	if len(t) != len("2026-03-01T10:00:00Z") && len(t) != len("2026-03-01T10:00:00.000Z") || t[len(t)-1] != 'Z' {
		return 0, false
	}
	for i := range len(shape) {
		if shape[i] == 'd' && t[i]-'0' > 9 || shape[i] != 'd' && t[i] != shape[i] {
			return 0, false
		}
	}
	ms := int64(0)
	if len(t) > 20 {
		if t[19] != '.' || t[20]-'0' > 9 || t[21]-'0' > 9 || t[22]-'0' > 9 {
			return 0, false
		}
		ms = digits2(t, 20)*10 + int64(t[22]-'0')
	}
	y, m, d := digits2(t, 0)*100+digits2(t, 2), digits2(t, 5), digits2(t, 8)
	hh, mm, ss := digits2(t, 11), digits2(t, 14), digits2(t, 17)
	if y < 1970 || y > 2261 || m < 1 || m > 12 || d < 1 || d > 28 || hh > 23 || mm > 59 || ss > 59 {
		return 0, false // also the ends of months: rare enough for the slow path
	}
	sec := daysFromCivil(y, m, d)*86_400 + hh*3600 + mm*60 + ss
	return (sec*1000 + ms) * int64(time.Millisecond), true
}

func digits2(t []byte, i int) int64 { return int64(t[i]-'0')*10 + int64(t[i+1]-'0') }

// daysFromCivil is the inverse of civil.
func daysFromCivil(y, m, d int64) int64 {
	if m <= 2 {
		y--
		m += 12
	}
	era, yoe := y/400, y%400
	doy := (153*(m-3)+2)/5 + d - 1
	return era*146_097 + yoe*365 + yoe/4 - yoe/100 + doy - 719_468
}

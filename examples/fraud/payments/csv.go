package payments

import (
	"bytes"
	"fmt"
	"math"
	"time"
)

// Columns says which payment field each column of a CSV file holds.
type Columns []string

// ParseCSVHeader reads the first line of a CSV file. Columns may come in any
// order, unknown ones are skipped; card and time must be there.
func ParseCSVHeader(line []byte) (Columns, error) {
	var cols Columns
	var seen fields
	for rest, more := trimLine(line), true; more; {
		var name []byte
		name, rest, more = cutField(rest)
		cols = append(cols, string(bytes.TrimSpace(name)))
		seen.card = seen.card || cols[len(cols)-1] == "card"
		seen.time = seen.time || cols[len(cols)-1] == "time"
	}
	return cols, seen.complete()
}

// Decode reads one row into p, by the rules of [Decode]; an empty field is
// missing. A field may be quoted, but holds neither quotes nor line breaks.
func (c Columns) Decode(line []byte, p *Payment) error {
	*p = Payment{Cents: MissingCents, Lat: math.NaN(), Lon: math.NaN()}
	rest, more := trimLine(line), true
	var seen fields
	for i := 0; more; i++ {
		var v []byte
		v, rest, more = cutField(rest)
		if i >= len(c) {
			return fmt.Errorf("%w: more than the header's %d columns", ErrMalformed, len(c))
		}
		if len(v) == 0 {
			continue
		}
		if err := p.setText(c[i], v, &seen); err != nil {
			return err
		}
	}
	return seen.complete()
}

func trimLine(line []byte) []byte { return bytes.TrimRight(line, "\r\n") }

// cutField splits off the first field and its quotes.
func cutField(line []byte) (field, rest []byte, more bool) {
	field, rest, more = bytes.Cut(line, []byte{','})
	if n := len(field); n >= 2 && field[0] == '"' && field[n-1] == '"' {
		field = field[1 : n-1]
	}
	return field, rest, more
}

// setText sets one field from its text.
func (p *Payment) setText(name string, v []byte, seen *fields) (err error) {
	ok := true
	switch name {
	case "id":
		p.ID, ok = parseUint(v, math.MaxUint64)
	case "card":
		p.CardID, ok = parseUint(v, math.MaxUint64)
		seen.card = true
	case "time":
		p.At, err = parseStamp(v)
		seen.time = true
	case "merchant":
		p.Merchant, ok = parseUint32(v)
	case "device":
		p.Device, ok = parseUint32(v)
	case "amount":
		p.Cents, ok = parseCents(v)
	case "lat":
		p.Lat, err = parseFloat(v)
	case "lon":
		p.Lon, err = parseFloat(v)
	case "country":
		err = p.setCountry(v)
	case "category":
		p.Category = Category(indexOf(categoryNames[:], v))
	case "channel":
		p.Channel = Channel(indexOf(channelNames[:], v))
	case "fraud":
		p.Fraud = Fraud(indexOf(fraudNames[:], v))
	}
	if err != nil || !ok {
		return fmt.Errorf("%w: column %s: %q", ErrMalformed, name, v)
	}
	return nil
}

func parseUint32(v []byte) (uint32, bool) {
	u, ok := parseUint(v, math.MaxUint32)
	return uint32(u), ok
}

// parseStamp reads RFC 3339 text or whole milliseconds since the Unix epoch.
func parseStamp(v []byte) (int64, error) {
	if ms, ok := parseUint(v, maxMillis); ok {
		return int64(ms) * int64(time.Millisecond), nil
	}
	return parseTime(v)
}

package payments_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/examples/fraud/payments"
)

var sample = payments.Payment{
	ID: 42, CardID: 4000_0000_0000_1234, At: time.Date(2026, 3, 1, 10, 20, 30, 123e6, time.UTC).UnixNano(),
	Cents: 1299, Lat: 52.52001, Lon: -13.40495, Merchant: 77, Device: 99, Country: payments.Country{'D', 'E'},
	Category: payments.Electronics, Channel: payments.Online, Fraud: payments.Takeover,
}

const sampleJSON = `{"id":42,"time":"2026-03-01T10:20:30.123Z","card":4000000000001234,"merchant":77,` +
	`"category":"electronics","country":"DE","amount":12.99,"lat":52.52001,"lon":-13.40495,"device":99,` +
	`"channel":"online","fraud":"takeover"}`

const sampleCSV = `42,2026-03-01T10:20:30.123Z,4000000000001234,77,electronics,DE,12.99,52.52001,-13.40495,99,online,takeover`

// bare is a payment that carries nothing but card and time.
func bare() payments.Payment {
	return payments.Payment{CardID: 7, At: 1e9, Cents: payments.MissingCents, Lat: math.NaN(), Lon: math.NaN()}
}

// requireSame compares payments; NaN equals NaN.
func requireSame(t require.TestingT, want, got payments.Payment, msg ...any) {
	require.Equal(t, math.Float64bits(want.Lat), math.Float64bits(got.Lat), msg...)
	require.Equal(t, math.Float64bits(want.Lon), math.Float64bits(got.Lon), msg...)
	want.Lat, want.Lon, got.Lat, got.Lon = 0, 0, 0, 0
	require.Equal(t, want, got, msg...)
}

func TestEncode(t *testing.T) {
	p := sample
	require.Equal(t, sampleJSON, string(p.AppendJSON(nil)))
	require.Equal(t, sampleCSV, string(p.AppendCSV(nil)))
	b := bare()
	require.Equal(t, `{"id":0,"time":"1970-01-01T00:00:01.000Z","card":7,"merchant":0,"category":"other","channel":"unknown"}`,
		string(b.AppendJSON(nil)))
	require.Equal(t, `0,1970-01-01T00:00:01.000Z,7,0,other,,,,,,unknown,`, string(b.AppendCSV(nil)))
}

func TestEncodeTimes(t *testing.T) {
	day := time.Date(1970, 1, 1, 23, 59, 59, 999e6, time.UTC)
	for ; day.Year() < 2262; day = day.AddDate(0, 0, 13) {
		p := payments.Payment{CardID: 1, At: day.UnixNano()}
		require.Contains(t, string(p.AppendJSON(nil)), `"`+day.Format("2006-01-02T15:04:05.000Z07:00")+`"`)
		var got payments.Payment
		require.NoError(t, payments.Decode(p.AppendJSON(nil), &got))
		require.Equal(t, p.At, got.At)
	}
}

func TestDecode(t *testing.T) {
	with := func(change func(*payments.Payment)) payments.Payment {
		p := bare()
		change(&p)
		return p
	}
	cases := map[string]struct {
		in   string
		want payments.Payment
	}{
		"full":             {sampleJSON, sample},
		"least":            {`{"card":7,"time":1000}`, bare()},
		"spaces":           {" {\t\"time\" :\r\n1000 , \"card\": 7 } \n", bare()},
		"unknown fields":   {`{"x":{"a":[1,{"b":null}],"c":"\\\"}"},"card":7,"y":[],"time":1000,"z":{}}`, bare()},
		"nulls":            {`{"card":7,"time":1000,"amount":null,"lat":null,"country":null}`, bare()},
		"null takes back":  {`{"amount":5,"card":7,"time":1000,"amount":null}`, bare()},
		"last one counts":  {`{"card":9,"card":7,"time":1000}`, bare()},
		"escaped name":     {`{"\u0063ard":7,"t\u0069me":1000}`, bare()},
		"escaped value":    {`{"card":7,"time":1000,"country":"\u0064e"}`, with(func(p *payments.Payment) { p.Country = payments.Country{'d', 'e'} })},
		"zone":             {`{"card":7,"time":"1970-01-01T02:00:01+02:00"}`, bare()},
		"no millis":        {`{"card":7,"time":"1970-01-01T00:00:01Z"}`, bare()},
		"end of month":     {`{"card":7,"time":"1970-01-31T00:00:00Z"}`, with(func(p *payments.Payment) { p.At = 30 * 86400e9 })},
		"whole amount":     {`{"card":7,"time":1000,"amount":12}`, with(func(p *payments.Payment) { p.Cents = 1200 })},
		"negative amount":  {`{"card":7,"time":1000,"amount":-0.5}`, with(func(p *payments.Payment) { p.Cents = -50 })},
		"rounded amount":   {`{"card":7,"time":1000,"amount":1.005e1}`, with(func(p *payments.Payment) { p.Cents = 1005 })},
		"absurd amount":    {`{"card":7,"time":1000,"amount":99999999999.99}`, with(func(p *payments.Payment) { p.Cents = 9999999999999 })},
		"unheard-of trade": {`{"card":7,"time":1000,"category":"llamas","channel":"mind"}`, bare()},
	}
	for name, c := range cases {
		var got payments.Payment
		require.NoError(t, payments.Decode([]byte(c.in), &got), name)
		requireSame(t, c.want, got, name)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, in := range []string{
		``, ` `, `{`, `{}`, `[]`, `null`, `7`, `{"card":7}`, `{"time":1000}`,
		`{"card":7,"time":1000}x`, `{"card":7,"time":1000,}`, `{"card":7 "time":1000}`, `{card:7,"time":1000}`,
		`{"card":"7","time":1000}`, `{"card":-7,"time":1000}`, `{"card":7.0,"time":1000}`, `{"card":7e2,"time":1000}`,
		`{"card":18446744073709551616,"time":1000}`, `{"card":7,"time":1000,"merchant":4294967296}`,
		`{"card":07,"time":1000}`, `{"card":7,"time":"yesterday"}`, `{"card":7,"time":"2026-02-29T00:00:00Z"}`,
		`{"card":7,"time":"2026-01-01T24:00:00Z"}`, `{"card":7,"time":9999999999999}`, `{"card":7,"time":true}`,
		`{"card":7,"time":"2300-01-01T00:00:00Z"}`,
		`{"card":7,"time":1000,"amount":"12"}`, `{"card":7,"time":1000,"amount":1e13}`, `{"card":7,"time":1000,"amount":1e999}`,
		`{"card":7,"time":1000,"amount":.5}`, `{"card":7,"time":1000,"amount":1.}`, `{"card":7,"time":1000,"amount":-}`,
		`{"card":7,"time":1000,"country":"DEU"}`, `{"card":7,"time":1000,"country":"D1"}`, `{"card":7,"time":1000,"country":7}`,
		`{"card":7,"time":1000,"lat":1e400}`, `{"card":7,"time":1000,"x":tru}`, `{"card":7,"time":1000,"x":"a` + "\n" + `"}`,
		`{"card":7,"time":1000,"x":"\x"}`, `{"card":7,"time":1000,"x":"\u12g4"}`, `{"card":7,"time":1000,"x":"\`,
		`{"card":null,"time":1000}`,
	} {
		var p payments.Payment
		require.ErrorIs(t, payments.Decode([]byte(in), &p), payments.ErrMalformed, in)
	}
	deep := bytes.Repeat([]byte{'['}, 100_000)
	var p payments.Payment
	require.ErrorIs(t, payments.Decode(append([]byte(`{"x":`), deep...), &p), payments.ErrMalformed)
}

func TestCSV(t *testing.T) {
	std, err := payments.ParseCSVHeader([]byte(payments.CSVHeader + "\r\n"))
	require.NoError(t, err)
	var got payments.Payment
	require.NoError(t, std.Decode([]byte(sampleCSV+"\r\n"), &got))
	requireSame(t, sample, got)

	b := bare()
	require.NoError(t, std.Decode(b.AppendCSV(nil), &got))
	requireSame(t, b, got)

	own, err := payments.ParseCSVHeader([]byte(`note,"time",card,country`))
	require.NoError(t, err)
	require.NoError(t, own.Decode([]byte(`hello,1000,"7",`), &got))
	requireSame(t, b, got)
	require.NoError(t, own.Decode([]byte(`hello,1970-01-01T00:00:01Z,7`), &got), "a short row lacks the rest")
	requireSame(t, b, got)

	_, err = payments.ParseCSVHeader([]byte("id,card"))
	require.ErrorIs(t, err, payments.ErrMalformed)
	for _, row := range []string{"", "x,,7,", "x,1000,,", "x,1000,7,DE,more", "x,1000,-7,", "x,1000,7,DEU", "x,soon,7,"} {
		require.ErrorIs(t, own.Decode([]byte(row), &got), payments.ErrMalformed, row)
	}
	for _, amount := range []string{"NaN", "Inf", "abc", "1e13", "--5"} {
		row := bytes.Replace([]byte(sampleCSV), []byte("12.99"), []byte(amount), 1)
		require.ErrorIs(t, std.Decode(row, &got), payments.ErrMalformed, amount)
	}
}

// reference decodes with encoding/json, field by field in the order of the text.
func reference(data []byte) (p payments.Payment, err error) {
	p = payments.Payment{Cents: payments.MissingCents, Lat: math.NaN(), Lon: math.NaN()}
	if !json.Valid(data) {
		return p, errors.New("not valid")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if tok, err := d.Token(); err != nil || tok != json.Delim('{') {
		return p, errors.New("not an object")
	}
	seen := map[string]bool{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return p, err
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return p, err
		}
		seen[name.(string)] = string(raw) != "null"
		if err := refField(name.(string), raw, &p); err != nil {
			return p, err
		}
	}
	if !seen["card"] || !seen["time"] {
		return p, errors.New("incomplete")
	}
	if _, err := d.Token(); err != nil {
		return p, err
	}
	if _, err := d.Token(); err != io.EOF {
		return p, errors.New("trailing data")
	}
	return p, nil
}

func refField(name string, raw json.RawMessage, p *payments.Payment) error {
	var amount, lat, lon *float64
	var text *string
	var err error
	null := string(raw) == "null"
	switch name {
	case "id", "card", "merchant", "device":
		return refWhole(name, raw, p)
	case "time":
		return refTime(raw, null, p)
	case "amount":
		p.Cents = payments.MissingCents
		if err = json.Unmarshal(raw, &amount); amount != nil {
			p.Cents = int64(math.Round(*amount * 100))
			if math.Abs(*amount) > 1e12 {
				return errors.New("too much")
			}
		}
	case "lat":
		p.Lat = math.NaN()
		if err = json.Unmarshal(raw, &lat); lat != nil {
			p.Lat = *lat
		}
	case "lon":
		p.Lon = math.NaN()
		if err = json.Unmarshal(raw, &lon); lon != nil {
			p.Lon = *lon
		}
	case "country", "category", "channel", "fraud":
		if err = json.Unmarshal(raw, &text); err == nil {
			return refText(name, text, p)
		}
	}
	return err
}

func refWhole(name string, raw json.RawMessage, p *payments.Payment) (err error) {
	switch name {
	case "id":
		p.ID = 0
		err = json.Unmarshal(raw, &p.ID)
	case "card":
		err = json.Unmarshal(raw, &p.CardID)
	case "merchant":
		p.Merchant = 0
		err = json.Unmarshal(raw, &p.Merchant)
	case "device":
		p.Device = 0
		err = json.Unmarshal(raw, &p.Device)
	}
	return err
}

func refTime(raw json.RawMessage, null bool, p *payments.Payment) error {
	if null {
		return nil
	}
	if raw[0] != '"' {
		ms, err := strconv.ParseUint(string(raw), 10, 63)
		p.At = int64(ms) * 1e6
		if ms > 9_214_646_399_999 {
			return errors.New("too late")
		}
		return err
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	t, err := time.Parse(time.RFC3339, text)
	p.At = t.UnixNano()
	if y := t.UTC().Year(); y < 1678 || y > 2261 {
		return errors.New("out of range")
	}
	return err
}

func refText(name string, text *string, p *payments.Payment) error {
	v := ""
	if text != nil {
		v = *text
	}
	switch name {
	case "country":
		p.Country = payments.Country{}
		letters := func(c byte) bool { return c == '?' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
		if v != "" && (len(v) != 2 || !letters(v[0]) || !letters(v[1])) {
			return errors.New("no country")
		}
		copy(p.Country[:], v)
	case "category":
		p.Category = 0
		for c := payments.Category(1); c <= payments.GiftCards; c++ {
			if c.String() == v {
				p.Category = c
			}
		}
	case "channel":
		p.Channel = 0
		for c := payments.Channel(1); c <= payments.Keyed; c++ {
			if c.String() == v {
				p.Channel = c
			}
		}
	case "fraud":
		p.Fraud = 0
		for c := payments.Fraud(1); c <= payments.Takeover; c++ {
			if c.String() == v {
				p.Fraud = c
			}
		}
	}
	return nil
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		sampleJSON, `{"card":7,"time":1000}`, `{"card":7,"time":"2026-03-31T10:00:00.5+01:00","x":[{"y":"\ud83d\ude00"}]}`,
		`{"card":7,"time":1000,"amount":1.005,"lat":-0,"lon":1e-7}`, `{"card":7,"time":1000,"amount":123456789012345678}`,
		`{"c\u0061rd":7,"time":1000,"country":"\u0064e","card":null}`, `{"card":7,"time":"1677-12-31T23:59:59Z"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if bytes.Count(data, []byte("["))+bytes.Count(data, []byte("{")) > 60 {
			return // nesting that encoding/json takes and Decode does not
		}
		var got payments.Payment
		err := payments.Decode(data, &got)
		want, refErr := reference(data)
		if refErr != nil {
			require.ErrorIs(t, err, payments.ErrMalformed, "reference: %v", refErr)
			return
		}
		require.NoError(t, err)
		requireSame(t, want, got)
		again := payments.Payment{}
		require.NoError(t, payments.Decode(got.AppendJSON(nil), &again))
		requireSame(t, got, again, "round trip")
	})
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte(payments.CSVHeader), []byte(sampleCSV))
	f.Add([]byte("time,card"), []byte(`"1000",7`))
	f.Fuzz(func(t *testing.T, header, row []byte) {
		cols, err := payments.ParseCSVHeader(header)
		if err != nil {
			require.ErrorIs(t, err, payments.ErrMalformed)
			return
		}
		var got, again payments.Payment
		if err := cols.Decode(row, &got); err != nil {
			require.ErrorIs(t, err, payments.ErrMalformed)
			return
		}
		std, err := payments.ParseCSVHeader([]byte(payments.CSVHeader))
		require.NoError(t, err)
		if math.IsInf(got.Lat, 0) || math.IsInf(got.Lon, 0) {
			return // written as missing
		}
		require.NoError(t, std.Decode(got.AppendCSV(nil), &again))
		requireSame(t, got, again, "round trip")
	})
}

func BenchmarkDecode(b *testing.B) {
	data := []byte(sampleJSON)
	var p payments.Payment
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if err := payments.Decode(data, &p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	p, buf := sample, make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		buf = p.AppendJSON(buf[:0])
	}
}

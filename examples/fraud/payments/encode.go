package payments

import (
	"math"
	"strconv"
	"time"
)

// AppendJSON appends the payment as one JSON object without a line break.
// Missing values are left out.
func (p *Payment) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"id":`...)
	dst = strconv.AppendUint(dst, p.ID, 10)
	dst = append(dst, `,"time":"`...)
	dst = appendTime(dst, p.At)
	dst = append(dst, `","card":`...)
	dst = strconv.AppendUint(dst, p.CardID, 10)
	dst = append(dst, `,"merchant":`...)
	dst = strconv.AppendUint(dst, uint64(p.Merchant), 10)
	dst = append(dst, `,"category":"`...)
	dst = append(dst, p.Category.String()...)
	dst = append(dst, '"')
	if p.Country != (Country{}) {
		dst = append(dst, `,"country":"`...)
		dst = append(dst, p.Country[:]...)
		dst = append(dst, '"')
	}
	if p.Cents != MissingCents {
		dst = append(dst, `,"amount":`...)
		dst = appendCents(dst, p.Cents)
	}
	dst = appendDegrees(dst, `,"lat":`, p.Lat)
	dst = appendDegrees(dst, `,"lon":`, p.Lon)
	if p.Device != 0 {
		dst = append(dst, `,"device":`...)
		dst = strconv.AppendUint(dst, uint64(p.Device), 10)
	}
	dst = append(dst, `,"channel":"`...)
	dst = append(dst, p.Channel.String()...)
	dst = append(dst, '"')
	if p.Fraud != Legit {
		dst = append(dst, `,"fraud":"`...)
		dst = append(dst, p.Fraud.String()...)
		dst = append(dst, '"')
	}
	return append(dst, '}')
}

// CSVHeader names the columns that AppendCSV writes, in order.
const CSVHeader = "id,time,card,merchant,category,country,amount,lat,lon,device,channel,fraud"

// AppendCSV appends the payment as one row in the order of [CSVHeader], without
// a line break. A missing value is an empty field.
func (p *Payment) AppendCSV(dst []byte) []byte {
	dst = append(strconv.AppendUint(dst, p.ID, 10), ',')
	dst = append(appendTime(dst, p.At), ',')
	dst = append(strconv.AppendUint(dst, p.CardID, 10), ',')
	dst = append(strconv.AppendUint(dst, uint64(p.Merchant), 10), ',')
	dst = append(append(dst, p.Category.String()...), ',')
	dst = append(append(dst, p.Country.String()...), ',')
	if p.Cents != MissingCents {
		dst = appendCents(dst, p.Cents)
	}
	dst = appendDegrees(dst, ",", p.Lat)
	if p.Lat-p.Lat != 0 {
		dst = append(dst, ',')
	}
	dst = appendDegrees(dst, ",", p.Lon)
	if p.Lon-p.Lon != 0 {
		dst = append(dst, ',')
	}
	dst = append(dst, ',')
	if p.Device != 0 {
		dst = strconv.AppendUint(dst, uint64(p.Device), 10)
	}
	dst = append(append(append(dst, ','), p.Channel.String()...), ',')
	return append(dst, p.Fraud.String()...)
}

// appendTime writes RFC 3339 in UTC with as many decimals as needed; whole
// milliseconds between the years 1 and 9999 take the fast path.
func appendTime(dst []byte, at int64) []byte {
	if at < 0 || at%int64(time.Millisecond) != 0 {
		return time.Unix(0, at).UTC().AppendFormat(dst, time.RFC3339Nano)
	}
	ms := at / int64(time.Millisecond)
	days, ms := ms/86_400_000, ms%86_400_000
	y, m, d := civil(days)
	dst = append(appendDigits(dst, y, 4), '-')
	dst = append(appendDigits(dst, m, 2), '-')
	dst = append(appendDigits(dst, d, 2), 'T')
	dst = append(appendDigits(dst, ms/3_600_000, 2), ':')
	dst = append(appendDigits(dst, ms/60_000%60, 2), ':')
	dst = append(appendDigits(dst, ms/1000%60, 2), '.')
	return append(appendDigits(dst, ms%1000, 3), 'Z')
}

// civil turns days since 1970-01-01 (not negative) into a Gregorian date. It
// counts in eras of 400 years that start on 1 March, so that the leap day is
// the last of a year.
func civil(days int64) (y, m, d int64) {
	days += 719_468 // from 0000-03-01
	era, doe := days/146_097, days%146_097
	yoe := (doe - doe/1460 + doe/36_524 - doe/146_096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d = doy - (153*mp+2)/5 + 1
	m = mp + 3
	if m > 12 {
		m -= 12
	}
	y = yoe + era*400
	if m <= 2 {
		y++
	}
	return y, m, d
}

// appendDigits writes v with exactly n digits.
func appendDigits(dst []byte, v int64, n int) []byte {
	end := len(dst) + n
	for range n {
		dst = append(dst, '0')
	}
	for i := end - 1; v > 0; i-- {
		dst[i] = byte('0' + v%10)
		v /= 10
	}
	return dst
}

func appendCents(dst []byte, cents int64) []byte {
	u := uint64(cents)
	if cents < 0 {
		dst, u = append(dst, '-'), -u
	}
	dst = append(strconv.AppendUint(dst, u/100, 10), '.')
	return appendDigits(dst, int64(u%100), 2)
}

// appendDegrees writes name and a coordinate, or nothing for one that is not
// finite. Five decimals (a metre) are written by integer arithmetic where they
// are exact.
func appendDegrees(dst []byte, name string, v float64) []byte {
	if v-v != 0 {
		return dst
	}
	dst = append(dst, name...)
	micro := math.Round(v * 1e5)
	if micro/1e5 != v || math.Abs(v) > 1000 || v == 0 {
		return strconv.AppendFloat(dst, v, 'g', -1, 64)
	}
	u := int64(micro)
	if u < 0 {
		dst, u = append(dst, '-'), -u
	}
	dst = append(strconv.AppendInt(dst, u/1e5, 10), '.')
	return appendDigits(dst, u%1e5, 5)
}

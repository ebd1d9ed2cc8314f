package features_test

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/examples/fraud/features"
	"github.com/turgo-io/turgo/examples/fraud/model"
	"github.com/turgo-io/turgo/examples/fraud/payments"
)

const second = int64(time.Second)

func simulate(t testing.TB, cfg payments.Config) *payments.Simulator {
	t.Helper()
	sim, err := payments.NewSimulator(cfg)
	require.NoError(t, err)
	return sim
}

func TestColumnsFollowTheTags(t *testing.T) {
	columns := features.Columns()
	i := 0
	for f := range reflect.TypeFor[features.Features]().Fields() {
		if f.Type.Kind() == reflect.Float32 {
			require.Equal(t, fmt.Sprintf("x,%d", i), f.Tag.Get("onnx"), f.Name)
			require.Equal(t, f.Name, columns[i])
			i++
		}
	}
	require.Len(t, columns, i)
	f := features.Features{Amount: 1, Resale: 2}
	row := f.AppendRow(nil)
	require.Len(t, row, i)
	require.Equal(t, float32(1), row[0])
	require.Equal(t, float32(2), row[i-1])
}

// past recomputes features from all payments of a card so far.
type past []payments.Payment

func (h past) stats(span int64) (count, sum, highest float64) {
	now := int64(math.MinInt64)
	for _, p := range h {
		now = max(now, p.At)
	}
	for _, p := range h {
		if p.At > now-span {
			count++
			sum += float64(p.Cents) / 100
			highest = max(highest, float64(p.Cents)/100)
		}
	}
	return count, sum, highest
}

// latest are the n latest distinct values before the last payment.
func latest[V comparable](h past, n int, of func(payments.Payment) (V, bool)) map[V]bool {
	out := map[V]bool{}
	for i := len(h) - 2; i >= 0 && len(out) < n; i-- {
		if v, ok := of(h[i]); ok {
			out[v] = true
		}
	}
	return out
}

func (h past) check(t *testing.T, f *features.Features) {
	p := h[len(h)-1]
	n := float64(len(h) - 1)
	near := func(want float64, got float32, what string) {
		require.InDelta(t, want, float64(got), 1e-4*max(math.Abs(want), 1), "%s of payment %d", what, p.ID)
	}
	c, sum, _ := h.stats(60 * second)
	near(c, f.Count1m, "Count1m")
	near(sum, f.Sum1m, "Sum1m")
	near(sum/c, f.Mean1m, "Mean1m")
	c, sum, top := h.stats(3600 * second)
	near(c, f.Count1h, "Count1h")
	near(sum, f.Sum1h, "Sum1h")
	near(sum/c, f.Mean1h, "Mean1h")
	near(top, f.Max1h, "Max1h")
	c, sum, top = h.stats(24 * 3600 * second)
	near(c, f.Count24h, "Count24h")
	near(sum, f.Sum24h, "Sum24h")
	near(sum/c, f.Mean24h, "Mean24h")
	near(top, f.Max24h, "Max24h")

	shops := latest(h, 12, func(p payments.Payment) (uint32, bool) { return p.Merchant, true })
	near(oneIf(!shops[p.Merchant]), f.NewMerchant, "NewMerchant")
	lands := latest(h, 4, func(p payments.Payment) (payments.Country, bool) {
		return p.Country, p.Country != payments.UnknownCountry
	})
	near(oneIf(!lands[p.Country] && p.Country != payments.UnknownCountry), f.NewCountry, "NewCountry")
	devices := latest(h, 4, func(p payments.Payment) (uint32, bool) { return p.Device, p.Device != 0 })
	near(oneIf(p.Device != 0 && !devices[p.Device]), f.NewDevice, "NewDevice")

	last, total, logs, squares := int64(math.MinInt64), 0.0, 0.0, 0.0
	for _, e := range h[:len(h)-1] {
		last = max(last, e.At)
		total += float64(e.Cents) / 100
		logs += math.Log(float64(e.Cents)/100 + 1)
	}
	for _, e := range h[:len(h)-1] {
		d := math.Log(float64(e.Cents)/100+1) - logs/n
		squares += d * d
	}
	amount := float64(p.Cents) / 100
	near(amount, f.Amount, "Amount")
	near(amount/((total+120)/(n+3)), f.Ratio, "Ratio")
	near((math.Log(amount+1)-(logs+3.3*3)/(n+3))/math.Sqrt((squares+3)/(n+3)), f.Zscore, "Zscore")
	near(n+1, f.Seen, "Seen")
	if n == 0 {
		near(-1, f.Gap, "Gap")
		near(-1, f.Distance, "Distance")
		return
	}
	near(math.Abs(float64(p.At-last))/1e9, f.Gap, "Gap")
	if f.Distance >= 0 {
		near(float64(f.Distance)/(max(float64(f.Gap), 60)/3600), f.Speed, "Speed")
	}
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func TestFeaturesEqualNaive(t *testing.T) {
	sim := simulate(t, payments.Config{Seed: 11, Payments: 12_000, Cards: 300, FraudRate: 0.1})
	histories := map[uint64]past{}
	for f := range features.Stream(sim.All()) {
		id := f.Payment.CardID
		histories[id] = append(histories[id], f.Payment)
		histories[id].check(t, f)
		for i, v := range f.AppendRow(nil) {
			require.False(t, math.IsNaN(float64(v)) || math.IsInf(float64(v), 0), "column %d of payment %d", i, f.Payment.ID)
		}
	}
}

// TestTruthIsNotAFeature runs a world twice, once with the truth wiped out.
func TestTruthIsNotAFeature(t *testing.T) {
	cfg := payments.Config{Seed: 12, Payments: 5_000, Cards: 200, FraudRate: 0.2}
	blind := simulate(t, cfg)
	rows := [][]float32{}
	for f := range features.Stream(func(yield func(payments.Payment) bool) {
		for p := range blind.All() {
			p.Fraud = payments.Legit
			if !yield(p) {
				return
			}
		}
	}) {
		rows = append(rows, f.AppendRow(nil))
	}
	for f := range features.Stream(simulate(t, cfg).All()) {
		require.Equal(t, rows[f.Payment.ID-1], f.AppendRow(nil))
	}
}

// TestStateIsAllThereIs stores and restores the state before every payment.
func TestStateIsAllThereIs(t *testing.T) {
	sim := simulate(t, payments.Config{Seed: 13, Payments: 400, Cards: 2, FraudRate: 0.3})
	live, stored := map[uint64]*features.CardState{}, map[uint64][]byte{}
	for p := range sim.All() {
		features.Clean(&p)
		if live[p.CardID] == nil {
			live[p.CardID] = new(features.CardState)
		}
		restored := new(features.CardState)
		if b := stored[p.CardID]; b != nil {
			require.NoError(t, gob.NewDecoder(bytes.NewReader(b)).Decode(restored))
		}
		var want, got features.Features
		live[p.CardID].Update(&p, &want)
		restored.Update(&p, &got)
		require.Equal(t, want.AppendRow(nil), got.AppendRow(nil))
		var b bytes.Buffer
		require.NoError(t, gob.NewEncoder(&b).Encode(restored))
		stored[p.CardID] = b.Bytes()
	}
}

// TestGoldenRowsComeFromTheDemo notices when simulator or features have moved
// away from what the model was trained on.
func TestGoldenRowsComeFromTheDemo(t *testing.T) {
	_, golden, err := model.Golden()
	require.NoError(t, err)
	missing := map[string]bool{}
	for _, r := range golden {
		missing[fmt.Sprint(r.X)] = true
	}
	amounts := map[float32]bool{}
	for _, r := range golden {
		amounts[r.X[0]] = true
	}
	for f := range features.Stream(simulate(t, payments.Config{Seed: 1}).All()) {
		if amounts[f.Amount] {
			delete(missing, fmt.Sprint(f.AppendRow(nil)))
		}
	}
	require.Empty(t, missing, "train again")
}

func TestLatePayment(t *testing.T) {
	at := func(sec int64, cents int64, lon float64) payments.Payment {
		return payments.Payment{CardID: 1, At: sec * second, Cents: cents, Lat: 0, Lon: lon, Merchant: 9}
	}
	var s features.CardState
	var f features.Features
	for _, p := range []payments.Payment{at(100_000, 1000, 0), at(100_040, 2000, 0)} {
		s.Update(&p, &f)
	}
	late := at(100_030, 3000, 1)
	s.Update(&late, &f)
	require.Equal(t, float32(3), f.Count1m, "counts in the ranges")
	require.Equal(t, float32(60), f.Sum1m)
	require.Equal(t, float32(10), f.Gap, "the absolute difference")
	require.InDelta(t, 111.2, f.Distance, 0.1)
	next := at(100_050, 100, 0)
	s.Update(&next, &f)
	require.Equal(t, float32(10), f.Gap, "the late one did not become the last")
	require.Zero(t, f.Distance)
	old := at(10, 5000, 0)
	s.Update(&old, &f)
	require.Equal(t, float32(4), f.Count24h, "more than a day late: not in the ranges")
	require.Equal(t, float32(50), f.Amount)
}

func TestMemoryPerCardIsBounded(t *testing.T) {
	var s features.CardState
	var f features.Features
	for i := range int64(20_000) {
		p := payments.Payment{CardID: 1, At: i * second, Cents: 100 + i*7919%10_007, Merchant: uint32(i), Device: uint32(i + 1)}
		s.Update(&p, &f)
	}
	require.Equal(t, float32(features.MaxEntries), f.Count24h)
	require.LessOrEqual(t, 16*(cap(s.Spend.Entries)+cap(s.Spend.Highs)+cap(s.Spend.Lows)), 8<<10)
}

func TestClean(t *testing.T) {
	good := payments.Payment{Cents: 1234, Country: payments.Country{'D', 'E'}, Lat: 1, Lon: 2}
	with := func(change func(*payments.Payment)) payments.Payment {
		p := good
		change(&p)
		return p
	}
	cases := map[string]struct{ in, want payments.Payment }{
		"nothing to do": {good, good},
		"sign": {
			with(func(p *payments.Payment) { p.Cents = -1234 }),
			with(func(p *payments.Payment) { p.Repairs = payments.AmountSign }),
		},
		"no amount": {
			with(func(p *payments.Payment) { p.Cents = payments.MissingCents }),
			with(func(p *payments.Payment) { p.Cents, p.Repairs = features.TypicalCents, payments.AmountGuessed }),
		},
		"absurd": {
			with(func(p *payments.Payment) { p.Cents = features.MaxCents + 1 }),
			with(func(p *payments.Payment) { p.Cents, p.Repairs = features.TypicalCents, payments.AmountGuessed }),
		},
		"lower case": {
			with(func(p *payments.Payment) { p.Country = payments.Country{'d', 'e'} }),
			with(func(p *payments.Payment) { p.Repairs = payments.CountryFixed }),
		},
		"no country": {
			with(func(p *payments.Payment) { p.Country = payments.Country{} }),
			with(func(p *payments.Payment) { p.Country, p.Repairs = payments.UnknownCountry, payments.CountryFixed }),
		},
	}
	for name, c := range cases {
		features.Clean(&c.in)
		require.Equal(t, c.want, c.in, name)
		features.Clean(&c.in)
		require.Equal(t, c.want, c.in, "%s: twice", name)
	}
	lost := with(func(p *payments.Payment) { p.Lat = 5000 })
	features.Clean(&lost)
	require.True(t, math.IsNaN(lost.Lat) && math.IsNaN(lost.Lon))
	require.Equal(t, payments.PlaceDropped, lost.Repairs)
}

func TestDecide(t *testing.T) {
	cases := []struct {
		f     features.Features
		score float32
		want  features.Reason
		name  string
	}{
		{features.Features{Amount: 10}, 0.1, features.Fine, ""},
		{features.Features{Amount: 10}, 0.5, features.Model, "model"},
		{features.Features{Amount: 10_000}, 0, features.Limit, "limit"},
		{features.Features{Amount: 10, Count1m: 15}, 0, features.Velocity, "velocity"},
	}
	for _, c := range cases {
		got := features.Decide(&c.f, c.score, 0.5)
		require.Equal(t, c.want, got)
		require.Equal(t, c.name, got.String())
	}
	require.Equal(t, "", features.Reason(200).String())
}

// BenchmarkUpdate measures one card over and over (the computation) and the
// demo's 20,000 cards (mostly waiting for memory).
func BenchmarkUpdate(b *testing.B) {
	for _, n := range []int{100, 20_000} {
		b.Run(fmt.Sprintf("cards=%d", n), func(b *testing.B) { benchmarkUpdate(b, n) })
	}
}

func benchmarkUpdate(b *testing.B, n int) {
	const size = 1 << 16
	all := make([]payments.Payment, 0, size)
	for p := range simulate(b, payments.Config{Seed: 1, Payments: size, Cards: n, Period: time.Duration(size/n) * 5 * time.Hour}).All() {
		features.Clean(&p)
		all = append(all, p)
	}
	shift := all[size-1].At - all[0].At
	cards := make([]features.CardState, n)
	var f features.Features
	next := 0
	step := func() {
		p := &all[next%size]
		cards[p.CardID-payments.CardToken(0)].Update(p, &f)
		p.At += shift
		next++
	}
	for range size {
		step() // lists have grown
	}
	b.ReportAllocs()
	for b.Loop() {
		step()
	}
}

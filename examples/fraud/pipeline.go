package main

import (
	"time"

	"github.com/turgo-io/turgo/examples/fraud/features"
	"github.com/turgo-io/turgo/examples/fraud/payments"
	"github.com/turgo-io/turgo/inference"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/stream"
)

// Arrival is a payment and when Kafka got it.
type Arrival struct {
	Payment payments.Payment
	At      int64 // Unix nanoseconds, 0 if it came from elsewhere
}

// Row is what the model sees of a payment, and when the payment arrived.
type Row struct {
	features.Features
	Arrived int64 `onnx:"-"`
}

// Score is what the model says of a row.
type Score struct {
	Label         int64      `onnx:"label"`
	Probabilities [2]float32 `onnx:"probabilities"`
}

// Alert is a payment that somebody should look at, and why.
type Alert struct {
	ID       uint64
	Card     uint64
	Time     int64 // of the payment, Unix nanoseconds
	Cents    int64
	Merchant uint32
	Score    float32
	Reason   features.Reason
	Fraud    payments.Fraud // the truth, to measure by
	Arrived  int64
}

// Verdict is a scored payment.
type Verdict struct {
	Alert
	Raised bool
}

// Total is what is known of a card so far.
type Total struct {
	Card     uint64
	Payments int64
	Cents    int64
	Alerts   int64
	Frauds   int64
}

// Pipeline is the job between its source and its sinks: a plain function of streams, which a test runs in
// virtual time as it is.
func Pipeline(in *stream.Stream[Arrival], model *inference.Model, threshold float32, batch inference.Batch) (alerts *stream.Stream[Alert], totals *stream.Keyed[uint64, Total]) {
	verdicts := in.
		EventTime(func(a Arrival) time.Time { return a.Payment.Time() }, stream.OutOfOrder(payments.MaxDelay), stream.Idle(time.Second)).
		Via(operator.NewUpdate(func(a *Arrival) { features.Clean(&a.Payment) })).Name("clean").
		KeyBy(func(a Arrival) uint64 { return a.Payment.CardID }).Name("by-card").
		WithState(func(s *features.CardState, a Arrival) Row {
			r := Row{Arrived: a.At}
			s.Update(&a.Payment, &r.Features)
			return r
		}).Name("features").ID("features").
		Via(inference.Predict(model, batch, func(r Row, s Score) Verdict { return judge(&r, s.Probabilities[1], threshold) })).Name("score")
	alerts = verdicts.
		Filter(func(v Verdict) bool { return v.Raised }).Name("alerts").
		Map(func(v Verdict) Alert { return v.Alert })
	totals = verdicts.
		KeyBy(func(v Verdict) uint64 { return v.Card }).
		WithState(count).Name("totals").ID("totals")
	return alerts, totals
}

// judge joins the model's score with the rules.
func judge(r *Row, score, threshold float32) Verdict {
	reason := features.Decide(&r.Features, score, threshold)
	p := &r.Payment
	return Verdict{Raised: reason != features.Fine, Alert: Alert{
		ID: p.ID, Card: p.CardID, Time: p.At, Cents: p.Cents, Merchant: p.Merchant,
		Score: score, Reason: reason, Fraud: p.Fraud, Arrived: r.Arrived,
	}}
}

// count adds a verdict to its card's total.
func count(t *Total, v Verdict) Total {
	t.Card = v.Card
	t.Payments++
	t.Cents += v.Cents
	if v.Raised {
		t.Alerts++
	}
	if v.Fraud != payments.Legit {
		t.Frauds++
	}
	return *t
}

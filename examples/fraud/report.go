package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/turgo-io/turgo/operator"
)

// meter counts what passes, for the progress line and the summary. It is the terminal's sink.
type meter struct {
	in, scored, raised, dead atomic.Int64
	began                    time.Time
	last                     atomic.Int64 // when the last alert came, Unix nanoseconds

	mu     sync.Mutex
	delays []time.Duration // from Kafka to the alert
	recent Alert
	all    bool // print every alert
	out    io.Writer
}

// countIn and countScored are the meter's places in the pipeline.
func (m *meter) countIn(*Arrival)   { m.in.Add(1) }
func (m *meter) countScored(*Total) { m.scored.Add(1) }

// Name implements operator.Sink.
func (m *meter) Name() string { return "terminal" }

// Validate implements operator.Sink.
func (m *meter) Validate() error { return nil }

// Guarantee implements operator.Sink.
func (m *meter) Guarantee() operator.Guarantee { return operator.AtLeastOnce }

// Writer implements operator.Sink.
func (m *meter) Writer(c operator.Context) (operator.Writer[Alert], error) {
	return &meterWriter{m: m, clock: c.Env().Clock}, nil
}

type meterWriter struct {
	m     *meter
	clock operator.Clock
}

func (w *meterWriter) Write(_ int64, a *Alert) error {
	now := w.clock.Now()
	w.m.raised.Add(1)
	w.m.last.Store(now)
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	if a.Arrived > 0 {
		w.m.delays = append(w.m.delays, time.Duration(now-a.Arrived))
	}
	w.m.recent = *a
	if w.m.all {
		_, err := fmt.Fprintln(w.m.out, a)
		return err
	}
	return nil
}

func (w *meterWriter) Flush() error                              { return nil }
func (w *meterWriter) Prepare(_ int64, done func([]byte, error)) { done(nil, nil) }
func (w *meterWriter) Commit(int64) error                        { return nil }
func (w *meterWriter) Close() error                              { return nil }

// String is an alert as the terminal shows it.
func (a Alert) String() string {
	return fmt.Sprintf("  ! payment %d of card %d: %.2f EUR at merchant %d, %s (score %.2f)", a.ID, a.Card, float64(a.Cents)/100, a.Merchant, a.Reason, a.Score)
}

// progress prints a line each second until ctx ends.
func (m *meter) progress(ctx context.Context, checkpoints func() int64) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var before int64
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			in := m.in.Load()
			p50, p99 := m.quantiles()
			fmt.Fprintf(m.out, "%4.0fs  in=%d scored=%d alerts=%d rate=%d/s p50=%s p99=%s checkpoints=%d\n",
				time.Since(m.began).Seconds(), in, m.scored.Load(), m.raised.Load(), in-before, p50, p99, checkpoints())
			if a := m.latest(); a.ID != 0 && !m.all {
				fmt.Fprintln(m.out, a)
			}
			before = in
		}
	}
}

func (m *meter) latest() Alert {
	m.mu.Lock()
	defer m.mu.Unlock()
	a := m.recent
	m.recent = Alert{}
	return a
}

// quantiles returns the median and the 99th percentile of the time from Kafka to the alert.
func (m *meter) quantiles() (p50, p99 time.Duration) {
	m.mu.Lock()
	all := slices.Clone(m.delays)
	m.mu.Unlock()
	if len(all) == 0 {
		return 0, 0
	}
	slices.Sort(all)
	at := func(q float64) time.Duration {
		return all[min(len(all)-1, int(q*float64(len(all))))].Round(100 * time.Microsecond)
	}
	return at(0.50), at(0.99)
}

// summary is the last line: counts and quality from the results, which survive crashes; speed and delay
// from this run.
type summary struct {
	payments, alerts, hits, frauds int64
}

func (m *meter) summary(s summary, took time.Duration, checkpoints int64) string {
	p50, p99 := m.quantiles()
	return fmt.Sprintf("fraud: in=%d scored=%d alerts=%d precision=%.3f recall=%.3f throughput=%d/s p50=%s p99=%s checkpoints=%d",
		s.payments, s.payments, s.alerts, ratio(s.hits, s.alerts), ratio(s.hits, s.frauds),
		int64(float64(m.in.Load())/took.Seconds()), p50, p99, checkpoints)
}

func ratio(a, b int64) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

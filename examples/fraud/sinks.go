package main

import (
	"context"
	stdsql "database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"

	"github.com/turgo-io/turgo/connector/format"
	"github.com/turgo-io/turgo/connector/kafka"
	"github.com/turgo-io/turgo/connector/sql"
	"github.com/turgo-io/turgo/connector/sql/sqlite"
	"github.com/turgo-io/turgo/stream"
)

const (
	createAlerts = `CREATE TABLE IF NOT EXISTS alerts (id INTEGER PRIMARY KEY, card INTEGER, time INTEGER, cents INTEGER, merchant INTEGER, score REAL, reason TEXT, fraud INTEGER)`
	createTotals = `CREATE TABLE IF NOT EXISTS totals (card INTEGER PRIMARY KEY, payments INTEGER, cents INTEGER, alerts INTEGER, frauds INTEGER)`
)

// database is where alerts and totals are kept.
func (c *config) database() string { return c.path("fraud.db") }

// store sends alerts and totals to SQLite, exactly once.
func store(c *config, alerts *stream.Stream[Alert], totals *stream.Stream[Total]) {
	alerts.To(sql.Sink[Alert]{
		Open: sqlite.File(c.database()), Setup: []string{createAlerts},
		Table: "alerts", Columns: []string{"id", "card", "time", "cents", "merchant", "score", "reason", "fraud"}, Key: []string{"id"},
		Row: func(r *sql.Row, a *Alert) {
			r.Int(int64(a.ID)).Int(int64(a.Card)).Int(a.Time).Int(a.Cents).Int(int64(a.Merchant)).
				Float(float64(a.Score)).Text(a.Reason.String()).Int(int64(a.Fraud))
		},
		ExactlyOnce: true,
	}).ID("alerts-db")
	totals.To(sql.Sink[Total]{
		Open: sqlite.File(c.database()), Setup: []string{createTotals},
		Table: "totals", Columns: []string{"card", "payments", "cents", "alerts", "frauds"}, Key: []string{"card"},
		Row: func(r *sql.Row, t *Total) {
			r.Int(int64(t.Card)).Int(t.Payments).Int(t.Cents).Int(t.Alerts).Int(t.Frauds)
		},
		ExactlyOnce: true,
	}).ID("totals-db")
}

// publish sends alerts to Kafka as JSON.
func publish(b *broker, topic string, alerts *stream.Stream[Alert]) {
	alerts.To(kafka.Sink[Alert]{
		Brokers: b.addresses, Topic: topic,
		Key: func(dst []byte, a *Alert) []byte { return binary.BigEndian.AppendUint64(dst, a.Card) },
		Encode: format.EncodeFunc[Alert](func(dst []byte, a *Alert) ([]byte, error) {
			return fmt.Appendf(dst, `{"id":%d,"card":%d,"time":%d,"cents":%d,"merchant":%d,"score":%g,"reason":%q}`,
				a.ID, a.Card, a.Time, a.Cents, a.Merchant, a.Score, a.Reason), nil
		}),
	}).ID("alerts-kafka")
}

// read sums up what the database holds.
func (c *config) read() (s summary, err error) {
	db, err := stdsql.Open("sqlite", c.database())
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	ctx := context.Background()
	err = db.QueryRowContext(ctx, `SELECT coalesce(sum(payments),0), coalesce(sum(alerts),0), coalesce(sum(frauds),0) FROM totals`).
		Scan(&s.payments, &s.alerts, &s.frauds)
	if err == nil {
		err = db.QueryRowContext(ctx, `SELECT count(*) FROM alerts WHERE fraud > 0`).Scan(&s.hits)
	}
	return s, err
}

// logger is quiet unless asked.
func (c *config) logger() *slog.Logger {
	if c.verbose {
		return slog.Default()
	}
	return nil
}

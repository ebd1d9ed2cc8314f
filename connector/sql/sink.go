package sql

import (
	"context"
	dbsql "database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/turgo-io/turgo/operator"
)

// Sink writes records as rows of a table.
type Sink[T any] struct {
	// DB is the database, closed by who opened it. Or:
	DB *dbsql.DB
	// Open opens the database for one writer, which closes it. It may be called again after a restart.
	Open func(context.Context) (*dbsql.DB, error)
	// Dialect is how the database wants its statements; the zero value is SQLite.
	Dialect Dialect

	// Setup are statements that each writer runs first, such as CREATE TABLE IF NOT EXISTS.
	Setup []string
	// Table is the table's name, with its schema if need be: "schema.table".
	Table string
	// Columns are the columns that Row fills, in its order.
	Columns []string
	// Key are those of Columns that tell rows apart; the table has a primary key or a unique index of just these.
	// A key column always has the same type of value, and never NULL. Empty: every record is a row of its own.
	Key []string
	// Row puts a record's columns. It may be called by several subtasks at once.
	Row func(r *Row, v *T)

	// ExactlyOnce writes rows after their checkpoint is durable, together with its number. Without it rows are
	// written before.
	ExactlyOnce bool
	// Tokens is the table of those numbers, made if it is not there; empty is "turgo_commits".
	Tokens string

	// Every is how long rows wait at least for a transaction between checkpoints; 0 is a second. It has no
	// meaning with ExactlyOnce, where checkpoints alone decide.
	Every time.Duration
	// MaxBytes bounds the memory of rows that wait for the database (Write then waits too) or, with
	// ExactlyOnce, for their checkpoint (the job then fails); 0 is 256 MiB, 1 GiB the most.
	MaxBytes int
	// Timeout bounds one try of a transaction; 0 is a minute.
	Timeout time.Duration
}

// Name returns "sql".
func (s Sink[T]) Name() string { return "sql" }

// Guarantee is ExactlyOnce if asked for, else Idempotent with a Key and AtLeastOnce without.
func (s Sink[T]) Guarantee() operator.Guarantee {
	switch {
	case s.ExactlyOnce:
		return operator.ExactlyOnce
	case len(s.Key) > 0:
		return operator.Idempotent
	}
	return operator.AtLeastOnce
}

// Validate reports every fault that can be seen without the database.
func (s Sink[T]) Validate() error {
	var faults []error
	require := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf("sql: "+format, args...))
		}
	}
	require((s.DB == nil) != (s.Open == nil), "set one of DB and Open")
	require(s.Dialect.valid(), "dialect %d is none of SQLite, Postgres and MySQL", s.Dialect)
	require(s.Table != "", "Table is empty")
	require(len(s.Columns) > 0, "Columns is empty")
	require(len(s.Columns) <= maxParameters, "%d columns, at most %d", len(s.Columns), maxParameters)
	require(s.Row != nil, "Row is nil: say how a record becomes a row")
	require(s.MaxBytes >= 0 && s.MaxBytes <= 1<<30, "MaxBytes is %d, at most 1 GiB", s.MaxBytes)
	for i, c := range s.Columns {
		require(c != "", "column %d has no name", i+1)
		require(!slices.Contains(s.Columns[:i], c), "column %q is there twice", c)
	}
	for i, k := range s.Key {
		require(slices.Contains(s.Columns, k), "the key column %q is none of Columns", k)
		require(!slices.Contains(s.Key[:i], k), "the key column %q is there twice", k)
	}
	return errors.Join(faults...)
}

// Writer opens the writer of one subtask. It looks whether the table fits, and with ExactlyOnce writes the rows of the
// restored checkpoint that are not in the database yet.
func (s Sink[T]) Writer(c operator.Context) (operator.Writer[T], error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	t := &target{
		db: s.DB, owned: s.DB == nil, dialect: s.Dialect, table: s.Table, tokens: s.Tokens,
		exactly: s.ExactlyOnce, timeout: s.Timeout, sink: c.Job() + "/" + c.ID(), base: context.WithoutCancel(c.Context()),
	}
	t.defaults()
	var order []int
	t.layout, order = layoutOf(s.Columns, s.Key)
	if t.owned {
		db, err := s.Open(c.Context())
		if err != nil {
			return nil, fmt.Errorf("sql: open the database: %w", err)
		}
		t.db = db
	}
	if err := t.ready(c, s.Setup); err != nil {
		return nil, errors.Join(err, t.close())
	}
	return newWriter(s, c, t, order), nil
}

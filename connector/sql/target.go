package sql

import (
	"context"
	dbsql "database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/turgo-io/turgo/operator"
)

// target is a table of a database, as one writer sees it.
type target struct {
	db      *dbsql.DB
	owned   bool // close closes db
	dialect Dialect
	table   string
	tokens  string
	layout  layout
	exactly bool
	timeout time.Duration
	sink    string          // names the sink in the token table
	base    context.Context // outlives the attempt: what is committed is written also when the job is cancelled
	args    []any           // of the statement being filled; used by one transaction at a time
}

// tries is how often a transaction is begun that others keep from its end.
const tries = 10

func (t *target) defaults() {
	if t.tokens == "" {
		t.tokens = "turgo_commits"
	}
	if t.timeout <= 0 {
		t.timeout = time.Minute
	}
}

func (t *target) close() error {
	if !t.owned {
		return nil
	}
	if err := t.db.Close(); err != nil {
		return fmt.Errorf("sql: close the database: %w", err)
	}
	return nil
}

// ready runs the set-up, checks the table, and brings database and restored checkpoint together.
func (t *target) ready(c operator.Context, setup []string) error {
	ctx, cancel := context.WithTimeout(c.Context(), t.timeout)
	defer cancel()
	for _, statement := range setup {
		if err := t.exec(ctx, statement); err != nil {
			return fmt.Errorf("sql: set-up statement %q: %w", statement, err)
		}
	}
	if err := t.check(ctx); err != nil {
		return err
	}
	if !t.exactly {
		return nil
	}
	if err := t.exec(ctx, t.createTokens()); err != nil {
		return fmt.Errorf("sql: create the token table %s: %w", t.tokens, err)
	}
	return t.recover(c)
}

// exec runs a statement, again while others are in its way.
func (t *target) exec(ctx context.Context, statement string) error {
	return retry(func(int) error {
		_, err := t.db.ExecContext(ctx, statement)
		return err
	})
}

// retry calls do, again while others are in its way: each try waits as long as the database lets it.
func retry(do func(try int) error) (err error) {
	for try := range tries {
		if err = do(try); !retryable(err) {
			return err
		}
	}
	return err
}

// check looks whether the table has the columns, and a unique index of the key.
func (t *target) check(ctx context.Context) error {
	have, err := t.columns(ctx)
	if err != nil {
		return fmt.Errorf("%w: %s: %w; create it, or let Setup do so", ErrTable, t.table, err)
	}
	for _, c := range t.layout.columns {
		// Not left to the statement: SQLite takes an unknown quoted name for a string.
		if !slices.ContainsFunc(have, func(h string) bool { return strings.EqualFold(h, c) }) {
			return fmt.Errorf("%w: %s has no column %q; it has %s", ErrTable, t.table, c, strings.Join(have, ", "))
		}
	}
	if err := t.tryStatement(ctx); err != nil {
		return fmt.Errorf("%w: %s does not take rows of %s with the key (%s): %w", ErrTable, t.table,
			strings.Join(t.layout.columns, ", "), strings.Join(t.layout.columns[:t.layout.keys], ", "), err)
	}
	return nil
}

// tryStatement lets the database read the statement that rows are written by.
func (t *target) tryStatement(ctx context.Context) (err error) {
	statement, err := t.db.PrepareContext(ctx, t.dialect.insert(t.table, t.layout, 1))
	if err != nil {
		return err
	}
	defer func() { err = statement.Close() }()
	return nil
}

func (t *target) columns(ctx context.Context) (have []string, err error) {
	rows, err := t.db.QueryContext(ctx, "SELECT * FROM "+t.dialect.quote(t.table)+" WHERE 1 = 0")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Err(), rows.Close()) }()
	return rows.Columns()
}

// write writes rows in one transaction, with ExactlyOnce together with the token of the writer. A transaction
// that lost against another is tried again.
func (t *target) write(b *batch, writer int, checkpoint int64) error {
	if len(b.rows) == 0 {
		return nil
	}
	err := retry(func(try int) error { return t.tryWrite(b, writer, checkpoint, try > 0) })
	if err != nil {
		return fmt.Errorf("sql: write %d rows to %s: %w", len(b.rows), t.table, err)
	}
	return nil
}

func (t *target) tryWrite(b *batch, writer int, checkpoint int64, again bool) error {
	ctx, cancel := context.WithTimeout(t.base, t.timeout)
	defer cancel()
	tx, err := t.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := t.fill(ctx, tx, b, writer, checkpoint, again); err != nil {
		_ = tx.Rollback() // the first error says more
		return err
	}
	return tx.Commit()
}

func (t *target) fill(ctx context.Context, tx *dbsql.Tx, b *batch, writer int, checkpoint int64, again bool) error {
	if t.exactly && again { // the connection may have broken after the commit, before its answer
		token, err := t.token(ctx, tx, writer)
		if err != nil || token >= checkpoint {
			return err
		}
	}
	if err := t.insert(ctx, tx, b); err != nil || !t.exactly {
		return err
	}
	return t.setToken(ctx, tx, writer, checkpoint)
}

// insert writes rows by statements of many, and what is left by statements of one.
func (t *target) insert(ctx context.Context, tx *dbsql.Tx, b *batch) error {
	chunk := b.chunk()
	whole := len(b.rows) / chunk * chunk
	if err := t.insertBy(ctx, tx, b, 0, whole, chunk); err != nil {
		return err
	}
	return t.insertBy(ctx, tx, b, whole, len(b.rows), 1)
}

func (t *target) insertBy(ctx context.Context, tx *dbsql.Tx, b *batch, from, to, chunk int) (err error) {
	if from == to {
		return nil
	}
	statement, err := tx.PrepareContext(ctx, t.dialect.insert(t.table, b.layout, chunk))
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, statement.Close())
		clear(t.args)
	}()
	for i := from; i < to; i += chunk {
		t.args = t.args[:0]
		for j := i; j < i+chunk; j++ {
			t.args = appendValues(t.args, b.row(j))
		}
		if _, err := statement.ExecContext(ctx, t.args...); err != nil {
			return err
		}
	}
	return nil
}

// appendValues appends the values of an encoded row.
func appendValues(dst []any, row []byte) []any {
	for len(row) > 0 {
		v, rest, ok := decodeValue(row)
		if !ok {
			return dst // rows were checked when they came in
		}
		dst, row = append(dst, v), rest
	}
	return dst
}

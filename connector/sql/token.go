package sql

import (
	"context"
	dbsql "database/sql"
	"errors"
	"fmt"

	"github.com/turgo-io/turgo/operator"
)

// querier is a database or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *dbsql.Row
	ExecContext(ctx context.Context, query string, args ...any) (dbsql.Result, error)
}

// tokenLayout is the token table: the number of the last checkpoint of a sink's writer whose rows are in the database.
var tokenLayout = layout{columns: []string{"sink", "writer", "checkpoint"}, keys: 2}

func (t *target) createTokens() string {
	return "CREATE TABLE IF NOT EXISTS " + t.dialect.quote(t.tokens) +
		" (sink VARCHAR(255) NOT NULL, writer INTEGER NOT NULL, checkpoint BIGINT NOT NULL, PRIMARY KEY (sink, writer))"
}

// token returns the number under which a writer's rows were written last, 0 if none ever were.
func (t *target) token(ctx context.Context, q querier, writer int) (n int64, err error) {
	query := "SELECT checkpoint FROM " + t.dialect.quote(t.tokens) +
		" WHERE sink = " + t.dialect.placeholder(1) + " AND writer = " + t.dialect.placeholder(2)
	err = q.QueryRowContext(ctx, query, t.sink, writer).Scan(&n)
	if errors.Is(err, dbsql.ErrNoRows) {
		return 0, nil
	}
	return n, err
}

func (t *target) setToken(ctx context.Context, q querier, writer int, checkpoint int64) error {
	_, err := q.ExecContext(ctx, t.dialect.insert(t.tokens, tokenLayout, 1), t.sink, writer, checkpoint)
	return err
}

// recover writes the rows that the restored checkpoint promised and the database does not have. It ends before
// any writer of this attempt can commit: a checkpoint needs all of them open.
func (t *target) recover(c operator.Context) error {
	e := c.Env()
	writers := []int{e.Subtask}
	for _, data := range e.Payloads {
		p, err := decodePayload(data)
		if err != nil {
			return err
		}
		writers = append(writers, p.writer)
		if err := t.keep(c, p); err != nil {
			return err
		}
	}
	for _, w := range writers {
		if err := t.lower(c, w, e.Restored); err != nil {
			return err
		}
	}
	return nil
}

// keep writes what a payload promised and its writer had not written.
func (t *target) keep(c operator.Context, p payload) error {
	token, err := t.token(c.Context(), t.db, p.writer)
	if err != nil {
		return fmt.Errorf("sql: read the token of writer %d: %w", p.writer, err)
	}
	for _, pr := range p.promises {
		if pr.checkpoint <= token {
			continue
		}
		if err := t.write(pr.batch, p.writer, pr.checkpoint); err != nil {
			return fmt.Errorf("sql: rows of the restored checkpoint: %w", err)
		}
		c.Log().Info("sql: rows of the restored checkpoint written", "table", t.table, "checkpoint", pr.checkpoint, "rows", len(pr.rows))
	}
	return nil
}

// lower sets a writer's token back to the restored checkpoint: numbers above it are given again.
func (t *target) lower(c operator.Context, writer int, restored int64) error {
	token, err := t.token(c.Context(), t.db, writer)
	if err == nil && token > restored {
		c.Log().Warn("sql: the database holds rows of newer checkpoints than the one restored; what follows it is written again",
			"table", t.table, "writer", writer, "restored", restored, "database", token)
		err = retry(func(int) error { return t.setToken(c.Context(), t.db, writer, restored) })
	}
	if err != nil {
		return fmt.Errorf("sql: token of writer %d: %w", writer, err)
	}
	return nil
}

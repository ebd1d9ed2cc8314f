package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"

	// The driver, under the name "sqlite".
	_ "modernc.org/sqlite"
)

// options are set on each connection. The busy timeout comes first: changing the journal mode needs it.
const options = "?_pragma=busy_timeout(60000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate&_time_format=sqlite"

// Open opens the database in the file at path, and makes the file if it is not there. The folder must be there.
func Open(path string) (*sql.DB, error) { return open(context.Background(), path) }

// File returns what a sink's Open takes: a function that opens the database in the file at path.
func File(path string) func(context.Context) (*sql.DB, error) {
	return func(ctx context.Context) (*sql.DB, error) { return open(ctx, path) }
}

func open(ctx context.Context, path string) (*sql.DB, error) {
	if path == "" {
		return nil, errors.New("sqlite: the path is empty; name a file")
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+options)
	if err != nil {
		return nil, fmt.Errorf("sqlite: open %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	if err := db.PingContext(ctx); err != nil {
		return nil, fmt.Errorf("sqlite: open %s: %w", path, errors.Join(err, db.Close()))
	}
	return db, nil
}

package sqlite_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/connector/sql/sqlite"
)

func TestOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?c%20#d.db")
	db, err := sqlite.Open(path)
	require.NoError(t, err)
	for pragma, want := range map[string]string{"journal_mode": "wal", "busy_timeout": "60000", "synchronous": "2"} {
		var got string
		require.NoError(t, db.QueryRow("PRAGMA "+pragma).Scan(&got))
		require.Equal(t, want, got, pragma)
	}
	_, err = db.Exec("CREATE TABLE t (at TEXT)")
	require.NoError(t, err)
	_, err = db.Exec("INSERT INTO t VALUES (?)", time.Date(2026, 1, 2, 3, 4, 5, 600_000_000, time.UTC))
	require.NoError(t, err)
	var second string
	require.NoError(t, db.QueryRow("SELECT strftime('%s', at) FROM t").Scan(&second))
	require.Equal(t, "1767323045", second, "SQLite's date functions read the times")
	require.NoError(t, db.Close())
	require.FileExists(t, path, "the name is taken as it is")
}

func TestOpenFails(t *testing.T) {
	_, err := sqlite.Open("")
	require.ErrorContains(t, err, "sqlite: the path is empty")
	_, err = sqlite.File(filepath.Join(t.TempDir(), "no", "folder.db"))(t.Context())
	require.ErrorContains(t, err, "sqlite: open ")
	path := filepath.Join(t.TempDir(), "text.db")
	require.NoError(t, os.WriteFile(path, []byte("this is no database, and long enough to be sure"), 0o600))
	_, err = sqlite.Open(path)
	require.ErrorContains(t, err, "not a database")
}

// TestManyAtOnce opens one new file by many: whoever comes second must wait, not fail.
func TestManyAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			db, err := sqlite.Open(path)
			if err == nil {
				_, err = db.Exec("CREATE TABLE IF NOT EXISTS t (n INTEGER)")
			}
			for i := 0; err == nil && i < 20; i++ {
				_, err = db.Exec("INSERT INTO t VALUES (?)", i)
			}
			if err != nil {
				t.Error(err)
			}
			if db != nil {
				_ = db.Close()
			}
		})
	}
	all.Wait()
	db, err := sqlite.Open(path)
	require.NoError(t, err)
	defer db.Close()
	var n int
	require.NoError(t, db.QueryRow("SELECT count(*) FROM t").Scan(&n))
	require.Equal(t, 160, n)
}

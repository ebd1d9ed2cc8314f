package sql_test

import (
	"bytes"
	"context"
	dbsql "database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/connector/connectortest"
	"github.com/turgo-io/turgo/connector/sql"
	"github.com/turgo-io/turgo/connector/sql/sqlite"
	"github.com/turgo-io/turgo/operator"
)

type total struct {
	Card string
	N    int64
	Sum  float64
}

const createTotals = "CREATE TABLE IF NOT EXISTS totals (n INTEGER, card TEXT PRIMARY KEY, sum REAL)"

func totals(open func(context.Context) (*dbsql.DB, error)) sql.Sink[total] {
	return sql.Sink[total]{
		Open: open, Setup: []string{createTotals}, Table: "totals", Columns: []string{"n", "card", "sum"}, Key: []string{"card"},
		Row: func(r *sql.Row, v *total) { r.Int(v.N).Text(v.Card).Float(v.Sum) },
	}
}

// file returns the path of a database that is not there yet.
func file(t testing.TB) string { return filepath.Join(t.TempDir(), "test.db") }

func query(t testing.TB, path, q string, args ...any) *dbsql.Rows {
	t.Helper()
	db, err := sqlite.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	rows, err := db.Query(q, args...)
	require.NoError(t, err)
	return rows
}

func readTotals(t testing.TB, path string) (all []total) {
	t.Helper()
	rows := query(t, path, "SELECT card, n, sum FROM totals")
	defer rows.Close()
	for rows.Next() {
		var v total
		require.NoError(t, rows.Scan(&v.Card, &v.N, &v.Sum))
		all = append(all, v)
	}
	require.NoError(t, rows.Err())
	return all
}

func count(t testing.TB, path, q string) (n int) {
	t.Helper()
	rows := query(t, path, q)
	defer rows.Close()
	require.True(t, rows.Next())
	require.NoError(t, rows.Scan(&n))
	require.NoError(t, rows.Err())
	return n
}

func TestGuarantees(t *testing.T) {
	var updates, events []total
	for i := range 60 {
		updates = append(updates, total{fmt.Sprint("card ", i%7), int64(i), float64(i) / 2})
		events = append(events, total{fmt.Sprint("event ", i), int64(i), -1})
	}
	for _, c := range []struct {
		name      string
		values    []total
		change    func(*sql.Sink[total])
		guarantee operator.Guarantee
	}{
		{"upsert", updates, func(*sql.Sink[total]) {}, operator.Idempotent},
		{"exactly once", events, func(s *sql.Sink[total]) { s.ExactlyOnce = true }, operator.ExactlyOnce},
		{"exactly once, no key", events, func(s *sql.Sink[total]) {
			s.ExactlyOnce, s.Key, s.Tokens = true, nil, "my_tokens"
			s.Setup = []string{"CREATE TABLE IF NOT EXISTS totals (n INTEGER, card TEXT, sum REAL)"}
		}, operator.ExactlyOnce},
		{"insert", events, func(s *sql.Sink[total]) {
			s.Key = nil
			s.Setup = []string{"CREATE TABLE IF NOT EXISTS totals (n INTEGER, card TEXT, sum REAL)"}
		}, operator.AtLeastOnce},
	} {
		t.Run(c.name, func(t *testing.T) {
			connectortest.Sink(t, connectortest.SinkCase[total]{
				New: func(t *testing.T) (operator.Sink[total], func() []total) {
					path := file(t)
					s := totals(sqlite.File(path))
					c.change(&s)
					require.Equal(t, c.guarantee, s.Guarantee())
					return s, func() []total { return readTotals(t, path) }
				},
				Values: c.values, Key: func(v total) string { return v.Card }, Seeds: 12,
				// A card's updates must come to one writer, or which is the last is undefined.
				OneSubtask: c.guarantee == operator.Idempotent,
			})
		})
	}
}

func TestLastRowOfAKeyWins(t *testing.T) {
	path := file(t)
	env := connectortest.Env(t.Context(), 0, 1)
	s := totals(sqlite.File(path))
	s.ExactlyOnce = true
	w := connectortest.Writer(t, s, env)
	for i := range 50_000 {
		v := total{fmt.Sprint("card ", i%200), int64(i), 0}
		require.NoError(t, w.Write(operator.NoTime, &v))
	}
	payload := connectortest.Prepare(t, w, 1)
	require.Less(t, len(payload), 200*40, "the checkpoint holds one row a key")
	require.Empty(t, readTotals(t, path), "nothing is written before the commit")
	require.NoError(t, w.Commit(1))
	require.NoError(t, w.Close())
	got := readTotals(t, path)
	require.Len(t, got, 200)
	for _, v := range got {
		require.Equal(t, fmt.Sprint("card ", v.N%200), v.Card)
		require.GreaterOrEqual(t, v.N, int64(49_800))
	}
}

func TestRowsOfGrowingLength(t *testing.T) {
	path := file(t)
	w := connectortest.Writer(t, sql.Sink[string]{
		Open: sqlite.File(path), Setup: []string{"CREATE TABLE t (k INTEGER PRIMARY KEY, v TEXT)"}, Table: "t",
		Columns: []string{"v", "k"}, Key: []string{"k"},
		Row: func(r *sql.Row, v *string) { r.Text(*v).Int(int64((*v)[0])) },
	}, connectortest.Env(t.Context(), 0, 1))
	for n := 1; n < 5000; n += 7 {
		for key := byte('a'); key < 'e'; key++ {
			connectortest.Write(t, w, string(bytes.Repeat([]byte{key}, n)))
		}
	}
	connectortest.Prepare(t, w, 1)
	require.NoError(t, w.Close())
	require.Equal(t, 4, count(t, path, "SELECT count(*) FROM t WHERE length(v) = 4999 AND unicode(v) = k"))
}

func TestEveryType(t *testing.T) {
	path := file(t)
	at := time.Date(2026, 7, 8, 9, 10, 11, 12_000_000, time.FixedZone("x", 3600))
	w := connectortest.Writer(t, sql.Sink[int]{
		Open: sqlite.File(path), Setup: []string{"CREATE TABLE t (a, b, c, d, e, f, g, h, i, j, k, l)"}, Table: "t",
		Columns: []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"},
		Row: func(r *sql.Row, _ *int) {
			r.Int(math.MinInt64).Float(math.MaxFloat64).Bool(true).Bool(false).Text("a\x00ü").Bytes([]byte{0, 255}).Time(at).Null()
			r.Values(int32(-5), float32(0.5), nil, uint32(7))
		},
	}, connectortest.Env(t.Context(), 0, 1))
	connectortest.Write(t, w, 1)
	connectortest.Prepare(t, w, 1)
	require.NoError(t, w.Close())
	rows := query(t, path, "SELECT *, strftime('%H:%M:%f', g) FROM t")
	defer rows.Close()
	require.True(t, rows.Next())
	got := make([]any, 13)
	into := make([]any, 13)
	for i := range got {
		into[i] = &got[i]
	}
	require.NoError(t, rows.Scan(into...))
	require.NoError(t, rows.Err())
	require.Equal(t, []any{int64(math.MinInt64), math.MaxFloat64, int64(1), int64(0), "a\x00ü", []byte{0, 255}}, got[:6])
	require.Equal(t, []any{nil, int64(-5), 0.5, nil, int64(7), "08:10:11.012"}, got[7:])
}

func TestBadRows(t *testing.T) {
	for _, c := range []struct {
		name string
		row  func(*sql.Row, *int)
		want string
	}{
		{"too few", func(r *sql.Row, _ *int) { r.Int(1).Int(2) }, "Row put 2 columns, Columns names 3"},
		{"none", func(*sql.Row, *int) {}, "Row put 0 columns"},
		{"too many", func(r *sql.Row, _ *int) { r.Values(1, 2, 3, 4) }, "Row put 4 columns"},
		{"null key", func(r *sql.Row, _ *int) { r.Values(1, nil, 3) }, `the key column "card" is NULL`},
		{"type", func(r *sql.Row, _ *int) { r.Values(1, "a", struct{}{}) }, "column 3: a struct {} is not a type that databases take"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := connectortest.Writer(t, sql.Sink[int]{
				Open: sqlite.File(file(t)), Setup: []string{createTotals}, Table: "totals", Columns: []string{"n", "card", "sum"}, Key: []string{"card"}, Row: c.row,
			}, connectortest.Env(t.Context(), 0, 1))
			v := 1
			err := w.Write(operator.NoTime, &v)
			require.ErrorIs(t, err, sql.ErrRow)
			require.ErrorContains(t, err, c.want)
			require.True(t, operator.IsPermanent(err))
			require.NoError(t, w.Close())
		})
	}
}

func TestValidate(t *testing.T) {
	err := sql.Sink[int]{Columns: []string{"a", "b", "a", ""}, Key: []string{"c", "b", "b"}, Dialect: 9, MaxBytes: -1}.Validate()
	for _, want := range []string{
		"set one of DB and Open", "dialect 9", "Table is empty", "Row is nil", "MaxBytes is -1",
		`column "a" is there twice`, "column 4 has no name", `the key column "c" is none of Columns`, `the key column "b" is there twice`,
	} {
		require.ErrorContains(t, err, want)
	}
	require.NoError(t, totals(sqlite.File("x")).Validate())
}

func TestTableFaults(t *testing.T) {
	for _, c := range []struct {
		name, setup string
		want        []string
	}{
		{"no table", "SELECT 1", []string{"totals", "no such table", "let Setup do so"}},
		{"no column", "CREATE TABLE totals (n INTEGER, card TEXT PRIMARY KEY)", []string{`totals has no column "sum"; it has n, card`}},
		{"no unique key", "CREATE TABLE totals (n INTEGER, card TEXT, sum REAL)", []string{"does not take rows of card, n, sum with the key (card)", "UNIQUE"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := totals(sqlite.File(file(t)))
			s.Setup = []string{c.setup}
			_, err := s.Writer(operator.NewContext(connectortest.Env(t.Context(), 0, 1)))
			require.ErrorIs(t, err, sql.ErrTable)
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
	s := totals(sqlite.File(file(t)))
	s.Setup = []string{"CREATE TABEL x"}
	_, err := s.Writer(operator.NewContext(connectortest.Env(t.Context(), 0, 1)))
	require.ErrorContains(t, err, `set-up statement "CREATE TABEL x"`)
	s.Open = func(context.Context) (*dbsql.DB, error) { return nil, errors.New("no route") }
	_, err = s.Writer(operator.NewContext(connectortest.Env(t.Context(), 0, 1)))
	require.ErrorContains(t, err, "sql: open the database: no route")
}

// TestKilledBetweenCommitAndTransaction is a process that ends when a checkpoint is durable and its rows are not
// in the database: they come back from the checkpoint, once, whoever is handed them.
func TestKilledBetweenCommitAndTransaction(t *testing.T) {
	path := file(t)
	s := totals(nil)
	s.ExactlyOnce, s.Key = true, nil
	s.Setup = []string{"CREATE TABLE IF NOT EXISTS totals (n INTEGER, card TEXT, sum REAL)"}
	s.Open = func(context.Context) (*dbsql.DB, error) { // what the killed process leaves open, the test closes
		db, err := sqlite.Open(path)
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		return db, err
	}
	var payloads [][]byte
	for i := range 3 {
		env := connectortest.Env(t.Context(), i, 3)
		steps := &connectortest.Steps{}
		env.Executor = steps
		w := connectortest.Writer(t, s, env)
		connectortest.Write(t, w, total{fmt.Sprint("written by ", i), 1, 0})
		connectortest.Prepare(t, w, 1)
		require.NoError(t, w.Commit(1))
		steps.Wait() // the first checkpoint gets into the database
		connectortest.Write(t, w, total{fmt.Sprint("written by ", i), 2, 0})
		connectortest.Prepare(t, w, 2) // fails elsewhere
		connectortest.Write(t, w, total{fmt.Sprint("written by ", i), 3, 0})
		payloads = append(payloads, connectortest.Prepare(t, w, 3))
		require.NoError(t, w.Commit(3)) // and nothing of this gets there: the queue is never drained
	}
	require.Len(t, readTotals(t, path), 3)
	for attempt, parallelism := range []int{2, 1, 3} { // a restored checkpoint may be restored again
		for i := range parallelism {
			env := connectortest.Env(t.Context(), i, parallelism)
			env.Restored, env.Attempt = 3, attempt
			for j := i; j < len(payloads); j += parallelism {
				env.Payloads = append(env.Payloads, payloads[j])
			}
			require.NoError(t, connectortest.Writer(t, s, env).Close())
		}
		got := readTotals(t, path)
		require.Len(t, got, 9)
		for i := range 3 {
			for n := range 3 {
				require.Contains(t, got, total{fmt.Sprint("written by ", i), int64(n + 1), 0})
			}
		}
	}
}

func TestTokensGoBackWithTheJob(t *testing.T) {
	path := file(t)
	s := totals(sqlite.File(path))
	s.ExactlyOnce = true
	token := func() int { return count(t, path, "SELECT sum(checkpoint) FROM turgo_commits") }
	w := connectortest.Writer(t, s, connectortest.Env(t.Context(), 0, 1))
	connectortest.Write(t, w, total{"a", 1, 0})
	connectortest.Prepare(t, w, 500)
	require.NoError(t, w.Commit(500))
	require.NoError(t, w.Close())
	require.Equal(t, 500, token())

	var log bytes.Buffer
	env := connectortest.Env(t.Context(), 0, 1)
	env.Log = slog.New(slog.NewTextHandler(&log, nil))
	w = connectortest.Writer(t, s, env) // a new run, without a checkpoint
	require.Equal(t, 0, token())
	require.Contains(t, log.String(), "holds rows of newer checkpoints than the one restored")
	connectortest.Write(t, w, total{"a", 2, 0})
	payload := connectortest.Prepare(t, w, 1)
	require.NoError(t, w.Close())

	env = connectortest.Env(t.Context(), 0, 1)
	env.Restored, env.Payloads = 1, [][]byte{payload}
	require.NoError(t, connectortest.Writer(t, s, env).Close())
	require.Equal(t, []total{{"a", 2, 0}}, readTotals(t, path), "the token of the old run must not hide the rows of the new one")
}

// TestOldColumns restores a checkpoint whose rows have other columns than the program has now.
func TestOldColumns(t *testing.T) {
	path := file(t)
	s := totals(sqlite.File(path))
	s.ExactlyOnce = true
	w := connectortest.Writer(t, s, connectortest.Env(t.Context(), 0, 1))
	connectortest.Write(t, w, total{"a", 1, 2.5})
	payload := connectortest.Prepare(t, w, 1)
	require.NoError(t, w.Close())

	s.Columns, s.Row = []string{"card"}, func(r *sql.Row, v *total) { r.Text(v.Card) }
	env := connectortest.Env(t.Context(), 0, 1)
	env.Restored, env.Payloads = 1, [][]byte{payload}
	w = connectortest.Writer(t, s, env)
	connectortest.Write(t, w, total{"b", 9, 9}, total{"a", 9, 9})
	connectortest.Prepare(t, w, 2)
	require.NoError(t, w.Commit(2))
	require.NoError(t, w.Close())
	require.Equal(t, 1, count(t, path, "SELECT count(*) FROM totals WHERE card = 'a' AND n = 1 AND sum = 2.5"))
	require.Equal(t, 2, count(t, path, "SELECT count(*) FROM totals"))
}

// TestSeveralSinksOnOneFile has writers of several tables, exactly once and not, commit to one file at once.
func TestSeveralSinksOnOneFile(t *testing.T) {
	path := file(t)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			s := totals(sqlite.File(path))
			s.Table, s.ExactlyOnce = fmt.Sprint("totals", i/2), i%2 == 0
			s.Setup = []string{fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s (n INTEGER, card TEXT PRIMARY KEY, sum REAL)", s.Table)}
			env := connectortest.Env(t.Context(), 0, 1)
			env.ID = fmt.Sprint("sink", i)
			w, err := s.Writer(operator.NewContext(env))
			if err != nil {
				t.Error(err)
				return
			}
			for n := int64(1); n <= 20; n++ {
				for k := range 50 {
					v := total{fmt.Sprintf("%d/%d", i, k), n, 0}
					err = errors.Join(err, w.Write(operator.NoTime, &v))
				}
				prepared := make(chan error, 1)
				w.Prepare(n, func(_ []byte, err error) { prepared <- err })
				err = errors.Join(err, <-prepared, w.Commit(n))
			}
			if err = errors.Join(err, w.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.Equal(t, 200, count(t, path, "SELECT (SELECT count(*) FROM totals0 WHERE n = 20) + (SELECT count(*) FROM totals1 WHERE n = 20)"))
}

// TestLockedDatabase holds the file's lock: Write, Prepare and Commit go on, and what is too much waits.
func TestLockedDatabase(t *testing.T) {
	path := file(t)
	s := totals(sqlite.File(path))
	s.ExactlyOnce, s.MaxBytes = true, 4096
	w := connectortest.Writer(t, s, connectortest.Env(t.Context(), 0, 1))
	lock, err := sqlite.Open(path)
	require.NoError(t, err)
	defer lock.Close()
	tx, err := lock.Begin()
	require.NoError(t, err)
	for n := int64(1); n <= 3; n++ {
		connectortest.Write(t, w, total{fmt.Sprint("a", n), n, 0})
		connectortest.Prepare(t, w, n)
		require.NoError(t, w.Commit(n))
	}
	for i := range 60 {
		connectortest.Write(t, w, total{fmt.Sprint("b", i), 0, 0})
	}
	connectortest.Prepare(t, w, 4)
	require.NoError(t, w.Commit(4))
	written := make(chan error)
	go func() {
		for i := range 60 { // 60 rows are more than MaxBytes together with those that wait
			v := total{fmt.Sprint("c", i), 0, 0}
			if err := w.Write(operator.NoTime, &v); err != nil {
				written <- err
				return
			}
		}
		written <- nil
	}()
	require.NoError(t, tx.Rollback())
	require.NoError(t, <-written)
	connectortest.Prepare(t, w, 5)
	require.NoError(t, w.Commit(5))
	require.NoError(t, w.Close())
	require.Equal(t, 123, count(t, path, "SELECT count(*) FROM totals"))
}

func TestTooManyRowsForOneCheckpoint(t *testing.T) {
	s := totals(sqlite.File(file(t)))
	s.ExactlyOnce, s.MaxBytes = true, 4096
	w := connectortest.Writer(t, s, connectortest.Env(t.Context(), 0, 1))
	var err error
	for n := int64(1); err == nil && n < 1000; n++ {
		v := total{fmt.Sprint("card ", n), n, 0}
		err = w.Write(operator.NoTime, &v)
		if n%10 == 0 {
			connectortest.Prepare(t, w, n/10) // none of them becomes durable
		}
	}
	require.ErrorIs(t, err, sql.ErrFull)
	require.NoError(t, w.Close())
}

// TestRowsBetweenCheckpoints lets rows reach the database though no checkpoint is ever taken.
func TestRowsBetweenCheckpoints(t *testing.T) {
	path := file(t)
	s := totals(sqlite.File(path))
	s.Every, s.MaxBytes = time.Minute, 2048
	env := connectortest.Env(t.Context(), 0, 1)
	steps, clock := &connectortest.Steps{}, &connectortest.Clock{}
	env.Executor, env.Clock = steps, clock
	w := connectortest.Writer(t, s, env)
	connectortest.Write(t, w, total{"a", 1, 0})
	require.NoError(t, w.Flush())
	require.False(t, steps.RunNext(), "too early")
	clock.Set(int64(time.Minute))
	require.NoError(t, w.Flush())
	require.NoError(t, w.Flush())
	steps.Wait()
	require.Equal(t, 1, count(t, path, "SELECT count(*) FROM totals"))
	for i := range 200 {
		connectortest.Write(t, w, total{fmt.Sprint(i), 1, 0})
	}
	require.Greater(t, count(t, path, "SELECT count(*) FROM totals"), 50, "more than MaxBytes is written by Write itself")
	require.NoError(t, w.Close())
}

func TestBrokenDatabase(t *testing.T) {
	for _, exactly := range []bool{false, true} {
		db, err := sqlite.Open(file(t))
		require.NoError(t, err)
		s := totals(nil)
		s.DB, s.ExactlyOnce = db, exactly
		w := connectortest.Writer(t, s, connectortest.Env(t.Context(), 0, 1))
		connectortest.Write(t, w, total{"a", 1, 0})
		require.NoError(t, db.Close())
		failed := make(chan error, 1)
		w.Prepare(1, func(_ []byte, err error) { failed <- err })
		err = errors.Join(<-failed, w.Commit(1), w.Close())
		require.ErrorContains(t, err, "sql: write 1 rows to totals")
		require.Error(t, w.Flush())
		require.Error(t, w.Commit(2))
		w.Prepare(2, func(_ []byte, err error) { failed <- err })
		require.Error(t, <-failed, "nothing is promised after an error")
		require.Error(t, w.Close())
	}
}

func TestForeignPayload(t *testing.T) {
	s := totals(sqlite.File(file(t)))
	s.ExactlyOnce = true
	for _, p := range []string{"", "\x02", "\x01", "\x01\x00\x01", "\x01\x00\x01\x01\x00\x00\x00", "\x01\x00\x00x"} {
		env := connectortest.Env(t.Context(), 0, 1)
		env.Payloads = [][]byte{[]byte(p)}
		_, err := s.Writer(operator.NewContext(env))
		require.ErrorIs(t, err, sql.ErrPayload, "%q", p)
	}
}

func BenchmarkWrite(b *testing.B) {
	s := totals(sqlite.File(file(b)))
	env := connectortest.Env(b.Context(), 0, 1)
	w := connectortest.Writer(b, s, env)
	values := make([]total, 20_000)
	for i := range values {
		values[i] = total{fmt.Sprintf("card %06d", i*7919%20_000), int64(i), float64(i)}
	}
	for i := range values {
		connectortest.Write(b, w, values[i])
	}
	var err error
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		err = w.Write(operator.NoTime, &values[i%len(values)])
	}
	b.StopTimer()
	require.NoError(b, err)
	connectortest.Prepare(b, w, 1)
	require.NoError(b, w.Close())
}

// BenchmarkCheckpoint writes 20,000 rows in one transaction: what a checkpoint of the fraud job does.
func BenchmarkCheckpoint(b *testing.B) {
	s := totals(sqlite.File(file(b)))
	w := connectortest.Writer(b, s, connectortest.Env(b.Context(), 0, 1))
	b.ReportAllocs()
	n := int64(0)
	for b.Loop() {
		n++
		for i := range 20_000 {
			v := total{cards[i], n, float64(i)}
			if err := w.Write(operator.NoTime, &v); err != nil {
				b.Fatal(err)
			}
		}
		connectortest.Prepare(b, w, n)
	}
	b.ReportMetric(float64(b.N)*20_000/b.Elapsed().Seconds(), "rows/s")
	require.NoError(b, w.Close())
}

var cards = func() (all []string) {
	for i := range 20_000 {
		all = append(all, fmt.Sprintf("card %06d", i))
	}
	return all
}()

package sql

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestStatements(t *testing.T) {
	l := layout{columns: []string{"id", "a b", `q"c`}, keys: 1}
	all := layout{columns: []string{"x", "y.z"}, keys: 2}
	for _, c := range []struct {
		d    Dialect
		l    layout
		rows int
		want string
	}{
		{SQLite, l, 2, `INSERT INTO "main"."t" ("id", "a b", "q""c") VALUES (?, ?, ?), (?, ?, ?) ON CONFLICT ("id") DO UPDATE SET "a b" = excluded."a b", "q""c" = excluded."q""c"`},
		{Postgres, all, 2, `INSERT INTO "main"."t" ("x", "y.z") VALUES ($1, $2), ($3, $4) ON CONFLICT ("x", "y.z") DO NOTHING`},
		{MySQL, l, 1, "INSERT INTO `main`.`t` (`id`, `a b`, `q\"c`) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE `a b` = VALUES(`a b`), `q\"c` = VALUES(`q\"c`)"},
		{MySQL, all, 1, "INSERT INTO `main`.`t` (`x`, `y.z`) VALUES (?, ?) ON DUPLICATE KEY UPDATE `x` = `x`"},
		{Postgres, layout{columns: []string{"a"}}, 1, `INSERT INTO "main"."t" ("a") VALUES ($1)`},
	} {
		require.Equal(t, c.want, c.d.insert("main.t", c.l, c.rows))
	}
	require.Equal(t, 64, layout{columns: make([]string, 3)}.chunk())
	require.Equal(t, 1, layout{columns: make([]string, 900)}.chunk())
}

type coded int

func (c coded) Error() string { return fmt.Sprint("code ", int(c)) }
func (c coded) Code() int     { return int(c) }

type stated string

func (s stated) Error() string    { return string(s) }
func (s stated) SQLState() string { return string(s) }

func TestRetryable(t *testing.T) {
	for err, want := range map[error]bool{
		coded(5): true, coded(517): true, coded(6): true, coded(13): false,
		stated("40001"): true, stated("40P01"): true, stated("23505"): false,
		driver.ErrBadConn: true, errors.New("other"): false,
	} {
		require.Equal(t, want, retryable(fmt.Errorf("wrapped: %w", err)), "%v", err)
	}
	require.False(t, retryable(nil))
	calls := 0
	require.Equal(t, coded(5), retry(func(int) error { calls++; return coded(5) }))
	require.Equal(t, tries, calls)
}

// TestBatchAgainstMap holds a batch against the obvious: a map and the order of first arrival.
func TestBatchAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := newBatch(layout{columns: []string{"k", "v"}, keys: 1})
		last, order := map[int64]string{}, []int64(nil)
		for range rapid.IntRange(0, 300).Draw(t, "rows") {
			if rapid.IntRange(0, 99).Draw(t, "reset") == 0 {
				b.reset()
				clear(last)
				order = nil
			}
			k, v := rapid.Int64Range(-20, 200).Draw(t, "key"), rapid.StringN(0, 20, 40).Draw(t, "value")
			if _, ok := last[k]; !ok {
				order = append(order, k)
			}
			last[k] = v
			var r Row
			row, keyLen := r.Int(k).Text(v).arrange(nil, []int{0, 1}, 1)
			b.put(row, keyLen)
			if rapid.IntRange(0, 49).Draw(t, "compact") == 0 {
				b.compact()
			}
		}
		require.Len(t, b.rows, len(order))
		for i, k := range order {
			require.Equal(t, []any{k, last[k]}, appendValues(nil, b.row(i)))
		}
	})
}

func TestArrange(t *testing.T) {
	l, order := layoutOf([]string{"a", "b", "c"}, []string{"c", "a"})
	require.Equal(t, []string{"c", "a", "b"}, l.columns)
	var r Row
	row, keyLen := r.Int(1).Text("b").Bool(true).arrange(nil, order, l.keys)
	require.Equal(t, []any{true, int64(1), "b"}, appendValues(nil, row))
	require.Equal(t, []any{true, int64(1)}, appendValues(nil, row[:keyLen]))
	_, keyLen = r.arrange(nil, order, 3)
	require.Equal(t, len(row), keyLen, "all columns are the key")
}

func FuzzPayload(f *testing.F) {
	b := newBatch(layout{columns: []string{"k", "v"}, keys: 1})
	var r Row
	row, n := r.Int(7).Text("x").arrange(nil, []int{0, 1}, 1)
	b.put(row, n)
	f.Add(payload{writer: 3, promises: []promise{{1, b}, {2, b}}}.encode())
	f.Add([]byte{1, 0, 0})
	f.Add([]byte{1, 0, 1, 1, 1, 1, 'c', 0, 1, tagTime, 2, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := decodePayload(data)
		if err != nil {
			require.ErrorIs(t, err, ErrPayload)
			return
		}
		for _, pr := range p.promises {
			for i := range pr.rows {
				require.Len(t, appendValues(nil, pr.row(i)), len(pr.columns))
			}
		}
		again, err := decodePayload(p.encode())
		require.NoError(t, err)
		require.Equal(t, p.encode(), again.encode())
	})
}

func FuzzValue(f *testing.F) {
	var r Row
	r.Null().Int(-1).Float(1.5).Bool(true).Bytes([]byte("b")).Text("t").Values(nil)
	f.Add(r.data)
	f.Fuzz(func(t *testing.T, data []byte) {
		v, rest, ok := decodeValue(data)
		skipped, skipOK := skipValue(data)
		require.Equal(t, ok, skipOK)
		if !ok {
			return
		}
		require.Equal(t, len(rest), len(skipped))
		var r Row
		r.Values(v)
		require.NoError(t, r.err)
		again, _, ok := decodeValue(r.data)
		require.True(t, ok)
		if f, isFloat := v.(float64); !isFloat || f == f {
			require.Equal(t, v, again)
		}
	})
}

package file

import (
	"bytes"
	"encoding/csv"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

type Embedded struct{ Inner int8 }

type every struct {
	Embedded
	S        string `csv:"text, with comma"`
	Named    string
	B        bool       `csv:"b"`
	I        int64      `csv:"i"`
	U        uint16     `csv:"u"`
	F        float32    `csv:"f"`
	Raw      []byte     `csv:"raw"`
	T        time.Time  `csv:"t"`
	Addr     netip.Addr `csv:"addr"`
	P        *int       `csv:"p"`
	When     *time.Time `csv:"when"`
	Left     chan int   `csv:"-"`
	Optional float64
}

// through encodes a value and decodes the row again, by the header row that was written.
func through[T any](t require.TestingT, v T) (row string, got T) {
	c := CSV[T]().codec()
	data, err := c.out.Encode(nil, &v)
	require.NoError(t, err)
	require.NoError(t, c.header(c.title(nil)))
	require.NoError(t, c.in.Decode(nil, data, &got))
	return string(data), got
}

func TestCSVTypes(t *testing.T) {
	five, at := 5, time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	v := every{
		Embedded: Embedded{-3}, S: "a,\"b\"\nc", Named: "ü", B: true, I: math.MinInt64, U: 65535, F: 0.1, Raw: []byte("raw"),
		T: at, Addr: netip.MustParseAddr("10.0.0.1"), P: &five, When: &at, Optional: math.Inf(1),
	}
	row, got := through(t, v)
	require.Equal(t, "-3,\"a,\"\"b\"\"\nc\",ü,true,-9223372036854775808,65535,0.1,raw,2026-01-02T03:04:05.000000006Z,10.0.0.1,5,2026-01-02T03:04:05.000000006Z,+Inf", row)
	require.Equal(t, v, got)
	_, got = through(t, every{Raw: []byte{}})
	require.Equal(t, every{Raw: []byte{}}, got, "empty pointers are nil")
	require.Equal(t, `Inner,"text, with comma",Named,b,i,u,f,raw,t,addr,p,when,Optional`, string(CSV[every]().codec().title(nil)))
}

func TestCSVColumns(t *testing.T) {
	c := CSV[every]().codec()
	require.NoError(t, c.header([]byte(`when,p,addr,t,raw,f,u,i,b,"text, with comma",NAMED,more`)), "untagged fields in any case, or not at all")
	var v every
	require.NoError(t, c.in.Decode(nil, []byte(`,,::1,2026-01-02T00:00:00Z,x,1,2,3,false,s,n,whatever`), &v))
	require.Equal(t, "n", v.Named)
	for row, want := range map[string]string{
		`,,::1,2026-01-02T00:00:00Z,x,1,2,3,false,s,n`:           "11 fields, the header has 12",
		`,x,::1,2026-01-02T00:00:00Z,x,1,2,3,false,s,n,`:         "column p: strconv.ParseInt",
		`,,nowhere,2026-01-02T00:00:00Z,x,1,2,3,false,s,n,`:      "column addr: ParseAddr",
		`,,::1,yesterday,x,1,2,3,false,s,n,`:                     "column t: parsing time",
		`,,::1,2026-01-02T00:00:00Z,x,1e99,2,3,false,s,n,`:       "column f: strconv.ParseFloat",
		`,,::1,2026-01-02T00:00:00Z,x,1,65536,3,false,s,n,`:      "column u: strconv.ParseUint",
		`,,::1,2026-01-02T00:00:00Z,x,1,2,,false,s,n,`:           "column i: strconv.ParseInt",
		`,,::1,2026-01-02T00:00:00Z,x,1,2,3,maybe,s,n,`:          "column b: strconv.ParseBool",
		`,,::1,2026-01-02T00:00:00Z,x,1,2,3,false,"s"t,n,`:       "text behind a quoted field",
		`,,::1,2026-01-02T00:00:00Z,x,1,2,3,false,s"t,n,`:        "a quote inside a field that is not quoted",
		`,,::1,2026-01-02T00:00:00Z,x,1,2,3,false,"s,n,whatever`: "a quoted field does not end",
	} {
		err := c.in.Decode(nil, []byte(row), &v)
		require.ErrorIs(t, err, ErrRecord, row)
		require.ErrorContains(t, err, want)
	}
}

func TestCSVOptions(t *testing.T) {
	type row struct{ A, B string }
	f := CSV[row](CSVOptions{Comma: ';', Header: []string{"b", "skipped", "a"}})
	require.NoError(t, f.check(reads|writes))
	c := f.codec()
	require.Nil(t, c.header)
	require.Nil(t, c.title)
	var v row
	require.NoError(t, c.in.Decode(nil, []byte(`x,y;"q;";z`), &v))
	require.Equal(t, row{"z", "x,y"}, v)

	type tagged struct {
		A string `csv:"a"`
	}
	require.ErrorIs(t, CSV[tagged](CSVOptions{Header: []string{"b"}}).check(reads), ErrHeader)
	require.ErrorContains(t, CSV[tagged](CSVOptions{Comma: '"'}).check(reads), "the comma cannot be a quote")
	require.ErrorContains(t, CSV[struct{ C chan int }]().check(reads), "field C of struct { C chan int } has the type chan int")
	require.ErrorContains(t, CSV[struct{}]().check(reads), "has no exported field")
	require.ErrorContains(t, CSV[struct{ *Embedded }]().check(reads), "embedded pointer")
	row1, _ := through(t, struct{ Only string }{""})
	require.Equal(t, `""`, row1, "an empty line would be skipped")
}

// TestCSVAgainstStandardLibrary holds rows that are written against encoding/csv.
func TestCSVAgainstStandardLibrary(t *testing.T) {
	type row struct{ A, B, C string }
	rapid.Check(t, func(t *rapid.T) {
		field := rapid.StringOfN(rapid.RuneFrom([]rune("ab,\"\n ;é")), 0, 6, -1)
		v := row{field.Draw(t, "a"), field.Draw(t, "b"), field.Draw(t, "c")}
		data, got := through(t, v)
		require.Equal(t, v, got)
		all, err := csv.NewReader(strings.NewReader(data + "\n")).ReadAll()
		require.NoError(t, err)
		require.Equal(t, [][]string{{v.A, v.B, v.C}}, all)
	})
}

func TestGlob(t *testing.T) {
	fs := vfs.NewMem()
	for _, name := range []string{"/a/1/x.csv", "/a/2/x.csv", "/a/2/.y.csv", "/a/2/y.csv.pending", "/a/x.csv", "/b/1/x.csv", "/a/1/sub/x.csv"} {
		require.NoError(t, fs.MkdirAll(fs.PathDir(name), 0o755))
		f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
	for pattern, want := range map[string][]string{
		"/a/1/x.csv":  {"/a/1/x.csv"},
		"/a/*/x.csv":  {"/a/1/x.csv", "/a/2/x.csv"},
		"/a/2/*":      {"/a/2/x.csv"},
		"/a/2/.*":     {"/a/2/.y.csv"},
		"/*/1/?.csv":  {"/a/1/x.csv", "/b/1/x.csv"},
		"/a/[13]/*":   {"/a/1/x.csv"},
		"/a/none/*":   nil,
		"/a/1":        nil,
		"/none":       nil,
		"/a/x.csv/*":  nil,
		"/a/1/*/*":    {"/a/1/sub/x.csv"},
		"/a/1/sub/x*": {"/a/1/sub/x.csv"},
	} {
		got, err := glob(t.Context(), fs, pattern)
		require.NoError(t, err)
		require.ElementsMatch(t, want, got, pattern)
		require.True(t, slices.IsSorted(got), pattern)
	}
	_, err := glob(t.Context(), fs, "/a/[")
	require.ErrorContains(t, err, "file: pattern /a/[")
}

func FuzzFrame(f *testing.F) {
	f.Add([]byte("a\r\n\"b\nc\",d\n\"e"), true, true)
	f.Add([]byte("\n\n"), false, false)
	f.Fuzz(func(t *testing.T, data []byte, quoted, last bool) {
		rest := data
		for {
			text, n := frame(rest, quoted, last)
			if n == 0 {
				require.True(t, len(rest) == 0 || !last, "with nothing to follow all belongs to records")
				return
			}
			require.LessOrEqual(t, len(text), n)
			require.True(t, bytes.HasPrefix(rest, text))
			if !quoted {
				require.NotContains(t, string(text), "\n")
			}
			rest = rest[n:]
		}
	})
}

func FuzzCSVRow(f *testing.F) {
	f.Add([]byte("a,b"), []byte(`1,"x""y"`))
	f.Add([]byte(`"a"`), []byte(`"`))
	f.Fuzz(func(t *testing.T, header, row []byte) {
		type record struct {
			A string
			B float64
		}
		c := CSV[record]().codec()
		if c.header(header) != nil {
			return
		}
		var v record
		if err := c.in.Decode(nil, row, &v); err != nil {
			require.ErrorIs(t, err, ErrRecord)
			return
		}
		if math.IsNaN(v.B) {
			return
		}
		_, again := through(t, v)
		require.Equal(t, v, again)
	})
}

func FuzzPayload(f *testing.F) {
	f.Add(encodePayload([]part{{"part-000-00000001-000.txt", 12}, {"x", 0}}))
	f.Add([]byte{payloadVersion})
	f.Fuzz(func(t *testing.T, data []byte) {
		parts, err := decodePayload(data)
		if err != nil {
			require.ErrorIs(t, err, ErrParts)
			return
		}
		again, err := decodePayload(encodePayload(parts))
		require.NoError(t, err)
		require.Equal(t, parts, again)
	})
}

func FuzzPosition(f *testing.F) {
	f.Add(position{12, 3, true, false}.append(nil))
	f.Add([]byte{1, 0, 0, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := parsePosition(data)
		if err != nil {
			require.ErrorIs(t, err, ErrPosition)
			return
		}
		if data == nil {
			return
		}
		again, err := parsePosition(p.append(nil))
		require.NoError(t, err)
		require.Equal(t, p, again)
	})
}

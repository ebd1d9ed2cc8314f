package format_test

import (
	"encoding/csv"
	"encoding/json/v2"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/turgo-io/turgo/connector/format"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type payment struct {
	Card   string    `csv:"card"`
	Amount float64   `csv:"amount"`
	Count  int32     `csv:"count"`
	At     time.Time `csv:"at"`
	OK     bool
	Note   []byte
	Secret chan int `csv:"-" json:"-"`
}

var sample = payment{Card: `c"1",x`, Amount: 12.5, Count: -3, At: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC), OK: true, Note: []byte("two\nlines")}

func TestCodecsKeepValues(t *testing.T) {
	for name, codec := range map[string]format.Codec[payment]{
		"json": format.JSON[payment](), "csv": format.CSV[payment](), "csv by name": format.CSV[payment]("amount", "", "card", "at", "OK", "count", "Note"),
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, format.Check(codec))
			prefix := []byte("before")
			data, err := codec.Encode(prefix, &sample)
			require.NoError(t, err)
			require.True(t, strings.HasPrefix(string(data), "before"))
			got := payment{}
			payload := data[len(prefix):]
			require.NoError(t, codec.Decode(payload, &got))
			clear(payload) // the bytes are the connector's
			require.Equal(t, sample, got)
			require.ErrorIs(t, codec.Decode(nil, &got), format.ErrSkip)
		})
	}
}

func TestJSON(t *testing.T) {
	type v struct{ A int }
	var got v
	require.Error(t, format.JSON[v]().Decode([]byte(`{"A":1`), &got))
	require.Error(t, format.JSON[v]().Decode([]byte(`{"A":1,"A":2}`), &got), "twice the same name")
	require.NoError(t, format.JSON[v]().Decode([]byte(`{"A":7,"B":1}`), &got))
	require.Equal(t, 7, got.A)
	require.Error(t, format.JSON[v](json.RejectUnknownMembers(true)).Decode([]byte(`{"B":1}`), &got))
	dst := []byte("kept")
	out, err := format.JSON[func()]().Encode(dst, new(func()))
	require.Error(t, err)
	require.Equal(t, "kept", string(out))
}

func TestRawAndString(t *testing.T) {
	var raw []byte
	data := []byte("abc")
	require.NoError(t, format.Raw().Decode(data, &raw))
	data[0] = 'x'
	require.Equal(t, "abc", string(raw), "copied")
	out, err := format.Raw().Encode([]byte("-"), &raw)
	require.NoError(t, err)
	require.Equal(t, "-abc", string(out))
	raw = nil
	require.NoError(t, format.Raw().Decode(nil, &raw))
	require.Nil(t, raw)
	_, err = format.Raw().Encode(nil, &raw)
	require.ErrorIs(t, err, format.ErrNull)
	require.NoError(t, format.Raw().Decode([]byte{}, &raw))
	require.NotNil(t, raw, "empty is not null")

	var s string
	require.NoError(t, format.String().Decode([]byte("text"), &s))
	require.ErrorIs(t, format.String().Decode(nil, &s), format.ErrSkip)
	out, err = format.String().Encode(nil, &s)
	require.NoError(t, err)
	require.Equal(t, "text", string(out))
}

func TestCSVFaults(t *testing.T) {
	require.ErrorContains(t, format.Check(format.CSV[int]()), "no struct")
	require.ErrorContains(t, format.Check(format.CSV[struct{ F map[string]int }]()), "field F")
	require.ErrorContains(t, format.Check(format.CSV[payment]("nothing")), `"nothing"`)
	require.NoError(t, format.Check(format.JSON[payment]()))
	var p struct {
		A int
		B string
	}
	c := format.CSV[struct {
		A int
		B string
	}]()
	require.NoError(t, c.Decode([]byte("5,x\r\n"), &p))
	require.Equal(t, 5, p.A)
	for row, fault := range map[string]string{
		"1": "1 columns, not 2", "1,2,3": "3 columns, not 2", "x,1": "column 1 (A)", `1,"x`: "not closed", `1,"x"y`: "behind a closing quote", "1.5,x": "column 1",
	} {
		require.ErrorContains(t, c.Decode([]byte(row), &p), fault, row)
	}
}

// The reference is encoding/csv.
func TestCSVIsReadAsOthersReadIt(t *testing.T) {
	type row struct{ A, B, C string }
	c := format.CSV[row]()
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.StringMatching(`[a,"\n ;ü]{0,6}`)
		in := row{cell.Draw(t, "a"), cell.Draw(t, "b"), "end" + cell.Draw(t, "c") + "."}
		data, err := c.Encode(nil, &in)
		require.NoError(t, err)
		var out row
		require.NoError(t, c.Decode(data, &out))
		require.Equal(t, in, out)
		fields, err := csv.NewReader(strings.NewReader(string(data))).Read()
		require.NoError(t, err)
		require.Equal(t, []string{in.A, in.B, in.C}, fields)
	})
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte(`a,"b ""c""",1.5,2026-01-02T03:04:05Z,true,x`))
	f.Add([]byte(`"`))
	c := format.CSV[payment]()
	f.Fuzz(func(t *testing.T, data []byte) {
		var p, again payment
		if c.Decode(data, &p) != nil {
			return
		}
		out, err := c.Encode(nil, &p)
		require.NoError(t, err)
		require.NoError(t, c.Decode(out, &again), "%q", out)
	})
}

func FuzzJSON(f *testing.F) {
	f.Add([]byte(`{"Card":"c","Amount":1}`))
	c := format.JSON[payment]()
	f.Fuzz(func(t *testing.T, data []byte) {
		var p payment
		if c.Decode(data, &p) != nil {
			return
		}
		_, err := c.Encode(nil, &p)
		require.NoError(t, err)
	})
}

func TestInputGuards(t *testing.T) {
	in := format.NewInput[int](format.DecodeFunc[int](func(data []byte, v *int) error {
		if string(data) == "panic" {
			panic("in distress")
		}
		*v += len(data)
		return nil
	}))
	require.False(t, in.WantsMeta())
	v := 40
	require.NoError(t, in.Decode(nil, []byte("ab"), &v))
	require.Equal(t, 2, v, "the value is zeroed first")
	require.ErrorContains(t, in.Decode(nil, []byte("panic"), &v), "the decoder panicked: in distress")

	meta := format.NewInput[string](format.MetaFunc[string](func(m *format.Meta, data []byte, v *string) error {
		h, _ := m.Header("h")
		*v = fmt.Sprintf("%s/%d@%d %s %s", m.Topic, m.Partition, m.Offset, h, data)
		return nil
	}))
	require.True(t, meta.WantsMeta())
	var s string
	m := &format.Meta{Topic: "t", Partition: 2, Offset: 9, Headers: []format.Header{{Key: []byte("h"), Value: []byte("old")}, {Key: []byte("h"), Value: []byte("new")}}}
	require.NoError(t, meta.Decode(m, []byte("x"), &s))
	require.Equal(t, "t/2@9 new x", s)
	_, found := m.Header("other")
	require.False(t, found)
	require.NoError(t, format.MetaFunc[string](func(m *format.Meta, _ []byte, v *string) error {
		*v = fmt.Sprint(m.Partition, m.Offset)
		return nil
	}).Decode(nil, &s))
	require.Equal(t, "-1 -1", s)
}

func TestOutputGuards(t *testing.T) {
	fails := errors.New("no")
	out := format.NewOutput[int](format.Func(
		func([]byte, *int) error { return nil },
		func(dst []byte, v *int) ([]byte, error) {
			switch *v {
			case 1:
				return append(dst, "half"...), fails
			case 2:
				panic("in distress")
			}
			return append(dst, "ok"...), nil
		}))
	for v, want := range map[int]string{0: "a ok", 1: "a ", 2: "a "} {
		got, err := out.Encode([]byte("a "), &v)
		require.Equal(t, v == 0, err == nil)
		if v != 2 {
			require.Equal(t, want, string(got))
		}
	}
}

func TestPolicies(t *testing.T) {
	require.True(t, format.DeadLetter.Valid())
	require.False(t, format.BadRecords(7).Valid())
}

func BenchmarkJSON(b *testing.B) {
	c := format.JSON[payment]()
	p := sample
	data, err := c.Encode(nil, &p)
	require.NoError(b, err)
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var v payment
			if err := c.Decode(data, &v); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		buf := make([]byte, 0, 1024)
		for b.Loop() {
			if _, err := c.Encode(buf, &p); err != nil {
				b.Fatal(err)
			}
		}
	})
}

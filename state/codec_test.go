package state_test

import (
	"errors"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/turgo-io/turgo/state"
)

type inner struct {
	A int8
	B bool
	C float64
	D [3]uint16
}

type tree struct {
	Value int
	Left  *tree
	Right *tree
}

type forest []forest

type Embedded struct{ X, Y int32 }

type everything struct {
	Embedded
	Flag    bool
	I8      int8
	I       int
	U       uint
	U16     uint16
	F32     float32
	F64     float64
	C64     complex64
	C128    complex128
	S       string
	Bytes   []byte
	Fixed   [16]byte
	Flat    []inner
	Deep    []map[string][]*inner
	Ptr     *string
	Map     map[inner]string
	Empty   struct{}
	Nothing []struct{}
	Tree    *tree
	Forest  forest
	When    time.Time
	Long    time.Duration
	Addr    netip.Addr
	Big     *big.Int
	Arrays  [2][2]string
	Hidden  chan int `state:"-"`
	Renamed int      `state:"old_name"`
	_       int
}

func roundTrip[T any](t require.TestingT, v T) T {
	codec, err := state.CodecFor[T]()
	require.NoError(t, err)
	raw, err := codec.Append([]byte("before"), &v)
	require.NoError(t, err)
	require.Equal(t, "before", string(raw[:6]))
	var got T
	require.NoError(t, codec.Decode(raw[6:], &got))
	again, err := codec.Append(nil, &got)
	require.NoError(t, err)
	require.Equal(t, raw[6:], again, "equal values have equal bytes")
	return got
}

func TestCodecOfEverything(t *testing.T) {
	s := "pointed at"
	v := everything{
		Embedded: Embedded{1, -2}, Flag: true, I8: -8, I: math.MinInt, U: math.MaxUint, U16: 16, F32: 1.5, F64: math.Inf(-1),
		C64: 1 + 2i, C128: complex(3, math.Copysign(0, -1)), S: "héllo", Bytes: []byte{0, 1}, Fixed: [16]byte{15: 1},
		Flat: []inner{{A: 1, B: true, C: 2, D: [3]uint16{3, 4, 5}}, {}}, Deep: []map[string][]*inner{{"a": {nil, {A: 7}}, "": nil}, nil, {}},
		Ptr: &s, Map: map[inner]string{{A: 2}: "two", {A: 1}: "one"}, Nothing: make([]struct{}, 5),
		Tree: &tree{1, &tree{Value: 2}, nil}, Forest: forest{{}, {{}, nil}}, When: time.Date(2024, 2, 29, 1, 2, 3, 4, time.UTC),
		Long: time.Hour, Addr: netip.MustParseAddr("fe80::1%eth0"), Big: big.NewInt(1e18), Arrays: [2][2]string{{"a", "b"}, {"c", ""}}, Renamed: 9,
	}
	require.Equal(t, v, roundTrip(t, v))
	require.Equal(t, everything{When: time.Time{}.UTC()}, roundTrip(t, everything{When: time.Time{}.UTC()}))
}

func TestCodecKeepsNilApartFromEmpty(t *testing.T) {
	type lists struct {
		A, B []int
		C, D []byte
		E, F map[int]int
	}
	got := roundTrip(t, lists{B: []int{}, D: []byte{}, F: map[int]int{}})
	require.Nil(t, got.A)
	require.NotNil(t, got.B)
	require.Nil(t, got.C)
	require.NotNil(t, got.D)
	require.Nil(t, got.E)
	require.NotNil(t, got.F)
}

func TestCodecKeepsTimes(t *testing.T) {
	for _, at := range []time.Time{
		time.Unix(0, 1).UTC(), time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999, time.FixedZone("", 3600)),
		time.Date(2024, 1, 1, 0, 0, 0, 0, time.FixedZone("", -5*3600-1800)), time.Date(2024, 7, 1, 0, 0, 0, 0, time.Local),
	} {
		got := roundTrip(t, at)
		require.True(t, at.Equal(got))
		_, want := at.Zone()
		_, have := got.Zone()
		require.Equal(t, want, have)
		require.Equal(t, at.Location() == time.UTC, got.Location() == time.UTC)
	}
}

// stamped would lose N if the method it gets from its embedded field were used.
type stamped struct {
	time.Time
	N int
}

func TestAnEmbeddedMarshalerDoesNotHideFields(t *testing.T) {
	got := roundTrip(t, stamped{time.Unix(5, 0).UTC(), 7})
	require.Equal(t, 7, got.N)
	require.Equal(t, int64(5), got.Unix())
}

type secret struct{ hidden int }

type marshaled struct{ hidden byte }

func (m marshaled) MarshalBinary() ([]byte, error) {
	if m.hidden == 13 {
		return nil, errors.New("unlucky")
	}
	return []byte{m.hidden}, nil
}

func (m *marshaled) UnmarshalBinary(b []byte) error {
	if len(b) != 1 {
		return errors.New("length")
	}
	m.hidden = b[0]
	return nil
}

func TestCodecUsesMarshalers(t *testing.T) {
	require.Equal(t, []marshaled{{1}, {2}}, roundTrip(t, []marshaled{{1}, {2}}))
	codec, err := state.CodecFor[marshaled]()
	require.NoError(t, err)
	_, err = codec.Append(nil, &marshaled{13})
	require.ErrorContains(t, err, "unlucky")
	require.ErrorIs(t, codec.Decode([]byte{3, 1, 1}, &marshaled{}), state.ErrCorrupt)
}

func TestUnsupportedTypesAreNamed(t *testing.T) {
	check := func(_ any, err error, want string) {
		t.Helper()
		require.ErrorIs(t, err, state.ErrUnsupported)
		require.ErrorContains(t, err, want)
	}
	a, err := state.CodecFor[map[string][]secret]()
	check(a, err, "[][].hidden is unexported")
	b, err := state.CodecFor[struct{ F func() }]()
	check(b, err, ".F is func()")
	c, err := state.CodecFor[struct{ X any }]()
	check(c, err, ".X is interface {}")
	d, err := state.CodecFor[struct {
		A int
		B int `state:"A"`
	}]()
	check(d, err, `two fields named "A"`)
	e, err := state.CodecFor[struct {
		A int `state:"a b"`
	}]()
	check(e, err, `"a b"`)
	_, err = state.HashOf[struct{ P *int }]()
	require.ErrorContains(t, err, ".P is *int, which cannot be a key")
	_, err = state.HashOf[any]()
	require.ErrorIs(t, err, state.ErrUnsupported)
}

func TestDeepValuesAreRefused(t *testing.T) {
	codec, err := state.CodecFor[*tree]()
	require.NoError(t, err)
	var list *tree
	for range 9_000 {
		list = &tree{Right: list}
	}
	require.Equal(t, list, roundTrip(t, list))
	for range 2_000 {
		list = &tree{Right: list}
	}
	_, err = codec.Append(nil, &list)
	require.ErrorContains(t, err, "nests deeper")
}

func TestSchemasAreCanonical(t *testing.T) {
	schemaOf := func(codec any, err error) string {
		require.NoError(t, err)
		return reflect.ValueOf(codec).MethodByName("Schema").Call(nil)[0].String()
	}
	c1, err := state.CodecFor[tree]()
	require.Equal(t, "{Value int64;Left *@0;Right *@0}", schemaOf(c1, err))
	c2, err := state.CodecFor[map[string][]inner]()
	require.Equal(t, "map[string][]{A int8;B bool;C float64;D [3]uint16}", schemaOf(c2, err))
	c3, err := state.CodecFor[forest]()
	require.Equal(t, "[]@0", schemaOf(c3, err))
	c4, err := state.CodecFor[struct {
		T time.Time
		D time.Duration
		B []byte
		A netip.Addr
		R int `state:"r"`
	}]()
	require.Equal(t, "{T time;D int64;B bytes;A custom(binary net/netip.Addr);r int64}", schemaOf(c4, err))
}

type shape struct {
	Name  string
	Sizes map[string][]float64
	Next  *shape
	Flat  []inner
	Raw   []byte
	N     uint32
}

func shapes() *rapid.Generator[shape] {
	var one func(depth int) *rapid.Generator[shape]
	one = func(depth int) *rapid.Generator[shape] {
		return rapid.Custom(func(t *rapid.T) shape {
			s := shape{
				Name:  rapid.String().Draw(t, "name"),
				Sizes: rapid.MapOf(rapid.String(), rapid.SliceOf(rapid.Float64())).Draw(t, "sizes"),
				Raw:   rapid.SliceOf(rapid.Byte()).Draw(t, "raw"),
				N:     rapid.Uint32().Draw(t, "n"),
			}
			for range rapid.IntRange(0, 3).Draw(t, "flat") {
				s.Flat = append(s.Flat, inner{A: rapid.Int8().Draw(t, "a"), B: rapid.Bool().Draw(t, "b"), C: rapid.Float64().Draw(t, "c")})
			}
			if depth > 0 && rapid.Bool().Draw(t, "more") {
				next := one(depth-1).Draw(t, "next")
				s.Next = &next
			}
			return s
		})
	}
	return one(3)
}

func TestCodecRoundTripsAnyValue(t *testing.T) {
	gen := shapes()
	rapid.Check(t, func(t *rapid.T) {
		s := gen.Draw(t, "shape")
		require.Equal(t, s, roundTrip(t, s))
	})
}

func FuzzDecode(f *testing.F) {
	codec, err := state.CodecFor[everything]()
	require.NoError(f, err)
	empty, err := codec.Append(nil, &everything{})
	require.NoError(f, err)
	f.Add(empty)
	f.Add([]byte{255, 255, 255, 255, 255, 255, 255, 255, 255, 1})
	f.Fuzz(func(t *testing.T, src []byte) {
		var v everything
		if codec.Decode(src, &v) != nil {
			return
		}
		again, err := codec.Append(nil, &v)
		require.NoError(t, err)
		var w everything
		require.NoError(t, codec.Decode(again, &w))
	})
}

func BenchmarkCodec(b *testing.B) {
	codec, err := state.CodecFor[profile]()
	require.NoError(b, err)
	var p, q profile
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf, _ = codec.Append(buf[:0], &p)
		_ = codec.Decode(buf, &q)
	}
}

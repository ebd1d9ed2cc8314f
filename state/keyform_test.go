package state_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/turgo-io/turgo/state"
)

type formKey struct {
	A int16
	B uint32
	C float32
	D bool
	E string
	F [5]byte
	G [2]int8
	H struct{ X, Y string }
}

// TestKeyFormReadsWhatHasherWrites compares the two on random keys.
func TestKeyFormReadsWhatHasherWrites(t *testing.T) {
	h, err := state.HashOf[formKey]()
	require.NoError(t, err)
	f, err := h.Schema().KeyForm()
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		key := formKey{
			A: rapid.Int16().Draw(t, "a"), B: rapid.Uint32().Draw(t, "b"), C: rapid.Float32().Draw(t, "c"), D: rapid.Bool().Draw(t, "d"),
			E: rapid.String().Draw(t, "e"), G: [2]int8{rapid.Int8().Draw(t, "g")},
		}
		copy(key.F[:], rapid.String().Draw(t, "f"))
		key.H.Y = "\x00" + key.E
		stored := h.Append(nil, key)
		back, rest, err := h.Decode(append(stored, "tail"...))
		require.NoError(t, err)
		require.Equal(t, key, back)
		require.Equal(t, "tail", string(rest))
		cut, rest, err := f.Split(append(stored, "tail"...))
		require.NoError(t, err)
		require.Equal(t, stored, cut)
		require.Equal(t, "tail", string(rest))
		hash, err := f.Hash(stored)
		require.NoError(t, err)
		require.Equal(t, h.Hash(key), hash)
		_, err = f.Hash(stored[:len(stored)-1])
		require.ErrorIs(t, err, state.ErrCorrupt)
	})
}

func formText[K comparable](t *testing.T, key K) string {
	h, err := state.HashOf[K]()
	require.NoError(t, err)
	f, err := h.Schema().KeyForm()
	require.NoError(t, err)
	stored := h.Append(nil, key)
	hash, err := f.Hash(stored)
	require.NoError(t, err)
	require.Equal(t, h.Hash(key), hash)
	text, err := f.Text(stored)
	require.NoError(t, err)
	return text
}

func TestKeyFormText(t *testing.T) {
	require.Equal(t, "-7", formText(t, -7))
	require.Equal(t, "7", formText(t, uint8(7)))
	require.Equal(t, "true", formText(t, true))
	require.Equal(t, "-1.5", formText(t, -1.5))
	require.Equal(t, "NaN", formText(t, math.NaN()))
	require.Equal(t, `"a\x00b"`, formText(t, "a\x00b"))
	require.Equal(t, "010203", formText(t, [3]byte{1, 2, 3}))
	require.Equal(t, `1,"x"`, formText(t, struct {
		A int
		B string
	}{1, "x"}))
	for _, schema := range []state.Schema{"map[string]int64", "@0", "nothing", "[100000]int64", "[9]{}", "[1000000]{}"} {
		_, err := schema.KeyForm()
		if err != nil {
			require.ErrorIs(t, err, state.ErrCorrupt)
		}
	}
}

func jsonOf[T any](t *testing.T, v T) string {
	c, err := state.CodecFor[T]()
	require.NoError(t, err)
	r, err := c.Schema().ValueReader()
	require.NoError(t, err)
	src, err := c.Append(nil, &v)
	require.NoError(t, err)
	text, err := r.JSON(src)
	require.NoError(t, err)
	require.True(t, json.Valid(text), "%s", text)
	for n := range src {
		_, _ = r.JSON(src[:n]) // it must not panic
	}
	return string(text)
}

func TestJSON(t *testing.T) {
	type node struct {
		ID   int
		Next *node
	}
	require.Equal(t, `{"ID":1,"Next":{"ID":2,"Next":null}}`, jsonOf(t, node{1, &node{ID: 2}}))
	require.Equal(t, `{"a":[1,2],"b":null}`, jsonOf(t, map[string][]int8{"a": {1, 2}, "b": nil}))
	require.Equal(t, `{"-1":true}`, jsonOf(t, map[int8]bool{-1: true}))
	require.Equal(t, `"AQI="`, jsonOf(t, []byte{1, 2}))
	require.Equal(t, `["NaN",-0.5]`, jsonOf(t, [2]float32{float32(math.NaN()), -0.5}))
	require.Equal(t, `[1,"+Inf"]`, jsonOf(t, complex(1, math.Inf(1))))
	require.Equal(t, `"2026-11-24T02:00:00.5Z"`, jsonOf(t, time.Date(2026, 11, 24, 2, 0, 0, 5e8, time.UTC)))
	require.Equal(t, `18446744073709551615`, jsonOf(t, uint64(math.MaxUint64)))
	require.Equal(t, `"\"\u003c\n"`, jsonOf(t, "\"<\n"))
}

// TestReadsAgreesWithTheReaders holds the rules on text to those on Go types, for all pairs of these types.
func TestReadsAgreesWithTheReaders(t *testing.T) {
	type rec struct {
		A    int8
		Next []rec
	}
	type rec2 struct {
		A    int64
		B    string
		Next []rec2
	}
	type rec3 struct {
		A    string
		Next []rec3
	}
	everyPair(t, readerOf[bool], readerOf[int8], readerOf[int16], readerOf[int32], readerOf[int64], readerOf[uint8], readerOf[uint16], readerOf[uint32],
		readerOf[uint64], readerOf[float32], readerOf[float64], readerOf[complex64], readerOf[complex128], readerOf[string], readerOf[[]byte],
		readerOf[*int8], readerOf[**int16], readerOf[[]int8], readerOf[[]int64], readerOf[[3]int8], readerOf[[4]int8], readerOf[[3]string],
		readerOf[[4]byte], readerOf[map[string]int8], readerOf[map[string]int64], readerOf[map[int]int8], readerOf[time.Time], readerOf[[]time.Time],
		readerOf[rec], readerOf[rec2], readerOf[rec3], readerOf[*rec], readerOf[struct{}], readerOf[struct{ A *int16 }], readerOf[struct{ A []string }],
		readerOf[[]struct{ B []byte }], readerOf[map[string]struct{ B string }], readerOf[[0]int8], readerOf[[2][2]int8], readerOf[[2][]int16])
}

type reader struct {
	schema state.Schema
	reads  func(state.Schema) error
}

func readerOf[T any](t *testing.T) reader {
	c, err := state.CodecFor[T]()
	require.NoError(t, err)
	return reader{c.Schema(), func(w state.Schema) error {
		_, err := c.(state.SchemaReader[T]).ReaderOf(w)
		return err
	}}
}

func everyPair(t *testing.T, all ...func(*testing.T) reader) {
	yes := 0
	for _, r := range all {
		for _, w := range all {
			reader, writer := r(t), w(t)
			want, got := reader.reads(writer.schema), reader.schema.Reads(writer.schema, "value")
			require.Equal(t, want == nil, got == nil, "%s as %s: by types %v, by schemas %v", writer.schema, reader.schema, want, got)
			if got == nil {
				yes++
			} else {
				require.ErrorIs(t, got, state.ErrIncompatible)
				require.ErrorContains(t, got, "value")
			}
		}
	}
	require.Greater(t, yes, len(all), "some pairs that differ fit")
}

// FuzzJSON reads any bytes by any schema, as a tool does that is given a damaged checkpoint.
func FuzzJSON(f *testing.F) {
	f.Add("{ID int64;Tags []string;Next *@0}", []byte{1, 0, 0, 0, 0, 0, 0, 0, 2, 2, 'a', 0})
	f.Add("map[float64][3]bool", []byte{2, 0, 0, 0, 0, 0, 0, 240, 127, 1, 0, 1})
	f.Add("[60000][60000]{}", []byte{})
	f.Add("[]time", []byte{2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 128})
	f.Fuzz(func(t *testing.T, schema string, src []byte) {
		if key, err := state.Schema(schema).KeyForm(); err == nil {
			if _, rest, err := key.Split(src); err == nil {
				_, err = key.Hash(src[:len(src)-len(rest)])
				require.NoError(t, err)
				_, err = key.Text(src[:len(src)-len(rest)])
				require.NoError(t, err)
			}
		}
		r, err := state.Schema(schema).ValueReader()
		if err != nil {
			return
		}
		require.NoError(t, state.Schema(schema).Reads(state.Schema(schema), "value"))
		if text, err := r.JSON(src); err == nil {
			require.True(t, json.Valid(text), "%s", text)
		}
	})
}

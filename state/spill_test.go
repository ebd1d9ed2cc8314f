package state

import (
	"bytes"
	"testing"
	"unsafe"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
)

// FuzzSpillRecord holds that no bytes make the reading of evicted state panic or go on for ever, and that what is
// accepted is what was written.
func FuzzSpillRecord(f *testing.F) {
	s := newSpill(vfs.NewMem(), "", 0)
	_, err := s.begin(1, 77)
	require.NoError(f, err)
	s.buf = append(s.buf, 3, 0, 0, 0, 'k', 'e', 'y')
	var count int
	s.buf, count = beginColumn(s.buf, 2, spillWhole)
	countColumn(s.buf, count, 1)
	at := len(s.buf)
	s.buf = append(beginEntry(s.buf, flagPresent, 9), "suffix"...)
	endSuffix(s.buf, at)
	s.buf = append(s.buf, "value"...)
	endEntry(s.buf, at)
	s.buf = append(s.buf, 0)
	record := bytes.Clone(s.buf)
	require.NoError(f, s.end(0))
	f.Add(bytes.Clone(s.buf), record[recordStart:])
	f.Add([]byte{}, []byte{1, 0, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, raw, body []byte) {
		if r, err := parseSpill(raw); err == nil {
			require.LessOrEqual(t, r.size, len(raw))
			require.Len(t, raw[recordStart+4:r.size], len(r.key)+len(r.body))
			readColumns(t, r.body)
		}
		readColumns(t, body)
	})
}

func readColumns(t *testing.T, src []byte) {
	for range len(src) + 1 {
		c, rest, ok, err := nextColumn(src)
		if err != nil || !ok {
			return
		}
		require.Less(t, len(rest), len(src))
		for range c.entries {
			before := len(rest)
			e, after, err := nextEntry(rest)
			if err != nil {
				return
			}
			require.Equal(t, before, len(after)+entryHead+len(e.suffix)+len(e.value))
			rest = after
		}
		src = rest
	}
	t.Fatal("the columns do not end")
}

type fuzzKey struct {
	A string
	B int32
	C float64
	D [2]byte
	E bool
	F uint16
	G string
}

// FuzzKeyOrder holds that bytes of keys sort as the keys do, that different keys have different bytes, and that no
// key's bytes begin another's.
func FuzzKeyOrder(f *testing.F) {
	f.Add("a", int32(1), 1.5, false, uint16(3), "x", "a\x00", int32(-1), -1.5, true, uint16(2), "x\x00")
	f.Add("", int32(0), 0.0, false, uint16(0), "", "\x00\xff", int32(0), 0.0, false, uint16(0), "\x00")
	k, err := newKeyType(typeOf[fuzzKey]())
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, a1 string, b1 int32, c1 float64, e1 bool, f1 uint16, g1 string,
		a2 string, b2 int32, c2 float64, e2 bool, f2 uint16, g2 string,
	) {
		x := fuzzKey{A: a1, B: b1, C: c1, D: [2]byte{byte(f1), byte(b1)}, E: e1, F: f1, G: g1}
		y := fuzzKey{A: a2, B: b2, C: c2, D: [2]byte{byte(f2), byte(b2)}, E: e2, F: f2, G: g2}
		bx, by := k.append(nil, unsafe.Pointer(&x)), k.append(nil, unsafe.Pointer(&y))
		order := k.compare(unsafe.Pointer(&x), unsafe.Pointer(&y))
		require.Equal(t, order, bytes.Compare(bx, by))
		if x == y {
			require.Zero(t, order)
		}
		if order != 0 {
			require.False(t, bytes.HasPrefix(bx, by) || bytes.HasPrefix(by, bx))
		}
		var back fuzzKey
		rest, err := k.decode(bx, unsafe.Pointer(&back))
		require.NoError(t, err)
		require.Empty(t, rest)
		require.Equal(t, bx, k.append(nil, unsafe.Pointer(&back)))
	})
}

// TestDamagedEvictedStateIsNoticed changes each byte of a segment in turn.
func TestDamagedEvictedStateIsNoticed(t *testing.T) {
	fs := vfs.NewMem()
	s := newSpill(fs, "", 0)
	var at []uint32
	for i := range 3 {
		pos, err := s.begin(1, uint64(i))
		require.NoError(t, err)
		from := len(s.buf) - recordStart
		s.buf = append(s.buf, 1, 0, 0, 0, byte('a'+i), 0)
		require.NoError(t, s.end(from))
		at = append(at, pos)
	}
	require.NoError(t, s.seal())
	seg, _ := s.at(at[0])
	whole := make([]byte, seg.written)
	require.NoError(t, readAt(seg.file, whole, 0))
	for i := range whole {
		damaged := bytes.Clone(whole)
		damaged[i] ^= 0x10
		f, err := fs.Create("damaged", vfs.WriteCategoryUnspecified)
		require.NoError(t, err)
		_, err = f.Write(damaged)
		require.NoError(t, err)
		old := seg.file
		seg.file = f
		wrong := 0
		for n, pos := range at {
			r, err := s.load(pos)
			if err != nil {
				require.ErrorIs(t, err, ErrCorrupt)
				wrong++
				continue
			}
			require.Equal(t, []byte{byte('a' + n)}, r.key)
		}
		require.LessOrEqual(t, wrong, 1, "byte %d", i)
		if i%32 < 22 { // not padding
			require.Equal(t, 1, wrong, "byte %d", i)
		}
		seg.file = old
		require.NoError(t, f.Close())
	}
	require.NoError(t, s.close())
}

package state

import (
	"bytes"
	"cmp"
	"reflect"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

type compound struct {
	I    int16
	S    string
	F    float32
	B    bool
	Raw  [3]byte
	Nums [2]uint32
	T    string
	_    int32
}

func compounds() *rapid.Generator[compound] {
	text := rapid.StringOfN(rapid.RuneFrom([]rune{0, 1, 'a', 255}), 0, 4, -1)
	return rapid.Custom(func(t *rapid.T) compound {
		return compound{
			I: rapid.Int16().Draw(t, "i"), S: text.Draw(t, "s"), F: rapid.Float32().Draw(t, "f"), B: rapid.Bool().Draw(t, "b"),
			Raw:  [3]byte{rapid.Byte().Draw(t, "raw")},
			Nums: [2]uint32{rapid.Uint32Range(0, 3).Draw(t, "x"), rapid.Uint32Range(0, 3).Draw(t, "y")}, T: text.Draw(t, "t"),
		}
	})
}

// naive is the order that fields in turn give.
func naive(a, b compound) int {
	for _, c := range []int{
		cmp.Compare(a.I, b.I), cmp.Compare(a.S, b.S), cmp.Compare(a.F, b.F), cmp.Compare(boolByte(a.B), boolByte(b.B)),
		bytes.Compare(a.Raw[:], b.Raw[:]), cmp.Compare(a.Nums[0], b.Nums[0]), cmp.Compare(a.Nums[1], b.Nums[1]), cmp.Compare(a.T, b.T),
	} {
		if c != 0 {
			return c
		}
	}
	return 0
}

func encodeKey[K comparable](k *keyType, key K) []byte { return k.append(nil, unsafe.Pointer(&key)) }

func TestKeyBytesKeepOrderAndCanBeRead(t *testing.T) {
	k, err := newKeyType(reflect.TypeFor[compound]())
	require.NoError(t, err)
	require.Equal(t, "{I int64;S string;F float64;B bool;Raw [3]uint8;Nums [2]uint64;T string}", k.schema)
	gen := compounds()
	rapid.Check(t, func(t *rapid.T) {
		a, b := gen.Draw(t, "a"), gen.Draw(t, "b")
		if rapid.Bool().Draw(t, "near") {
			b.I, b.S, b.F = a.I, a.S, a.F
		}
		x, y := encodeKey(k, a), encodeKey(k, b)
		require.Equal(t, naive(a, b), bytes.Compare(x, y))
		require.Equal(t, naive(a, b), k.compare(unsafe.Pointer(&a), unsafe.Pointer(&b)))
		if a != b {
			require.False(t, bytes.HasPrefix(x, y), "no key begins another")
		} else {
			require.Equal(t, k.hash(unsafe.Pointer(&a)), k.hash(unsafe.Pointer(&b)))
		}
		var back compound
		rest, err := k.decode(append(x, "rest"...), unsafe.Pointer(&back))
		require.NoError(t, err)
		require.Equal(t, "rest", string(rest))
		require.Equal(t, x, encodeKey(k, back))
	})
}

// TestHashesNeverChange: a changed hash would send a key to another task than the one that has its state.
func TestHashesNeverChange(t *testing.T) {
	check := func(want uint64, got uint64) {
		t.Helper()
		require.Equal(t, want, got)
	}
	check(0x2cb4a7ee46cb76cc, hashOf(42))
	check(0x2cb4a7ee46cb76cc, hashOf(int8(42)))
	check(0x2cb4a7ee46cb76cc, hashOf(uint16(42)))
	check(0x78a9666a39c1a1b5, hashOf(-1))
	check(0x78a9666a39c1a1b5, hashOf(int16(-1)))
	check(0x12a64feda7c48f6f, hashOf("card-42"))
	check(0xd4887a33c212cc82, hashOf(1.5))
	check(0xd4887a33c212cc82, hashOf(float32(1.5)))
	check(0x3c02aa47758292bd, hashOf(true))
	check(0x44a57e175027fc96, hashOf(struct {
		a int
		b string
	}{1, "x"}))
	check(0x542620e3a2a92ed1, hashOf([4]byte{1, 2, 3, 4}))
	require.NotEqual(t, hashOf([2]int{1, 2}), hashOf([2]int{2, 1}))
	require.NotEqual(t, hashOf([2]string{"ab", "c"}), hashOf([2]string{"a", "bc"}))
}

func hashOf[K comparable](k K) uint64 {
	h, err := HashOf[K]()
	if err != nil {
		panic(err)
	}
	one := h.Hash(k)
	all := make([]uint64, 3)
	h.HashAll([]K{k, k, k}, all)
	if all[0] != one || all[2] != one {
		panic("a batch hashes otherwise")
	}
	return one
}

func TestHashesSpreadOverKeyGroups(t *testing.T) {
	var counts [DefaultMaxParallelism]int
	h, err := HashOf[int]()
	require.NoError(t, err)
	for i := range 128_000 {
		counts[h.Group(i, DefaultMaxParallelism)]++
	}
	for g, n := range counts {
		require.InDelta(t, 1000, n, 160, "group %d", g)
	}
}

func TestHashingAllocatesNothing(t *testing.T) {
	type key struct {
		A string
		B [2]float64
	}
	h, err := HashOf[key]()
	require.NoError(t, err)
	k := key{"abc", [2]float64{1, 2}}
	require.Zero(t, testing.AllocsPerRun(100, func() { h.Hash(k) }))
}

func FuzzKeyDecode(f *testing.F) {
	k, err := newKeyType(reflect.TypeFor[compound]())
	require.NoError(f, err)
	f.Add(encodeKey(k, compound{I: -3, S: "a\x00b", F: -1.5, T: "z"}))
	f.Fuzz(func(t *testing.T, src []byte) {
		var key compound
		rest, err := k.decode(src, unsafe.Pointer(&key))
		if err == nil {
			require.Equal(t, src[:len(src)-len(rest)], encodeKey(k, key), "what is read is what was written")
		}
	})
}

func TestKeyGroupRangesTile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		groups := rapid.IntRange(1, 1000).Draw(t, "groups")
		parallelism := rapid.IntRange(1, groups).Draw(t, "parallelism")
		next := 0
		for i := range parallelism {
			r := KeyGroupRange(parallelism, i, groups)
			require.Equal(t, next, r.First)
			require.Contains(t, []int{groups / parallelism, groups/parallelism + 1}, r.Len())
			for g := r.First; g < r.End; g++ {
				require.Equal(t, i, SubtaskOf(g, parallelism, groups))
			}
			next = r.End
		}
		require.Equal(t, groups, next)
		hash := rapid.Uint64().Draw(t, "hash")
		require.True(t, AllGroups(groups).Contains(KeyGroup(hash, groups)))
	})
}

package state_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/state"
)

// evolve writes old as a program did and reads it as another one does.
func evolve[Old, New any](old Old) (got New, err error) {
	w, err := state.CodecFor[Old]()
	if err != nil {
		return got, err
	}
	raw, err := w.Append(nil, &old)
	if err != nil {
		return got, err
	}
	r, err := state.CodecFor[New]()
	if err != nil {
		return got, err
	}
	read, err := r.(state.SchemaReader[New]).ReaderOf(w.Schema())
	if err != nil {
		return got, err
	}
	return got, read(raw, &got)
}

func requireEvolves[Old, New any](t *testing.T, name string, old Old, want New) {
	t.Helper()
	got, err := evolve[Old, New](old)
	require.NoError(t, err, name)
	require.Equal(t, want, got, name)
}

func requireRefused[Old, New any](t *testing.T, says ...string) {
	t.Helper()
	var old Old
	_, err := evolve[Old, New](old)
	require.ErrorIs(t, err, state.ErrIncompatible)
	for _, s := range says {
		require.ErrorContains(t, err, s)
	}
}

func TestFieldsMayComeAndGoAndMove(t *testing.T) {
	type v1 struct {
		Gone  map[string][]*int
		A     int32
		Name  string
		Also  [2]struct{ X []string }
		Tree  *tree
		Total float32
	}
	type v2 struct {
		New   []int
		Total float64
		Name  string
		A     int64
	}
	n := 7
	requireEvolves(t, "fields", v1{Gone: map[string][]*int{"a": {&n, nil}}, A: -5, Name: "n", Tree: &tree{Left: &tree{}}, Total: 1.5},
		v2{Total: 1.5, Name: "n", A: -5})
}

func TestFieldsMayBeRenamedByTag(t *testing.T) {
	type v1 struct{ Amount int }
	type v2 struct {
		Sum int `state:"Amount"`
	}
	requireEvolves(t, "tag", v1{5}, v2{5})
}

func TestNumbersMayWiden(t *testing.T) {
	requireEvolves[int8, int16](t, "int8", -3, -3)
	requireEvolves[int8, int32](t, "int8", -3, -3)
	requireEvolves[int32, int](t, "int32", -3, -3)
	requireEvolves[uint8, uint64](t, "uint8", 200, 200)
	requireEvolves[uint8, int16](t, "uint8", 200, 200)
	requireEvolves[uint32, int64](t, "uint32", 4e9, 4e9)
	requireEvolves[int32, float64](t, "int32", -3, -3)
	requireEvolves[uint16, float32](t, "uint16", 65535, 65535)
	requireEvolves[float32, float64](t, "float32", 0.5, 0.5)
	requireEvolves[complex64, complex128](t, "complex64", 1+2i, 1+2i)
	requireRefused[int64, int32](t, "written as int64 and is now int32")
	requireRefused[int32, uint64](t)
	requireRefused[uint64, int64](t)
	requireRefused[int64, float64](t)
	requireRefused[float64, float32](t)
	requireRefused[float32, int64](t)
	requireRefused[bool, int64](t)
	requireRefused[int8, bool](t)
}

func TestContainersFollowTheirElements(t *testing.T) {
	type a struct{ X int32 }
	type b struct {
		Y string
		X int64
	}
	requireEvolves(t, "list", []a{{1}, {2}}, []b{{X: 1}, {X: 2}})
	requireEvolves(t, "nil list", []a(nil), []b(nil))
	requireEvolves(t, "array", [2]a{{1}, {2}}, [2]b{{X: 1}, {X: 2}})
	requireEvolves(t, "array to list", [2]a{{1}, {2}}, []b{{X: 1}, {X: 2}})
	requireEvolves(t, "map", map[int32]a{3: {4}}, map[int64]b{3: {X: 4}})
	requireEvolves(t, "pointer", &a{1}, &b{X: 1})
	requireEvolves(t, "nil pointer", (*a)(nil), (*b)(nil))
	requireEvolves(t, "behind a pointer", a{1}, &b{X: 1})
	requireEvolves(t, "string", "text", []byte("text"))
	requireEvolves(t, "bytes", []byte("text"), "text")
	requireRefused[*a, b](t)
	requireRefused[[2]a, [3]a](t)
	requireRefused[[]a, [3]a](t)
	requireRefused[[]int8, []byte](t)
	requireRefused[[]a, map[int]a](t)
	requireRefused[map[string]struct{ Deep []a }, map[string]struct{ Deep []struct{ X string } }](t, "[].Deep[].X was written as int32 and is now string")
}

func TestRecursiveTypesEvolve(t *testing.T) {
	type tree2 struct {
		Left  *tree2
		Value int64
		Extra string
	}
	requireEvolves(t, "tree", tree{1, &tree{2, nil, &tree{Value: 9}}, &tree{Value: 3}}, tree2{&tree2{nil, 2, ""}, 1, ""})
}

func TestSchemasThatCannotBeAreRefused(t *testing.T) {
	codec, err := state.CodecFor[int]()
	require.NoError(t, err)
	for _, s := range []state.Schema{
		"", "int", "int65", "[]", "[3int8", "[-1]int8", "[01]int8", "map[int8", "map[int8]", "{A int8", "{A}", "{ int8}", "{A int8;A int8}",
		"@0", "{A @0}", "[2]@0", "{A [2]@0}", "*@1", "custom()", "custom(a", "int8 ", "[99999999999]int8",
	} {
		_, err := codec.(state.SchemaReader[int]).ReaderOf(s)
		require.ErrorIs(t, err, state.ErrCorrupt, "%q", s)
	}
}

func FuzzSchema(f *testing.F) {
	for _, s := range []string{"int64", "{A int8;B []*@0}", "map[string][2]custom(x(y))", "[]{A bytes;B time}"} {
		f.Add(s, []byte{1, 2, 3})
	}
	type loose struct {
		A *int64
		B []any `state:"-"`
		C string
	}
	codec, err := state.CodecFor[loose]()
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, s string, value []byte) {
		// A writer whose only field is unknown: the whole value is skipped over.
		read, err := codec.(state.SchemaReader[loose]).ReaderOf(state.Schema("{Unknown " + s + "}"))
		if err == nil {
			var v loose
			_ = read(value, &v)
		}
	})
}

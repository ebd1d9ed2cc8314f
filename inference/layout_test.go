package inference_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/turgo-io/turgo/inference"
	"github.com/turgo-io/turgo/inference/tensor"
)

var kinds = []reflect.Type{
	reflect.TypeFor[int8](), reflect.TypeFor[int16](), reflect.TypeFor[int32](), reflect.TypeFor[int64](), reflect.TypeFor[int](),
	reflect.TypeFor[uint8](), reflect.TypeFor[uint16](), reflect.TypeFor[uint32](), reflect.TypeFor[uint64](), reflect.TypeFor[uint](),
	reflect.TypeFor[float32](), reflect.TypeFor[float64](), reflect.TypeFor[float32](), reflect.TypeFor[float32](),
}

// layout makes a struct type whose fields have the columns from..to of a tensor, in any order and nested in any way, with
// fields between them that are not bound.
func layout(t *rapid.T, tensorName string, from, to int, kinds []reflect.Type) reflect.Type {
	var fields []reflect.StructField
	add := func(typ reflect.Type, tag string) {
		fields = append(fields, reflect.StructField{Name: fmt.Sprintf("F%d", len(fields)), Type: typ, Tag: reflect.StructTag(tag)})
	}
	for from < to {
		kind := rapid.SampledFrom(kinds).Draw(t, "kind")
		n := min(to-from, rapid.IntRange(1, 4).Draw(t, "columns"))
		tag := fmt.Sprintf(`onnx:"%s,%d"`, tensorName, from)
		switch rapid.SampledFrom([]string{"one", "one", "array", "matrix", "nest", "gap"}).Draw(t, "form") {
		case "one":
			n = 1
			add(kind, tag)
		case "array":
			add(reflect.ArrayOf(n, kind), tag)
		case "matrix":
			n -= n % 2
			if n > 0 {
				add(reflect.ArrayOf(n/2, reflect.ArrayOf(2, kind)), tag)
			}
		case "nest":
			add(layout(t, tensorName, from, from+n, kinds), "")
		case "gap":
			n = 0
			add(rapid.SampledFrom([]reflect.Type{kind, reflect.TypeFor[string](), reflect.TypeFor[bool](), reflect.TypeFor[[]byte]()}).Draw(t, "gap"), "")
		}
		from += n
	}
	order := rapid.Permutation(fields).Draw(t, "order")
	if rapid.Bool().Draw(t, "sorted") { // as people write them: neighbours stay neighbours
		order = fields
	}
	return reflect.StructOf(order)
}

// each visits the bound numbers of a value with their columns: the slow way to do what a binding does.
func each(v reflect.Value, visit func(number reflect.Value, column int)) {
	for i := range v.NumField() {
		f := v.Field(i)
		var column int
		if tag, ok := v.Type().Field(i).Tag.Lookup("onnx"); ok {
			name, key, c, err := inference.ParseTag(tag)
			if err != nil || name == "" || key == "" {
				panic("the layout made a tag that cannot be read: " + tag)
			}
			column = c
			elements(f, &column, visit)
		} else if f.Kind() == reflect.Struct {
			each(f, visit)
		}
	}
}

func elements(f reflect.Value, column *int, visit func(reflect.Value, int)) {
	if f.Kind() != reflect.Array {
		visit(f, *column)
		*column++
		return
	}
	for i := range f.Len() {
		elements(f.Index(i), column, visit)
	}
}

func set(v reflect.Value, n int) {
	switch {
	case v.CanInt():
		v.SetInt(int64(n))
	case v.CanUint():
		v.SetUint(uint64(n))
	default:
		v.SetFloat(float64(n))
	}
}

func get(v reflect.Value) int {
	switch {
	case v.CanInt():
		return int(v.Int())
	case v.CanUint():
		return int(v.Uint())
	}
	return int(v.Float())
}

// TestAnyLayout: structs of any make, through a model that gives back what it gets, against a walk by reflection.
func TestAnyLayout(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		width := rapid.IntRange(1, 12).Draw(rt, "width")
		in := layout(rt, "x", 0, width, kinds)
		first := rapid.IntRange(0, width-1).Draw(rt, "first")
		wide := []reflect.Type{reflect.TypeFor[float32](), reflect.TypeFor[float64]()}
		out := layout(rt, "y", first, rapid.IntRange(first+1, width).Draw(rt, "last"), wide)
		elem := rapid.SampledFrom([]tensor.Elem{tensor.Float32, tensor.Float64}).Draw(rt, "elem")
		rows := rapid.IntRange(1, 5).Draw(rt, "rows")
		fixed := rapid.SampledFrom([]int{-1, -1, 1, 3}).Draw(rt, "fixed")

		records := reflect.MakeSlice(reflect.SliceOf(in), rows, rows)
		want := make([][]int, rows)
		for i := range rows {
			want[i] = make([]int, width)
			each(records.Index(i), func(number reflect.Value, column int) {
				n := (i*31 + column*7 + 1) % 128
				set(number, n)
				want[i][column] = n
			})
		}
		got, err := inference.RunTypes(echo(elem, fixed, width).model(t), records, out)
		require.NoError(t, err)
		for i := range rows {
			found := 0
			each(got.Index(i), func(number reflect.Value, column int) {
				require.Equal(t, want[i][column], get(number), "row %d, column %d of %v", i, column, out)
				found++
			})
			require.Positive(t, found)
			each(records.Index(i), func(number reflect.Value, column int) {
				require.Equal(t, want[i][column], get(number), "records are only read")
			})
		}
	})
}

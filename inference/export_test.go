package inference

import (
	"context"
	"reflect"
)

// ParseTag lets the fuzz target in.
func ParseTag(s string) (name, key string, column int, err error) {
	t, err := parseTag(s)
	return t.name, t.key, t.column, err
}

// RunTypes is Bind and Predict for types that only reflect knows: in is a slice of records, and so is what is returned.
func RunTypes(m *Model, in reflect.Value, out reflect.Type) (reflect.Value, error) {
	b, err := bind(m, in.Type().Elem(), out)
	if err != nil {
		return reflect.Value{}, err
	}
	made := reflect.MakeSlice(reflect.SliceOf(out), in.Len(), in.Len())
	return made, newRunner(b).run(context.Background(), in.UnsafePointer(), made.UnsafePointer(), in.Len())
}

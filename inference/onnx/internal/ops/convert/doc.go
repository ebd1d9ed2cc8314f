// Package convert reads and writes the elements of tensors as numbers of one type,
// whatever their own.
//
//	v := make([]float64, t.Len())
//	err := convert.ToFloat64(v, t) // int8, bool, bfloat16, float8, …
//
// # Concepts
//
// float64 holds every element but large 64-bit integers exactly; those go through
// int64.
//
//	tensor of any type <── ToFloat64, LoadInts ── []float64, []int64
//	                   ── FromFloat64, StoreInts ──>
//
// # Invariants
//
//  1. A float that no integer of the target can hold wraps around in a fixed way,
//     the same on every machine.
//
// # What it does not do
//
// It knows no strings and no complex numbers.
package convert

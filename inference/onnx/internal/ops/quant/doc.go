// Package quant holds the operators on quantized tensors.
//
//	for _, d := range quant.Table() {
//		fmt.Println(d.Name) // DequantizeLinear, QuantizeLinear, …
//	}
//
// # Concepts
//
// A quantized tensor is integers (or float8) q with a scale and a zero point: its
// numbers are (q - zero) · scale. Scales are one for the tensor, one for each index
// of an axis, or one for each block along it.
//
//	x ── / scale, round to even, + zero, clamp ──> q ── - zero, · scale ──> x'
//
// # Invariants
//
//  1. Integer products are exact: they are summed in int32 with wrap-around, as the
//     specification has it.
//
// # What it does not do
//
// The loops here are plain: the integer instructions of the machine are not used.
package quant

// Package nn holds the operators of neural networks that are more than algebra:
// convolutions, pooling, normalizations, recurrent layers.
//
//	for _, d := range nn.Table() {
//		fmt.Println(d.Name) // Conv, LSTM, …
//	}
//
// # Concepts
//
// One, two and three spatial dimensions are one case: missing ones are of size 1
// ([window]). A convolution is a matrix product of the weights with patches of the
// image, taken strip by strip so that patches stay in the cache; one of single
// channels is computed in place.
//
//	x [C,H,W] ── patches [C·kh·kw, strip] ── Pack ──╮
//	weights [M, C·kh·kw] ──────────────────────────> Mul ──> y [M, strip]
//
// Recurrent layers multiply all inputs by their weights in one product first, then
// go step by step.
//
// # Invariants
//
//  1. Geometry is checked before memory is asked for: no window is larger than its
//     padded input unless the result is empty.
//
// # What it does not do
//
// Quantized layers are in package quant.
package nn

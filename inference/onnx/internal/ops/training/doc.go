// Package training holds the optimizer steps of ai.onnx.preview.training.
//
//	for _, d := range training.Table() {
//		fmt.Println(d.Name) // Adagrad, Adam, Momentum
//	}
//
// # Concepts
//
// A node updates any number of tensors at once: inputs are the learning rate, the
// step, then all tensors, all gradients, and all of each kind of state.
//
//	rate, step, X1 … Xn, G1 … Gn, states… ──> X1' … Xn', states'…
//
// # Invariants
//
//  1. float32 is computed in float64 and rounded once.
//
// # What it does not do
//
// It computes no gradients: the operator Gradient is not there.
package training

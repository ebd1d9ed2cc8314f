// Package ml holds the operators of ai.onnx.ml: what scikit-learn pipelines and
// boosted trees are exported to.
//
//	for _, d := range ml.Table() {
//		fmt.Println(d.Name) // TreeEnsembleClassifier, Scaler, …
//	}
//
// # Concepts
//
// Inputs are rows of features: a matrix, or a vector that counts as one row.
// Numbers of any type are accepted and computed as float32 unless an operator is
// defined on doubles. Where the specification is silent, results follow ONNX
// Runtime, because models are trained and checked against it.
//
//	rows ── features ──> scores ── post transform ──> output
//	                        ╰── label by the largest ──> classlabels
//
// # Invariants
//
//  1. Attribute lists of the wrong length are refused when the model is loaded, as
//     far as they do not depend on the input.
//
// # What it does not do
//
// Trees are walked by package trees.
package ml

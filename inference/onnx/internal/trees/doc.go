// Package trees runs decision-tree ensembles: the kernels behind TreeEnsembleClassifier, TreeEnsembleRegressor and
// TreeEnsemble of ai.onnx.ml, behind isolation forests, and behind imported XGBoost, LightGBM and CatBoost models.
//
// # Use
//
//	e, err := trees.FromV3(trees.V3{Targets: 1, NodeIDs: …, Modes: …})   // or FromV5, or an Ensemble built by hand
//	k, err := trees.Compile(e)                       // or CompileFor[float32](e)
//	err = k.Scores(dst, x, rows, stride)             // dst: rows × k.Outputs()
//	err = k.Classify(dst, labels, x, rows, stride)   // labels: one class index a row
//
// dst is []float32 or []float64; x is []float32, []float64, []int32 or []int64. Row r of x starts at x[r*stride].
//
// # Concepts
//
// An [Ensemble] is the one description every source is turned into: nodes, roots, and votes that leaves cast for
// targets (classes of a classifier). [Compile] checks it completely, so that a [Kernel] cannot fail but for slices that are
// too short. Results are fixed by the model and the row alone: votes are added in float64, in an order chosen once by Compile,
// whatever the batch size.
//
//	attributes (v1, v3) ─ FromV3 ─┐
//	attributes (v5) ───── FromV5 ─┼─> Ensemble ─ Compile ─> Kernel: ten trees side by side,
//	XGBoost, LightGBM, CatBoost ──┘      ▲                          for each row of a block, then the next ten trees
//	                                     └─ Merge (isolation forests)
//
// # How a decision becomes a step
//
// Every mode, with its rule for missing values, is a function of one feature that is constant between a few boundaries:
// x <= t has one boundary, x == t has two, membership in k values has 2k. Boundaries are stored as integers that sort as the
// floats do, NaN below or above all of them as the node asks. A boundary is then one 8-byte node and one step without a
// branch: next = left - (x[slot] > boundary). A leaf points to itself, so walks of unequal length run side by side.
// More than 255 compared features or 16 million nodes, or float64 features and thresholds that are no float32, take wider
// nodes.
//
// # Invariants
//
//   - A Kernel never changes after Compile; calls may run concurrently and allocate nothing in steady state.
//   - Bit-equal results over batch sizes, kernels and calls.
//   - A description that Compile accepts has no cycle, no missing child, no id out of range: no walk can be endless.
//
// # Where ONNX Runtime and the specification part
//
// Followed: ONNX Runtime, in the two-class ensembles whose votes all name one class; in ignoring every post transform but
// PROBIT on a single output; in NaN != t being true. Followed: the specification, in the numbers of v5 post
// transforms (ONNX Runtime 1.32 swaps SOFTMAX and LOGISTIC); in the top class of two-class ensembles whose votes name
// both classes; in adding a pair of base values to its pair of classes, and base values to targets that a row has no vote
// for. finish.go has the table.
//
// # What it does not do
//
// It does not read files (package treefile does), does not know tensors or label strings (the operators do), does not
// start goroutines: parallelism belongs to the caller, who gives ranges of rows.
package trees

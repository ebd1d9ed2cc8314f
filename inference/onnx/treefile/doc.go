// Package treefile reads models that XGBoost (JSON), LightGBM (text) and CatBoost (JSON) have saved, and predicts with them: no
// conversion to ONNX, no shared library.
//
//	f, err := os.Open("fraud.json")
//	m, err := treefile.ReadXGBoost(f, treefile.Options{})
//	scores := make([]float32, rows*m.Outputs())
//	err = m.Predict(scores, x, rows, m.Features())     // row after row; NaN is a missing value
//
// # Concepts
//
// A [Model] predicts what the library's own predict does: probabilities for a logistic or softmax objective, expected counts for a
// Poisson one. With Options.Raw it gives the sum of the leaves, before the objective's link function.
//
//	file ── Read… ──> trees + link ── compile ──> Model ── Predict ──> link(sum of leaves + base)
//	         │
//	         └─ ErrFormat: not such a file   ErrUnsupported: says which part   ErrLimit: over Options.MaxBytes
//
// XGBoost and CatBoost compare float32 features, so float64 rows are rounded first; LightGBM compares float64. Integers are taken
// as the nearest float32. A category is its number: XGBoost's codes, LightGBM's integers; text categories are encoded by the
// caller, as they were for the training.
//
// # Invariants
//
//   - A Model never changes and may be used concurrently; Predict allocates nothing in steady state.
//   - Predictions do not depend on how rows are cut into calls.
//   - Reading takes memory in proportion to the file, at most Options.MaxBytes of it, and time nearly so; no file makes it panic.
//
// # What it does not do
//
// Linear boosters and linear leaves, vector leaves of XGBoost's multi_output_tree, CatBoost's hashed and counted categorical,
// text and embedding features: these are refused. It does not pick XGBoost's best_iteration: all trees in the file count. For
// multi:softmax it gives all probabilities, as multi:softprob; the class is the largest.
package treefile

// Package inference makes a model an operator like any other: records go in, predictions come out, in
// order, exactly as often as the rest of the job.
//
//	type Features struct {
//		Card   string                    // no tag: not the model's business
//		Amount float32 `onnx:"x,0"`      // column 0 of input x
//		Gap    float64 `onnx:"x,1"`      // numbers are converted
//	}
//	type Score struct {
//		Label int64      `onnx:"label"`
//		P     [2]float32 `onnx:"probabilities"`
//	}
//
//	model, err := inference.Open(os.DirFS("models"), "fraud.onnx")
//	alerts := features.Via(inference.Predict(model, inference.Batch{}, func(f Features, s Score) Alert {
//		return Alert{Card: f.Card, Score: s.P[1]}
//	}))
//
// # Concepts
//
// A [Model] is an ONNX file ([Open], [Load], [FromONNX]), a function ([Func]: rules, a fake in a test) or any
// code that predicts batches ([Custom]). All of them go into the same [Predict], so a test runs the pipeline
// of production with a function in the model's place. [Bind] gives the same without a stream.
//
// Struct tags say what a field is to an ONNX model:
//
//	onnx:"x"       all that input or output x has for the record: a number for [N] and [N,1],
//	               an array or slice for [N,k], an array of arrays or a slice for more dimensions
//	onnx:"x,3"     column 3 of x; an array begins there
//	onnx:"p,1"     of an output that maps classes to numbers (ZipMap): the number of class 1, or, where
//	onnx:"p,spam"  classes are strings, of class spam; without a key the field is a map[int64]float32 or
//	               map[string]float32
//	onnx:"-"       nothing of this struct field
//
// Fields of nested and embedded structs count as the struct's own. A field without a tag is not bound. A type
// that is no struct is bound as a whole where the model has one input, or one output.
//
// Numbers are converted: any number to a float (rounded), integers to integers that hold all their values, bools
// to 0 and 1. What could overflow, and numbers from or to strings, are refused.
//
// A batch goes out when it is full, when its oldest record has waited for [Batch].Delay, when the task has
// nothing more to read (unless Wait is set), at a barrier and at the end:
//
//	records  r1 r2 w1 r3 |B|                        w1: watermark, B: barrier
//	            │        │
//	          gather ────┤ the barrier sends the batch out
//	                     v
//	                model(r1 r2 r3) ──> result r1 ── r2 ── w1 ── r3 ── B
//
// # Invariants
//
//  1. Everything that does not fit between model and types is reported before the job starts, in one
//     *[MismatchError], each fault with both sides named. What a file says of its outputs is checked by running
//     the model once, and again with each batch.
//  2. Records keep their order and event times; marks keep their places between them.
//  3. Nothing is gathered when a barrier is handed on: the operator has no state, and a restart predicts
//     again what was not yet out.
//  4. Steady state allocates nothing per record, except for what predictions hold on to: slices (one block a
//     batch) and maps.
//
// # What it does not do
//
// It does not train, and it does not look into a model: see package inference/onnx for running one alone.
// Records of one batch must not need each other: a model that mixes rows of a batch has no place here.
package inference

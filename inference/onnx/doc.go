// Package onnx loads ONNX models and runs them, in pure Go.
//
//	model, err := onnx.Open(os.DirFS("models"), "fraud.onnx")
//	session := model.NewSession(onnx.SessionConfig{})
//	x, err := tensor.Of([]int{1, 3}, []float32{120.5, 2, 0})
//	out, err := session.RunNamed(map[string]tensor.Value{"x": x})
//	fmt.Println(out["probabilities"]) // float32[1,2]
//
// # Concepts
//
// A [Model] is a loaded file: checked, simplified, its weights made ready. It is
// immutable and shared. A [Session] runs it; one session serves any number of
// goroutines, each run taking private memory from a list the session keeps.
//
// For serving, the caller owns inputs and outputs and gives the same ones again:
// [Session.Run] then allocates nothing.
//
//	in := []*tensor.Tensor{x}                            // x may be rebound: tensor.Bind
//	out := []*tensor.Tensor{new(tensor.Tensor), nil}     // nil: not wanted
//	err := session.Run(in, out)
//
//	file ── read ── graph ── passes ── program ──> Model ──> Session ──> Run
//	         │budget   │all unknown operators       shared    memory      │
//	         ╰─────────┴───────── error ─────────────────────────────────╯
//
// # Invariants
//
//  1. No file and no input makes Load or Run panic, and Load takes memory in
//     proportion to the file. Limits bound both.
//  2. A model that loads has every operator it may need: unknown ones are all
//     named in one error at load.
//  3. Output types and shapes come from running; what the file declares about them
//     is shown by [Model.Outputs], and not relied on.
//  4. A Model gives the same outputs for the same inputs, whichever session,
//     goroutine or run (random operators with no seed excepted).
//
// # What it does not do
//
// It opens no file that it was not given, weights outside the model file included
// (see [WithExternalData]), and it knows nothing of streams: see package inference
// for a model as an operator.
package onnx

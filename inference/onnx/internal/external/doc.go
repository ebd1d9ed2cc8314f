// Package external brings the weights of a model in from the files beside it.
//
//	root, err := os.OpenRoot("models/whisper")
//	loader := external.New(root, 4<<30)
//	err = loader.Resolve(model) // every tensor has its bytes now
//	digest := loader.Digest(sha)
//
// # Concepts
//
// A tensor of a model may name a file, an offset and a length instead of having
// data. The model is input from outside, so the name is a wish, not an order: the
// file must be a plain one, inside the root, reached without any link, with a name
// of its own only, and it must hold all that is asked of it.
//
//	name ── valid? ── Lstat each part: no link ── open, no wait ── the same file? ── read whole ── the same still?
//	          │                 │                       │                │                            │
//	          ╰─────────────────┴───────── ErrExternal ─┴────────────────┴────────────────────────────╯
//
// A file is read once and as a whole. Tensors are windows into it, so that asking
// for one range a thousand times costs nothing.
//
// # Invariants
//
//  1. Nothing outside the root is opened, whatever happens to the folder meanwhile.
//  2. Opening never waits (pipes, devices), and nothing is read from what is no
//     plain file.
//  3. Memory is bounded by the budget, and by what is really stored: files that are
//     mostly holes are refused before they are read.
//
// # What it does not do
//
// It follows no links at all, those inside the root included.
package external

package trees

import "errors"

// Errors are wrapped with the tree, node or attribute at fault; test with errors.Is.
var (
	// ErrMalformed says that a description is not a set of trees: unequal attribute lengths, a cycle, a child that does
	// not exist, two roots, an id out of range. The model file is at fault; export it again.
	ErrMalformed = errors.New("trees: malformed ensemble")

	// ErrLimit says that a description is well formed but larger than a kernel can address.
	ErrLimit = errors.New("trees: ensemble over the limits")

	// ErrShape says that a slice given to a kernel is too short for the rows asked for, or a row for the features used.
	ErrShape = errors.New("trees: input or output too short")

	// ErrInput says that a kernel was compiled for another type of input; see CompileFor.
	ErrInput = errors.New("trees: kernel was compiled for another input type, use Compile or CompileFor that type")
)

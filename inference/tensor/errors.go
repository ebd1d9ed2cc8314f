package tensor

import "errors"

var (
	// ErrShape says that a shape is negative, too large, or does not fit the data.
	ErrShape = errors.New("tensor: shape does not fit")
	// ErrElem says that a tensor was asked for as another element type than its own.
	ErrElem = errors.New("tensor: wrong element type")
)

package treefile

import "errors"

var (
	// ErrFormat says that the bytes are not a model of the format asked for, or are damaged. Save the model again; XGBoost in
	// JSON (not UBJ), CatBoost with format="json".
	ErrFormat = errors.New("treefile: not a valid model file")

	// ErrUnsupported says that the model uses a part of its library that this package does not have; the error names it.
	// Exporting the model to ONNX may help.
	ErrUnsupported = errors.New("treefile: unsupported model")

	// ErrLimit says that the file is longer than Options.MaxBytes, or its trees are over what a kernel can address.
	ErrLimit = errors.New("treefile: model over the limit")
)

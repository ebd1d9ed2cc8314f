package window

import "errors"

// ErrInvalid is the class of every mistake in a window's or an aggregate's
// settings. Validate wraps it with what was wrong and what to set instead.
var ErrInvalid = errors.New("window: invalid settings")

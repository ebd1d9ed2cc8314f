package cep

import (
	"errors"
	"fmt"
)

// ErrSkip is what OrFail fails with.
var ErrSkip = errors.New("cep: cannot skip to the stage")

func skipError(stage string, missing bool) error {
	if missing {
		return fmt.Errorf("%w %q: the match has no event of it; make the stage mandatory, or leave OrFail out", ErrSkip, stage)
	}
	return fmt.Errorf("%w %q: it is the first event of the match, which would be found again for ever; skip to a later one, or leave OrFail out", ErrSkip, stage)
}

package trees

import "fmt"

// modeOf reads an entry of nodes_modes as versions 1 and 3 spell it.
func modeOf(s string) (Mode, bool) {
	switch s {
	case "BRANCH_LEQ":
		return LEQ, true
	case "BRANCH_LT":
		return LT, true
	case "BRANCH_GTE":
		return GTE, true
	case "BRANCH_GT":
		return GT, true
	case "BRANCH_EQ":
		return EQ, true
	case "BRANCH_NEQ":
		return NEQ, true
	case "LEAF":
		return Leaf, true
	}
	return 0, false
}

func parseAggregate(s string) (Aggregate, error) {
	switch s {
	case "", "SUM":
		return Sum, nil
	case "AVERAGE":
		return Average, nil
	case "MIN":
		return Min, nil
	case "MAX":
		return Max, nil
	}
	return 0, fmt.Errorf("%w: aggregate_function %q", ErrMalformed, s)
}

func parsePost(s string) (PostTransform, error) {
	switch s {
	case "", "NONE":
		return None, nil
	case "SOFTMAX":
		return Softmax, nil
	case "LOGISTIC":
		return Logistic, nil
	case "SOFTMAX_ZERO":
		return SoftmaxZero, nil
	case "PROBIT":
		return Probit, nil
	}
	return 0, fmt.Errorf("%w: post_transform %q", ErrMalformed, s)
}

func sameLength(name string, got, want int) error {
	if got == want {
		return nil
	}
	return lengthError(name, got, want)
}

func lengthError(name string, got, want int) error {
	return fmt.Errorf("%w: %s has %d entries, want %d", ErrMalformed, name, got, want)
}

func notBoth(name string, float, double int) error {
	if float == 0 || double == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s and its _as_tensor form are both given", ErrMalformed, name)
}

func errorsFirst(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// floatAt reads from whichever form of an attribute is given.
func floatAt(f []float32, d []float64, i int) float64 {
	if len(d) > 0 {
		return d[i]
	}
	return float64(f[i])
}

func widenFloats(f []float32, d []float64) []float64 {
	if len(d) > 0 || len(f) == 0 {
		return d
	}
	out := make([]float64, len(f))
	for i, v := range f {
		out[i] = float64(v)
	}
	return out
}

package inference

import "context"

// trial runs a bound model for one zero record before the job starts, to compare what it gives with
// what the fields take: the file's word for it can be wrong. A model that cannot run on zeros, or whose
// shapes hang on the length of slices, is held to its word.
func (b *binding) trial(ctx context.Context) error {
	faults := b.doubts
	if !b.uneven {
		err := newRunner(b).run(ctx, zeroOf(b.inType), zeroOf(b.outType), 1)
		if err == nil {
			return nil
		}
		if found := misfits(err); len(found) > 0 {
			faults = found
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return &MismatchError{Model: b.model.name, Faults: faults}
}

// misfits lists the output errors in err.
func misfits(err error) []string {
	switch e := err.(type) {
	case *outputError:
		return []string{e.fault}
	case interface{ Unwrap() []error }:
		var all []string
		for _, err := range e.Unwrap() {
			all = append(all, misfits(err)...)
		}
		return all
	}
	return nil
}

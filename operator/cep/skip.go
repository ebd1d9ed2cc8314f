package cep

// Skip says which partial matches go when a match has been found. The zero value is NoSkip.
type Skip struct {
	kind  skipKind
	stage string
	must  bool
}

type skipKind uint8

const (
	noSkip skipKind = iota
	skipToNext
	skipPastLast
	skipToFirst
	skipToLast
)

// NoSkip puts out every match.
func NoSkip() Skip { return Skip{} }

// SkipToNext drops the partial matches that began with the same event as the match.
func SkipToNext() Skip { return Skip{kind: skipToNext} }

// SkipPastLast drops the partial matches that began before the match ended.
func SkipPastLast() Skip { return Skip{kind: skipPastLast} }

// SkipToFirst drops the partial matches that began before the first event of a stage of the match. Of a match that has
// none it drops nothing.
func SkipToFirst(stage string) Skip { return Skip{kind: skipToFirst, stage: stage} }

// SkipToLast drops the partial matches that began before the last event of a stage of the match.
func SkipToLast(stage string) Skip { return Skip{kind: skipToLast, stage: stage} }

// OrFail makes it an error if SkipToFirst or SkipToLast find no event of their stage in a match, or if it is the
// match's first, so that nothing would be skipped.
func (s Skip) OrFail() Skip {
	s.must = true
	return s
}

// border returns the id below which a run must have begun to be dropped, 0 if none is.
func (s Skip) border(taken []step, names []string) (below int64, err error) {
	first, last := taken[0].id, taken[len(taken)-1].id
	switch s.kind {
	case skipToNext:
		return first + 1, nil
	case skipPastLast:
		return last + 1, nil
	}
	for _, t := range taken {
		if names[t.stage] != s.stage {
			continue
		}
		if below = t.id; s.kind == skipToFirst {
			break
		}
	}
	if s.must && (below == 0 || below == first) {
		return 0, skipError(s.stage, below == 0)
	}
	return below, nil
}

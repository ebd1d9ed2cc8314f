package sim

import (
	"slices"
	"testing"

	"github.com/turgo-io/turgo/stream/streamtest"
)

// Shrink returns a small job that fails as this one does: fewer nodes, sources and records, plain settings, and of the faults
// only those that it takes. Same seed, same outcome: so the result is as good a reproduction as the whole.
func (j *Job) Shrink(t testing.TB) *Job {
	s := &shrinker{t: t, job: *j, left: 400}
	for s.round() {
	}
	return &s.job
}

// shrinker tries smaller jobs; those that fail still take the place of the one before.
type shrinker struct {
	t    testing.TB
	job  Job
	left int // runs that it may still take
}

// try makes a change if the job still fails with it.
func (s *shrinker) try(change func(*Job)) bool {
	if s.left == 0 {
		return false
	}
	s.left--
	less := s.job
	less.Nodes, less.Sources = slices.Clone(less.Nodes), slices.Clone(less.Sources)
	change(&less)
	if less.String() == s.job.String() || less.Play(s.t).Err == nil {
		return false
	}
	s.job = less
	return true
}

// round tries every way to make the job smaller once, and says whether one was good.
func (s *shrinker) round() (smaller bool) {
	smaller = s.faults()
	for i := len(s.job.Nodes) - 1; i >= 0; i-- {
		smaller = s.try(func(j *Job) { j.Nodes = slices.Delete(j.Nodes, i, i+1) }) || smaller
	}
	for i := len(s.job.Sources) - 1; i >= 0 && len(s.job.Sources) > 1; i-- {
		smaller = s.try(func(j *Job) { j.Sources = slices.Delete(j.Sources, i, i+1) }) || smaller
	}
	for i := range s.job.Sources {
		smaller = s.source(i) || smaller
	}
	for i := range s.job.Nodes {
		smaller = s.try(func(j *Job) { j.Nodes[i].Class = 1 }) || smaller
	}
	for _, change := range []func(*Settings){
		func(r *Settings) { r.Rescale = false }, func(r *Settings) { r.Apart = false }, func(r *Settings) { r.Restart = false }, func(r *Settings) { r.Budget = 0 }, func(r *Settings) { r.Timeout = 0 },
		func(r *Settings) { r.Overtake, r.After = false, 0 },
		func(r *Settings) { r.Batch = 256 }, func(r *Settings) { r.Slots = 8 }, func(r *Settings) { r.Groups = 128 }, func(r *Settings) { r.Every = 0 },
	} {
		smaller = s.try(func(j *Job) { change(&j.Run) }) || smaller
	}
	return smaller
}

func (s *shrinker) faults() bool {
	plan, err := streamtest.ParsePlan(s.job.Faults)
	if err != nil {
		return false
	}
	less := streamtest.Shrink(plan, func(p streamtest.Plan) bool {
		c := s.job
		c.Faults = p.String()
		s.left = max(0, s.left-1)
		return c.Play(s.t).Err != nil
	})
	changed := less.String() != s.job.Faults
	s.job.Faults = less.String()
	return changed
}

func (s *shrinker) source(i int) (smaller bool) {
	for s.try(func(j *Job) { j.Sources[i].Records /= 2 }) {
		smaller = true
	}
	smaller = s.try(func(j *Job) { j.Sources[i].Pauses = false }) || smaller
	smaller = s.try(func(j *Job) { j.Sources[i].Splits = 1 }) || smaller
	return s.try(func(j *Job) { j.Sources[i].Class = 1 }) || smaller
}

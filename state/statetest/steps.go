package statetest

// Steps is a state.Executor for tests and simulations: it keeps jobs until they are asked to run. One goroutine at a
// time may use it.
type Steps struct {
	// Pick chooses which of n waiting jobs is next; nil takes the oldest. A seeded Pick makes a run replayable.
	Pick func(n int) int

	jobs []job
}

type job struct {
	name string
	run  func()
}

// Go implements state.Executor.
func (s *Steps) Go(name string, f func()) { s.jobs = append(s.jobs, job{name, f}) }

// Step runs one waiting job and says whether there was one.
func (s *Steps) Step() bool {
	n := len(s.jobs)
	if n == 0 {
		return false
	}
	i := 0
	if s.Pick != nil {
		i = s.Pick(n)
	}
	j := s.jobs[i]
	s.jobs = append(s.jobs[:i], s.jobs[i+1:]...)
	j.run()
	return true
}

// Run runs jobs until none is waiting and returns how many there were.
func (s *Steps) Run() (n int) {
	for s.Step() {
		n++
	}
	return n
}

// Waiting is the number of jobs that wait.
func (s *Steps) Waiting() int { return len(s.jobs) }

package stream

import "time"

// RestartStrategy decides whether a failed job starts again from its last checkpoint, and after how
// long. failures counts the failures of this run from 1; ran is how long the failed attempt had run.
type RestartStrategy interface {
	Next(failures int, ran time.Duration) (wait time.Duration, again bool)
}

// NoRestart ends the job with the first failure.
func NoRestart() RestartStrategy { return fixed{} }

// FixedDelay starts again up to attempts times, after delay each.
func FixedDelay(attempts int, delay time.Duration) RestartStrategy { return fixed{attempts, delay} }

type fixed struct {
	attempts int
	delay    time.Duration
}

func (f fixed) Next(failures int, _ time.Duration) (time.Duration, bool) {
	return f.delay, failures <= f.attempts
}

// Exponential starts again for ever, after first, then twice as long each time, up to most. An attempt that
// ran longer than reset starts the series anew.
func Exponential(first, most, reset time.Duration) RestartStrategy {
	return &exponential{first: first, most: most, reset: reset}
}

type exponential struct {
	first, most, reset, last time.Duration
}

func (e *exponential) Next(failures int, ran time.Duration) (time.Duration, bool) {
	if failures == 1 || ran > e.reset {
		e.last = e.first
	} else {
		e.last = min(2*e.last, e.most)
	}
	return e.last, true
}

package async

// breaker counts how the last calls ended.
type breaker struct {
	Breaker
	failed   []bool // of the last calls, a ring
	next     int
	seen     int
	failures int
	until    int64 // open until then; 0 is closed
	trying   bool  // the call that tries is out, and no other goes
}

func newBreaker(b Breaker) breaker { return breaker{Breaker: b, failed: make([]bool, b.Calls)} }

// admits reports whether a call may go out now.
func (b *breaker) admits(now int64) bool {
	return b.until == 0 || now >= b.until && !b.trying
}

// started notes that a call goes out, and reports whether it is the one that tries.
func (b *breaker) started() (trial bool) {
	b.trying = b.until != 0
	return b.trying
}

// ended notes how a call came out.
func (b *breaker) ended(trial, failed bool, now int64) {
	if b.Calls == 0 {
		return
	}
	if trial {
		b.reset()
		if failed {
			b.until = now + int64(b.Open)
		}
		return
	}
	b.note(failed)
	if b.seen >= b.Calls && float64(b.failures) >= b.Ratio*float64(b.Calls) && b.until == 0 {
		b.until = now + int64(b.Open)
	}
}

func (b *breaker) note(failed bool) {
	if b.seen >= b.Calls && b.failed[b.next] {
		b.failures--
	}
	if b.failed[b.next] = failed; failed {
		b.failures++
	}
	b.seen++
	if b.next++; b.next == b.Calls {
		b.next = 0
	}
}

func (b *breaker) reset() {
	clear(b.failed)
	b.next, b.seen, b.failures, b.until, b.trying = 0, 0, 0, 0, false
}

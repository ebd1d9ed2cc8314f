package sim

import (
	"cmp"
	"fmt"
	"time"

	"github.com/turgo-io/turgo/internal/sched"
	"github.com/turgo-io/turgo/stream/streamtest"
)

// Record is what flows through simulated jobs. All of it is a function of the input and the program, never of the
// order in which things happened: so records that a job puts out can be compared one by one.
type Record struct {
	Key, Val int64
	Time     int64 // event time, nanoseconds since the beginning of the day
	// Lane names a path: a split of a source, the branches taken, the keys on the way. Records of one lane must come in
	// the order of Seq. Lane 0 promises no order.
	Lane uint64
	Seq  int64
	// Passed is, for records of a source whose watermarks are known record by record, the watermark before this one.
	Passed int64
}

const (
	second  = int64(time.Second)
	modulus = 1000           // of values, so that nothing grows
	noMark  = -1 << 40       // before every time
	farTime = 20000 * second // behind every time of a source
)

var day = streamtest.Day.UnixNano()

func (r Record) time() time.Time { return time.Unix(0, day+r.Time).UTC() }

// sinceDay turns a time of the engine into one of records.
func sinceDay(t time.Time) int64 { return t.UnixNano() - day }

// mix makes a lane, or any number that looks random, of several.
func mix(parts ...uint64) uint64 {
	h := uint64(len(parts))
	for _, p := range parts {
		h = sched.Mix(h ^ sched.Mix(p+0x9E3779B97F4A7C15))
	}
	return h | 1
}

// onto puts the record on another lane, unless it is on none.
func (r Record) onto(parts ...uint64) Record {
	if r.Lane != 0 {
		r.Lane = mix(append(parts, r.Lane)...)
	}
	return r
}

// loose takes the record off its lane: nothing orders it any more.
func (r Record) loose() Record {
	r.Lane, r.Seq = 0, 0
	return r
}

// with returns the record with another value.
func (r Record) with(v int64) Record {
	r.Val = (v%modulus + modulus) % modulus
	return r
}

// String is short: a failure prints many.
func (r Record) String() string {
	return fmt.Sprintf("{%d:%d at %.9g lane %x:%d}", r.Key, r.Val, float64(r.Time)/1e9, r.Lane&0xffff, r.Seq)
}

func compare(a, b Record) int {
	return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Val, b.Val),
		cmp.Compare(a.Lane, b.Lane), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Passed, b.Passed))
}

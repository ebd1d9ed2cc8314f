package async

import "github.com/turgo-io/turgo/operator"

// line keeps records and marks in the order in which they may leave. It is a row of segments: results of one segment
// leave as they come, those of the next when the segment before and the marks behind it have left. In strict order each
// record is a segment of its own.
//
//	segment 7: 2 under way, 1 done │ watermark │ segment 8: 0 under way, 3 done │ idle │ segment 9 …
//	           leaves now            then this              then these
//
// What must hold: a record is in exactly one segment until it has left; a mark leaves behind all records that came
// before it, and before all that came behind it.
type line struct {
	strict   bool
	segments []segment // a ring: its length is a power of two
	head     int64     // number of the first segment
	tail     int64     // number behind the last
}

type segment struct {
	pending int     // records that are not done
	done    []int32 // slots that are done, in that order
	next    int     // of done, to leave
	marks   []operator.Mark
}

func (l *line) at(n int64) *segment { return &l.segments[n&int64(len(l.segments)-1)] }

func (l *line) empty() bool { return l.head == l.tail }

// open adds a segment at the end.
func (l *line) open() *segment {
	if int(l.tail-l.head) == len(l.segments) {
		l.grow()
	}
	l.tail++
	s := l.at(l.tail - 1)
	s.pending, s.done, s.next, s.marks = 0, s.done[:0], 0, s.marks[:0]
	return s
}

func (l *line) grow() {
	bigger := line{segments: make([]segment, max(8, 2*len(l.segments)))}
	for n := l.head; n < l.tail; n++ {
		*bigger.at(n) = *l.at(n)
	}
	l.segments = bigger.segments
}

// add puts a record at the end and returns the number of its segment.
func (l *line) add() int64 {
	if l.empty() || l.strict || len(l.at(l.tail-1).marks) > 0 {
		l.open()
	}
	l.at(l.tail-1).pending++
	return l.tail - 1
}

// mark puts a mark at the end of a line that is not empty. A watermark makes up for the watermark, and the idleness,
// right before it.
func (l *line) mark(m operator.Mark) {
	s := l.at(l.tail - 1)
	if m.Kind == operator.Watermark {
		for n := len(s.marks); n > 0 && s.marks[n-1].Kind <= operator.Idle; n-- {
			s.marks = s.marks[:n-1]
		}
	}
	s.marks = append(s.marks, m)
}

// finish says that a record of a segment is done: it leaves when its turn comes.
func (l *line) finish(segment int64, slot int32) {
	s := l.at(segment)
	s.pending--
	s.done = append(s.done, slot)
}

// pop takes out the record that leaves next.
func (l *line) pop() (slot int32, ok bool) {
	if l.empty() {
		return 0, false
	}
	s := l.at(l.head)
	if s.next == len(s.done) {
		return 0, false
	}
	s.next++
	return s.done[s.next-1], true
}

// close ends the first segment if all its records have left, and returns its marks. They are valid until the next add.
func (l *line) close() (marks []operator.Mark, ok bool) {
	if l.empty() {
		return nil, false
	}
	s := l.at(l.head)
	if s.pending > 0 || s.next < len(s.done) {
		return nil, false
	}
	l.head++
	return s.marks, true
}

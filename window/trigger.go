package window

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Action is what a trigger wants done with a window: nothing, or one or both of FireNow and PurgeNow.
type Action uint8

const (
	// FireNow puts the window's result out.
	FireNow Action = 1 << iota
	// PurgeNow forgets what is in the window, after it has fired if it does.
	PurgeNow
)

// Continue does nothing.
const Continue Action = 0

// NoTime stands for "never" in what Next returns.
const NoTime = math.MinInt64

// Moment is what a trigger sees of the window and of the time.
type Moment struct {
	Span      Span
	Time      int64 // of the record, or the time that Next asked for
	Watermark int64 // event time reached so far
	Now       int64 // processing time
	Value     any   // a *T, the record; nil if time calls
}

// Late says that the watermark has passed the window's end.
func (m *Moment) Late() bool { return m.Watermark >= m.Span.Last() }

// Trigger says when a window fires. The built-in ones compose: Any(AtWatermark(), EveryCount(100)). A trigger holds
// settings only; what it remembers of a window is Slots numbers, all 0 for a new window, that the engine keeps in state.
type Trigger interface {
	// Validate reports every wrong setting, wrapping [ErrInvalid].
	Validate() error
	// Slots is how many numbers it wants of each window.
	Slots() int
	// OnRecord is called after a record was added to a window.
	OnRecord(m *Moment, s []int64) Action
	// OnEventTime is called when the watermark has reached a time that Next gave, or the end of the input, and
	// OnProcessingTime when the clock has. Another trigger's time may have been it: look at m.Time.
	OnEventTime(m *Moment, s []int64) Action
	OnProcessingTime(m *Moment, s []int64) Action
	// Next returns the event time and the processing time to be called at next, NoTime for never. It is asked after
	// every other call.
	Next(m *Moment, s []int64) (event, processing int64)
	// Merge makes of two windows' numbers those of the window that they become.
	Merge(dst, src []int64)
}

// quiet is embedded by triggers that want nothing at some of the calls.
type quiet struct{}

func (quiet) Validate() error                          { return nil }
func (quiet) Slots() int                               { return 0 }
func (quiet) OnRecord(*Moment, []int64) Action         { return Continue }
func (quiet) OnEventTime(*Moment, []int64) Action      { return Continue }
func (quiet) OnProcessingTime(*Moment, []int64) Action { return Continue }
func (quiet) Next(*Moment, []int64) (int64, int64)     { return NoTime, NoTime }
func (quiet) Merge(_, _ []int64)                       {}

// WatermarkTrigger is what [AtWatermark] returns.
type WatermarkTrigger struct{ early, late Trigger }

// AtWatermark fires when the watermark has passed the window's end, and then for each late record that is still
// allowed. It is the trigger of windows in event time unless another is set.
func AtWatermark() WatermarkTrigger { return WatermarkTrigger{} }

// Early fires the window before its end, too, when t says so.
func (w WatermarkTrigger) Early(t Trigger) WatermarkTrigger {
	w.early = t
	return w
}

// Late lets t say when late records fire the window, instead of each of them.
func (w WatermarkTrigger) Late(t Trigger) WatermarkTrigger {
	w.late = t
	return w
}

// Plain says that there is nothing but the firing at the end, and one for each late record.
func (w WatermarkTrigger) Plain() bool { return w.early == nil && w.late == nil }

// Validate implements [Trigger].
func (w WatermarkTrigger) Validate() error { return errors.Join(validate(w.early), validate(w.late)) }

func validate(t Trigger) error {
	if t == nil {
		return nil
	}
	return t.Validate()
}

func slotsOf(t Trigger) int {
	if t == nil {
		return 0
	}
	return t.Slots()
}

// Slots implements [Trigger]: whether it has fired at the end, then those of the early and of the late trigger.
func (w WatermarkTrigger) Slots() int { return 1 + slotsOf(w.early) + slotsOf(w.late) }

// phase is the trigger for now, and its numbers.
func (w WatermarkTrigger) phase(s []int64) (Trigger, []int64) {
	n := 1 + slotsOf(w.early)
	if s[0] == 0 {
		return w.early, s[1:n]
	}
	return w.late, s[n:]
}

// OnRecord implements [Trigger].
func (w WatermarkTrigger) OnRecord(m *Moment, s []int64) Action {
	if m.Late() {
		first := s[0] == 0
		s[0] = 1
		if first || w.late == nil {
			return FireNow
		}
	}
	if t, own := w.phase(s); t != nil {
		return t.OnRecord(m, own)
	}
	return Continue
}

// OnEventTime implements [Trigger].
func (w WatermarkTrigger) OnEventTime(m *Moment, s []int64) Action {
	if s[0] == 0 && m.Time >= m.Span.Last() {
		s[0] = 1
		return FireNow
	}
	if t, own := w.phase(s); t != nil {
		return t.OnEventTime(m, own)
	}
	return Continue
}

// OnProcessingTime implements [Trigger].
func (w WatermarkTrigger) OnProcessingTime(m *Moment, s []int64) Action {
	if t, own := w.phase(s); t != nil {
		return t.OnProcessingTime(m, own)
	}
	return Continue
}

// Next implements [Trigger].
func (w WatermarkTrigger) Next(m *Moment, s []int64) (event, processing int64) {
	event, processing = NoTime, NoTime
	if t, own := w.phase(s); t != nil {
		event, processing = t.Next(m, own)
	}
	if s[0] == 0 {
		event = earlier(event, m.Span.Last())
	}
	return event, processing
}

// Merge implements [Trigger]: the larger window has not come to its end.
func (w WatermarkTrigger) Merge(dst, src []int64) {
	n := 1 + slotsOf(w.early)
	dst[0] = min(dst[0], src[0])
	if w.early != nil {
		w.early.Merge(dst[1:n], src[1:n])
	}
	if w.late != nil {
		w.late.Merge(dst[n:], src[n:])
	}
}

// earlier is the less of two times, either of which may be NoTime.
func earlier(a, b int64) int64 {
	if a == NoTime || b != NoTime && b < a {
		return b
	}
	return a
}

type processingEnd struct{ quiet }

// AtProcessingTime fires when the clock has passed the window's end. It is the trigger of windows in processing time.
func AtProcessingTime() Trigger { return processingEnd{} }

func (processingEnd) Slots() int { return 1 }

func (processingEnd) OnProcessingTime(m *Moment, s []int64) Action {
	if s[0] == 0 && m.Time >= m.Span.Last() {
		s[0] = 1
		return FireNow
	}
	return Continue
}

// OnEventTime fires what is left at the end of the input.
func (p processingEnd) OnEventTime(m *Moment, s []int64) Action {
	if m.Time == math.MaxInt64 {
		return p.OnProcessingTime(m, s)
	}
	return Continue
}

func (processingEnd) Next(m *Moment, s []int64) (event, processing int64) {
	if s[0] != 0 {
		return NoTime, NoTime
	}
	return NoTime, m.Span.Last()
}

func (processingEnd) Merge(dst, src []int64) { dst[0] = min(dst[0], src[0]) }

type everyCount struct {
	quiet
	n int64
}

// EveryCount fires after each n records of a window.
func EveryCount(n int) Trigger { return everyCount{n: int64(n)} }

func (c everyCount) Validate() error {
	if c.n > 0 {
		return nil
	}
	return fmt.Errorf("%w: every count: n is %d; it must be positive", ErrInvalid, c.n)
}

func (everyCount) Slots() int { return 1 }

func (c everyCount) OnRecord(_ *Moment, s []int64) Action {
	if s[0]++; s[0] < c.n {
		return Continue
	}
	s[0] = 0
	return FireNow
}

func (everyCount) Merge(dst, src []int64) { dst[0] += src[0] }

type every struct {
	d     int64
	event bool
}

// Every fires a window once d of processing time has passed since the first record that is not in a result yet: no
// more often than that, and never without something new.
func Every(d time.Duration) Trigger { return every{d: int64(d)} }

// EveryEventTime fires a window, while it has something new, when the watermark passes a multiple of d.
func EveryEventTime(d time.Duration) Trigger { return every{d: int64(d), event: true} }

func (e every) Validate() error { return positive("every", "interval", e.d) }

// Slots: the time to fire at, plus one, so that 0 is none.
func (every) Slots() int { return 1 }

func (e every) OnRecord(m *Moment, s []int64) Action {
	switch {
	case s[0] != 0:
	case e.event:
		s[0] = satAdd(floorTo(max(m.Time, satAdd(m.Watermark, 1)), e.d, 0), e.d)
	default:
		s[0] = satAdd(m.Now, e.d) + 1
	}
	return Continue
}

func (e every) OnEventTime(m *Moment, s []int64) Action { return e.due(m, s, e.event) }

func (e every) OnProcessingTime(m *Moment, s []int64) Action { return e.due(m, s, !e.event) }

func (every) due(m *Moment, s []int64, mine bool) Action {
	if !mine || s[0] == 0 || m.Time < s[0]-1 {
		return Continue
	}
	s[0] = 0
	return FireNow
}

func (e every) Next(_ *Moment, s []int64) (event, processing int64) {
	switch {
	case s[0] == 0:
		return NoTime, NoTime
	case e.event:
		return s[0] - 1, NoTime
	}
	return NoTime, s[0] - 1
}

func (every) Merge(dst, src []int64) {
	if dst[0] == 0 || src[0] != 0 && src[0] < dst[0] {
		dst[0] = src[0]
	}
}

type delta struct {
	quiet
	threshold float64
	of        func(any) (float64, error)
}

// OnDelta fires when a record's value is further than threshold from that of the record which fired last, the first
// one to begin with. T is the type of the window's records.
func OnDelta[T any](threshold float64, value func(T) float64) Trigger {
	return delta{threshold: threshold, of: func(v any) (float64, error) {
		if p, ok := v.(*T); ok {
			return value(*p), nil
		}
		return 0, fmt.Errorf("%w: on delta: the window's records are %T, the trigger is of %T", ErrInvalid, v, new(T))
	}}
}

func (d delta) Validate() error {
	if d.threshold >= 0 && d.of != nil {
		return nil
	}
	return fmt.Errorf("%w: on delta: the threshold is %v; it must not be negative", ErrInvalid, d.threshold)
}

// Slots: whether there is a value, and its bits.
func (delta) Slots() int { return 2 }

func (d delta) OnRecord(m *Moment, s []int64) Action {
	v, err := d.of(m.Value)
	if err != nil {
		panic(err) // a wrong type parameter: the runtime makes an error of it that names the window
	}
	if s[0] == 0 {
		s[0], s[1] = 1, int64(math.Float64bits(v))
		return Continue
	}
	if math.Abs(v-math.Float64frombits(uint64(s[1]))) <= d.threshold {
		return Continue
	}
	s[1] = int64(math.Float64bits(v))
	return FireNow
}

func (delta) Merge(dst, src []int64) {
	if dst[0] == 0 {
		copy(dst, src)
	}
}

type never struct{ quiet }

// Never fires not at all: for Early and Late, and to have a window end without a result.
func Never() Trigger { return never{} }

type purging struct{ Trigger }

// Purging forgets what is in a window whenever t fires it.
func Purging(t Trigger) Trigger { return purging{t} }

func (p purging) Validate() error {
	if p.Trigger == nil {
		return fmt.Errorf("%w: purging: the trigger is nil", ErrInvalid)
	}
	return p.Trigger.Validate()
}

func (p purging) purge(a Action) Action {
	if a&FireNow != 0 {
		a |= PurgeNow
	}
	return a
}

func (p purging) OnRecord(m *Moment, s []int64) Action { return p.purge(p.Trigger.OnRecord(m, s)) }

func (p purging) OnEventTime(m *Moment, s []int64) Action {
	return p.purge(p.Trigger.OnEventTime(m, s))
}

func (p purging) OnProcessingTime(m *Moment, s []int64) Action {
	return p.purge(p.Trigger.OnProcessingTime(m, s))
}

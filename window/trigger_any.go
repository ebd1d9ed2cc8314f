package window

import (
	"errors"
	"fmt"
)

// Any fires a window when one of the triggers does.
func Any(triggers ...Trigger) Trigger { return anyOf{triggers} }

// All fires a window when each of the triggers has since the last time that all had.
func All(triggers ...Trigger) Trigger { return allOf{anyOf{triggers}} }

// anyOf asks every one of its triggers, so that each keeps count. Their numbers lie one behind the other.
type anyOf struct{ all []Trigger }

func (a anyOf) Validate() error {
	var faults []error
	if len(a.all) == 0 {
		faults = append(faults, fmt.Errorf("%w: any, all: there is no trigger; give at least one", ErrInvalid))
	}
	for i, t := range a.all {
		if t == nil {
			faults = append(faults, fmt.Errorf("%w: any, all: trigger %d is nil", ErrInvalid, i))
			continue
		}
		faults = append(faults, t.Validate())
	}
	return errors.Join(faults...)
}

func (a anyOf) Slots() (n int) {
	for _, t := range a.all {
		n += t.Slots()
	}
	return n
}

// each calls f for every trigger with its numbers.
func (a anyOf) each(s []int64, f func(i int, t Trigger, s []int64)) {
	at := 0
	for i, t := range a.all {
		n := t.Slots()
		f(i, t, s[at:at+n])
		at += n
	}
}

func (a anyOf) OnRecord(m *Moment, s []int64) (all Action) {
	at := 0
	for _, t := range a.all {
		n := t.Slots()
		all |= t.OnRecord(m, s[at:at+n])
		at += n
	}
	return all
}

func (a anyOf) OnEventTime(m *Moment, s []int64) (all Action) {
	a.each(s, func(_ int, t Trigger, s []int64) { all |= t.OnEventTime(m, s) })
	return all
}

func (a anyOf) OnProcessingTime(m *Moment, s []int64) (all Action) {
	a.each(s, func(_ int, t Trigger, s []int64) { all |= t.OnProcessingTime(m, s) })
	return all
}

func (a anyOf) Next(m *Moment, s []int64) (event, processing int64) {
	event, processing = NoTime, NoTime
	a.each(s, func(_ int, t Trigger, s []int64) {
		e, p := t.Next(m, s)
		event, processing = earlier(event, e), earlier(processing, p)
	})
	return event, processing
}

func (a anyOf) Merge(dst, src []int64) {
	at := 0
	for _, t := range a.all {
		n := t.Slots()
		t.Merge(dst[at:at+n], src[at:at+n])
		at += n
	}
}

// allOf has a bit for each trigger that has fired, in a number before theirs.
type allOf struct{ anyOf }

// mostTriggers is how many bits there are.
const mostTriggers = 62

func (a allOf) Validate() error {
	if len(a.all) > mostTriggers {
		return fmt.Errorf("%w: all: %d triggers, at most %d", ErrInvalid, len(a.all), mostTriggers)
	}
	return a.anyOf.Validate()
}

func (a allOf) Slots() int { return 1 + a.anyOf.Slots() }

func (a allOf) OnRecord(m *Moment, s []int64) Action {
	return a.gather(s, func(t Trigger, s []int64) Action { return t.OnRecord(m, s) })
}

func (a allOf) OnEventTime(m *Moment, s []int64) Action {
	return a.gather(s, func(t Trigger, s []int64) Action { return t.OnEventTime(m, s) })
}

func (a allOf) OnProcessingTime(m *Moment, s []int64) Action {
	return a.gather(s, func(t Trigger, s []int64) Action { return t.OnProcessingTime(m, s) })
}

func (a allOf) gather(s []int64, ask func(Trigger, []int64) Action) (all Action) {
	a.each(s[1:], func(i int, t Trigger, own []int64) {
		if act := ask(t, own); act != Continue {
			s[0] |= 1 << i
			all |= act &^ FireNow
		}
	})
	if s[0] != 1<<len(a.all)-1 {
		return Continue
	}
	s[0] = 0
	return all | FireNow
}

func (a allOf) Next(m *Moment, s []int64) (event, processing int64) { return a.anyOf.Next(m, s[1:]) }

func (a allOf) Merge(dst, src []int64) {
	dst[0] |= src[0]
	a.anyOf.Merge(dst[1:], src[1:])
}

package operator

import "time"

// alignEvery is how often a subtask tells its group how far it is, and looks how far the others are.
const alignEvery = 10 * time.Millisecond

// Deadline is when to look at the splits again: whether they are quiet, or others have caught up.
func (o *eventTime[T]) Deadline() int64 { return o.deadline }

func (o *eventTime[T]) arm(now int64) {
	wait := time.Duration(0)
	group := alignEvery
	if o.group == nil {
		group = 0
	}
	for _, d := range [...]time.Duration{o.cfg.Idle, o.cfg.Close, o.cfg.Period, group} {
		if d > 0 && (wait == 0 || d < wait) {
			wait = d
		}
	}
	if wait > 0 {
		o.deadline = now + int64(wait)
	}
}

// Tick looks which splits have been quiet, asks the generators, and lets event time go on without records.
func (o *eventTime[T]) Tick(now int64) error {
	found := o.ask(now)
	for i := range o.splits {
		s := &o.splits[i]
		switch {
		case s.fresh:
			s.fresh, s.seen, o.last = false, now, now
		case o.cfg.Idle > 0 && s.known && !s.idle && !s.closed && !s.paused && now-s.seen >= int64(o.cfg.Idle):
			s.idle, found = true, true
		case s.paused:
			s.seen, o.last = now, now // it would have given some
		}
	}
	o.align()
	o.arm(now)
	if found {
		if err := o.settle(); err != nil {
			return err
		}
	}
	return o.closeQuiet(now)
}

// ask lets periodic generators speak.
func (o *eventTime[T]) ask(now int64) (grown bool) {
	if o.cfg.Period <= 0 || now-o.ticked < int64(o.cfg.Period) {
		return false
	}
	o.ticked = now
	o.Context.Enter()
	for i := range o.splits {
		s := &o.splits[i]
		if p, ok := s.gen.(Periodic); ok && !s.closed {
			if t := o.behind(p.Period(time.Unix(0, now).UTC())); t > s.max {
				s.max, grown = t, true
			}
		}
	}
	return grown
}

// closeQuiet lets event time go on with the clock when no split has had a record for long enough.
func (o *eventTime[T]) closeQuiet(now int64) error {
	quiet := now - o.last
	if o.cfg.Close <= 0 || quiet < int64(o.cfg.Close) {
		return nil
	}
	newest := NoTime
	for i := range o.splits {
		newest = max(newest, o.splits[i].max)
	}
	if newest == NoTime || newest >= MaxTime-quiet {
		return nil
	}
	if w := o.watermarkOf(newest + quiet); w > o.sent {
		if err := o.send(w); err != nil {
			return err
		}
		if o.idle { // it still holds nobody back
			return o.Out.Mark(Mark{Kind: Idle})
		}
	}
	return nil
}

// align says how far this subtask is, and pauses the splits that are too far ahead of the slowest of the group.
func (o *eventTime[T]) align() {
	if o.group == nil {
		return
	}
	low := MaxTime
	for i := range o.splits {
		if s := &o.splits[i]; s.max != NoTime && !s.idle && !s.closed { // one that has not begun holds nobody up
			low = min(low, s.max)
		}
	}
	o.member.Store(low)
	least := o.group.least()
	switch {
	case low == MaxTime:
		o.limit = NoTime // its next record says where it begins
	case least < MaxTime-int64(o.cfg.Drift):
		o.limit = least + int64(o.cfg.Drift)
	default:
		o.limit = MaxTime - 1
	}
	task, live := o.Context.env.Task, false
	for i := range o.splits {
		s := &o.splits[i]
		if ahead := s.known && !s.closed && s.max > o.limit && low != MaxTime; ahead != s.paused {
			s.paused = ahead
			task.Pause(int32(i), ahead)
		}
		live = live || s.known && !s.closed && !s.paused
	}
	task.Ahead = !live && low != MaxTime
}

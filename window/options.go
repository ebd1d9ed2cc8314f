package window

import "time"

// Options say when windows fire and what they put out. The zero value: once, when the watermark has passed the end.
type Options struct {
	Trigger        Trigger
	Lateness       time.Duration
	Mode           Mode
	ProcessingTime bool
}

// Option changes one of the options.
type Option func(*Options)

// Fire sets the trigger.
func Fire(t Trigger) Option { return func(o *Options) { o.Trigger = t } }

// Lateness keeps windows for d of event time after their end, for late records: each of them fires the window again,
// unless the trigger says otherwise.
func Lateness(d time.Duration) Option { return func(o *Options) { o.Lateness = d } }

// Discard has each firing put out only what has come since the one before.
func Discard() Option { return func(o *Options) { o.Mode = Discarding } }

// Retract has each firing after the first come with a retraction of the one before. It needs a result function that is
// told of firings.
func Retract() Option { return func(o *Options) { o.Mode = Retracting } }

// ByClock cuts windows by processing time: the job's clock when a record comes. Results have no event time, and what is
// open when the input ends fires then.
func ByClock() Option { return func(o *Options) { o.ProcessingTime = true } }

// With collects options.
func With(opts ...Option) (all Options) {
	for _, o := range opts {
		o(&all)
	}
	return all
}

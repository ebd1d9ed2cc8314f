package cep

import "time"

// Match is what a pattern has found: the events of each stage, in order.
type Match[T any] struct {
	names  []string // of all stages
	stages []int32  // of each event
	events []T
	times  []int64
}

// First returns the first event of a stage; false if there is none: it was optional.
func (m Match[T]) First(stage string) (v T, ok bool) {
	for i, n := range m.stages {
		if m.names[n] == stage {
			return m.events[i], true
		}
	}
	return v, false
}

// All returns the events of a stage.
func (m Match[T]) All(stage string) (all []T) {
	for i, n := range m.stages {
		if m.names[n] == stage {
			all = append(all, m.events[i])
		}
	}
	return all
}

// Events returns all events of the match, in order. The slice is the caller's to keep.
func (m Match[T]) Events() []T { return m.events }

// Stage returns the name of the stage that took event i.
func (m Match[T]) Stage(i int) string { return m.names[m.stages[i]] }

// Start returns the event time of the first event.
func (m Match[T]) Start() time.Time { return time.Unix(0, m.times[0]).UTC() }

// End returns the event time of the last event.
func (m Match[T]) End() time.Time { return time.Unix(0, m.times[len(m.times)-1]).UTC() }

// Partial is what a partial match has taken so far, for conditions that look at it. It is valid during the call.
type Partial[T any] struct {
	buffer *buffer[T]
	names  []string
	node   int32
}

// Len returns how many events a stage has taken.
func (m Partial[T]) Len(stage string) (n int) {
	for slot := m.node; slot != 0; slot = m.buffer.Nodes[slot].Parent {
		if m.names[m.buffer.Nodes[slot].Stage] == stage {
			n++
		}
	}
	return n
}

// Last returns the newest event of a stage; false if it has taken none.
func (m Partial[T]) Last(stage string) (v T, ok bool) {
	for slot := m.node; slot != 0; slot = m.buffer.Nodes[slot].Parent {
		if n := &m.buffer.Nodes[slot]; m.names[n.Stage] == stage {
			return m.buffer.Events[n.Event].Value, true
		}
	}
	return v, false
}

// All calls yield with the events of a stage, the newest first, until it returns false.
func (m Partial[T]) All(stage string) func(yield func(T) bool) {
	return func(yield func(T) bool) {
		for slot := m.node; slot != 0; slot = m.buffer.Nodes[slot].Parent {
			n := &m.buffer.Nodes[slot]
			if m.names[n.Stage] == stage && !yield(m.buffer.Events[n.Event].Value) {
				return
			}
		}
	}
}

package cep

import (
	"fmt"
	"sync"
)

// Live is a pattern that can be replaced while a job runs. All subtasks change to the new one at the same checkpoint, so
// that a restart finds each event under the pattern that it was seen with.
//
// Partial matches go on if the new pattern has the same shape: stages, contiguity, repetition and times, with other
// conditions. Otherwise they are dropped, and counted as "dropped". A new process begins with the pattern of its NewLive.
type Live[T any] struct {
	mu       sync.Mutex
	versions []version[T]
	seen     int64 // the newest barrier that a subtask has passed
}

type version[T any] struct {
	from    int64 // barrier
	pattern *Pattern[T]
	graph   *graph[T]
}

// NewLive returns a pattern that can be replaced.
func NewLive[T any](p *Pattern[T]) *Live[T] {
	return &Live[T]{versions: []version[T]{newVersion(0, p)}}
}

func newVersion[T any](from int64, p *Pattern[T]) version[T] {
	v := version[T]{from: from, pattern: p}
	if p.Validate() == nil {
		v.graph = compile(p)
	}
	return v
}

// Replace puts another pattern in place at the next checkpoint. A wrong one is an error, and changes nothing.
func (l *Live[T]) Replace(p *Pattern[T]) error {
	if err := p.Validate(); err != nil {
		return fmt.Errorf("cep: the pattern that should replace another: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.versions = append(l.versions, newVersion(l.seen+1, p))
	return nil
}

// validate reports what is wrong with the first pattern.
func (l *Live[T]) validate() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.versions[0].pattern.Validate()
}

// passing returns the version that is in force behind a barrier.
func (l *Live[T]) passing(barrier int64) (number int, g *graph[T]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = max(l.seen, barrier)
	for i := len(l.versions) - 1; ; i-- {
		if l.versions[i].from <= barrier {
			return i, l.versions[i].graph
		}
	}
}

// numbered returns a version by its number, the first one if this process does not know it.
func (l *Live[T]) numbered(number int) (int, *graph[T]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if number >= len(l.versions) {
		number = 0
	}
	return number, l.versions[number].graph
}

package operator

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
)

// Counter counts, safely from any goroutine.
type Counter struct {
	Operator, Name string
	n              atomic.Int64
}

// Add adds n.
func (c *Counter) Add(n int64) { c.n.Add(n) }

// Value returns the count.
func (c *Counter) Value() int64 { return c.n.Load() }

// Counters is the set of a job's counters. The zero value is ready; a nil one counts into nothing.
type Counters struct {
	mu  sync.Mutex
	all []*Counter
}

// Get returns the counter, made at first use: keep it, do not ask per record.
func (s *Counters) Get(operator, name string) *Counter {
	if s == nil {
		return &Counter{Operator: operator, Name: name}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.all {
		if c.Operator == operator && c.Name == name {
			return c
		}
	}
	c := &Counter{Operator: operator, Name: name}
	s.all = append(s.all, c)
	return c
}

// All returns the counters, by operator and name.
func (s *Counters) All() []*Counter {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.Clone(s.all)
	slices.SortFunc(all, func(a, b *Counter) int {
		return cmp.Or(cmp.Compare(a.Operator, b.Operator), cmp.Compare(a.Name, b.Name))
	})
	return all
}

package operator

import (
	"sync"
	"sync/atomic"
)

// Alignments are the groups of sources of one attempt that are kept together in event time. The zero value is ready;
// with a nil one everybody is alone.
type Alignments struct {
	mu     sync.Mutex
	groups map[string]*alignment
}

// alignment is one group: a member for each subtask.
type alignment struct {
	mu      sync.Mutex
	members []*atomic.Int64 // how far each is; MaxTime if it holds nobody up
}

// join adds a member to a group.
func (a *Alignments) join(group string) (*alignment, *atomic.Int64) {
	m := &atomic.Int64{}
	m.Store(MaxTime)
	if a == nil {
		return &alignment{members: []*atomic.Int64{m}}, m
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	g := a.groups[group]
	if g == nil {
		g = &alignment{}
		if a.groups == nil {
			a.groups = map[string]*alignment{}
		}
		a.groups[group] = g
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.members = append(g.members, m)
	return g, m
}

// least is how far the last of the group is; MaxTime if nobody has begun or all have ended.
func (g *alignment) least() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	low := MaxTime
	for _, m := range g.members {
		low = min(low, m.Load())
	}
	return low
}

// Pauser is a Reader that can leave a split out for a while, as watermark alignment asks.
type Pauser interface {
	// Pause leaves split number out of Poll, or takes it in again.
	Pause(number int32, paused bool)
}

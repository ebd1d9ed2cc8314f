package state

import (
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// compactions lets a store compact once at a time. Unlike Pebble's own scheduler it has no goroutine and no ticker.
type compactions struct {
	mu       sync.Mutex
	idle     sync.Cond
	db       pebble.DBForCompaction
	running  bool
	granting bool // Done asks the store whether more is to be done
	again    bool // a compaction was refused meanwhile
	over     bool
}

func newCompactions() *compactions {
	c := &compactions{}
	c.idle.L = &c.mu
	return c
}

// Register implements pebble.CompactionScheduler.
func (c *compactions) Register(_ int, db pebble.DBForCompaction) { c.db = db }

// Unregister implements pebble.CompactionScheduler.
func (c *compactions) Unregister() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	for c.granting {
		c.idle.Wait()
	}
}

// TrySchedule implements pebble.CompactionScheduler.
func (c *compactions) TrySchedule() (bool, pebble.CompactionGrantHandle) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over || c.running {
		c.again = true
		return false, nil
	}
	c.running = true
	return true, c
}

// UpdateGetAllowedWithoutPermission implements pebble.CompactionScheduler.
func (c *compactions) UpdateGetAllowedWithoutPermission() {}

// Started implements pebble.CompactionGrantHandle.
func (c *compactions) Started() {}

// MeasureCPU implements pebble.CompactionGrantHandle.
func (c *compactions) MeasureCPU(pebble.CompactionGoroutineKind) {}

// CumulativeStats implements pebble.CompactionGrantHandle.
func (c *compactions) CumulativeStats(pebble.CompactionGrantHandleStats) {}

// Done implements pebble.CompactionGrantHandle: it hands the permission on if the store has more to compact. The
// store is asked without the lock, which comes after its own.
func (c *compactions) Done() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.granting = true
	granted := false
	for ask := !c.over; ask; ask = c.again && !granted && !c.over {
		c.again = false
		granted = c.grant()
	}
	c.running, c.granting = granted, false
	c.idle.Broadcast()
}

// grant asks the store whether it has something to compact, and if so lets it.
func (c *compactions) grant() bool {
	c.mu.Unlock()
	defer c.mu.Lock()
	waiting, _ := c.db.GetWaitingCompaction()
	return waiting && c.db.Schedule(c)
}

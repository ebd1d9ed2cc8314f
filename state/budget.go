package state

import (
	"math"
	"sync"
)

// Budget bounds the memory that the state of many backends takes: of all tasks of a job, or of a process. Beyond it
// keys that were not used for a while are evicted to files, and brought back when they are used again. The backends
// share one block cache, too. It is safe for concurrent use.
//
// What counts is the memory that state itself takes. Garbage that the program makes comes on top: with a budget of b
// bytes, a memory limit of the Go runtime (GOMEMLIMIT) of about 1.2 · b keeps the process near it.
type Budget struct {
	bytes  int64
	blocks *BlockCache

	mu      sync.Mutex
	sharers int
}

const (
	blockShare     = 16 // part of a budget that is the block cache's
	minBlockBytes  = 1 << 20
	maxBlockBytes  = 64 << 20
	freeBlockBytes = 8 << 20 // the block cache of a budget without a bound
)

// NewBudget makes a budget of so many bytes; 0 is no bound: all state stays in memory, and only the block cache is
// shared. Close it after the backends that use it.
func NewBudget(bytes int64) *Budget {
	size := int64(freeBlockBytes)
	if bytes > 0 {
		size = min(max(bytes/blockShare, minBlockBytes), maxBlockBytes)
	}
	return &Budget{bytes: bytes, blocks: NewBlockCache(size)}
}

// Bytes is the bound, 0 if there is none.
func (b *Budget) Bytes() int64 { return b.bytes }

// Close frees the block cache.
func (b *Budget) Close() { b.blocks.Close() }

// bound says whether state must be evicted at all.
func (b *Budget) bound() bool { return b != nil && b.bytes > 0 }

// join adds a key scope to those that share the budget; leave takes it out.
func (b *Budget) join()  { b.add(1) }
func (b *Budget) leave() { b.add(-1) }

func (b *Budget) add(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sharers += n
}

// share is what one key scope may take.
func (b *Budget) share() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bytes == 0 {
		return math.MaxInt64
	}
	return (b.bytes - b.bytes/blockShare) / int64(max(1, b.sharers))
}

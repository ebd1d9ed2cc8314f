package state

import "fmt"

const (
	// DefaultMaxParallelism is the number of key groups unless set otherwise.
	DefaultMaxParallelism = 128

	// MaxKeyGroups is the largest number of key groups.
	MaxKeyGroups = 1 << 15
)

// Range is the key groups from First up to, but not including, End.
type Range struct{ First, End int }

// AllGroups is the range of a task that runs alone.
func AllGroups(maxParallelism int) Range { return Range{0, maxParallelism} }

// Len is the number of key groups in r.
func (r Range) Len() int { return max(0, r.End-r.First) }

// Contains says whether group is in r.
func (r Range) Contains(group int) bool { return r.First <= group && group < r.End }

// Intersect is what r and o have in common; it may be empty.
func (r Range) Intersect(o Range) Range {
	x := Range{max(r.First, o.First), min(r.End, o.End)}
	if x.End < x.First {
		x.End = x.First
	}
	return x
}

// String writes the range as in [0,64).
func (r Range) String() string { return fmt.Sprintf("[%d,%d)", r.First, r.End) }

// KeyGroup is the key group of a key's hash, in 0 … maxParallelism-1. It uses the low half of the hash; the high
// half is left to the tables inside a group.
func KeyGroup(hash uint64, maxParallelism int) int {
	return int(uint64(uint32(hash)) * uint64(maxParallelism) >> 32)
}

// KeyGroupRange is what one of parallelism subtasks owns. The ranges of all subtasks are in order, do not
// overlap, cover every group, and differ in length by one at most.
func KeyGroupRange(parallelism, subtask, maxParallelism int) Range {
	cut := func(i int) int { return (i*maxParallelism + parallelism - 1) / parallelism }
	return Range{cut(subtask), cut(subtask + 1)}
}

// SubtaskOf is the subtask whose KeyGroupRange contains group.
func SubtaskOf(group, parallelism, maxParallelism int) int {
	return group * parallelism / maxParallelism
}

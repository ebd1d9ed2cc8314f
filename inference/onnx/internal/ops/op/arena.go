package op

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/turgo-io/turgo/inference/tensor"
)

// ErrMemory says that a run asked for more memory than its limit.
var ErrMemory = errors.New("onnx: run exceeds its memory limit")

// Arena is the memory of one run at a time: blocks in size classes, handed out
// and taken back by reference count. It is not safe for concurrent use.
type Arena struct {
	// Limit is the most bytes the arena may hold, 0 for no limit.
	Limit int64

	held   int64
	blocks []block
	free   [numClasses][]int32
	// strs and freeStrs are the same for string blocks, which have one class only.
	strs     []strBlock
	freeStrs []int32
}

type block struct {
	mem   []byte
	class int
	refs  int32
}

type strBlock struct {
	mem  []string
	refs int32
}

// Size classes: four steps for each power of two, so that at most a quarter of a
// block is unused.
const (
	minShift   = 6 // 64 bytes
	numClasses = 4 * (63 - minShift)
)

// ref names a block: numeric blocks from 0 up, string blocks from -2 down.
type ref int32

// noRef is the ref of values that lie outside the arena.
const noRef ref = -1

func strRef(i int32) ref { return ref(-2 - i) }

// classOf is the size class for n bytes, and the size of its blocks.
func classOf(n int) (class, size int) {
	if n <= 1<<minShift {
		return 0, 1 << minShift
	}
	e := bits.Len(uint(n-1)) - 1 // 2^e <= n-1 < 2^(e+1)
	quarter := (n-1)>>(e-2) - 3  // 1..4: steps above 2^e, rounded up
	return 4*(e-minShift) + quarter, 1<<e + quarter<<(e-2)
}

// get hands out a block of at least n bytes with one reference. A free block up
// to twice the size is taken before a new one is made.
func (a *Arena) get(n int) (ref, []byte, error) {
	class, size := classOf(n)
	for c := class; c < min(class+5, numClasses); c++ {
		if list := a.free[c]; len(list) > 0 {
			i := list[len(list)-1]
			a.free[c] = list[:len(list)-1]
			a.blocks[i].refs = 1
			return ref(i), a.blocks[i].mem, nil
		}
	}
	if a.Limit > 0 && a.held+int64(size) > a.Limit {
		if a.trim(); a.held+int64(size) > a.Limit {
			return noRef, nil, fmt.Errorf("%w: %d bytes held, %d more wanted, limit %d", ErrMemory, a.held, size, a.Limit)
		}
	}
	a.held += int64(size)
	mem := tensor.Block(size)
	return a.add(block{mem: mem, class: class, refs: 1}), mem, nil
}

// add stores a new block, in the place of a trimmed one if there is one.
func (a *Arena) add(b block) ref {
	a.blocks = append(a.blocks, b)
	return ref(len(a.blocks) - 1)
}

// trim drops the memory of all free blocks. Their entries stay, with no memory
// and in no list.
func (a *Arena) trim() {
	for c := range a.free {
		for _, i := range a.free[c] {
			a.held -= int64(len(a.blocks[i].mem))
			a.blocks[i].mem = nil
		}
		a.free[c] = a.free[c][:0]
	}
}

// getStrings hands out a block of n strings.
func (a *Arena) getStrings(n int) (ref, []string) {
	for k, i := range a.freeStrs {
		if cap(a.strs[i].mem) >= n {
			last := len(a.freeStrs) - 1
			a.freeStrs[k] = a.freeStrs[last]
			a.freeStrs = a.freeStrs[:last]
			a.strs[i].refs = 1
			return strRef(i), a.strs[i].mem[:n]
		}
	}
	mem := make([]string, n)
	a.strs = append(a.strs, strBlock{mem: mem, refs: 1})
	return strRef(int32(len(a.strs) - 1)), mem
}

// retain adds a reference.
func (a *Arena) retain(r ref) {
	switch {
	case r >= 0:
		a.blocks[r].refs++
	case r < noRef:
		a.strs[-2-r].refs++
	}
}

// release drops a reference; the last one frees the block for the next get.
func (a *Arena) release(r ref) {
	switch {
	case r >= 0:
		b := &a.blocks[r]
		if b.refs--; b.refs == 0 {
			a.free[b.class] = append(a.free[b.class], int32(r))
		}
	case r < noRef:
		i := int32(-2 - r)
		if a.strs[i].refs--; a.strs[i].refs == 0 {
			a.freeStrs = append(a.freeStrs, i)
		}
	}
}

// sole reports whether r is a numeric block with one reference.
func (a *Arena) sole(r ref) bool { return r >= 0 && a.blocks[r].refs == 1 }

// Held is the number of bytes the arena has allocated.
func (a *Arena) Held() int64 { return a.held }

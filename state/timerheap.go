package state

// timerHeap orders timers by time, then by when they were set. It is a heap of four children a node: half as deep
// as one of two, and the four lie side by side.
type timerHeap struct {
	order []timerOrder
	dead  int // entries whose timer is removed
}

type timerOrder struct {
	at  int64
	seq uint64
	ref uint32
}

func (o timerOrder) before(p timerOrder) bool {
	return o.at < p.at || o.at == p.at && o.seq < p.seq
}

const heapArity = 4

func (h *timerHeap) push(o timerOrder) {
	h.order = append(h.order, o)
	h.up(len(h.order) - 1)
}

func (h *timerHeap) pop() uint32 {
	first := h.order[0].ref
	last := len(h.order) - 1
	h.order[0] = h.order[last]
	h.order = h.order[:last]
	h.down(0)
	return first
}

func (h *timerHeap) build() {
	for i := len(h.order) / heapArity; i >= 0; i-- {
		h.down(i)
	}
}

func (h *timerHeap) up(i int) {
	o := h.order[:i+1]
	moving := o[i]
	for i > 0 {
		parent := (i - 1) / heapArity
		if !moving.before(o[parent]) {
			break
		}
		o[i], i = o[parent], parent
	}
	o[i] = moving
}

func (h *timerHeap) down(i int) {
	o := h.order
	if i >= len(o) {
		return
	}
	moving := o[i]
	for {
		child := i*heapArity + 1
		if child >= len(o) {
			break
		}
		for c := child + 1; c < min(child+heapArity, len(o)); c++ {
			if o[c].before(o[child]) {
				child = c
			}
		}
		if !o[child].before(moving) {
			break
		}
		o[i], i = o[child], child
	}
	o[i] = moving
}

package state

// refs hands out references to cells, per key group.
type refs struct {
	next uint32
	live int // handed out and not given back
	free [][]uint32
}

func (r *refs) init(groups int) { r.next, r.free = 1, make([][]uint32, groups) }

func (r *refs) take(group uint32) uint32 {
	r.live++
	if f := r.free[group]; len(f) > 0 {
		r.free[group] = f[:len(f)-1]
		return f[len(f)-1]
	}
	r.next++
	return r.next - 1
}

func (r *refs) give(at place) {
	r.live--
	r.free[at.group] = append(r.free[at.group], at.slot)
}

package async

// alarm is something to do at a processing time: a try whose time is over, or a record to be asked about again.
type alarm struct {
	at   int64
	call uint64 // id of the call that times out, 0: none
	slot int32  // of the call, or of the record
}

// alarms is a heap, the earliest first.
type alarms []alarm

func (a alarm) before(b alarm) bool {
	return a.at < b.at || a.at == b.at && (a.call < b.call || a.call == b.call && a.slot < b.slot)
}

func (h *alarms) push(a alarm) {
	*h = append(*h, a)
	all := *h
	for i := len(all) - 1; i > 0; {
		up := (i - 1) / 2
		if !all[i].before(all[up]) {
			return
		}
		all[i], all[up] = all[up], all[i]
		i = up
	}
}

// pop takes the earliest if its time has come.
func (h *alarms) pop(now int64) (first alarm, ok bool) {
	all := *h
	if len(all) == 0 || all[0].at > now {
		return first, false
	}
	first = all[0]
	last := len(all) - 1
	all[0] = all[last]
	all = all[:last]
	*h = all
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if all[child].before(all[least]) {
				least = child
			}
		}
		if least == i {
			return first, true
		}
		all[i], all[least] = all[least], all[i]
		i = least
	}
}

// next is the earliest time, 0 if there is none.
func (h alarms) next() int64 {
	if len(h) == 0 {
		return 0
	}
	return max(h[0].at, 1)
}

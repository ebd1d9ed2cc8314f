package kernel

// DotRows is out[i] = x·rows[i] for count rows that are ld numbers apart.
func (s *ISA) DotRows(out, x, rows []float32, count, ld int) {
	n := len(x)
	whole := 0
	if s.lanes > 0 && count > 0 {
		if whole = n &^ (s.lanes - 1); whole > 0 {
			_, _ = out[count-1], rows[(count-1)*ld+n-1]
			vecDotRows(s.lanes, &out[0], &x[0], &rows[0], count, whole, 4*ld)
		}
	}
	if whole == n && n > 0 {
		return
	}
	for i := range count {
		sum := float32(0)
		if whole > 0 {
			sum = out[i]
		}
		for k, v := range x[whole:] {
			sum += v * rows[i*ld+whole+k]
		}
		out[i] = sum
	}
}

// SumRows is out = sum of w[i]*rows[i] for rows that are ld numbers apart.
func (s *ISA) SumRows(out, w, rows []float32, ld int) {
	n := len(out)
	whole := 0
	if s.lanes > 0 && len(w) > 0 {
		if whole = n &^ (s.lanes - 1); whole > 0 {
			_ = rows[(len(w)-1)*ld+n-1]
			vecSumRows(s.lanes, &out[0], &w[0], &rows[0], len(w), whole, 4*ld)
		}
	}
	rest := out[whole:]
	clear(rest)
	for i, v := range w {
		for k := range rest {
			rest[k] += v * rows[i*ld+whole+k]
		}
	}
}

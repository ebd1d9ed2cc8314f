package kernel

import "unsafe"

// Products of 8-bit integers, less their zero points: numbers of 16 bits, two of
// which make an element, summed in 32 bits. Sums wrap around.

// pairKernels is the micro-kernels for integers; rows is nil where there are none.
type pairKernels struct {
	nr   int
	rows []micro
}

// PackedInts is a matrix of K rows and N columns of integers: panels of columns, in
// each pair of rows after pair of rows.
type PackedInts struct {
	K, N int
	isa  *ISA
	data []int32
}

func (s *ISA) pairColumns() int { return max(s.pairs.nr, 8) }

// PairsLen is the number of elements that k integers take in pairs.
func PairsLen(k int) int { return (k + 1) / 2 }

// PackedIntsLen is the number of elements that packing takes.
func (s *ISA) PackedIntsLen(k, n int) int {
	nr := s.pairColumns()
	return PairsLen(k) * (n + nr - 1) / nr * nr
}

// PackInts lays out a k x n matrix of numbers that 16 bits hold; rows are ld apart.
// dst has PackedIntsLen elements.
func (s *ISA) PackInts(dst, b []int32, k, n, ld int) PackedInts {
	p := s.IntPanels(dst, k, n)
	for i := 0; i < k; i += 2 {
		low, high := b[i*ld:][:n], []int32(nil)
		if i+1 < k {
			high = b[(i+1)*ld:][:n]
		}
		p.Set(i/2, 0, low, high)
	}
	return p
}

// IntPanels makes an empty packed matrix in dst, to be filled by Set.
func (s *ISA) IntPanels(dst []int32, k, n int) PackedInts {
	p := PackedInts{K: k, N: n, isa: s}
	nr := s.pairColumns()
	p.data = dst[:PairsLen(k)*((n+nr-1)/nr)*nr]
	if n%nr > 0 {
		clear(p.data[(n/nr)*nr*PairsLen(k):])
	}
	return p
}

// Set fills columns from column at on of a pair of rows; a missing second row is nil.
func (p *PackedInts) Set(pair, at int, low, high []int32) {
	nr, pairs := p.isa.pairColumns(), PairsLen(p.K)
	for len(low) > 0 {
		n := min(nr-at%nr, len(low))
		dst := p.data[at/nr*nr*pairs+pair*nr+at%nr:][:n]
		if high == nil {
			for i, v := range low[:n] {
				dst[i] = v & 0xffff
			}
		} else {
			for i, v := range low[:n] {
				dst[i] = v&0xffff | high[i]<<16
			}
			high = high[n:]
		}
		low = low[n:]
		at += n
	}
}

// Pairs writes rows of k integers as pairs, PairsLen(k) to a row.
func Pairs(dst, a []int32, rows, k int) {
	n := PairsLen(k)
	for r := range rows {
		row, out := a[r*k:][:k], dst[r*n:][:n]
		for i := range k / 2 {
			out[i] = row[2*i]&0xffff | row[2*i+1]<<16
		}
		if k%2 == 1 {
			out[n-1] = row[k-1] & 0xffff
		}
	}
}

// Mul computes c = a·p for m rows of pairs. Rows of c are ldc apart; scratch has
// room for m times [PackedInts.Width] elements.
func (p *PackedInts) Mul(c []int32, ldc int, a []int32, m int, scratch []int32) {
	pairs := PairsLen(p.K)
	if m == 0 || p.N == 0 {
		return
	}
	if pairs == 0 {
		for r := range m {
			clear(c[r*ldc:][:p.N])
		}
		return
	}
	nr := p.Width()
	for j := 0; j < p.N; j += nr {
		panel := p.data[j*pairs:][:nr*pairs]
		width := min(nr, p.N-j)
		dst, ld := c[j:], ldc
		if width < nr {
			dst, ld = scratch[:m*nr], nr
		}
		if p.isa.pairs.rows != nil {
			p.tiles(dst, ld, a, m, panel)
		} else {
			portablePairs(dst, ld, a, m, pairs, panel, nr)
		}
		if width < nr {
			for r := range m {
				copy(c[r*ldc+j:][:width], scratch[r*nr:])
			}
		}
	}
}

// Width is the columns of a panel.
func (p *PackedInts) Width() int { return p.isa.pairColumns() }

// tiles runs the micro-kernels, which move bits: elements of float32 and of pairs are
// as wide.
func (p *PackedInts) tiles(c []int32, ldc int, a []int32, m int, panel []int32) {
	k := PairsLen(p.K)
	most := len(p.isa.pairs.rows) - 1
	_, _ = a[m*k-1], c[(m-1)*ldc+p.isa.pairs.nr-1]
	b := (*float32)(unsafe.Pointer(unsafe.SliceData(panel)))
	for at := 0; at < m; {
		rows, count := min(most, m-at), max((m-at)/most, 1)
		p.isa.pairs.rows[rows](k, (*float32)(unsafe.Pointer(&a[at*k])), b, (*float32)(unsafe.Pointer(&c[at*ldc])), k, ldc, count, 0, nil, nil)
		at += rows * count
	}
}

func portablePairs(c []int32, ldc int, a []int32, m, pairs int, panel []int32, nr int) {
	for r := range m {
		row := c[r*ldc:][:nr]
		clear(row)
		for i, v := range a[r*pairs:][:pairs] {
			low, high := int32(int16(v)), v>>16
			for j, w := range panel[i*nr:][:nr] {
				row[j] += low*int32(int16(w)) + high*(w>>16)
			}
		}
	}
}

// Bits is integers seen as numbers of the same width, for moving them about.
func Bits(v []int32) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(v))), len(v))
}

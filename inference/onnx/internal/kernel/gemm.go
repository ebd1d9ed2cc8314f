package kernel

import "unsafe"

// micro multiplies m rows of A with one panel of packed B (k rows of nr values) into
// an m x nr tile of c, and so on for the tiles below it, as many as given. Rows of a
// and c are lda and ldc elements apart. mode says whether the sums are added to what
// is in c, and whether bias, of nr values, and the two limits are applied to them.
type micro func(k int, a, b, c *float32, lda, ldc, tiles, mode int, bias, limits *float32)

// The bits of a micro-kernel's mode.
const (
	modeAdd    = 1
	modeFinish = 2
)

// ISA is one implementation of matrix products: an instruction set with the tile
// sizes that suit its registers.
type ISA struct {
	Name string
	// nr is the columns of a tile; the rows are 1 to len(rows)-1.
	nr   int
	rows []micro // rows[m] computes tiles of m rows; rows[0] is nil
	// pairs multiply integers.
	pairs pairKernels
	// lanes is the width of the vector loops, 0 where there are none.
	lanes int
}

// Block sizes: kcMax elements of a tile's rows of A stay in the first-level cache
// while the panels of B pass by; mcMax rows of A are used again for each panel from
// the second level.
const (
	kcMax = 512
	mcMax = 168
	// spread is added to the row distance of A where it is copied.
	spread = 16
)

// Packed is a matrix of K rows and N columns laid out for the inner loops: blocks
// of kcMax rows, in each the panels of nr columns, in each row after row. Columns
// beyond N are zero.
type Packed struct {
	K, N int
	isa  *ISA
	data []float32
}

// PackedLen is the number of floats that packing takes. A single column stays one.
func (s *ISA) PackedLen(k, n int) int {
	if n == 1 {
		return k
	}
	return k * s.panels(n) * s.nr
}

func (s *ISA) panels(n int) int { return (n + s.nr - 1) / s.nr }

// ScratchLen is the number of floats of scratch that [Packed.Mul] needs for m rows
// and k columns of A.
func (s *ISA) ScratchLen(m, k int) int {
	return min(m, mcMax)*(min(k, kcMax)+spread+s.nr) + numLimits
}

// numLimits is the place for an epilogue's limits at the end of the scratch memory: a
// pointer to the stack, handed to a function value, would make them an allocation.
const numLimits = 2

// collides reports whether rows so far apart fall on the same lines of the cache.
func collides(lda int) bool { return lda%1024 == 0 }

// Pack lays out alpha times b, of k rows and n columns, or if trans is set, its
// transpose (b then has n rows and k columns). Rows of b are ld elements apart.
// dst must have PackedLen elements.
func (s *ISA) Pack(dst, b []float32, k, n, ld int, trans bool, alpha float32) Packed {
	p := Packed{K: k, N: n, isa: s, data: dst[:s.PackedLen(k, n)]}
	if n == 1 {
		p.column(b, ld, trans, alpha)
		return p
	}
	o := 0
	for k0 := 0; k0 < k; k0 += kcMax {
		kc := min(kcMax, k-k0)
		for j := 0; j < n; j += s.nr {
			panel := p.data[o : o+kc*s.nr]
			o += len(panel)
			if trans {
				s.packColumns(panel, b[j*ld+k0:], kc, min(s.nr, n-j), ld, alpha)
			} else {
				s.packRows(panel, b[k0*ld+j:], kc, min(s.nr, n-j), ld, alpha)
			}
		}
	}
	return p
}

// column keeps a single column as it is: its product is a sum for each row.
func (p *Packed) column(b []float32, ld int, trans bool, alpha float32) {
	step := ld
	if trans {
		step = 1
	}
	for i := range p.K {
		p.data[i] = b[i*step] * alpha
	}
}

// mulColumn is Mul for a single column.
func (p *Packed) mulColumn(c []float32, ldc int, a []float32, lda, m int, acc bool) {
	w := p.data[:p.K]
	for r := range m {
		v := p.isa.Dot(a[r*lda:][:p.K], w)
		if acc {
			v += c[r*ldc]
		}
		c[r*ldc] = v
	}
}

// Panels makes an empty packed matrix in dst, to be filled row by row with
// [Packed.Row]; more than one column.
func (s *ISA) Panels(dst []float32, k, n int) Packed {
	return Packed{K: k, N: n, isa: s, data: dst[:s.PackedLen(k, n)]}
}

// Width is the number of columns of a panel.
func (p *Packed) Width() int { return p.isa.nr }

// Row is where row i of panel j is kept: columns [j·Width, (j+1)·Width) of it, of
// which those beyond N must be zero.
func (p *Packed) Row(i, j int) []float32 {
	nr := p.isa.nr
	k0 := i / kcMax * kcMax
	kc := min(kcMax, p.K-k0)
	at := k0*p.isa.panels(p.N)*nr + (j*kc+i-k0)*nr
	return p.data[at : at+nr]
}

// packRows fills a panel from rows that lie along the panel's rows.
func (s *ISA) packRows(panel, b []float32, kc, width, ld int, alpha float32) {
	nr := s.nr
	if width < nr {
		clear(panel)
	}
	s.copyRows(panel, nr, b, ld, kc, width)
	if alpha != 1 {
		s.Scale(panel, alpha)
	}
}

// packColumns fills a panel from rows that become the panel's columns.
func (s *ISA) packColumns(panel, b []float32, kc, width, ld int, alpha float32) {
	if width < s.nr {
		clear(panel)
	}
	s.Transpose(panel, s.nr, b, ld, width, kc)
	if alpha != 1 {
		s.Scale(panel, alpha)
	}
}

// Scale is x *= by.
func (s *ISA) Scale(x []float32, by float32) {
	if !s.arith(Mul, x, x, []float32{by}, true) {
		for i := range x {
			x[i] *= by
		}
	}
}

// Mul computes c = a·p, or c += a·p if acc is set, for m rows of a. Rows of a and c
// are lda and ldc elements apart; scratch has ScratchLen elements.
func (p *Packed) Mul(c []float32, ldc int, a []float32, lda, m int, acc bool, scratch []float32) {
	p.MulThen(c, ldc, a, lda, m, acc, scratch, &Epilogue{})
}

// MulThen is Mul, followed by an epilogue.
func (p *Packed) MulThen(c []float32, ldc int, a []float32, lda, m int, acc bool, scratch []float32, e *Epilogue) {
	if m == 0 || p.N == 0 {
		return
	}
	if p.K == 0 {
		if !acc {
			for r := range m {
				clear(c[r*ldc:][:p.N])
			}
		}
		e.rows(c, ldc, m, p.N)
		return
	}
	if p.N == 1 {
		p.mulColumn(c, ldc, a, lda, m, acc)
		e.rows(c, ldc, m, 1)
		return
	}
	for k0 := 0; k0 < p.K; k0 += kcMax {
		kc := min(kcMax, p.K-k0)
		block := p.data[k0*p.isa.panels(p.N)*p.isa.nr:]
		for m0 := 0; m0 < m; m0 += mcMax {
			rows := min(mcMax, m-m0)
			then := e
			if k0+kc < p.K {
				then = nil
			}
			p.block(c[m0*ldc:], ldc, a[m0*lda+k0:], lda, rows, kc, block, acc || k0 > 0, scratch, then, m0)
		}
	}
}

// block multiplies rows of A, the first of them row0, with all panels of one block
// of B. The epilogue is nil before the last block.
func (p *Packed) block(c []float32, ldc int, a []float32, lda, m, kc int, b []float32, acc bool, scratch []float32, e *Epilogue, row0 int) {
	s := p.isa
	if m > 1 && collides(lda) {
		a, lda = s.moved(a, lda, m, kc, scratch), kc+spread
	}
	scratch, limits := scratch[:len(scratch)-numLimits], scratch[len(scratch)-numLimits:]
	tile := scratch[len(scratch)-min(m, mcMax)*s.nr:]
	t := tiles{isa: s, k: kc, m: m, lda: lda, limits: limits}
	if acc {
		t.mode = modeAdd
	}
	if e != nil && e.within(limits) {
		t.mode |= modeFinish
	}
	for j := 0; j < p.N; j += s.nr {
		panel := b[j*kc : j*kc+kc*s.nr]
		width := min(s.nr, p.N-j)
		t.bias = zeros[:]
		if e != nil && e.Bias != nil {
			t.bias = e.Bias[j : j+s.nr]
		}
		if width == s.nr {
			t.run(a, panel, c[j:], ldc)
			if e != nil {
				e.finish(s, c[j:], m, ldc, row0, j, t.mode&modeFinish > 0)
			}
			continue
		}
		if acc {
			s.copyRows(tile, s.nr, c[j:], ldc, m, width)
		}
		t.run(a, panel, tile, s.nr)
		if e != nil {
			e.finishPart(s, tile, m, row0, j, width, t.mode&modeFinish > 0)
		}
		s.copyRows(c[j:], ldc, tile, s.nr, m, width)
	}
}

// tiles is the product of rows of A with one panel: tiles one below the other, of
// rows spread evenly.
type tiles struct {
	isa       *ISA
	k, m, lda int
	mode      int
	bias      []float32
	limits    []float32 // two
}

func (t *tiles) run(a, panel, c []float32, ldc int) {
	most := len(t.isa.rows) - 1
	count := (t.m + most - 1) / most
	rows, more := t.m/count, t.m%count // the first tiles have a row more
	_, _ = a[(t.m-1)*t.lda+t.k-1], c[(t.m-1)*ldc+t.isa.nr-1]
	b, bias := unsafe.SliceData(panel), unsafe.SliceData(t.bias)
	at := 0
	if more > 0 {
		t.isa.rows[rows+1](t.k, unsafe.SliceData(a), b, unsafe.SliceData(c), t.lda, ldc, more, t.mode, bias, &t.limits[0])
		at = more * (rows + 1)
	}
	t.isa.rows[rows](t.k, &a[at*t.lda], b, &c[at*ldc], t.lda, ldc, count-more, t.mode, bias, &t.limits[0])
}

// moved copies rows of a to where they do not collide in the cache.
func (s *ISA) moved(a []float32, lda, m, kc int, scratch []float32) []float32 {
	for r := range m {
		copy(scratch[r*(kc+spread):][:kc], a[r*lda:])
	}
	return scratch[:m*(kc+spread)]
}

// Portable is matrix products in plain Go, for every machine.
func Portable() *ISA {
	s := &ISA{Name: "go", nr: 8, rows: make([]micro, 5)}
	for m := 1; m <= 4; m++ {
		s.rows[m] = func(k int, a, b, c *float32, lda, ldc, tiles, mode int, bias, limits *float32) {
			as, cs := unsafe.Slice(a, (tiles*m-1)*lda+k), unsafe.Slice(c, (tiles*m-1)*ldc+8)
			for t := range tiles {
				tile := cs[t*m*ldc:]
				portable(m, k, as[t*m*lda:], unsafe.Slice(b, 8*k), tile, lda, ldc, mode&modeAdd > 0)
				if mode&modeFinish > 0 {
					portableFinish(m, tile, ldc, unsafe.Slice(bias, 8), unsafe.Slice(limits, 2))
				}
			}
		}
	}
	return s
}

func portableFinish(m int, c []float32, ldc int, bias, limits []float32) {
	for r := range m {
		row := c[r*ldc:][:8]
		for i, v := range row {
			row[i] = min(max(v+bias[i], limits[0]), limits[1])
		}
	}
}

// portable computes a tile of m x 8 in two halves of four columns, whose sums the
// compiler keeps in registers.
func portable(m, k int, a, b, c []float32, lda, ldc int, acc bool) {
	for r := range m {
		row := a[r*lda:][:k]
		for h := 0; h < 8; h += 4 {
			var s0, s1, s2, s3 float32
			for i, v := range row {
				w := b[i*8+h : i*8+h+4 : i*8+h+4]
				s0 += v * w[0]
				s1 += v * w[1]
				s2 += v * w[2]
				s3 += v * w[3]
			}
			d := c[r*ldc+h : r*ldc+h+4 : r*ldc+h+4]
			if acc {
				s0, s1, s2, s3 = s0+d[0], s1+d[1], s2+d[2], s3+d[3]
			}
			d[0], d[1], d[2], d[3] = s0, s1, s2, s3
		}
	}
}

// MatMul is the product of an m x k and a k x n matrix of any numeric type, with
// strides for transposed operands: element (r, i) of a is at r*ra + i*ca. c is
// overwritten.
func MatMul[T Number](c, a, b []T, m, k, n, ra, ca, rb, cb int) {
	for r := range m {
		row := c[r*n : r*n+n]
		clear(row)
		for i := range k {
			v := a[r*ra+i*ca]
			if cb == 1 {
				for j, w := range b[i*rb:][:n] {
					row[j] += v * w
				}
				continue
			}
			for j := range row {
				row[j] += v * b[i*rb+j*cb]
			}
		}
	}
}

package kernel

import "unsafe"

// micro multiplies m rows of A with one panel of packed B (k rows of nr values) into
// an m x nr tile of c: c = a·b, or c += a·b if acc is not 0. Rows of a and c are lda
// and ldc elements apart.
type micro func(k int, a, b, c *float32, lda, ldc, acc int)

// ISA is one implementation of matrix products: an instruction set with the tile
// sizes that suit its registers.
type ISA struct {
	Name string
	// nr is the columns of a tile; the rows are 1 to len(rows)-1.
	nr   int
	rows []micro // rows[m] computes tiles of m rows; rows[0] is nil
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

// PackedLen is the number of floats that packing takes.
func (s *ISA) PackedLen(k, n int) int { return k * s.panels(n) * s.nr }

func (s *ISA) panels(n int) int { return (n + s.nr - 1) / s.nr }

// ScratchLen is the number of floats of scratch that [Packed.Mul] needs for m rows
// and k columns of A.
func (s *ISA) ScratchLen(m, k int) int {
	return min(m, mcMax)*(min(k, kcMax)+spread) + (len(s.rows)-1)*s.nr
}

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
				packColumns(panel, b[j*ld+k0:], kc, min(s.nr, n-j), s.nr, ld, alpha)
			} else {
				packRows(panel, b[k0*ld+j:], kc, min(s.nr, n-j), s.nr, ld, alpha)
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
func packRows(panel, b []float32, kc, width, nr, ld int, alpha float32) {
	for k := range kc {
		dst, src := panel[k*nr:][:nr], b[k*ld:][:width]
		for c, v := range src {
			dst[c] = v * alpha
		}
		clear(dst[width:])
	}
}

// packColumns fills a panel from rows that become the panel's columns.
func packColumns(panel, b []float32, kc, width, nr, ld int, alpha float32) {
	if width < nr {
		clear(panel)
	}
	for c := range width {
		for k, v := range b[c*ld:][:kc] {
			panel[k*nr+c] = v * alpha
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
	most := len(s.rows) - 1
	count := (m + most - 1) / most // tiles, of rows spread evenly
	if m > 1 && collides(lda) {
		a, lda = s.moved(a, lda, m, kc, scratch), kc+spread
	}
	tile := scratch[len(scratch)-most*s.nr:]
	flag := 0
	if acc {
		flag = 1
	}
	for j := 0; j < p.N; j += s.nr {
		panel := unsafe.SliceData(b[j*kc : j*kc+kc*s.nr])
		width := min(s.nr, p.N-j)
		for t := range count {
			r0, r1 := t*m/count, (t+1)*m/count
			at := unsafe.SliceData(a[r0*lda : (r1-1)*lda+kc])
			if width == s.nr {
				dst := c[r0*ldc+j : (r1-1)*ldc+j+s.nr]
				s.rows[r1-r0](kc, at, panel, unsafe.SliceData(dst), lda, ldc, flag)
				if e != nil {
					e.finish(s, dst, r1-r0, ldc, row0+r0, j)
				}
				continue
			}
			if acc {
				copyRows(tile, s.nr, c[r0*ldc+j:], ldc, r1-r0, width)
			}
			s.rows[r1-r0](kc, at, panel, unsafe.SliceData(tile), lda, s.nr, flag)
			if e != nil {
				e.finishPart(s, tile, r1-r0, row0+r0, j, width)
			}
			copyRows(c[r0*ldc+j:], ldc, tile, s.nr, r1-r0, width)
		}
	}
}

// moved copies rows of a to where they do not collide in the cache.
func (s *ISA) moved(a []float32, lda, m, kc int, scratch []float32) []float32 {
	for r := range m {
		copy(scratch[r*(kc+spread):][:kc], a[r*lda:])
	}
	return scratch[:m*(kc+spread)]
}

// copyRows copies the columns of a tile that exist.
func copyRows(dst []float32, ldd int, src []float32, lds, rows, width int) {
	for r := range rows {
		copy(dst[r*ldd:][:width], src[r*lds:][:width])
	}
}

// Portable is matrix products in plain Go, for every machine.
func Portable() *ISA {
	s := &ISA{Name: "go", nr: 8, rows: make([]micro, 5)}
	for m := 1; m <= 4; m++ {
		s.rows[m] = func(k int, a, b, c *float32, lda, ldc, acc int) {
			portable(m, k, unsafe.Slice(a, (m-1)*lda+k), unsafe.Slice(b, 8*k), unsafe.Slice(c, (m-1)*ldc+8), lda, ldc, acc != 0)
		}
	}
	return s
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

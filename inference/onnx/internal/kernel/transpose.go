package kernel

import "unsafe"

// Transpose2 writes the transpose of a rows x cols matrix.
func Transpose2[T any](dst, src []T, rows, cols int) {
	if d := asFloat32(dst); d != nil && rows > 0 && cols > 0 {
		Best().Transpose(d, rows, asFloat32(src), cols, rows, cols)
		return
	}
	transpose2(dst, src, rows, cols)
}

// Transpose writes the transpose of a matrix of rows x cols, whose rows are lds
// apart, as one whose rows are ldd apart.
func (s *ISA) Transpose(dst []float32, ldd int, src []float32, lds, rows, cols int) {
	if rows == 3 && ldd == 3 && cols > 0 {
		interleave3(dst, src, src[lds:], src[2*lds:], cols)
		return
	}
	r, c := 0, 0
	if s.lanes > 0 {
		r, c = rows&^7, cols&^7
		if r == 0 || c == 0 {
			r, c = 0, 0
		} else {
			_, _ = dst[(cols-1)*ldd+rows-1], src[(rows-1)*lds+cols-1]
			vecTranspose(&dst[0], &src[0], r, c, 4*ldd, 4*lds)
		}
	}
	// What the blocks left: the rest of their rows, then the rows below them.
	for i := range r {
		for k := c; k < cols; k++ {
			dst[k*ldd+i] = src[i*lds+k]
		}
	}
	for k := range cols {
		for i := r; i < rows; i++ {
			dst[k*ldd+i] = src[i*lds+k]
		}
	}
}

// interleave3 is the transpose of three rows, such as the colours of an image.
func interleave3(dst, a, b, c []float32, n int) {
	a, b, c, dst = a[:n], b[:n], c[:n], dst[:3*n]
	for i := range a {
		d := dst[3*i : 3*i+3 : 3*i+3]
		d[0], d[1], d[2] = a[i], b[i], c[i]
	}
}

func transpose2[T any](dst, src []T, rows, cols int) {
	const tile = 16
	for r0 := 0; r0 < rows; r0 += tile {
		for c0 := 0; c0 < cols; c0 += tile {
			for r := r0; r < min(r0+tile, rows); r++ {
				row := src[r*cols:][:cols]
				for c := c0; c < min(c0+tile, cols); c++ {
					dst[c*rows+r] = row[c]
				}
			}
		}
	}
}

// Transpose writes src, of the given shape, with its dimensions in the order of
// perm.
func Transpose[T any](dst, src []T, shape, perm []int) {
	var dim, stride, at [MaxRank]int
	rank := compact(&dim, &stride, shape, perm)
	if len(dst) == 0 {
		return
	}
	if rank == 0 {
		copy(dst, src)
		return
	}
	if d := asFloat32(dst); d != nil && rank > 1 {
		transposePlanes(d, asFloat32(src), &dim, &stride, rank)
		return
	}
	last := rank - 1
	n, step := dim[last], stride[last]
	for o, from := 0, 0; ; o += n {
		if step == 1 {
			copy(dst[o:o+n], src[from:from+n])
		} else {
			gather(dst[o:o+n], src[from:], step)
		}
		k := last - 1
		for ; k >= 0; k-- {
			from += stride[k]
			if at[k]++; at[k] < dim[k] {
				break
			}
			from -= stride[k] * dim[k]
			at[k] = 0
		}
		if k < 0 {
			return
		}
	}
}

// transposePlanes moves the last two dimensions of the output at a time: rows of
// the source, or a matrix to be transposed, or single elements.
func transposePlanes(dst, src []float32, dim, stride *[MaxRank]int, rank int) {
	isa := Best()
	var at [MaxRank]int
	rows, n := dim[rank-2], dim[rank-1]
	sr, sn := stride[rank-2], stride[rank-1]
	for o, from := 0, 0; ; o += rows * n {
		switch {
		case sn == 1:
			isa.copyRows(dst[o:], n, src[from:], sr, rows, n)
		case sr == 1:
			isa.Transpose(dst[o:], n, src[from:], sn, n, rows)
		default:
			for r := range rows {
				gather(dst[o+r*n:][:n], src[from+r*sr:], sn)
			}
		}
		k := rank - 3
		for ; k >= 0; k-- {
			from += stride[k]
			if at[k]++; at[k] < dim[k] {
				break
			}
			from -= stride[k] * dim[k]
			at[k] = 0
		}
		if k < 0 {
			return
		}
	}
}

// Words is numeric memory in units of four bytes, for moving it about; nil where it
// does not divide into them.
func Words(b []byte) []float32 {
	if len(b)%4 != 0 || uintptr(unsafe.Pointer(unsafe.SliceData(b)))%4 != 0 {
		return nil
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/4)
}

func gather[T any](dst, src []T, step int) {
	i := 0
	for k := range dst {
		dst[k] = src[i]
		i += step
	}
}

// compact lists the output's dimensions with their strides in the source, joining
// neighbours that the permutation keeps together and leaving ones out.
func compact(dim, stride *[MaxRank]int, shape, perm []int) int {
	var from [MaxRank]int
	run := 1
	for i := len(shape) - 1; i >= 0; i-- {
		from[i] = run
		run *= shape[i]
	}
	rank := 0
	for _, p := range perm {
		if shape[p] == 1 {
			continue
		}
		if rank > 0 && stride[rank-1] == from[p]*shape[p] {
			dim[rank-1] *= shape[p]
			stride[rank-1] = from[p]
			continue
		}
		dim[rank], stride[rank] = shape[p], from[p]
		rank++
	}
	return rank
}

// CopyRows copies rows of n numbers, which are ldd and lds apart.
func (s *ISA) CopyRows(dst []float32, ldd int, src []float32, lds, rows, n int) {
	if rows > 0 && n > 0 {
		s.copyRows(dst, ldd, src, lds, rows, n)
	}
}

func (s *ISA) copyRows(dst []float32, ldd int, src []float32, lds, rows, n int) {
	if s.lanes > 0 {
		_, _ = dst[(rows-1)*ldd+n-1], src[(rows-1)*lds+n-1]
		vecCopyRows(s.lanes, &dst[0], &src[0], rows, n, 4*ldd, 4*lds)
		return
	}
	for r := range rows {
		copy(dst[r*ldd:][:n], src[r*lds:][:n])
	}
}

package layout

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// mover copies runs of elements between tensors of one type, whatever the type.
type mover struct {
	size int // bytes of an element, 0 for strings
	dst  []byte
	src  []byte
	dstS []string
	srcS []string
	// fillB or fillS is the element that padding is filled with; nil for zeros.
	fillB []byte
	fillS string
}

func newMover(dst, src *tensor.Tensor) mover {
	return mover{size: dst.Elem().Size(), dst: dst.Bytes(), src: src.Bytes(), dstS: dst.Strings(), srcS: src.Strings()}
}

// copy moves n elements. It panics beyond either tensor, never writes elsewhere.
func (m *mover) copy(to, from, n int) {
	if m.size == 0 {
		copy(m.dstS[to:to+n], m.srcS[from:from+n])
		return
	}
	copy(m.dst[to*m.size:(to+n)*m.size], m.src[from*m.size:(from+n)*m.size])
}

// fill writes n fill elements.
func (m *mover) fill(to, n int) {
	if m.size == 0 {
		for i := range n {
			m.dstS[to+i] = m.fillS
		}
		return
	}
	d := m.dst[to*m.size : (to+n)*m.size]
	if m.fillB == nil {
		clear(d)
		return
	}
	for len(d) > 0 {
		d = d[copy(d, m.fillB):]
	}
}

// maps says for each dimension which input index each output index is taken from;
// -1 for fill, nil where the dimension stays as it is.
type maps [kernel.MaxRank][]int64

// remap moves elements from a tensor of shape in to one of shape out by the maps.
func remap(m *mover, in, out []int, by *maps) {
	rank := len(out)
	block := 1 // elements of the trailing dimensions that stay as they are
	for rank > 0 && by[rank-1] == nil {
		rank--
		block *= out[rank]
	}
	if rank == 0 {
		m.copy(0, 0, block)
		return
	}
	var at [kernel.MaxRank]int
	var stride [kernel.MaxRank]int
	run, total := block, block
	for i := rank - 1; i >= 0; i-- {
		stride[i] = run
		run *= in[i]
		total *= out[i]
	}
	if total == 0 {
		return
	}
	last := rank - 1
	for to := 0; to < total; to += out[last] * block {
		from, filled := 0, false
		for i := range last {
			x := at[i]
			if by[i] != nil {
				x = int(by[i][x])
			}
			filled = filled || x < 0
			from += x * stride[i]
		}
		if filled {
			m.fill(to, out[last]*block)
		} else {
			m.line(to, from, block, by[last])
		}
		for i := last - 1; i >= 0; i-- {
			if at[i]++; at[i] < out[i] {
				break
			}
			at[i] = 0
		}
	}
}

// line moves one line of blocks, joining consecutive indices into one copy.
func (m *mover) line(to, from, block int, index []int64) {
	for i := 0; i < len(index); {
		j := i + 1
		if index[i] < 0 {
			for j < len(index) && index[j] < 0 {
				j++
			}
			m.fill(to+i*block, (j-i)*block)
		} else {
			for j < len(index) && index[j] == index[j-1]+1 {
				j++
			}
			m.copy(to+i*block, from+int(index[i])*block, (j-i)*block)
		}
		i = j
	}
}

// axisOf turns an axis that may count from the end into a plain one.
func axisOf(axis, rank int) (int, error) {
	if axis < 0 {
		axis += rank
	}
	if axis < 0 || axis >= rank {
		return 0, fmt.Errorf("%w: axis %d of rank %d", op.ErrInput, axis, rank)
	}
	return axis, nil
}

// integers reads a tensor of int64 or int32 into a list, appending to buf.
func integers(buf []int, t *tensor.Tensor) ([]int, error) {
	switch t.Elem() {
	case tensor.Int64:
		for _, v := range tensor.Slice[int64](t) {
			buf = append(buf, clampInt(v))
		}
	case tensor.Int32:
		for _, v := range tensor.Slice[int32](t) {
			buf = append(buf, int(v))
		}
	default:
		return nil, fmt.Errorf("%w: %v where integers are wanted", op.ErrType, t)
	}
	return buf, nil
}

// clampInt is v as an int, at the nearest end where an int is narrower.
func clampInt(v int64) int {
	if int64(int(v)) == v {
		return int(v)
	}
	if v > 0 {
		return int(^uint(0) >> 1)
	}
	return -int(^uint(0)>>1) - 1
}

// split is the dimensions around an axis: the products before and after it.
func split(shape []int, axis int) (outer, inner int) {
	outer, inner = 1, 1
	for i, d := range shape {
		switch {
		case i < axis:
			outer *= d
		case i > axis:
			inner *= d
		}
	}
	return outer, inner
}

// rankFits refuses tensors of more dimensions than the loops are made for.
func rankFits(t *tensor.Tensor) error {
	if t.Rank() > kernel.MaxRank {
		return fmt.Errorf("%w: %v has more than %d dimensions", op.ErrInput, t, kernel.MaxRank)
	}
	return nil
}

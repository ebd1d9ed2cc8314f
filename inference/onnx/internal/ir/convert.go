package ir

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"unsafe"

	"github.com/turgo-io/turgo/inference/onnx/internal/pb"
	"github.com/turgo-io/turgo/inference/tensor"
)

var (
	// ErrExternal says that a tensor's data lies in another file.
	ErrExternal = errors.New("ir: tensor data lies outside the model file")
	// ErrTensor says that a stored tensor contradicts itself.
	ErrTensor = errors.New("ir: bad tensor")
)

// DecodeTensor makes a tensor of a stored one. Data is copied, so that the result
// does not keep the file in memory. What it allocates is bounded by the stored
// data: a shape without data is an error.
func DecodeTensor(p *pb.Tensor) (*tensor.Tensor, error) {
	t, err := decodeTensor(p)
	if err != nil {
		return nil, fmt.Errorf("tensor %q: %w", p.Name, err)
	}
	return t, nil
}

func decodeTensor(p *pb.Tensor) (*tensor.Tensor, error) {
	if p.Location == 1 || len(p.External) > 0 {
		return nil, fmt.Errorf("%w: name its folder (WithExternalData), or merge it into one file (onnx.save_model with save_as_external_data=False)", ErrExternal)
	}
	elem := tensor.Elem(p.Elem)
	if p.Elem < 0 || p.Elem > 255 || !elem.Valid() {
		return nil, fmt.Errorf("%w: element type %d is not known", ErrTensor, p.Elem)
	}
	shape, n, err := decodeDims(p.Dims)
	if err != nil {
		return nil, err
	}
	if elem == tensor.String {
		return exact(shape, n, p.Strings)
	}
	if p.HasRaw {
		if p.Shared && keepable(elem, p.Raw) && len(p.Raw) == n*elem.Size() {
			return tensor.OfBytes(elem, shape, p.Raw)
		}
		return decodeRaw(elem, shape, n, p.Raw)
	}
	return decodeTyped(elem, shape, n, p)
}

func decodeDims(dims []int64) ([]int, int, error) {
	shape := make([]int, len(dims))
	for i, d := range dims {
		if d < 0 || d > math.MaxInt {
			return nil, 0, fmt.Errorf("%w: dimension %d", ErrTensor, d)
		}
		shape[i] = int(d)
	}
	n, err := tensor.Count(shape)
	return shape, n, err
}

// exact makes a tensor of data that already has its final form.
func exact[T tensor.Type](shape []int, n int, data []T) (*tensor.Tensor, error) {
	if len(data) != n {
		return nil, fmt.Errorf("%w: shape %v wants %d elements, %d stored", ErrTensor, shape, n, len(data))
	}
	return tensor.Of(shape, slices.Clone(data))
}

// decodeRaw reads little-endian raw data, unpacking types narrower than a byte.
func decodeRaw(elem tensor.Elem, shape []int, n int, raw []byte) (*tensor.Tensor, error) {
	bits := elem.Bits()
	want := (n*bits + 7) / 8
	if len(raw) != want {
		return nil, fmt.Errorf("%w: %v%v takes %d bytes, %d stored", ErrTensor, elem, shape, want, len(raw))
	}
	if bits < 8 {
		return tensor.OfBytes(elem, shape, unpack(raw, n, bits, elem))
	}
	data := tensor.Block(len(raw))
	copy(data, raw)
	width := elem.Size()
	if elem == tensor.Complex64 || elem == tensor.Complex128 {
		width /= 2
	}
	toNative(data, width)
	return tensor.OfBytes(elem, shape, data)
}

// keepable reports whether raw data can be used where it lies: elements of whole
// bytes, in the machine's own order, at an address that fits them.
func keepable(elem tensor.Elem, raw []byte) bool {
	const vector = 16 // enough for every element type
	return elem.Bits() >= 8 && len(raw) > 0 && little() && uintptr(unsafe.Pointer(unsafe.SliceData(raw)))%vector == 0
}

func little() bool {
	one := uint16(1)
	return *(*byte)(unsafe.Pointer(&one)) == 1
}

// toNative turns little-endian words into the machine's own order.
func toNative(b []byte, width int) {
	if width < 2 || little() {
		return
	}
	for ; len(b) >= width; b = b[width:] {
		slices.Reverse(b[:width])
	}
}

// unpack spreads elements of 4 or 2 bits, the lowest bits first, to a byte each.
func unpack(raw []byte, n, bits int, elem tensor.Elem) []byte {
	out := tensor.Block(n)
	per, mask := 8/bits, byte(1)<<bits-1
	signed := elem == tensor.Int4 || elem == tensor.Int2
	for i := range out {
		v := raw[i/per] >> (i % per * bits) & mask
		if signed && v > mask/2 {
			v |= ^mask
		}
		out[i] = v
	}
	return out
}

// decodeTyped reads the typed lists, whose use depends on the element type.
func decodeTyped(elem tensor.Elem, shape []int, n int, p *pb.Tensor) (*tensor.Tensor, error) {
	switch elem {
	case tensor.Float32:
		return exact(shape, n, p.Floats)
	case tensor.Float64:
		return exact(shape, n, p.Doubles)
	case tensor.Int64:
		return exact(shape, n, p.Int64s)
	case tensor.Int32:
		return exact(shape, n, p.Int32s)
	case tensor.Uint64:
		return exact(shape, n, p.Uint64s)
	case tensor.Uint32:
		return exact(shape, n, narrow[uint32](p.Uint64s))
	case tensor.Complex64:
		return exact(shape, n, pairs(p.Floats, func(re, im float32) complex64 { return complex(re, im) }))
	case tensor.Complex128:
		return exact(shape, n, pairs(p.Doubles, func(re, im float64) complex128 { return complex(re, im) }))
	}
	return decodeInt32s(elem, shape, n, p.Int32s)
}

// decodeInt32s serves the types that are stored as int32: one element each, or
// for types narrower than a byte, one packed byte each.
func decodeInt32s(elem tensor.Elem, shape []int, n int, v []int32) (*tensor.Tensor, error) {
	switch elem {
	case tensor.Float16:
		return exact(shape, n, narrow[tensor.F16](v))
	case tensor.BFloat16:
		return exact(shape, n, narrow[tensor.BF16](v))
	case tensor.Int16:
		return exact(shape, n, narrow[int16](v))
	case tensor.Uint16:
		return exact(shape, n, narrow[uint16](v))
	}
	return decodeRaw(elem, shape, n, narrow[uint8](v))
}

func narrow[To, From ~int32 | ~uint64 | ~uint32 | ~uint16 | ~int16 | ~uint8](v []From) []To {
	out := make([]To, len(v))
	for i := range v {
		out[i] = To(v[i])
	}
	return out
}

func pairs[F float32 | float64, C complex64 | complex128](v []F, join func(re, im F) C) []C {
	out := make([]C, 0, len(v)/2)
	for i := 0; i+1 < len(v); i += 2 {
		out = append(out, join(v[i], v[i+1]))
	}
	return out
}

// DecodeSparse makes a dense tensor of a sparse one. The dense size is bounded by
// maxElements, because a sparse tensor may state any shape.
func DecodeSparse(p *pb.SparseTensor, maxElements int) (*tensor.Tensor, error) {
	if p.Values == nil || p.Indices == nil {
		return nil, fmt.Errorf("%w: sparse tensor without values or indices", ErrTensor)
	}
	values, err := DecodeTensor(p.Values)
	if err != nil {
		return nil, err
	}
	index, err := DecodeTensor(p.Indices)
	if err != nil {
		return nil, err
	}
	shape, n, err := decodeDims(p.Dims)
	if errors.Is(err, tensor.ErrShape) || n > maxElements {
		return nil, fmt.Errorf("%w: sparse tensor %v has more than %d elements", pb.ErrLimit, shape, maxElements)
	}
	if err != nil {
		return nil, err
	}
	dense, err := tensor.New(values.Elem(), shape...)
	if err != nil {
		return nil, err
	}
	return dense, scatter(dense, values, tensor.Slice[int64](index))
}

// scatter writes values at indices, which are linear or one row of coordinates
// for each value.
func scatter(dense, values *tensor.Tensor, index []int64) error {
	nnz, rank := values.Len(), dense.Rank()
	coordinates := len(index) == nnz*rank && rank != 1 && nnz > 0
	if !coordinates && len(index) != nnz {
		return fmt.Errorf("%w: %d sparse values with %d indices", ErrTensor, nnz, len(index))
	}
	size := values.Elem().Size()
	for i := range nnz {
		at := int64(0)
		if coordinates {
			for d, x := range index[i*rank:][:rank] {
				if x < 0 || x >= int64(dense.Dim(d)) {
					return fmt.Errorf("%w: sparse index %d out of range", ErrTensor, x)
				}
				at = at*int64(dense.Dim(d)) + x
			}
		} else {
			at = index[i]
		}
		if at < 0 || at >= int64(dense.Len()) || size == 0 {
			return fmt.Errorf("%w: sparse index %d out of range", ErrTensor, at)
		}
		copy(dense.Bytes()[int(at)*size:], values.Bytes()[i*size:][:size])
	}
	return nil
}

// DecodeSequence makes a value of a stored sequence.
func DecodeSequence(p *pb.Sequence) (*tensor.Sequence, error) {
	s := &tensor.Sequence{}
	for _, t := range p.Tensors {
		v, err := DecodeTensor(t)
		if err != nil {
			return nil, err
		}
		s.Elem, s.Items = v.Elem(), append(s.Items, v)
	}
	for _, q := range p.Sequences {
		v, err := DecodeSequence(q)
		if err != nil {
			return nil, err
		}
		s.Items = append(s.Items, v)
	}
	return s, nil
}

// DecodeOptional makes a value of a stored optional.
func DecodeOptional(p *pb.Optional) (*tensor.Optional, error) {
	switch {
	case p.Tensor != nil:
		t, err := DecodeTensor(p.Tensor)
		return &tensor.Optional{Value: t}, err
	case p.Sequence != nil:
		s, err := DecodeSequence(p.Sequence)
		return &tensor.Optional{Value: s}, err
	}
	return &tensor.Optional{}, nil
}

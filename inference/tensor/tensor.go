package tensor

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unsafe"
)

// Tensor is a dense array of one element type in row-major order.
//
// The zero Tensor has no type yet and can be given to a model as an output. A
// Tensor must not be copied by value once in use: pass pointers.
type Tensor struct {
	elem  Elem
	shape []int
	n     int
	data  []byte   // numeric elements, len = n*Size, aligned for the element
	strs  []string // elements when elem is String
}

// Count is the number of elements of a shape. It fails on a negative dimension
// and where the product does not fit an int.
func Count(shape []int) (int, error) {
	n, empty := 1, false
	for _, d := range shape {
		switch {
		case d < 0:
			return 0, fmt.Errorf("%w: dimension %d of %v is negative", ErrShape, d, slices.Clone(shape))
		case d == 0:
			empty = true
		case !empty && n > math.MaxInt/16/d:
			return 0, fmt.Errorf("%w: %v has more elements than memory can hold", ErrShape, slices.Clone(shape))
		default:
			n *= d
		}
	}
	if empty {
		return 0, nil
	}
	return n, nil
}

// New makes a tensor of zeros (of empty strings).
func New(elem Elem, shape ...int) (*Tensor, error) {
	t := &Tensor{}
	if err := t.Resize(elem, shape); err != nil {
		return nil, err
	}
	return t, nil
}

// Of makes a tensor over data, without a copy: whoever changes one changes both.
// The length of data must be the product of the shape.
func Of[T Type](shape []int, data []T) (*Tensor, error) {
	t := &Tensor{}
	if err := Bind(t, shape, data); err != nil {
		return nil, err
	}
	return t, nil
}

// Scalar makes a tensor of no dimensions.
func Scalar[T Type](v T) *Tensor {
	t := &Tensor{}
	t.bind(ElemOf[T](), nil, 1)
	setData(t, []T{v})
	return t
}

// Vector makes a one-dimensional tensor over data, without a copy.
func Vector[T Type](data ...T) *Tensor {
	t := &Tensor{}
	shape := [1]int{len(data)}
	t.bind(ElemOf[T](), shape[:], len(data))
	setData(t, data)
	return t
}

// Bind points an existing tensor at other data, without a copy and, once the
// tensor has had this many dimensions, without an allocation.
func Bind[T Type](t *Tensor, shape []int, data []T) error {
	n, err := Count(shape)
	if err != nil {
		return err
	}
	if n != len(data) {
		return fmt.Errorf("%w: %v has %d elements, the data %d", ErrShape, slices.Clone(shape), n, len(data))
	}
	t.bind(ElemOf[T](), shape, n)
	setData(t, data)
	return nil
}

func (t *Tensor) bind(elem Elem, shape []int, n int) {
	t.elem, t.n = elem, n
	t.shape = append(t.shape[:0], shape...)
	t.data, t.strs = nil, nil
}

func setData[T Type](t *Tensor, data []T) {
	if t.elem == String {
		t.strs = *(*[]string)(unsafe.Pointer(&data))
		return
	}
	if cap(data) == 0 {
		return
	}
	size := t.elem.Size()
	whole := data[:cap(data)]
	t.data = unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(whole))), len(whole)*size)[:len(data)*size]
}

// Data is the tensor's elements as a slice over the same memory. It fails when T
// is not the element type.
func Data[T Type](t *Tensor) ([]T, error) {
	if want := ElemOf[T](); t.elem != want {
		return nil, fmt.Errorf("%w: tensor is %v, asked for as %v", ErrElem, t, want)
	}
	return Slice[T](t), nil
}

// Slice is Data for code that has already switched on the element type: it
// returns nil instead of an error when T is not the element type.
func Slice[T Type](t *Tensor) []T {
	if t.elem != ElemOf[T]() || t.n == 0 {
		return nil
	}
	if t.elem == String {
		return *(*[]T)(unsafe.Pointer(&t.strs))
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(t.data))), t.n)
}

// Item is the only element of a one-element tensor.
func Item[T Type](t *Tensor) (T, error) {
	var zero T
	d, err := Data[T](t)
	if err != nil {
		return zero, err
	}
	if len(d) != 1 {
		return zero, fmt.Errorf("%w: one element wanted, have %v", ErrShape, t)
	}
	return d[0], nil
}

// Elem is the element type.
func (t *Tensor) Elem() Elem { return t.elem }

// Shape is the list of dimensions. The caller must not change it, and must not
// keep it over a Resize.
func (t *Tensor) Shape() []int { return t.shape }

// Rank is the number of dimensions.
func (t *Tensor) Rank() int { return len(t.shape) }

// Len is the number of elements.
func (t *Tensor) Len() int { return t.n }

// Dim is the size of one dimension; a negative index counts from the end. A
// dimension that the tensor does not have is of size 1.
func (t *Tensor) Dim(i int) int {
	if i < 0 {
		i += len(t.shape)
	}
	if i < 0 || i >= len(t.shape) {
		return 1
	}
	return t.shape[i]
}

// Bytes is the memory of a numeric tensor in native byte order, nil for strings.
func (t *Tensor) Bytes() []byte { return t.data }

// Strings is the elements of a string tensor, nil for others.
func (t *Tensor) Strings() []string { return t.strs }

// Resize gives the tensor a type and shape. Memory is kept where it is large
// enough, else replaced; elements are then zeros, otherwise what was there before.
func (t *Tensor) Resize(elem Elem, shape []int) error {
	n, err := Count(shape)
	if err != nil {
		return err
	}
	if !elem.Valid() {
		return fmt.Errorf("%w: %v", ErrElem, elem)
	}
	t.elem, t.n = elem, n
	t.shape = append(t.shape[:0], shape...)
	if elem == String {
		t.data, t.strs = t.data[:0], grow(t.strs, n)
		return nil
	}
	// A block bound from the caller as a narrow type may be misaligned for a wider one.
	bytes := n * elem.Size()
	if cap(t.data) < bytes || !aligned(t.data, elem) {
		t.data = Block(bytes)
	}
	t.data, t.strs = t.data[:bytes], t.strs[:0]
	return nil
}

func grow(s []string, n int) []string {
	if cap(s) < n {
		return make([]string, n)
	}
	return s[:n]
}

// Block is n zero bytes, aligned for every element type.
func Block(n int) []byte {
	if n == 0 {
		return nil
	}
	words := make([]uint64, (n+7)/8)
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), len(words)*8)[:n]
}

func aligned(b []byte, e Elem) bool {
	align := uintptr(min(e.Size(), 8))
	return align == 0 || uintptr(unsafe.Pointer(unsafe.SliceData(b)))%align == 0
}

// OfBytes makes a numeric tensor over raw memory in native byte order. The memory
// is shared where its alignment allows, else copied. Bools other than 0 are made 1.
func OfBytes(elem Elem, shape []int, data []byte) (*Tensor, error) {
	n, err := Count(shape)
	if err != nil {
		return nil, err
	}
	if !elem.Valid() || elem == String {
		return nil, fmt.Errorf("%w: %v has no byte form", ErrElem, elem)
	}
	if n*elem.Size() != len(data) {
		return nil, fmt.Errorf("%w: %v%v takes %d bytes, the data has %d", ErrShape, elem, slices.Clone(shape), n*elem.Size(), len(data))
	}
	t := &Tensor{}
	t.bind(elem, shape, n)
	if aligned(data, elem) && elem != Bool {
		t.data = data
		return t, nil
	}
	t.data = Block(len(data))
	copy(t.data, data)
	if elem == Bool {
		normalize(t.data)
	}
	return t, nil
}

// normalize keeps invariant 2: Go may misbehave on a bool that is neither 0 nor 1.
func normalize(bools []byte) {
	for i, b := range bools {
		if b > 1 {
			bools[i] = 1
		}
	}
}

// Alias makes t another view of src's elements, in another shape of the same
// length. t must not be written then unless src may be.
func (t *Tensor) Alias(src *Tensor, shape []int) error {
	n, err := Count(shape)
	if err != nil {
		return err
	}
	if n != src.n {
		return fmt.Errorf("%w: %v cannot be seen as %v", ErrShape, src, slices.Clone(shape))
	}
	t.elem, t.n = src.elem, n
	t.shape = append(t.shape[:0], shape...)
	t.data, t.strs = src.data, src.strs
	return nil
}

// AliasRange makes t a view of n elements of src from element from on, in the
// given shape.
func (t *Tensor) AliasRange(src *Tensor, from int, shape []int) error {
	n, err := Count(shape)
	if err != nil {
		return err
	}
	if from < 0 || from > src.n-n {
		return fmt.Errorf("%w: elements [%d,%d) of %v", ErrShape, from, from+n, src)
	}
	t.bind(src.elem, shape, n)
	if src.elem == String {
		t.strs = src.strs[from : from+n : from+n]
		return nil
	}
	size := src.elem.Size()
	t.data = src.data[from*size : (from+n)*size : (from+n)*size]
	return nil
}

// Over makes t a tensor in the given block, which must be aligned (see [Block])
// and large enough. Engines that plan memory use it; others want Resize.
func (t *Tensor) Over(elem Elem, shape []int, n int, block []byte) {
	t.elem, t.n = elem, n
	t.shape = append(t.shape[:0], shape...)
	t.data, t.strs = block[:n*elem.Size()], nil
}

// OverStrings is Over for a string tensor.
func (t *Tensor) OverStrings(shape []int, block []string) {
	t.elem, t.n = String, len(block)
	t.shape = append(t.shape[:0], shape...)
	t.data, t.strs = nil, block
}

// CopyFrom makes t an independent copy of src, in t's own memory.
func (t *Tensor) CopyFrom(src *Tensor) error {
	if err := t.Resize(src.elem, src.shape); err != nil {
		return err
	}
	copy(t.data, src.data)
	copy(t.strs, src.strs)
	return nil
}

// Clone is an independent copy.
func (t *Tensor) Clone() *Tensor {
	c := &Tensor{elem: t.elem, n: t.n, shape: slices.Clone(t.shape), strs: slices.Clone(t.strs)}
	if len(t.data) > 0 {
		c.data = Block(len(t.data))
		copy(c.data, t.data)
	}
	return c
}

// String names type and shape, such as float32[2,3].
func (t *Tensor) String() string {
	if t == nil {
		return "none"
	}
	var b strings.Builder
	b.WriteString(t.elem.String())
	b.WriteByte('[')
	for i, d := range t.shape {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(d))
	}
	b.WriteByte(']')
	return b.String()
}

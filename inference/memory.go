package inference

import (
	"reflect"
	"unsafe"

	"github.com/turgo-io/turgo/inference/tensor"
)

// This file is the only one of the package that goes past Go's types. What makes it sound:
//
//  1. A pointer is always into a slice of records, or into a tensor, that the caller holds for the
//     duration of the call. Offsets come from reflect, for exactly the type the slice has.
//  2. Every step is taken from the base, base + i*step with i < rows, so that no pointer is ever made
//     to behind the last element.
//  3. Elements are read and written as the Go type that they have, so strings and slices keep the
//     garbage collector's barriers.

// pointer is where records or elements begin.
type pointer = unsafe.Pointer

// copier copies count neighbouring elements for each of rows records, and converts them on the way.
// Steps are the bytes from one record to the next.
type copier func(dst pointer, dstStep uintptr, src pointer, srcStep uintptr, rows, count int)

func at(base pointer, i int, step uintptr) pointer { return unsafe.Add(base, uintptr(i)*step) }

// beyond is offset bytes behind p, in the same record or tensor.
func beyond(p pointer, offset uintptr) pointer { return unsafe.Add(p, offset) }

// firstOf is where the elements of a slice begin.
func firstOf[T any](s []T) pointer { return pointer(unsafe.SliceData(s)) }

func pointerTo[T any](v *T) pointer { return pointer(v) }

// firstIn is where the elements of a tensor begin, nil if it has none.
func firstIn(t *tensor.Tensor) pointer {
	if t.Elem() == tensor.String {
		return firstOf(t.Strings())
	}
	return firstOf(t.Bytes())
}

// zeroOf is a new zero value of a type.
func zeroOf(t reflect.Type) pointer { return reflect.New(t).UnsafePointer() }

// sliceAt is the data and the length of the slice, of whatever element type, that lies at p. The
// bytes are never touched as such: all slices have the same header.
func sliceAt(p pointer) (pointer, int) {
	s := *(*[]byte)(p)
	return firstOf(s), len(s)
}

// cutter makes a block for the slices that lie at dst + i*step, and gives each its width elements of
// it. It returns where the block begins.
type cutter func(dst pointer, step uintptr, rows, width int) pointer

func cutSlices[T any](dst pointer, step uintptr, rows, width int) pointer {
	block := make([]T, rows*width)
	for i := range rows {
		*(*[]T)(at(dst, i, step)) = block[i*width : (i+1)*width : (i+1)*width]
	}
	return firstOf(block)
}

// putMap makes a map of a tensor.Map and stores it at p, where a map of these types lies.
func putMap[K int64 | string, V float32 | float64](p pointer, m *tensor.Map) {
	keys := tensor.Slice[K](m.Keys)
	made := make(map[K]V, len(keys))
	for i, v := range tensor.Slice[float32](m.Values) {
		made[keys[i]] = V(v)
	}
	for i, v := range tensor.Slice[float64](m.Values) {
		made[keys[i]] = V(v)
	}
	*(*map[K]V)(p) = made
}

func mapAt[K int64 | string, V float32 | float64](p pointer) map[K]V { return *(*map[K]V)(p) }

func floatAt[F float32 | float64](p pointer) F { return *(*F)(p) }

type number interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | float32 | float64
}

// copySame copies elements that need no conversion.
func copySame[T any](dst pointer, dstStep uintptr, src pointer, srcStep uintptr, rows, count int) {
	if count == 1 {
		for i := range rows {
			*(*T)(at(dst, i, dstStep)) = *(*T)(at(src, i, srcStep))
		}
		return
	}
	for i := range rows {
		copy(unsafe.Slice((*T)(at(dst, i, dstStep)), count), unsafe.Slice((*T)(at(src, i, srcStep)), count))
	}
}

// copyNumbers copies numbers as another number type, by Go's conversion.
func copyNumbers[D, S number](dst pointer, dstStep uintptr, src pointer, srcStep uintptr, rows, count int) {
	if count == 1 {
		for i := range rows {
			*(*D)(at(dst, i, dstStep)) = D(*(*S)(at(src, i, srcStep)))
		}
		return
	}
	for i := range rows {
		d, s := unsafe.Slice((*D)(at(dst, i, dstStep)), count), unsafe.Slice((*S)(at(src, i, srcStep)), count)
		for j, v := range s {
			d[j] = D(v)
		}
	}
}

// copyBools copies bools as 0 and 1.
func copyBools[D number](dst pointer, dstStep uintptr, src pointer, srcStep uintptr, rows, count int) {
	for i := range rows {
		d, s := unsafe.Slice((*D)(at(dst, i, dstStep)), count), unsafe.Slice((*bool)(at(src, i, srcStep)), count)
		for j, v := range s {
			d[j] = 0
			if v {
				d[j] = 1
			}
		}
	}
}

// half is one of the two 16-bit floats.
type half interface {
	tensor.F16 | tensor.BF16
	Float32() float32
}

func copyFromHalf[D float32 | float64, S half](dst pointer, dstStep uintptr, src pointer, srcStep uintptr, rows, count int) {
	for i := range rows {
		d, s := unsafe.Slice((*D)(at(dst, i, dstStep)), count), unsafe.Slice((*S)(at(src, i, srcStep)), count)
		for j, v := range s {
			d[j] = D(v.Float32())
		}
	}
}

// copyToHalf returns the copier that rounds floats by to.
func copyToHalf[D half, S float32 | float64](to func(float32) D) copier {
	return func(dst pointer, dstStep uintptr, src pointer, srcStep uintptr, rows, count int) {
		for i := range rows {
			d, s := unsafe.Slice((*D)(at(dst, i, dstStep)), count), unsafe.Slice((*S)(at(src, i, srcStep)), count)
			for j, v := range s {
				d[j] = to(float32(v))
			}
		}
	}
}

// elemSize is the bytes of one element in a Go slice.
func elemSize(e tensor.Elem) uintptr {
	if e == tensor.String {
		return unsafe.Sizeof("")
	}
	return uintptr(e.Size())
}

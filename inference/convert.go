package inference

import "github.com/turgo-io/turgo/inference/tensor"

// converts reports whether elements of src may be put where dst is wanted, in both directions between
// structs and tensors:
//
//   - the same type always; strings only so;
//   - a bool as a number, 0 or 1;
//   - any number as float32 or float64, rounded to the nearest: models are trained in float32, programs
//     compute in float64;
//   - an integer as an integer type that holds every value of its own: never one that could overflow;
//   - 16-bit floats from and to float32 and float64.
func converts(dst, src tensor.Elem) bool {
	switch {
	case dst == src:
		return size(src) > 0
	case isHalf(dst):
		return isFloat(src)
	case isHalf(src):
		return isFloat(dst)
	case isFloat(dst):
		return isInt(src) || isFloat(src) || src == tensor.Bool
	case isInt(dst):
		return src == tensor.Bool || isInt(src) && holds(dst, src)
	}
	return false
}

func isHalf(e tensor.Elem) bool  { return e == tensor.Float16 || e == tensor.BFloat16 }
func isFloat(e tensor.Elem) bool { return e == tensor.Float32 || e == tensor.Float64 }

// isInt leaves out the integers narrower than a byte, which no Go field has.
func isInt(e tensor.Elem) bool { return e.IsInt() && e.Bits() >= 8 }

func unsigned(e tensor.Elem) bool {
	return e == tensor.Uint8 || e == tensor.Uint16 || e == tensor.Uint32 || e == tensor.Uint64
}

// holds reports whether integer type dst has every value of src.
func holds(dst, src tensor.Elem) bool {
	if unsigned(dst) == unsigned(src) {
		return dst.Size() >= src.Size()
	}
	return unsigned(src) && dst.Size() > src.Size()
}

// size is that of an element type that a Go field can have, else 0.
func size(e tensor.Elem) uintptr {
	if e == tensor.String || e == tensor.Bool || isHalf(e) || isFloat(e) || isInt(e) {
		return elemSize(e)
	}
	return 0
}

// copierFor returns what copies elements of src to where dst is wanted, nil where converts says no.
func copierFor(dst, src tensor.Elem) copier {
	if !converts(dst, src) {
		return nil
	}
	if dst == src {
		return sameCopier(dst)
	}
	switch dst {
	case tensor.Float32:
		return copierTo[float32](src)
	case tensor.Float64:
		return copierTo[float64](src)
	case tensor.Int64:
		return copierTo[int64](src)
	case tensor.Int32:
		return copierTo[int32](src)
	case tensor.Int16:
		return copierTo[int16](src)
	case tensor.Int8:
		return copierTo[int8](src)
	case tensor.Uint64:
		return copierTo[uint64](src)
	case tensor.Uint32:
		return copierTo[uint32](src)
	case tensor.Uint16:
		return copierTo[uint16](src)
	case tensor.Uint8:
		return copierTo[uint8](src)
	}
	return halfCopier(dst, src)
}

func sameCopier(e tensor.Elem) copier {
	if e == tensor.String {
		return copySame[string]
	}
	return bySize(elemSize(e), copySame[uint8], copySame[uint16], copySame[uint32], copySame[uint64])
}

func copierTo[D number](src tensor.Elem) copier {
	switch src {
	case tensor.Float32:
		return copyNumbers[D, float32]
	case tensor.Float64:
		return copyNumbers[D, float64]
	case tensor.Int64:
		return copyNumbers[D, int64]
	case tensor.Int32:
		return copyNumbers[D, int32]
	case tensor.Int16:
		return copyNumbers[D, int16]
	case tensor.Int8:
		return copyNumbers[D, int8]
	case tensor.Uint64:
		return copyNumbers[D, uint64]
	case tensor.Uint32:
		return copyNumbers[D, uint32]
	case tensor.Uint16:
		return copyNumbers[D, uint16]
	case tensor.Uint8:
		return copyNumbers[D, uint8]
	case tensor.Bool:
		return copyBools[D]
	}
	var d D
	if _, ok := any(d).(float64); ok {
		return fromHalf[float64](src)
	}
	return fromHalf[float32](src)
}

func fromHalf[D float32 | float64](src tensor.Elem) copier {
	if src == tensor.Float16 {
		return copyFromHalf[D, tensor.F16]
	}
	return copyFromHalf[D, tensor.BF16]
}

func halfCopier(dst, src tensor.Elem) copier {
	wide := src == tensor.Float64
	switch {
	case dst == tensor.Float16 && wide:
		return copyToHalf[tensor.F16, float64](tensor.ToF16)
	case dst == tensor.Float16:
		return copyToHalf[tensor.F16, float32](tensor.ToF16)
	case wide:
		return copyToHalf[tensor.BF16, float64](tensor.ToBF16)
	}
	return copyToHalf[tensor.BF16, float32](tensor.ToBF16)
}

// cutterFor returns what makes slices of an element type.
func cutterFor(e tensor.Elem) cutter {
	if e == tensor.String {
		return cutSlices[string]
	}
	return bySize(elemSize(e), cutSlices[uint8], cutSlices[uint16], cutSlices[uint32], cutSlices[uint64])
}

// putterFor returns what fills a map field, nil if the model's keys are of another type.
func putterFor(c cells, keys tensor.Elem) func(pointer, *tensor.Map) {
	wide := c.elem == tensor.Float64
	switch {
	case c.key != keys:
		return nil
	case keys == tensor.String && wide:
		return putMap[string, float64]
	case keys == tensor.String:
		return putMap[string, float32]
	case wide:
		return putMap[int64, float64]
	}
	return putMap[int64, float32]
}

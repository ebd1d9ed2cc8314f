package kernel

import (
	"math"
	"unsafe"
)

// ActKind names an activation that can follow a matrix product.
type ActKind uint8

// The activations. A and B are the numbers of [Act].
const (
	Identity ActKind = iota
	Relu
	// Clip bounds by A and B.
	Clip
	// Leaky is A times what is below zero.
	Leaky
	// HardSigmoid is max(0, min(1, A*x + B)), HardSwish x times that.
	HardSigmoid
	HardSwish
	SigmoidAct
	TanhAct
	GeluAct
	GeluTanhAct
	SiluAct
)

// Act is an activation with its numbers.
type Act struct {
	Kind ActKind
	A, B float32
}

// At is the activation of one number: the reference for the vector loops.
func (a Act) At(x float32) float32 {
	switch a.Kind {
	case Relu:
		return max(x, 0)
	case Clip:
		return min(max(x, a.A), a.B)
	case Leaky:
		return max(x, 0) + a.A*min(x, 0)
	case HardSigmoid:
		return max(0, min(1, a.A*x+a.B))
	case HardSwish:
		return x * max(0, min(1, a.A*x+a.B))
	case SigmoidAct:
		return Sigmoid(x)
	case TanhAct:
		return Tanh(x)
	case GeluAct:
		return Gelu(x)
	case GeluTanhAct:
		return GeluTanh(x)
	case SiluAct:
		return x * Sigmoid(x)
	}
	return x
}

// Epilogue is what happens to the sums of a product while they are in the cache:
//
//	c = After(First(sum + Bias) + Residual)
//
// The zero value leaves them alone.
type Epilogue struct {
	// Bias has a number for each column, filled up with zeros to [ISA.Padded]; or is nil.
	Bias  []float32
	First Act
	// Residual is a matrix like c, rows Stride elements apart; or nil.
	Residual []float32
	Stride   int
	After    Act
}

// Padded is n columns rounded up to whole tiles.
func (s *ISA) Padded(n int) int { return s.panels(n) * s.nr }

// PadBias copies a bias to the length that [Epilogue] wants.
func (s *ISA) PadBias(bias []float32) []float32 {
	if bias == nil {
		return nil
	}
	out := make([]float32, s.Padded(len(bias)))
	copy(out, bias)
	return out
}

var zeros [32]float32

// within reports whether the first activation only bounds its numbers, and how: that
// much, and the bias, the products do themselves.
func (e *Epilogue) within(limits []float32) bool {
	inf := float32(math.Inf(1))
	limits[0], limits[1] = -inf, inf
	switch e.First.Kind {
	case Identity:
		return e.Bias != nil
	case Relu:
		limits[0] = 0
	case Clip:
		limits[0], limits[1] = e.First.A, e.First.B
	default:
		return false
	}
	return true
}

// finish applies the epilogue to a tile of full width whose first element is row r,
// column j of the result. begun says that bias and first activation are done.
func (e *Epilogue) finish(s *ISA, tile []float32, rows, ldc, r, j int, begun bool) {
	if !begun && (e.Bias != nil || e.First.Kind != Identity) {
		bias := zeros[:]
		if e.Bias != nil {
			bias = e.Bias[j : j+s.nr]
		}
		s.activate(e.First, tile, rows, ldc, bias)
	}
	if e.Residual == nil {
		return
	}
	s.addTile(tile, rows, ldc, e.Residual[r*e.Stride+j:], e.Stride)
	if e.After.Kind != Identity {
		s.activate(e.After, tile, rows, ldc, zeros[:])
	}
}

// finishPart is finish for a tile of which only some columns exist. The residual is
// added row by row, as the rest of its rows may not be there.
func (e *Epilogue) finishPart(s *ISA, tile []float32, rows, r, j, width int, begun bool) {
	whole := *e
	whole.Residual = nil
	whole.finish(s, tile, rows, s.nr, r, j, begun)
	if e.Residual == nil {
		return
	}
	for i := range rows {
		row := tile[i*s.nr:][:width]
		for k, v := range e.Residual[(r+i)*e.Stride+j:][:width] {
			row[k] += v
		}
	}
	if e.After.Kind != Identity {
		s.activate(e.After, tile, rows, s.nr, zeros[:])
	}
}

// rows applies the epilogue number by number.
func (e *Epilogue) rows(c []float32, ldc, m, n int) {
	if e.Bias == nil && e.First.Kind == Identity && e.Residual == nil {
		return
	}
	for r := range m {
		row := c[r*ldc:][:n]
		for i, v := range row {
			if e.Bias != nil {
				v += e.Bias[i]
			}
			v = e.First.At(v)
			if e.Residual != nil {
				v = e.After.At(v + e.Residual[r*e.Stride+i])
			}
			row[i] = v
		}
	}
}

// activate is tile = a(tile + bias) for a tile of full width.
func (s *ISA) activate(a Act, tile []float32, rows, ldc int, bias []float32) {
	if s.lanes > 0 {
		_, _ = tile[(rows-1)*ldc+s.nr-1], bias[s.nr-1]
		param := [2]float32{a.A, a.B}
		vecTile(s.lanes, a.Kind, unsafe.SliceData(tile), rows, ldc, unsafe.SliceData(bias), &param[0])
		return
	}
	for r := range rows {
		row := tile[r*ldc:][:s.nr]
		for i, v := range row {
			row[i] = a.At(v + bias[i])
		}
	}
}

func (s *ISA) addTile(tile []float32, rows, ldc int, src []float32, lds int) {
	if s.lanes > 0 {
		_, _ = tile[(rows-1)*ldc+s.nr-1], src[(rows-1)*lds+s.nr-1]
		vecTileAdd(s.lanes, unsafe.SliceData(tile), rows, ldc, unsafe.SliceData(src), lds)
		return
	}
	for r := range rows {
		row := tile[r*ldc:][:s.nr]
		for i, v := range src[r*lds:][:s.nr] {
			row[i] += v
		}
	}
}

// Apply is dst = a(src) elementwise.
func (s *ISA) Apply(a Act, dst, src []float32) {
	op := opRelu
	switch a.Kind {
	case Identity:
		copy(dst, src)
		return
	case Relu:
	case SigmoidAct:
		op = opSigmoid
	case TanhAct:
		op = opTanh
	case GeluAct:
		op = opGelu
	case GeluTanhAct:
		op = opGeluTanh
	case SiluAct:
		op = opSilu
	default:
		s.applyTiles(a, dst, src)
		return
	}
	s.unary(op, dst, src)
}

// applyTiles is Apply for the activations that have a loop over tiles only.
func (s *ISA) applyTiles(a Act, dst, src []float32) {
	copy(dst, src)
	dst = dst[:len(src)]
	n := len(src) / s.nr
	if n > 0 {
		s.activate(a, dst, n, s.nr, zeros[:])
	}
	for i, v := range src[n*s.nr:] {
		dst[n*s.nr+i] = a.At(v)
	}
}

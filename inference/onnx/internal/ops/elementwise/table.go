package elementwise

import (
	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
)

// Table lists the family's operators.
func Table() []op.Def {
	var t []op.Def
	t = append(t, arithTable()...)
	t = append(t, compareTable()...)
	t = append(t, unaryTable()...)
	return append(t,
		op.Def{Name: "Where", Since: 9, New: newWhere},
		op.Def{Name: "Cast", Since: 1, New: newCast},
		op.Def{Name: "CastLike", Since: 15, New: newCastLike},
		op.Def{Name: "BitCast", Since: 26, New: newBitCast},
		op.Def{Name: "Clip", Since: 1, Wide: true, New: newClip},
		op.Def{Name: "PRelu", Since: 1, Wide: true, New: newPRelu},
		op.Def{Name: "Identity", Since: 1, New: newIdentity},
		op.Def{Name: "IsNaN", Since: 9, Wide: true, New: newIsNaN},
		op.Def{Name: "IsInf", Since: 10, Wide: true, New: newIsInf},
	)
}

func arithTable() []op.Def {
	return []op.Def{
		{Name: "Add", Since: 1, Wide: true, New: arith(kernel.Add)},
		{Name: "Sub", Since: 1, Wide: true, New: arith(kernel.Sub)},
		{Name: "Mul", Since: 1, Wide: true, New: arith(kernel.Mul)},
		{Name: "Div", Since: 1, Wide: true, New: arith(kernel.Div)},
		{Name: "Pow", Since: 1, Wide: true, New: newPow},
		{Name: "Mod", Since: 10, Wide: true, New: newMod},
		{Name: "Max", Since: 1, Wide: true, New: variadic(kernel.Max, false)},
		{Name: "Min", Since: 1, Wide: true, New: variadic(kernel.Min, false)},
		{Name: "Sum", Since: 1, Wide: true, New: variadic(kernel.Add, false)},
		{Name: "Mean", Since: 1, Wide: true, New: variadic(kernel.Add, true)},
	}
}

func compareTable() []op.Def {
	return []op.Def{
		{Name: "Equal", Since: 1, Wide: true, New: compare(kernel.Equal)},
		{Name: "Less", Since: 1, Wide: true, New: compare(kernel.Less)},
		{Name: "LessOrEqual", Since: 12, Wide: true, New: compare(kernel.LessEqual)},
		{Name: "Greater", Since: 1, Wide: true, New: compare(kernel.Greater)},
		{Name: "GreaterOrEqual", Since: 12, Wide: true, New: compare(kernel.GreaterEqual)},
		{Name: "And", Since: 1, New: logic(func(a, b bool) bool { return a && b })},
		{Name: "Or", Since: 1, New: logic(func(a, b bool) bool { return a || b })},
		{Name: "Xor", Since: 1, New: logic(func(a, b bool) bool { return a != b })},
		{Name: "Not", Since: 1, New: newNot},
		{Name: "BitwiseAnd", Since: 18, New: bitwise(bitAnd)},
		{Name: "BitwiseOr", Since: 18, New: bitwise(bitOr)},
		{Name: "BitwiseXor", Since: 18, New: bitwise(bitXor)},
		{Name: "BitwiseNot", Since: 18, New: newBitwiseNot},
		{Name: "BitShift", Since: 11, New: newBitShift},
	}
}

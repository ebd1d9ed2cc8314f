//go:build !amd64

package kernel

// No machine but amd64 has vector loops: ISA.vector is never set, and these are
// never called.

func vecUnary(unaryOp, *float32, *float32, int) {}

func vecArith(ArithOp, *float32, *float32, *float32, int, bool) {}

func vecAxpy(_, _, _ *float32, _ int) {}

func vecMax(_, _ *float32, _ int) {}

func vecExpSum(_, _, _, _ *float32, _ int) {}

func vecDot(_, _, _ *float32, _ int) {}

//go:build !amd64

package kernel

// No machine but amd64 has vector loops: ISA.lanes is 0, and these are never called.

func vecUnary(int, unaryOp, *float32, *float32, int) {}

func vecArith(int, ArithOp, *float32, *float32, *float32, int, bool) {}

func vecAxpy(_ int, _, _, _ *float32, _ int) {}

func vecMax(_ int, _, _ *float32, _ int) {}

func vecExpSum(_ int, _, _, _, _ *float32, _ int) {}

func vecDot(_ int, _, _, _ *float32, _ int) {}

func vecLSTM(_ int, _, _, _, _, _, _ *float32, _ int) {}

func vecGRU(_ int, _, _, _, _, _, _, _ *float32, _ int) {}

func vecTileAdd(_ int, _ *float32, _, _ int, _ *float32, _ int) {}

func vecTile(_ int, _ ActKind, _ *float32, _, _ int, _, _ *float32) {}

func vecDepthwise(_, _ int, _, _, _, _ *float32, _ *int, _, _, _, _, _ int, _ *float32) {}

func vecMaxInto(_ int, _, _ *float32, _ int) {}

func vecCopyRows(_ int, _, _ *float32, _, _, _, _ int) {}

func vecDotRows(_ int, _, _, _ *float32, _, _, _ int) {}

func vecSumRows(_ int, _, _, _ *float32, _, _, _ int) {}

func vecTranspose(_, _ *float32, _, _, _, _ int) {}

func vecSum(_ int, _, _ *float32, _ int) {}

func vecSquares(_ int, _, _, _ *float32, _ int) {}

func vecNorm(_ int, _, _, _, _, _, _ *float32, _ int) {}

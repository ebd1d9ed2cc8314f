package kernel

// The functions below call the assembly directly, never through a variable, so that
// the compiler sees that their arguments do not escape. lanes is 8 (AVX2) or 16
// (AVX-512).

func vecUnary(lanes int, op unaryOp, dst, src *float32, n int) {
	if lanes == 16 {
		vecUnary16(op, dst, src, n)
		return
	}
	vecUnary8(op, dst, src, n)
}

func vecUnary8(op unaryOp, dst, src *float32, n int) {
	switch op {
	case opRelu:
		reluV8(dst, src, n)
	case opExp:
		expV8(dst, src, n)
	case opSigmoid:
		sigmoidV8(dst, src, n)
	case opTanh:
		tanhV8(dst, src, n)
	case opErf:
		erfV8(dst, src, n)
	case opGelu:
		geluV8(dst, src, n)
	case opGeluTanh:
		geluTanhV8(dst, src, n)
	default:
		siluV8(dst, src, n)
	}
}

func vecUnary16(op unaryOp, dst, src *float32, n int) {
	switch op {
	case opRelu:
		reluV16(dst, src, n)
	case opExp:
		expV16(dst, src, n)
	case opSigmoid:
		sigmoidV16(dst, src, n)
	case opTanh:
		tanhV16(dst, src, n)
	case opErf:
		erfV16(dst, src, n)
	case opGelu:
		geluV16(dst, src, n)
	case opGeluTanh:
		geluTanhV16(dst, src, n)
	default:
		siluV16(dst, src, n)
	}
}

func vecArith(lanes int, op ArithOp, dst, a, b *float32, n int, single bool) {
	if lanes == 16 {
		vecArith16(op, dst, a, b, n, single)
		return
	}
	vecArith8(op, dst, a, b, n, single)
}

func vecArith8(op ArithOp, dst, a, b *float32, n int, single bool) {
	switch {
	case op == Add && single:
		addVS8(dst, a, b, n)
	case op == Add:
		addVV8(dst, a, b, n)
	case op == Sub && single:
		subVS8(dst, a, b, n)
	case op == Sub:
		subVV8(dst, a, b, n)
	case op == Mul && single:
		mulVS8(dst, a, b, n)
	case op == Mul:
		mulVV8(dst, a, b, n)
	case single:
		divVS8(dst, a, b, n)
	default:
		divVV8(dst, a, b, n)
	}
}

func vecArith16(op ArithOp, dst, a, b *float32, n int, single bool) {
	switch {
	case op == Add && single:
		addVS16(dst, a, b, n)
	case op == Add:
		addVV16(dst, a, b, n)
	case op == Sub && single:
		subVS16(dst, a, b, n)
	case op == Sub:
		subVV16(dst, a, b, n)
	case op == Mul && single:
		mulVS16(dst, a, b, n)
	case op == Mul:
		mulVV16(dst, a, b, n)
	case single:
		divVS16(dst, a, b, n)
	default:
		divVV16(dst, a, b, n)
	}
}

func vecAxpy(lanes int, dst, src, w *float32, n int) {
	if lanes == 16 {
		axpy16(dst, src, w, n)
		return
	}
	axpy8(dst, src, w, n)
}

func vecMax(lanes int, acc, src *float32, n int) {
	if lanes == 16 {
		maxV16(acc, src, n)
		return
	}
	maxV8(acc, src, n)
}

func vecExpSum(lanes int, acc, dst, src, shift *float32, n int) {
	if lanes == 16 {
		expSumV16(acc, dst, src, shift, n)
		return
	}
	expSumV8(acc, dst, src, shift, n)
}

func vecDot(lanes int, acc, a, b *float32, n int) {
	if lanes == 16 {
		dotV16(acc, a, b, n)
		return
	}
	dotV8(acc, a, b, n)
}

func vecLSTM(lanes int, i, o, f, g, c, h *float32, n int) {
	if lanes == 16 {
		lstmCell16(i, o, f, g, c, h, n)
		return
	}
	lstmCell8(i, o, f, g, c, h, n)
}

func vecGRU(lanes int, xz, xr, xh, rz, rr, rh, h *float32, n int) {
	if lanes == 16 {
		gruCell16(xz, xr, xh, rz, rr, rh, h, n)
		return
	}
	gruCell8(xz, xr, xh, rz, rr, rh, h, n)
}

func vecTileAdd(lanes int, c *float32, rows, ldc int, src *float32, lds int) {
	if lanes == 16 {
		tileAdd16(c, rows, ldc, src, lds)
		return
	}
	tileAdd8(c, rows, ldc, src, lds)
}

func vecTile(lanes int, kind ActKind, c *float32, rows, ldc int, bias, param *float32) {
	if lanes == 16 {
		vecTile16(kind, c, rows, ldc, bias, param)
		return
	}
	vecTile8(kind, c, rows, ldc, bias, param)
}

func vecTile8(kind ActKind, c *float32, rows, ldc int, bias, param *float32) {
	switch kind {
	case Relu:
		tileRelu8(c, rows, ldc, bias, param)
	case Clip:
		tileClip8(c, rows, ldc, bias, param)
	case Leaky:
		tileLeaky8(c, rows, ldc, bias, param)
	case HardSigmoid:
		tileHardSigmoid8(c, rows, ldc, bias, param)
	case HardSwish:
		tileHardSwish8(c, rows, ldc, bias, param)
	case SigmoidAct:
		tileSigmoid8(c, rows, ldc, bias, param)
	case TanhAct:
		tileTanh8(c, rows, ldc, bias, param)
	case GeluAct:
		tileGelu8(c, rows, ldc, bias, param)
	case GeluTanhAct:
		tileGeluTanh8(c, rows, ldc, bias, param)
	case SiluAct:
		tileSilu8(c, rows, ldc, bias, param)
	default:
		tileBias8(c, rows, ldc, bias, param)
	}
}

func vecTile16(kind ActKind, c *float32, rows, ldc int, bias, param *float32) {
	switch kind {
	case Relu:
		tileRelu16(c, rows, ldc, bias, param)
	case Clip:
		tileClip16(c, rows, ldc, bias, param)
	case Leaky:
		tileLeaky16(c, rows, ldc, bias, param)
	case HardSigmoid:
		tileHardSigmoid16(c, rows, ldc, bias, param)
	case HardSwish:
		tileHardSwish16(c, rows, ldc, bias, param)
	case SigmoidAct:
		tileSigmoid16(c, rows, ldc, bias, param)
	case TanhAct:
		tileTanh16(c, rows, ldc, bias, param)
	case GeluAct:
		tileGelu16(c, rows, ldc, bias, param)
	case GeluTanhAct:
		tileGeluTanh16(c, rows, ldc, bias, param)
	case SiluAct:
		tileSilu16(c, rows, ldc, bias, param)
	default:
		tileBias16(c, rows, ldc, bias, param)
	}
}

func vecDepthwise(lanes, count int, dst, src, w, bias *float32, taps *int, n, origin, blocks, ps, pd int, limits *float32) {
	if lanes == 16 {
		vecDepthwise16(count, dst, src, w, bias, taps, n, origin, blocks, ps, pd, limits)
		return
	}
	vecDepthwise8(count, dst, src, w, bias, taps, n, origin, blocks, ps, pd, limits)
}

func vecDepthwise8(count int, dst, src, w, bias *float32, taps *int, n, origin, blocks, ps, pd int, limits *float32) {
	switch count {
	case 1:
		depthwise1x8(dst, src, w, bias, taps, n, origin, blocks, ps, pd, limits)
	case 2:
		depthwise2x8(dst, src, w, bias, taps, n, origin, blocks, ps, pd, limits)
	case 3:
		depthwise3x8(dst, src, w, bias, taps, n, origin, blocks, ps, pd, limits)
	case 4:
		depthwise4x8(dst, src, w, bias, taps, n, origin, blocks, ps, pd, limits)
	case 5:
		depthwise5x8(dst, src, w, bias, taps, n, origin, blocks, ps, pd, limits)
	case 6:
		depthwise6x8(dst, src, w, bias, taps, n, origin, blocks, ps, pd, limits)
	case 7:
		depthwise7x8(dst, src, w, bias, taps, n, origin, blocks, ps, pd, limits)
	default:
		depthwise8x8(dst, src, w, bias, taps, n, origin, blocks, ps, pd, limits)
	}
}

func vecDepthwise16(count int, dst, src, w, bias *float32, taps *int, n, origin, blocks, ps, pd int, limits *float32) {
	switch count {
	case 1:
		depthwise1x16(dst, src, w, bias, taps, n, origin, blocks, ps, pd, limits)
	case 2:
		depthwise2x16(dst, src, w, bias, taps, n, origin, blocks, ps, pd, limits)
	case 3:
		depthwise3x16(dst, src, w, bias, taps, n, origin, blocks, ps, pd, limits)
	case 4:
		depthwise4x16(dst, src, w, bias, taps, n, origin, blocks, ps, pd, limits)
	case 5:
		depthwise5x16(dst, src, w, bias, taps, n, origin, blocks, ps, pd, limits)
	case 6:
		depthwise6x16(dst, src, w, bias, taps, n, origin, blocks, ps, pd, limits)
	case 7:
		depthwise7x16(dst, src, w, bias, taps, n, origin, blocks, ps, pd, limits)
	default:
		depthwise8x16(dst, src, w, bias, taps, n, origin, blocks, ps, pd, limits)
	}
}

func vecMaxInto(lanes int, dst, src *float32, n int) {
	if lanes == 16 {
		maxInto16(dst, src, n)
		return
	}
	maxInto8(dst, src, n)
}

func vecCopyRows(lanes int, dst, src *float32, rows, n, ldd, lds int) {
	if lanes == 16 {
		copyRows16(dst, src, rows, n, ldd, lds)
		return
	}
	copyRows8(dst, src, rows, n, ldd, lds)
}

func vecDotRows(lanes int, out, x, rows *float32, count, n, ld int) {
	if lanes == 16 {
		dotRows16(out, x, rows, count, n, ld)
		return
	}
	dotRows8(out, x, rows, count, n, ld)
}

func vecSumRows(lanes int, out, x, rows *float32, count, n, ld int) {
	if lanes == 16 {
		sumRows16(out, x, rows, count, n, ld)
		return
	}
	sumRows8(out, x, rows, count, n, ld)
}

func vecTranspose(dst, src *float32, rows, cols, ldd, lds int) {
	transpose8(dst, src, rows, cols, ldd, lds)
}

func vecSum(lanes int, acc, src *float32, n int) {
	if lanes == 16 {
		sumV16(acc, src, n)
		return
	}
	sumV8(acc, src, n)
}

func vecSquares(lanes int, acc, src, shift *float32, n int) {
	if lanes == 16 {
		squaresV16(acc, src, shift, n)
		return
	}
	squaresV8(acc, src, shift, n)
}

func vecNorm(lanes int, dst, src, scale, bias, shift, by *float32, n int) {
	if lanes == 16 {
		normV16(dst, src, scale, bias, shift, by, n)
		return
	}
	normV8(dst, src, scale, bias, shift, by, n)
}

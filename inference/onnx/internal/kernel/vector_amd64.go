package kernel

// The functions below call the assembly directly, never through a variable, so that
// the compiler sees that their arguments do not escape.

func vecUnary(op unaryOp, dst, src *float32, n int) {
	switch op {
	case opRelu:
		reluV(dst, src, n)
	case opExp:
		expV(dst, src, n)
	case opSigmoid:
		sigmoidV(dst, src, n)
	case opTanh:
		tanhV(dst, src, n)
	default:
		erfV(dst, src, n)
	}
}

func vecArith(op ArithOp, dst, a, b *float32, n int, single bool) {
	switch {
	case op == Add && single:
		addVS(dst, a, b, n)
	case op == Add:
		addVV(dst, a, b, n)
	case op == Sub && single:
		subVS(dst, a, b, n)
	case op == Sub:
		subVV(dst, a, b, n)
	case op == Mul && single:
		mulVS(dst, a, b, n)
	case op == Mul:
		mulVV(dst, a, b, n)
	case single:
		divVS(dst, a, b, n)
	default:
		divVV(dst, a, b, n)
	}
}

func vecAxpy(dst, src, w *float32, n int) { axpy(dst, src, w, n) }

func vecMax(acc, src *float32, n int) { maxV(acc, src, n) }

func vecExpSum(acc, dst, src, shift *float32, n int) { expSumV(acc, dst, src, shift, n) }

func vecDot(acc, a, b *float32, n int) { dotV(acc, a, b, n) }

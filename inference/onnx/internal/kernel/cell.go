package kernel

// LSTMCell advances a row of an LSTM by one step, with sigmoid gates and tanh:
//
//	c = s(f)*c + s(i)*tanh(g)    h = s(o)*tanh(c)
//
// x holds the pre-activations i, o, f, g, each as long as c and h.
func (s *ISA) LSTMCell(x, c, h []float32) {
	n := len(c)
	h = h[:n]
	in, out, forget, cand := x[:n], x[n:2*n], x[2*n:3*n], x[3*n:4*n]
	k := 0
	if s.lanes > 0 {
		if k = n &^ (s.lanes - 1); k > 0 {
			vecLSTM(s.lanes, &in[0], &out[0], &forget[0], &cand[0], &c[0], &h[0], k)
		}
	}
	for i := k; i < n; i++ {
		c[i] = Sigmoid(forget[i])*c[i] + Sigmoid(in[i])*Tanh(cand[i])
		h[i] = Sigmoid(out[i]) * Tanh(c[i])
	}
}

// GRUCell advances a row of a GRU by one step, the reset gate applied to the
// state's product:
//
//	z = s(xz + rz)    t = tanh(xh + s(xr + rr)*rh)    h = t + z*(h - t)
//
// x and r hold the input's and the state's parts of z, r, h, biases included.
func (s *ISA) GRUCell(x, r, h []float32) {
	n := len(h)
	x, r = x[:3*n], r[:3*n]
	k := 0
	if s.lanes > 0 {
		if k = n &^ (s.lanes - 1); k > 0 {
			vecGRU(s.lanes, &x[0], &x[n], &x[2*n], &r[0], &r[n], &r[2*n], &h[0], k)
		}
	}
	for i := k; i < n; i++ {
		t := Tanh(x[2*n+i] + Sigmoid(x[n+i]+r[n+i])*r[2*n+i])
		h[i] = t + Sigmoid(x[i]+r[i])*(h[i]-t)
	}
}

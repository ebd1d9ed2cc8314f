package kernel

import "golang.org/x/sys/cpu"

// ISAs lists what this machine can run, best first.
func ISAs() []*ISA {
	var list []*ISA
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		list = append(list, avx512())
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		list = append(list, avx2())
	}
	return append(list, Portable())
}

func avx512() *ISA {
	s := &ISA{Name: "avx512", nr: 32, lanes: 16, rows: []micro{
		nil,
		gemmAVX512x1, gemmAVX512x2, gemmAVX512x3, gemmAVX512x4, gemmAVX512x5, gemmAVX512x6, gemmAVX512x7,
		gemmAVX512x8, gemmAVX512x9, gemmAVX512x10, gemmAVX512x11, gemmAVX512x12, gemmAVX512x13, gemmAVX512x14,
	}}
	s.pairs = avx2Pairs()
	if cpu.X86.HasAVX512VNNI {
		s.pairs = pairKernels{nr: 32, rows: []micro{
			nil,
			pairsAVX512x1, pairsAVX512x2, pairsAVX512x3, pairsAVX512x4, pairsAVX512x5, pairsAVX512x6, pairsAVX512x7,
			pairsAVX512x8, pairsAVX512x9, pairsAVX512x10, pairsAVX512x11, pairsAVX512x12, pairsAVX512x13, pairsAVX512x14,
		}}
	}
	return s
}

func avx2Pairs() pairKernels {
	return pairKernels{nr: 16, rows: []micro{
		nil, pairsAVX2x1, pairsAVX2x2, pairsAVX2x3, pairsAVX2x4, pairsAVX2x5, pairsAVX2x6,
	}}
}

func avx2() *ISA {
	return &ISA{Name: "avx2", nr: 16, lanes: 8, pairs: avx2Pairs(), rows: []micro{
		nil, gemmAVX2x1, gemmAVX2x2, gemmAVX2x3, gemmAVX2x4, gemmAVX2x5, gemmAVX2x6,
	}}
}

package kernel

import "sync"

// Best is the fastest implementation that this machine can run. It is found once.
func Best() *ISA { return best() }

var best = sync.OnceValue(func() *ISA { return ISAs()[0] })

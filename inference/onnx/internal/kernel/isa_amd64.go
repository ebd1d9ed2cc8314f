package kernel

// ISAs lists what this machine can run, best first.
func ISAs() []*ISA { return []*ISA{Portable()} }

// Package arch checks the code as a text: what a reviewer would otherwise have to look for in every
// change. Its tests read the source files of the module with go/parser and hold them against the tables of
// this package:
//
//	go test ./internal/arch                       // all of it, in under three seconds
//	go test ./internal/arch -run TestAPI -update  // writes api.txt anew
//
// What is checked:
//
//	rule       table or bound             a fault says
//	layers     Layers, Walls              which import points up or through a wall
//	libraries  Libraries                  who may import a third-party library
//	sizes      MaxFileLines, LongFuncs    which file or function is too long
//	purity     Impure, ImpureFiles        which call reads clock, files or randomness past the injected ones
//	documents  every package              where a package or an exported name is not explained
//	tests      every package              where a test binary does not look for leaked goroutines
//	surface    api.txt, Limits            which exported name came or went
//
// Each rule is a method of Tree that returns its faults, one line each, with the file, the line and what to do;
// a rule is tested on small trees in memory as well as on the module itself. Entries of an exception list
// that nothing needs any more are faults too, so that a list can only shrink by itself.
//
// It does not type-check: names are resolved by the imports of their file alone, which is exact for calls
// into packages and costs a hundredth of the time.
package arch

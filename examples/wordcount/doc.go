// Command wordcount is the first program of the README: it counts words, one line a word.
//
//	GOTOOLCHAIN=auto go run ./examples/wordcount
//
// The lines are in memory, so there is nothing to set up:
//
//	lines ── flatmap: words ── key-by: the word in lower case ── count ── standard output
package main

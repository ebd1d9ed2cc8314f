// Package text holds the operators on strings.
//
//	for _, d := range text.Table() {
//		fmt.Println(d.Name) // RegexFullMatch, StringConcat, …
//	}
//
// # Concepts
//
// Strings are UTF-8. Case is changed by Unicode's simple rules, whatever locale an
// attribute names.
//
//	["a b", "c"] ── StringSplit ──> [["a","b"],["c",""]], counts [2,1]
//
// # Invariants
//
//  1. A regular expression is compiled when the model is loaded, and matches in
//     linear time.
//
// # What it does not do
//
// Tokenizers of language models are in inference/tokenizer.
package text

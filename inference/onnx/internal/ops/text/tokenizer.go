package text

import (
	"fmt"
	"regexp"
	"unicode/utf8"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// tokenizer is com.microsoft.Tokenizer: strings [..., C] to their tokens [..., C, D],
// where D is the most that one of them has; shorter rows are padded.
type tokenizer struct {
	mark       bool // put U+0002 before and U+0003 behind the tokens
	pad        string
	least      int // characters of a token; shorter ones are dropped
	separators []*regexp.Regexp
	token      *regexp.Regexp // nil: cut at separators, or between characters
}

func newTokenizer(b *op.Build) (op.Kernel, error) {
	k := &tokenizer{mark: b.Bool("mark", false), pad: b.Str("pad_value", "#"), least: b.Int("mincharnum", 1)}
	separators, token := b.Strs("separators"), b.Str("tokenexp", "")
	if (len(separators) == 0) == (token == "") {
		b.Fail("Tokenizer wants separators or tokenexp, and not both")
	}
	for _, s := range separators {
		if s == "" && len(separators) == 1 {
			continue // between characters
		}
		k.separators = append(k.separators, compile(b, s))
	}
	if token != "" {
		k.token = compile(b, token)
	}
	return k, nil
}

func compile(b *op.Build, expression string) *regexp.Regexp {
	r, err := regexp.Compile(expression)
	if err != nil {
		b.Fail("%v", err)
	}
	return r
}

func (k *tokenizer) Run(c *op.Ctx) error {
	x, err := c.Need(0)
	if err != nil {
		return err
	}
	if x.Elem() != tensor.String || x.Rank() < 1 || x.Rank() > 2 {
		return fmt.Errorf("%w: Tokenizer of %v", op.ErrInput, x)
	}
	rows := make([][]string, x.Len())
	longest := 0
	for i, s := range x.Strings() {
		rows[i] = k.tokens(s)
		longest = max(longest, len(rows[i]))
	}
	marks := 0
	if k.mark && longest > 0 {
		marks = 2
	}
	y, err := c.Out(0, tensor.String, append(append([]int{}, x.Shape()...), longest+marks))
	if err != nil {
		return err
	}
	out := y.Strings()
	for i, row := range rows {
		line := out[i*(longest+marks):][:longest+marks]
		at := 0
		if marks > 0 {
			line[0], at = "\x02", 1
		}
		at += copy(line[at:], row)
		if marks > 0 {
			line[at], at = "\x03", at+1
		}
		for ; at < len(line); at++ {
			line[at] = k.pad
		}
	}
	return nil
}

// tokens cuts one string.
func (k *tokenizer) tokens(s string) []string {
	var parts []string
	switch {
	case k.token != nil:
		parts = k.token.FindAllString(s, -1)
	case len(k.separators) == 0:
		for _, r := range s {
			parts = append(parts, string(r))
		}
	default:
		parts = []string{s}
		for _, separator := range k.separators {
			var next []string
			for _, p := range parts {
				next = append(next, separator.Split(p, -1)...)
			}
			parts = next
		}
	}
	kept := parts[:0]
	for _, p := range parts {
		if p != "" && utf8.RuneCountInString(p) >= k.least {
			kept = append(kept, p)
		}
	}
	return kept
}

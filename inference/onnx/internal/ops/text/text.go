package text

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// Table lists the family's operators.
func Table() []op.Def {
	return []op.Def{
		{Name: "RegexFullMatch", Since: 20, New: newMatch},
		{Name: "StringConcat", Since: 20, New: newConcat},
		{Name: "StringNormalizer", Since: 10, New: newNormalizer},
		{Name: "StringSplit", Since: 20, New: newSplit},
		{Domain: "com.microsoft", Name: "Tokenizer", Since: 1, New: newTokenizer},
		{Name: "TfIdfVectorizer", Since: 9, New: newTfIdf},
	}
}

// words is input i as strings.
func words(c *op.Ctx, i int) (*tensor.Tensor, error) {
	t, err := c.Need(i)
	if err == nil && t.Elem() != tensor.String {
		err = fmt.Errorf("%w: %v where strings are wanted", op.ErrType, t)
	}
	return t, err
}

// newMatch says of each string whether the whole of it matches.
func newMatch(b *op.Build) (op.Kernel, error) {
	re, err := regexp.Compile("^(?:" + b.Str("pattern", "") + ")$")
	if err != nil {
		b.Fail("pattern: %v", err)
	}
	return op.Func(func(c *op.Ctx) error {
		x, err := words(c, 0)
		if err != nil {
			return err
		}
		y, err := c.Out(0, tensor.Bool, x.Shape())
		if err != nil {
			return err
		}
		for i, s := range x.Strings() {
			tensor.Slice[bool](y)[i] = re.MatchString(s)
		}
		return nil
	}), nil
}

// newConcat joins strings at the same place, broadcast.
func newConcat(*op.Build) (op.Kernel, error) {
	return op.Func(func(c *op.Ctx) error {
		a, err := words(c, 0)
		if err != nil {
			return err
		}
		b, err := words(c, 1)
		if err != nil {
			return err
		}
		var buf [kernel.MaxRank]int
		shape, err := kernel.BroadcastShape(buf[:], a.Shape(), b.Shape())
		if err != nil {
			return err
		}
		y, err := c.Out(0, tensor.String, shape)
		if err != nil {
			return err
		}
		var l kernel.Loops
		l.Init(shape, a.Shape(), b.Shape(), nil)
		kernel.Zip(&l, y.Strings(), a.Strings(), b.Strings(), func(a, b string) string { return a + b })
		return nil
	}), nil
}

// newNormalizer changes case and drops stop words. Nothing left is one empty string.
func newNormalizer(b *op.Build) (op.Kernel, error) {
	action := b.Str("case_change_action", "NONE", "NONE", "LOWER", "UPPER")
	sensitive := b.Bool("is_case_sensitive", false)
	b.Ignore("locale")
	stop := map[string]bool{}
	for _, w := range b.Strs("stopwords") {
		if !sensitive {
			w = strings.ToLower(w)
		}
		stop[w] = true
	}
	return op.Func(func(c *op.Ctx) error {
		x, err := words(c, 0)
		if err != nil {
			return err
		}
		if x.Rank() < 1 || x.Rank() > 2 || x.Rank() == 2 && x.Dim(0) != 1 {
			return fmt.Errorf("%w: StringNormalizer of %v", op.ErrInput, x)
		}
		var kept []string
		for _, s := range x.Strings() {
			key := s
			if !sensitive {
				key = strings.ToLower(s)
			}
			if !stop[key] {
				kept = append(kept, change(s, action))
			}
		}
		if len(kept) == 0 {
			kept = []string{""}
		}
		shape := []int{len(kept)}
		if x.Rank() == 2 {
			shape = []int{1, len(kept)}
		}
		y, err := c.Out(0, tensor.String, shape)
		if err != nil {
			return err
		}
		copy(y.Strings(), kept)
		return nil
	}), nil
}

func change(s, action string) string {
	switch action {
	case "LOWER":
		return strings.ToLower(s)
	case "UPPER":
		return strings.ToUpper(s)
	}
	return s
}

// newSplit cuts strings at a delimiter, or at runs of white space if it is empty.
// The parts of a string are a row, filled up with empty strings.
func newSplit(b *op.Build) (op.Kernel, error) {
	delimiter, most := b.Str("delimiter", ""), -1
	if b.Has("maxsplit") {
		most = b.Int("maxsplit", 0)
	}
	return op.Func(func(c *op.Ctx) error {
		x, err := words(c, 0)
		if err != nil {
			return err
		}
		rows, width := make([][]string, x.Len()), 0
		for i, s := range x.Strings() {
			rows[i] = parts(s, delimiter, most)
			width = max(width, len(rows[i]))
		}
		y, err := c.OutZero(0, tensor.String, append(append([]int(nil), x.Shape()...), width))
		if err != nil {
			return err
		}
		n, err := c.Out(1, tensor.Int64, x.Shape())
		if err != nil {
			return err
		}
		for i, r := range rows {
			copy(y.Strings()[i*width:], r)
			tensor.Slice[int64](n)[i] = int64(len(r))
		}
		return nil
	}), nil
}

// parts splits one string, at most so often unless negative.
func parts(s, delimiter string, most int) []string {
	if delimiter != "" {
		if s == "" {
			return nil
		}
		if most < 0 {
			return strings.Split(s, delimiter)
		}
		return strings.SplitN(s, delimiter, most+1)
	}
	if most < 0 {
		return strings.Fields(s)
	}
	var out []string
	rest := strings.TrimSpace(s)
	for rest != "" && len(out) < most {
		i := strings.IndexFunc(rest, isSpace)
		if i < 0 {
			break
		}
		out = append(out, rest[:i])
		rest = strings.TrimLeftFunc(rest[i:], isSpace)
	}
	if rest != "" {
		out = append(out, rest)
	}
	return out
}

func isSpace(r rune) bool { return strings.ContainsRune(" \t\n\v\f\r", r) }

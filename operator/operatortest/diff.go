package operatortest

import (
	"fmt"
	"reflect"
	"strings"
)

// same reports whether two entries say the same. Steps and keys do not count.
func (e entry) same(o entry) bool {
	if e.isMark || o.isMark {
		return e.isMark == o.isMark && e.mark == o.mark
	}
	return e.side == o.side && e.time == o.time && reflect.DeepEqual(e.value, o.value)
}

func equal(want, got []entry) bool {
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if !want[i].same(got[i]) {
			return false
		}
	}
	return true
}

// diffMax bounds what is compared line by line: the table of the comparison is its square.
const diffMax = 500

// diff writes want and got as one list: what is in both, with "-" what is missing, with "+" what is too much.
func diff(want, got []entry) string {
	a, b := want[:min(len(want), diffMax)], got[:min(len(got), diffMax)]
	common := longestCommon(a, b)
	var s strings.Builder
	for len(a) > 0 || len(b) > 0 {
		i, j := len(want[:min(len(want), diffMax)])-len(a), len(got[:min(len(got), diffMax)])-len(b)
		switch {
		case len(a) > 0 && len(b) > 0 && a[0].same(b[0]):
			fmt.Fprintf(&s, "    %v\n", b[0])
			a, b = a[1:], b[1:]
		case len(b) == 0 || len(a) > 0 && common[i+1][j] >= common[i][j+1]:
			fmt.Fprintf(&s, "  - %v\n", a[0])
			a = a[1:]
		default:
			fmt.Fprintf(&s, "  + %v\n", b[0])
			b = b[1:]
		}
	}
	if len(want) > diffMax || len(got) > diffMax {
		fmt.Fprintf(&s, "    … %d wanted, %d came\n", len(want), len(got))
	}
	return s.String()
}

// longestCommon returns, for each pair of suffixes, how long their longest common subsequence is.
func longestCommon(a, b []entry) [][]int {
	t := make([][]int, len(a)+1)
	for i := range t {
		t[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if t[i][j] = max(t[i+1][j], t[i][j+1]); a[i].same(b[j]) {
				t[i][j] = t[i+1][j+1] + 1
			}
		}
	}
	return t
}

// transcript writes the steps of a script, each with what came out of it below. Marks that only pass are left out.
func transcript[T any](s *Script[T], j *journal) string {
	var b strings.Builder
	at := 0
	out := func(step int, in entry) {
		for ; at < len(j.entries) && j.entries[at].step <= step; at++ {
			if e := j.entries[at]; !e.isMark || e.telling() && !e.same(in) {
				fmt.Fprintf(&b, "    %s%v\n", e.label(), e)
			}
		}
	}
	for i, st := range s.steps {
		fmt.Fprintln(&b, st)
		out(i+1, entry{mark: st.mark, isMark: st.kind == markStep})
	}
	b.WriteString("end\n")
	out(len(s.steps)+1, entry{})
	return b.String()
}

// telling reports whether a mark says something about event time: the others are in every output.
func (e entry) telling() bool {
	return e.isMark && e.mark.Kind <= 1 && e.mark != endOfTime
}

func (e entry) label() string {
	if e.side != "" {
		return e.side + ": "
	}
	return ""
}

package cep_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestAgainstNaive finds random patterns in random events, and compares with a matcher that tries every choice.
func TestAgainstNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSpec(t)
		if err := s.build().Validate(); err != nil {
			return // drawn stages that make no sense together
		}
		var events []happening
		for i := range rapid.IntRange(0, 11).Draw(t, "events") {
			at := i
			if len(events) > 0 {
				at = events[i-1].at + rapid.IntRange(0, 2).Draw(t, "gap")
			}
			events = append(events, happening{fmt.Sprintf("%c%d", "abcdx"[rapid.IntRange(0, 4).Draw(t, "letter")], i), at})
		}
		n := naive{spec: s, events: events}
		want := n.wanted(n.run())
		if want == nil {
			return // two matches at once: which of them skips the other is left open
		}
		got, _ := detect(t, s, events)
		slices.Sort(got)
		require.Equal(t, want, append([]string{}, got...), "%v\n%v", s, events)
	})
}

// wanted applies the skip strategy to all matches, and sorts their texts; nil if their order is left open.
func (n *naive) wanted(all []found) []string {
	want := []string{}
	slices.SortStableFunc(all, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.taken[0], b.taken[0]), cmp.Compare(a.done, b.done))
	})
	border := 0
	for i, f := range all {
		if i > 0 && n.skip != "" && all[i-1].taken[0] == f.taken[0] && all[i-1].done == f.done {
			return nil
		}
		if f.taken[0] < border {
			continue
		}
		want = append(want, n.text(f))
		border = max(border, n.border(f))
	}
	slices.Sort(want)
	return want
}

func (n *naive) border(f found) int {
	switch n.skip {
	case "next":
		return f.taken[0] + 1
	case "past-last":
		return f.taken[len(f.taken)-1] + 1
	case "first=a1":
		if i := slices.Index(f.names, "a1"); i >= 0 {
			return f.taken[i]
		}
	case "last=b2":
		for i := len(f.names) - 1; i >= 0; i-- {
			if f.names[i] == "b2" {
				return f.taken[i]
			}
		}
	}
	return 0
}

func drawSpec(t *rapid.T) (s spec) {
	used := 0
	s.stages = drawStages(t, rapid.IntRange(1, 4).Draw(t, "stages"), &used, 0)
	s.within = rapid.SampledFrom([]int{0, 0, 3, 6}).Draw(t, "within")
	s.skip = rapid.SampledFrom([]string{"", "", "", "next", "past-last", "first=a1", "last=b2"}).Draw(t, "skip")
	if s.skip != "" && s.within == 0 {
		s.within = 4 // or a match may wait for ever for one that began before it
	}
	return s
}

func drawStages(t *rapid.T, n int, used *int, depth int) (all []specStage) {
	hows := []string{"next", "followedBy", "followedByAny", "notNext", "notFollowedBy"}
	for i := range n {
		*used++
		st := specStage{
			how: rapid.SampledFrom(hows).Draw(t, "how"), from: 1, to: 1, inner: "followedBy",
			name: fmt.Sprintf("%c%d", "abc"[rapid.IntRange(0, 2).Draw(t, "stage")], *used),
		}
		if i == 0 {
			st.how = "next"
		}
		if st.how == "notNext" || st.how == "notFollowedBy" {
			all = append(all, st)
			continue
		}
		if depth < 1 && rapid.IntRange(0, 4).Draw(t, "group") == 0 {
			st.group = drawStages(t, rapid.IntRange(1, 3).Draw(t, "stages"), used, depth+1)
		}
		st.draw(t)
		all = append(all, st)
	}
	return all
}

func (s *specStage) draw(t *rapid.T) {
	s.optional = rapid.IntRange(0, 3).Draw(t, "optional") == 0
	if s.group == nil {
		s.increasing = rapid.IntRange(0, 5).Draw(t, "increasing") == 0
		s.previous = rapid.SampledFrom([]int{0, 0, 0, 0, 2}).Draw(t, "previous")
	}
	if rapid.Bool().Draw(t, "repeated") {
		return
	}
	repeats := [][2]int{{1, 0}, {2, 0}, {2, 2}, {1, 2}, {2, 3}}
	r := rapid.SampledFrom(repeats).Draw(t, "times")
	s.from, s.to = r[0], r[1]
	s.inner = rapid.SampledFrom([]string{"next", "followedBy", "followedByAny"}).Draw(t, "inner")
	if s.group == nil {
		s.greedy = rapid.IntRange(0, 3).Draw(t, "greedy") == 0
		if rapid.IntRange(0, 4).Draw(t, "ends") == 0 {
			s.until = "d"
		}
	}
}

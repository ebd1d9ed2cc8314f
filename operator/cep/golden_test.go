package cep_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// TestGolden runs the scripts of testdata: "match events=(a1,b2)" with a pattern finds it in the events, one a second;
// "a1@5" says another second. What is found comes out, sorted, and behind "timed out" what was not complete in time.
func TestGolden(t *testing.T) {
	datadriven.Walk(t, "testdata/golden", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			var events []happening
			for _, a := range d.CmdArgs {
				if a.Key == "events" {
					events = happenings(a.Vals)
				}
			}
			s := parseSpec(d.Input)
			matches, timedOut := detect(t, s, events)
			slices.Sort(matches)
			out := strings.Join(matches, "\n") + "\n"
			if len(matches) == 0 {
				out = "none\n"
			}
			if len(timedOut) > 0 {
				out += "timed out\n" + strings.Join(timedOut, "\n") + "\n"
			}
			return out
		})
	})
}

func happenings(names []string) (all []happening) {
	for i, n := range names {
		name, at, timed := strings.Cut(n, "@")
		h := happening{name, i + 1}
		if timed {
			h.at = number("x" + at)
		}
		all = append(all, h)
	}
	return all
}

package operator_test

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/operator/operatortest"
	"github.com/turgo-io/turgo/window"
)

// TestWindowScripts runs the scripts of testdata/window, in every mode of operatortest. A script is
//
//	tumbling 1m [offset=10s] | sliding 1m 20s | cumulate 1m 20s | session 30s | global
//	10:00:00 ann=1 bob=2     records of a key
//	watermark 10:01:00 | barrier | idle
//
// and its output is the result of each window: key, bounds and the values in it.
func TestWindowScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/window", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			late := operator.NewSide[hit]("late")
			f := windowOf(assignerOf(t, d), late)
			opts := []operatortest.Option{operatortest.WantSide[hit](late, nil)}
			if d.HasArg("early") {
				opts = append(opts, operatortest.AllowLate())
			}
			return operatortest.TraceKeyed(t, userOf, f, scriptOf(t, d.Input), opts...)
		})
	})
}

func windowOf(a window.Assigner, late operator.Side[hit]) operator.Factory[hit, string] {
	return operator.NewWindow(operator.WindowSpec[string, hit, window.ListAcc[hit], []hit, string]{
		Assigner: a, Aggregator: window.Collect[hit](), Late: late,
		Result: func(user string, s window.Span, hits []hit) string {
			text := user + " " + bounds(s)
			for _, h := range hits {
				text += " " + strconv.Itoa(h.N)
			}
			return text
		},
	})
}

func bounds(s window.Span) string {
	if s.End == operator.MaxTime {
		return "all"
	}
	return s.StartTime().Format("15:04:05") + "-" + s.EndTime().Format("15:04:05")
}

func assignerOf(t *testing.T, d *datadriven.TestData) window.Assigner {
	var lengths []time.Duration
	var opts []window.AlignOption
	for _, arg := range d.CmdArgs {
		if arg.Key == "offset" {
			opts = append(opts, window.Offset(duration(t, arg.SingleVal(t))))
		} else if arg.Key != "early" {
			lengths = append(lengths, duration(t, arg.Key))
		}
	}
	switch d.Cmd {
	case "tumbling":
		return window.Tumbling(lengths[0], opts...)
	case "sliding":
		return window.Sliding(lengths[0], lengths[1], opts...)
	case "cumulate":
		return window.Cumulate(lengths[0], lengths[1], opts...)
	case "session":
		return window.Session(lengths[0])
	case "global":
		return window.Global()
	}
	t.Fatalf("%s: no assigner %q", d.Pos, d.Cmd)
	return nil
}

func duration(t *testing.T, s string) time.Duration {
	d, err := time.ParseDuration(s)
	require.NoError(t, err)
	return d
}

func scriptOf(t *testing.T, text string) *operatortest.Script[hit] {
	s := operatortest.Of[hit]()
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		switch words[0] {
		case "watermark":
			s.Watermark(words[1])
		case "barrier":
			s.Barrier()
		case "idle":
			s.Idle()
		default:
			for _, w := range words[1:] {
				user, n, _ := strings.Cut(w, "=")
				value, err := strconv.Atoi(n)
				require.NoError(t, err)
				s.At(words[0], hit{user, value})
			}
		}
	}
	return s
}

func TestWindowNeedsEventTime(t *testing.T) {
	operatortest.RunKeyed(t, userOf, windowOf(window.Tumbling(time.Minute), operator.NewSide[hit]("late")),
		operatortest.Of[hit]().At("10:00:00", hit{"ann", 1}).Watermark("10:01").Untimed(hit{"ann", 2}),
		operatortest.Of[string]().At("10:00:59.999999999", "ann 10:00:00-10:01:00 1"),
		operatortest.Fails("put EventTime before the window"))
}

// Without a side output for them late records are counted all the same.
func TestWindowCountsLate(t *testing.T) {
	operatortest.RunKeyed(t, userOf, windowOf(window.Tumbling(time.Minute), operator.NewSide[hit]("late")),
		operatortest.Of[hit]().At("10:00:00", hit{"ann", 1}).Watermark("10:01").At("10:00:30", hit{"ann", 2}, hit{"bob", 3}),
		operatortest.Of[string]().At("10:00:59.999999999", "ann 10:00:00-10:01:00 1"),
		operatortest.WantCounter("late", 2))
}

func TestWindowValidate(t *testing.T) {
	check := func(f any) error { return f.(interface{ Validate() error }).Validate() }
	require.ErrorContains(t, check(operator.NewWindow(operator.WindowSpec[string, hit, int64, int64, string]{})), "needs an assigner")
	require.ErrorIs(t, check(windowOf(window.Tumbling(0), operator.NewSide[hit]("late"))), window.ErrInvalid)
	require.NoError(t, check(windowOf(window.Tumbling(1), operator.NewSide[hit]("late"))))
	require.ErrorContains(t, check(operator.NewOver[hit, hit](window.Range(time.Minute), nil, nil)), "a function is nil")
	require.ErrorIs(t, check(operator.NewOver(window.Range(-1), func(hit) float64 { return 0 },
		func(h hit, _ *window.Rolling) hit { return h })), window.ErrInvalid)
}

// TestWindowEqualsNaive feeds random records and watermarks through one task and compares with windows computed
// from the list of all records that were in time.
func TestWindowEqualsNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SampledFrom([]window.Assigner{
			window.Tumbling(10 * time.Second), window.Sliding(10*time.Second, 3*time.Second),
			window.Sliding(4*time.Second, 7*time.Second), window.Cumulate(12*time.Second, 4*time.Second), window.Session(3 * time.Second),
		}).Draw(t, "assigner")
		naive := &naiveWindows{assigner: a, passed: operator.NoTime, open: map[string][]naivePane{}, slice: map[int]int64{}}
		h := newHarness(t, userOf, windowOf(a, operator.NewSide[hit]("late")), 1)
		for i := range rapid.IntRange(1, 60).Draw(t, "steps") {
			at := nano("10:00:00") + int64(rapid.IntRange(0, 40).Draw(t, "second"))*int64(time.Second)
			if rapid.IntRange(0, 4).Draw(t, "kind") == 0 {
				if at > naive.passed {
					naive.watermark(at)
					require.NoError(t, h.watermark(at))
				}
				continue
			}
			r := hit{rapid.SampledFrom([]string{"ann", "bob"}).Draw(t, "user"), i}
			naive.add(at, r)
			require.NoError(t, h.push(at, r))
		}
		naive.watermark(operator.MaxTime)
		require.NoError(t, h.watermark(operator.MaxTime))
		require.ElementsMatch(t, naive.out, h.values())
		require.Equal(t, naive.late, h.env.Counters.Get("id", "late").Value())
		require.NoError(t, h.close())
	})
}

// naiveWindows keeps every window as a list and looks at all of them at each watermark.
type naiveWindows struct {
	assigner window.Assigner
	passed   int64
	open     map[string][]naivePane
	slice    map[int]int64 // of each hit: windows see slices in order
	out      []string
	late     int64
}

type naivePane struct {
	span window.Span
	hits []hit
}

func (w *naiveWindows) add(at int64, h hit) {
	spans := w.assigner.Assign(nil, at)
	inTime := len(spans) == 0
	if sliced, ok := w.assigner.(window.Sliced); ok {
		w.slice[h.N] = sliced.SliceOf(at).Start
	}
	for _, s := range spans {
		if w.assigner.Merging() {
			inTime = w.merge(s, h) || inTime
		} else if s.Last() > w.passed {
			inTime = true
			w.put(s, h)
		}
	}
	if !inTime {
		w.late++
	}
}

func (w *naiveWindows) put(s window.Span, h hit) {
	for i, p := range w.open[h.User] {
		if p.span == s {
			w.open[h.User][i].hits = append(p.hits, h)
			return
		}
	}
	w.open[h.User] = append(w.open[h.User], naivePane{s, []hit{h}})
}

// merge joins a session with all open ones that it touches, earlier ones first, the record last; false if it
// is over already.
func (w *naiveWindows) merge(s window.Span, h hit) bool {
	all := naivePane{span: s}
	var apart []naivePane
	for _, p := range w.open[h.User] {
		switch {
		case !p.span.Touches(s):
			apart = append(apart, p)
		case p.span.Start < all.span.Start:
			all = naivePane{p.span.Cover(all.span), slices.Concat(p.hits, all.hits)}
		default:
			all = naivePane{p.span.Cover(all.span), slices.Concat(all.hits, p.hits)}
		}
	}
	if all.span.Last() <= w.passed {
		return false
	}
	all.hits = append(all.hits, h)
	w.open[h.User] = append(apart, all)
	return true
}

func (w *naiveWindows) watermark(to int64) {
	w.passed = to
	for user, panes := range w.open {
		var open []naivePane
		for _, p := range panes {
			if p.span.Last() > to {
				open = append(open, p)
				continue
			}
			text := user + " " + bounds(p.span)
			slices.SortStableFunc(p.hits, func(a, b hit) int { return cmp.Compare(w.slice[a.N], w.slice[b.N]) })
			for _, h := range p.hits {
				text += fmt.Sprint(" ", h.N)
			}
			w.out = append(w.out, text)
		}
		w.open[user] = open
	}
}

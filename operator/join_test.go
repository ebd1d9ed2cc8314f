package operator_test

import (
	"fmt"
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

// sided is a hit on one of two inputs.
type sided struct {
	Right bool
	Hit   hit
}

func (s sided) String() string {
	return map[bool]string{false: "left ", true: "right "}[s.Right] + s.Hit.User + strconv.Itoa(s.Hit.N)
}

func userOfSided(s sided) string { return s.Hit.User }

// bySide runs an operator of two inputs on sided hits.
func bySide[Out any](f operator.TwoFactory[hit, hit, Out]) operator.Factory[sided, Out] {
	of := operator.NewEither(f)
	return operator.NewFactory(f.Name(), func() operator.Operator[sided, Out] { return &sidedOp[Out]{Operator: of.New()} })
}

type sidedOp[Out any] struct {
	operator.Operator[operator.Either[hit, hit], Out]
}

func (o *sidedOp[Out]) Push(time int64, v *sided) error {
	if v.Right {
		return o.Operator.Push(time, &operator.Either[hit, hit]{Right: &v.Hit})
	}
	return o.Operator.Push(time, &operator.Either[hit, hit]{Left: &v.Hit})
}

var kinds = map[string]operator.JoinKind{
	"inner": operator.InnerJoin, "left": operator.LeftJoin, "right": operator.RightJoin, "full": operator.FullJoin,
	"semi": operator.SemiJoin, "anti": operator.AntiJoin,
}

func pairText(l, r *hit) string {
	text := "-"
	if l != nil {
		text = l.User + strconv.Itoa(l.N)
	}
	if r != nil {
		return text + " " + r.User + strconv.Itoa(r.N)
	}
	return text + " -"
}

var (
	lateLeft  = operator.NewSide[hit]("late-left")
	lateRight = operator.NewSide[hit]("late-right")
)

func specOf(kind operator.JoinKind) operator.JoinSpec[hit, hit, string] {
	return operator.JoinSpec[hit, hit, string]{Kind: kind, Result: pairText, LateLeft: lateLeft, LateRight: lateRight}
}

// TestJoinScripts runs the scripts of testdata/join, in every mode of operatortest. A script is
//
//	between -10s 20s left | always semi | as-of inner | tables full [1m] | tumbling 1m full | group 1m
//	10:00:00 left ann=1 bob=2
//	watermark 10:01:00 | barrier | idle
func TestJoinScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/join", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			return operatortest.TraceKeyed(t, userOfSided, bySide(joinOf(t, d)), sidedScript(t, d.Input),
				operatortest.WantSide[hit](lateLeft, nil), operatortest.WantSide[hit](lateRight, nil))
		})
	})
}

func joinOf(t *testing.T, d *datadriven.TestData) operator.TwoFactory[hit, hit, string] {
	kind := operator.InnerJoin
	var lengths []time.Duration
	for _, a := range d.CmdArgs {
		if k, ok := kinds[a.Key]; ok {
			kind = k
			continue
		}
		lengths = append(lengths, duration(t, a.Key))
	}
	switch d.Cmd {
	case "between":
		return operator.NewIntervalJoin[string](window.Between(lengths[0], lengths[1]), specOf(kind))
	case "always":
		return operator.NewIntervalJoin[string](window.Always(), specOf(kind))
	case "as-of":
		return operator.NewAsOfJoin[string](specOf(kind))
	case "tables":
		return operator.NewTableJoin[string](specOf(kind), append(lengths, 0)[0])
	case "tumbling":
		return operator.NewWindowJoin[string](window.Tumbling(lengths[0]), window.Options{}, specOf(kind))
	case "sliding":
		return operator.NewWindowJoin[string](window.Sliding(lengths[0], lengths[1]), window.Options{}, specOf(kind))
	case "session":
		return operator.NewWindowJoin[string](window.Session(lengths[0]), window.Options{}, specOf(kind))
	case "group":
		return operator.NewCoGroup(window.Tumbling(lengths[0]), window.Options{}, func(k string, f window.Firing, l, r []hit) string {
			return fmt.Sprint(k, " ", bounds(f.Span), " ", l, " ", r)
		})
	}
	t.Fatalf("%s: no join %q", d.Pos, d.Cmd)
	return nil
}

func sidedScript(t *testing.T, text string) *operatortest.Script[sided] {
	s := operatortest.Of[sided]()
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		switch words[0] {
		case "watermark":
			s.Watermark(words[1])
		case "barrier":
			s.Barrier()
		default:
			for _, w := range words[2:] {
				user, n, _ := strings.Cut(w, "=")
				value, err := strconv.Atoi(n)
				require.NoError(t, err)
				s.At(words[0], sided{words[1] == "right", hit{user, value}})
			}
		}
	}
	return s
}

// TestJoinsEqualNaive feeds random records of two inputs and watermarks, and compares with loops over everything that was
// in time.
func TestJoinsEqualNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := operator.JoinKind(rapid.IntRange(0, 5).Draw(t, "kind"))
		way := rapid.SampledFrom([]string{"between", "always", "tumbling", "sliding", "as-of"}).Draw(t, "way")
		if way == "as-of" {
			kind %= 2
		}
		lower := rapid.IntRange(-8, 8).Draw(t, "lower")
		b := window.Between(time.Duration(lower)*time.Second, time.Duration(lower+rapid.IntRange(0, 9).Draw(t, "width"))*time.Second)
		naive := &naiveJoin{kind: kind, bounds: b, passed: operator.NoTime}
		var f operator.TwoFactory[hit, hit, string]
		switch way {
		case "between":
			f = operator.NewIntervalJoin[string](b, specOf(kind))
		case "always":
			naive.bounds = window.Always()
			f = operator.NewIntervalJoin[string](naive.bounds, specOf(kind))
		case "tumbling", "sliding":
			naive.assigner = window.Tumbling(7 * time.Second)
			if way == "sliding" {
				naive.assigner = window.Sliding(9*time.Second, 4*time.Second)
			}
			f = operator.NewWindowJoin[string](naive.assigner, window.Options{}, specOf(kind))
		case "as-of":
			naive.asOf = true
			f = operator.NewAsOfJoin[string](specOf(kind))
		}
		h := newHarness(t, userOfSided, bySide(f), 1)
		for i := range rapid.IntRange(1, 60).Draw(t, "steps") {
			at := nano("10:00:00") + int64(rapid.IntRange(0, 40).Draw(t, "second"))*int64(time.Second)
			if rapid.IntRange(0, 5).Draw(t, "what") == 0 {
				if at > naive.passed {
					naive.passed = at
					require.NoError(t, h.watermark(at))
				}
				continue
			}
			r := sided{rapid.Bool().Draw(t, "right"), hit{rapid.SampledFrom([]string{"ann", "bob"}).Draw(t, "user"), i}}
			naive.add(at, r)
			require.NoError(t, h.push(at, r))
		}
		require.NoError(t, h.watermark(operator.MaxTime))
		require.ElementsMatch(t, naive.answer(), h.values())
		require.Equal(t, naive.late, h.env.Counters.Get("id", "late").Value())
		require.NoError(t, h.close())
	})
}

// naiveJoin keeps everything that was in time and looks at all pairs at the end.
type naiveJoin struct {
	kind     operator.JoinKind
	bounds   window.Bounds
	assigner window.Assigner
	asOf     bool
	passed   int64
	late     int64
	left     []naiveRow
	right    []naiveRow
}

type naiveRow struct {
	at    int64
	hit   hit
	spans []window.Span // that were open when it came
}

func (n *naiveJoin) add(at int64, s sided) {
	r := naiveRow{at: at, hit: s.Hit}
	switch {
	case n.assigner != nil:
		for _, w := range n.assigner.Assign(nil, at) {
			if w.Last() > n.passed {
				r.spans = append(r.spans, w)
			}
		}
		if len(r.spans) == 0 {
			n.late++
			return
		}
	case !n.bounds.Unbounded() && at <= n.passed:
		n.late++
		return
	}
	if s.Right {
		n.right = append(n.right, r)
	} else {
		n.left = append(n.left, r)
	}
}

// answer joins span by span, or once over all.
func (n *naiveJoin) answer() (all []string) {
	switch {
	case n.asOf:
		return n.versions()
	case n.assigner == nil:
		return n.pairs(n.left, n.right, func(l, r naiveRow) bool {
			return n.bounds.Unbounded() || r.at-l.at >= n.bounds.Lower && r.at-l.at <= n.bounds.Upper
		})
	}
	spans := map[window.Span]bool{}
	for _, r := range append(append([]naiveRow{}, n.left...), n.right...) {
		for _, s := range r.spans {
			spans[s] = true
		}
	}
	for s := range spans {
		in := func(rows []naiveRow) (some []naiveRow) {
			for _, r := range rows {
				for _, own := range r.spans {
					if own == s {
						some = append(some, r)
					}
				}
			}
			return some
		}
		all = append(all, n.pairs(in(n.left), in(n.right), func(naiveRow, naiveRow) bool { return true })...)
	}
	return all
}

func (n *naiveJoin) pairs(left, right []naiveRow, meet func(l, r naiveRow) bool) (all []string) {
	met := map[int]bool{}
	for _, l := range left {
		found := false
		for j, r := range right {
			if l.hit.User != r.hit.User || !meet(l, r) {
				continue
			}
			found, met[j] = true, true
			if n.kind <= operator.FullJoin {
				all = append(all, pairText(&l.hit, &r.hit))
			}
		}
		alone := n.kind == operator.LeftJoin || n.kind == operator.FullJoin || n.kind == operator.AntiJoin
		if found && n.kind == operator.SemiJoin || !found && alone {
			all = append(all, pairText(&l.hit, nil))
		}
	}
	for j, r := range right {
		if !met[j] && (n.kind == operator.RightJoin || n.kind == operator.FullJoin) {
			all = append(all, pairText(nil, &r.hit))
		}
	}
	return all
}

func (n *naiveJoin) versions() (all []string) {
	for _, l := range n.left {
		var best *naiveRow
		for i, r := range n.right {
			if r.hit.User == l.hit.User && r.at <= l.at && (best == nil || r.at >= best.at) {
				best = &n.right[i]
			}
		}
		if best != nil {
			all = append(all, pairText(&l.hit, &best.hit))
		} else if n.kind == operator.LeftJoin {
			all = append(all, pairText(&l.hit, nil))
		}
	}
	return all
}

func TestJoinValidate(t *testing.T) {
	check := func(f any) error { return f.(interface{ Validate() error }).Validate() }
	require.ErrorIs(t, check(operator.NewIntervalJoin[string](window.Between(2, 1), specOf(operator.InnerJoin))), window.ErrInvalid)
	require.ErrorContains(t, check(operator.NewIntervalJoin[string](window.Within(1), operator.JoinSpec[hit, hit, string]{})), "result function")
	require.ErrorContains(t, check(operator.NewAsOfJoin[string](specOf(operator.FullJoin))), "inner or left")
	require.ErrorContains(t, check(operator.NewTableJoin[string](specOf(operator.SemiJoin), 0)), "semi join")
	require.ErrorContains(t, check(operator.NewTableJoin[string](specOf(operator.InnerJoin), -1)), "must not be negative")
	require.ErrorIs(t, check(operator.NewWindowJoin[string](window.CountTumbling(3), window.Options{}, specOf(operator.InnerJoin))), window.ErrInvalid)
	require.ErrorContains(t, check(operator.NewCoGroup[string, hit, hit, string](window.Tumbling(1), window.Options{}, nil)), "result function")
	require.NoError(t, check(operator.NewWindowJoin[string](window.Tumbling(3), window.Options{}, specOf(operator.InnerJoin))))
}

func TestIntervalJoinNeedsEventTime(t *testing.T) {
	operatortest.RunKeyed(t, userOfSided, bySide(operator.NewIntervalJoin[string](window.Within(time.Second), specOf(operator.InnerJoin))),
		operatortest.Of[sided]().Untimed(sided{false, hit{"ann", 1}}), operatortest.Of[string](),
		operatortest.Fails("put EventTime before the join"))
}

package cep_test

import (
	"errors"
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/operator/cep"
	"github.com/turgo-io/turgo/operator/operatortest"
	"github.com/turgo-io/turgo/stream"
	"github.com/turgo-io/turgo/stream/streamtest"
)

var seeds = flag.Int("seeds", 40, "how many seeds each simulated job runs under")

func letter(l byte) func(string) bool { return func(e string) bool { return e[0] == l } }

// pairs is "a b+ c" within 10 s.
func pairs() *cep.Pattern[string] {
	return cep.Begin[string]("a").Where(letter('a')).FollowedBy("b").Where(letter('b')).OneOrMore().
		FollowedBy("c").Where(letter('c')).Within(10 * time.Second)
}

func key(e string) byte { return e[len(e)-1] }

func join(_ byte, m cep.Match[string]) string { return fmt.Sprint(m.Events()) }

// TestOperator runs it item-wise, batched, restored, rescaled and stopped: two keys, events out of order, one late, one
// partial match that times out.
func TestOperator(t *testing.T) {
	side, late := operator.NewSide[cep.Match[string]]("timed-out"), operator.NewSide[string]("late")
	in := operatortest.Of[string]().
		At("10:00:02", "b1.x").At("10:00:01", "a1.x", "a1.y").Watermark("10:00:02").
		At("10:00:01", "b0.x").At("10:00:04", "c1.x").At("10:00:03", "b2.x", "x.y").Watermark("10:00:05").
		At("10:00:20", "b9.y")
	want := operatortest.Of[string]().At("10:00:04", "[a1.x b1.x b2.x c1.x]", "[a1.x b1.x c1.x]")
	operatortest.RunKeyed(t, key, cep.New(pairs(), join, cep.TimedOutTo(side), cep.LateTo(late)), in, want,
		operatortest.WantSide(side, nil), operatortest.WantSide(late, operatortest.Of[string]().At("10:00:01", "b0.x")),
		operatortest.AllowLate(),
		operatortest.WantCounter("matches", 2), operatortest.WantCounter("late", 1), operatortest.WantCounter("timed-out", 2))
}

func TestArrivalOrder(t *testing.T) {
	p := func() *cep.Pattern[string] {
		return cep.Begin[string]("a").Where(letter('a')).Next("b").Where(letter('b')).Within(time.Minute)
	}
	side := operator.NewSide[cep.Match[string]]("timed-out")
	in := operatortest.Of("a1.x", "b1.x", "a2.x").Clock("00:00:59").Untimed("x.y").Clock("00:01").Untimed("b2.x")
	operatortest.RunKeyed(t, key, cep.New(p(), join, cep.InArrivalOrder(), cep.TimedOutTo(side)), in, operatortest.Of("[a1.x b1.x]"),
		operatortest.WantSide(side, nil), operatortest.WantCounter("timed-out", 1))
}

func TestNoEventTime(t *testing.T) {
	operatortest.RunKeyed(t, key, cep.New(pairs(), join), operatortest.Of("a1.x"), operatortest.Of[string](), operatortest.Fails("no event time"))
}

func TestSkipOrFail(t *testing.T) {
	first := cep.Begin[string]("a").Where(letter('a')).Next("b").Where(letter('b')).AfterMatch(cep.SkipToFirst("a").OrFail())
	in := operatortest.Of[string]().At("10:00", "a1.x").At("10:01", "b1.x").Watermark("10:02")
	operatortest.RunKeyed(t, key, cep.New(first, join), in, operatortest.Of[string](), operatortest.Fails("first event of the match"))
	missing := cep.Begin[string]("a").Where(letter('a')).FollowedBy("c").Where(letter('c')).Optional().Next("b").Where(letter('b')).
		AfterMatch(cep.SkipToLast("c").OrFail())
	operatortest.RunKeyed(t, key, cep.New(missing, join), in, operatortest.Of[string](), operatortest.Fails("no event of it"))
}

func TestValidate(t *testing.T) {
	a := func() *cep.Pattern[string] { return cep.Begin[string]("a").Where(letter('a')) }
	for text, p := range map[string]*cep.Pattern[string]{
		"nil":                    nil,
		"two stages are called":  a().Next("a"),
		"no name":                a().Next(""),
		"until when":             a().NotFollowedBy("b").Where(letter('b')),
		"no condition":           a().NotNext("b").Next("c"),
		"must not come, and no":  a().Optional().NotNext("b").Where(letter('b')).Next("c"),
		"cannot be repeated":     a().NotNext("b").Where(letter('b')).Times(2).Next("c"),
		"said twice":             a().Times(2).OneOrMore(),
		"at least once":          a().Times(0),
		"second is the larger":   a().TimesBetween(3, 2),
		"Greedy is for":          a().Greedy(),
		"Until is for":           a().Until(letter('b')),
		"are for repeated":       a().Consecutive(),
		"Optional is for":        a().Optional().Optional(),
		"more than 0":            a().Within(0),
		"WithinPrevious":         a().WithinPrevious(time.Second),
		"skips to":               a().AfterMatch(cep.SkipToLast("b")),
		"group has a Within":     a().NextGroup(cep.Begin[string]("b").Within(time.Second)),
		"all stages of a group":  a().NextGroup(cep.Begin[string]("b").Optional()),
		"condition of its own":   cep.BeginGroup(a()).Where(letter('a')),
		"stands behind no":       cep.Begin[string]("a").Or(letter('a')),
		"the condition is nil":   cep.Begin[string]("a").Where(nil),
		"two forbidden stages":   a().NotNext("b").Where(letter('b')).NotNext("c").Where(letter('c')).Next("d"),
		"greedy and optional":    a().NextGroup(cep.Begin[string]("b").Next("c").OneOrMore().Greedy().Optional()),
		"nothing to stand":       a().Next("c").Optional().NotFollowedBy("b").Where(letter('b')).Within(time.Second),
		"the function is nil":    a(),
		"TimedOutTo is given an": a(),
	} {
		wrong := operator.NewSide[cep.Match[int]]("timed-out")
		err := cep.New[int, string, string](p, nil, cep.TimedOutTo(wrong)).(interface{ Validate() error }).Validate()
		require.ErrorContains(t, err, text)
	}
	require.NoError(t, pairs().Validate())
}

// TestReplace replaces a pattern at a checkpoint: by one of the same shape, and by another.
func TestReplace(t *testing.T) {
	two := func(l byte) *cep.Pattern[string] {
		return cep.Begin[string]("first").Where(letter('a')).Next("second").Where(letter(l))
	}
	live := cep.NewLive(two('b'))
	r := newRigOf(t, live)
	defer r.close(t)
	at := 0
	see := func(e string) {
		at++
		r.push(t, happening{e, at})
		r.watermark(t, at)
	}
	barrier := func(n int64) { require.NoError(t, r.op.Mark(operator.Mark{Kind: operator.Barrier, Value: n})) }
	barrier(1)
	see("a1")
	require.NoError(t, live.Replace(two('c')))
	see("b1")
	see("a2")
	barrier(2)
	see("c2")
	require.Equal(t, []string{"first:a1 second:b1", "first:a2 second:c2"}, r.matches)
	see("a3")
	require.NoError(t, live.Replace(cep.Begin[string]("only").Where(letter('d'))))
	require.Error(t, live.Replace(cep.Begin[string]("")))
	barrier(3)
	see("c3")
	see("d3")
	require.Equal(t, []string{"first:a1 second:b1", "first:a2 second:c2", "only:d3"}, r.matches)
}

// TestNothingStays: when partial matches are over, no state is left.
func TestNothingStays(t *testing.T) {
	r := newRig(t, pairs())
	defer r.close(t)
	const keys = 20_000
	for r.key = range keys {
		r.push(t, happening{"a1", r.key})
		r.watermark(t, r.key)
	}
	require.Len(t, r.timedOut, keys-10)
	require.Less(t, r.keys.Len(), keys/2, "keys that are over go, if not at once")
}

func TestSimulated(t *testing.T) {
	letters := "abxbcabcbbac"
	build := func(s *stream.Stream[string]) *stream.Stream[string] {
		return s.KeyBy(key).Detect(pairs(), join).Stream
	}
	feed := func(h *streamtest.Harness) *stream.Stream[string] {
		in := streamtest.Source[string](h)
		for i := range 96 {
			in.Split(i%2).At(fmt.Sprintf("10:%02d:%02d", i/60, i%60), fmt.Sprintf("%c%d.%d", letters[(i*i+i/3)%len(letters)], i, i%3))
			if i%9 == 0 {
				in.Split(i % 2).Watermark(fmt.Sprintf("10:%02d:%02d", i/60, i%60))
			}
		}
		return in.Stream()
	}
	var want []string
	for k := range 3 {
		var events []happening
		for i := k; i < 96; i += 3 {
			events = append(events, happening{fmt.Sprintf("%c%d.%d", letters[(i*i+i/3)%len(letters)], i, i%3), i})
		}
		r := newRig(t, pairs())
		for _, e := range events {
			r.push(t, e)
		}
		r.watermark(t, 1000)
		want = append(want, r.plain...)
		r.close(t)
	}
	require.NotEmpty(t, want)
	opts := streamtest.With(stream.Restart(stream.FixedDelay(20, time.Millisecond)), stream.CheckpointEvery(200*time.Microsecond))
	streamtest.Explore(t, *seeds, func(h *streamtest.Harness) error {
		out := streamtest.Collect(h, build(feed(h)))
		return errors.Join(h.RunErr(t.Context()), out.Diff(want...))
	}, opts)
}

package streamtest_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/stream"
	"github.com/turgo-io/turgo/stream/streamtest"
)

// shipment is a record with a pointer, a slice and a map: what is stored of it must be all of it.
type shipment struct {
	Split, N int
	Tags     []string
	Next     *int
	Weights  map[string]float64
}

func newShipment(split, n int) shipment {
	return shipment{split, n, []string{fmt.Sprint("t", n), ""}, &n, map[string]float64{"kg": float64(n) / 4}}
}

func (s shipment) sound() bool {
	return len(s.Tags) == 2 && s.Tags[0] == fmt.Sprint("t", s.N) && *s.Next == s.N && s.Weights["kg"] == float64(s.N)/4
}

// place is what a key has had: the n-th record of a split must be the n-th of its key.
type place struct{ Seen int }

// shipped is a job with exchanges of all kinds that checkpoints can overtake, with state and order per key.
func shipped(in *stream.Stream[shipment]) *stream.Stream[string] {
	good := in.Rebalance().Map(func(s shipment) shipment { return s })
	return good.KeyBy(func(s shipment) [2]int { return [2]int{s.Split, s.N} }).
		WithState(func(p *place, s shipment) string {
			p.Seen++
			return fmt.Sprintf("%d/%d %d %v", s.Split, s.N, p.Seen, s.sound())
		}).Global().Map(strings.TrimSpace)
}

// ordered is the same without a rebalance, so that each key's records come in order.
func ordered(in *stream.Stream[shipment]) *stream.Stream[string] {
	return in.KeyBy(func(s shipment) int { return 100*s.Split + s.N%7 }).
		WithState(func(p *place, s shipment) string {
			p.Seen++
			return fmt.Sprintf("%d/%d %d %v", s.Split, s.N, (p.Seen-1)*7+s.N%7, s.sound())
		}).Global().Map(strings.TrimSpace)
}

// Checkpoints that overtake records lose none, double none, and keep the order of each key, over crashes and changes of
// parallelism, and where an exchange has become a direct call.
func TestOvertakenAndRescaled(t *testing.T) {
	const splits, records = 3, 60
	for name, c := range map[string]struct {
		build func(*stream.Stream[shipment]) *stream.Stream[string]
		want  func(split, n int) string
	}{
		"order of the key": {ordered, func(s, n int) string { return fmt.Sprintf("%d/%d %d true", s, n, n) }},
		"rebalanced":       {shipped, func(s, n int) string { return fmt.Sprintf("%d/%d 1 true", s, n) }},
	} {
		var want []string
		for s := range splits {
			for n := range records {
				want = append(want, c.want(s, n))
			}
		}
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(60) {
				random := rand.New(rand.NewPCG(seed, 1))
				h := streamtest.New(t, streamtest.Seed(seed), streamtest.With(
					stream.CheckpointEvery(time.Duration(30+random.IntN(200))*time.Microsecond),
					stream.UnalignedAfter(time.Duration(random.IntN(3)*20)*time.Microsecond),
					stream.BatchSize(1+random.IntN(4)), stream.ExchangeSlots(1+random.IntN(3)),
				))
				in, out := streamtest.Source[shipment](h), streamtest.NewCollected[string](h)
				for s := range splits {
					for n := range records {
						in.Split(s).Add(newShipment(s, n))
					}
				}
				h.Rebuild(func(life int) []stream.Option {
					return []stream.Option{stream.Parallelism(1 + (int(seed)+life*2)%4)}
				}, func(int) { out.From(c.build(in.Stream())) })
				h.CrashRandomly(5, 600).Run()
				require.ElementsMatch(t, want, out.Values(), "seed %d", seed)
			}
		})
	}
}

// What was in flight along an edge that the next program does not have is not dropped without a word.
func TestLostEdge(t *testing.T) {
	for seed := range uint64(30) {
		var log bytes.Buffer
		h := streamtest.New(t, streamtest.Seed(seed), streamtest.With(stream.UnalignedAfter(0), stream.NoChaining(),
			stream.CheckpointEvery(50*time.Microsecond), stream.BatchSize(1), stream.Logger(slog.New(slog.NewTextHandler(&log, nil)))))
		in := streamtest.Source[shipment](h)
		for n := range 200 {
			in.Add(newShipment(0, n))
		}
		out := streamtest.NewCollected[string](h)
		h.Rebuild(nil, func(life int) {
			s := in.Stream().ID("in")
			if life > 0 {
				s = s.Map(func(s shipment) shipment { return s }).ID("new")
			}
			out.From(s.Map(func(s shipment) string { return fmt.Sprint(s.N) }).ID("text")).ID("out")
		})
		err := h.CrashAtStep(150 + int(seed)).RunErr(t.Context())
		if err == nil {
			require.Len(t, out.Values(), 200, "nothing was in flight")
			continue
		}
		require.ErrorContains(t, err, `"in" "" 0 "text"`)
		require.ErrorContains(t, err, "take a checkpoint without stream.UnalignedAfter")
		return
	}
	t.Fatal("nothing was ever in flight")
}

package cep_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/operator/cep"
)

// BenchmarkDetect is what an event costs, by what it meets: none fits, a match of three.
func BenchmarkDetect(b *testing.B) {
	for name, events := range map[string][]string{
		"none-fits": {"x1"}, "matches": {"a1", "b1", "c1"},
	} {
		for _, keys := range []int{1, 10_000} {
			b.Run(name+"/keys="+map[bool]string{true: "1", false: "10000"}[keys == 1], func(b *testing.B) {
				p := cep.Begin[string]("a").Where(letter('a')).FollowedBy("b").Where(letter('b')).
					FollowedBy("c").Where(letter('c')).Within(time.Hour).AfterMatch(cep.SkipPastLast())
				r := newRig(b, p)
				defer r.close(b)
				b.ReportAllocs()
				b.ResetTimer()
				for i := range b.N {
					r.key = i % keys
					at := int64(i) * int64(time.Millisecond)
					r.keys.Seek(r.key)
					v := events[i/keys%len(events)]
					if err := r.op.Push(at, &v); err != nil {
						b.Fatal(err)
					}
					if i%64 == 63 {
						r.env.Task.Watermark = at
						require.NoError(b, r.op.Mark(operator.Mark{Kind: operator.Watermark, Value: at}))
						r.matches, r.plain, r.timedOut = r.matches[:0], r.plain[:0], r.timedOut[:0]
					}
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
			})
		}
	}
}

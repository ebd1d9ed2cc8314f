package inference_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/turgo-io/turgo/inference"
	"github.com/turgo-io/turgo/operator"
)

// TestAnyScript: whatever comes, and whenever, leaves in the same order; nothing waits longer than Delay, and
// nothing is in flight behind a barrier. The reference is the script itself.
func TestAnyScript(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		batch := inference.Batch{
			Max:   rapid.IntRange(1, 6).Draw(rt, "max"),
			Delay: time.Duration(rapid.IntRange(1, 5).Draw(rt, "delay")),
			Wait:  rapid.Bool().Draw(rt, "wait"),
		}
		side := operator.NewSide[inference.Failed[int]]("failed")
		r := newRig(t, inference.Predict(batches(), batch, func(v int, _ string) int { return v }, inference.FailedTo(side)), side)
		var want []string
		steps := rapid.SliceOfN(rapid.SampledFrom([]string{"push", "bad", "push", "watermark", "idle", "barrier", "flush", "time", "split"}), 0, 60).Draw(rt, "steps")
		oldest := int64(0)
		for i, step := range append(steps, "end") {
			switch step {
			case "push", "bad":
				v := i + 1
				if step == "bad" {
					v = -v
				}
				r.push(v)
				want = append(want, entry(v))
			case "time":
				r.after(time.Duration(rapid.IntRange(0, 3).Draw(rt, "pause")))
			default:
				kind := markOf[step]
				r.mark(kind, int64(i))
				if kind != operator.Flush {
					want = append(want, fmt.Sprintf("%s%d", step[:1], i))
				}
			}
			due := r.op.(operator.Timed).Deadline()
			require.True(t, due == 0 || due > r.now && due <= r.now+int64(batch.Delay), "deadline %d at %d", due, r.now)
			if step == "barrier" || step == "end" || step == "flush" && !batch.Wait {
				require.Zero(t, due)
				require.Equal(t, collapse(want), collapse(r.trace), "nothing is in flight")
			}
			oldest = max(oldest, due)
		}
		require.Equal(t, collapse(want), collapse(r.trace))
		require.NoError(t, r.op.Close())
	})
}

var markOf = map[string]operator.MarkKind{
	"watermark": operator.Watermark, "idle": operator.Idle, "barrier": operator.Barrier, "flush": operator.Flush,
	"split": operator.SplitAdded, "end": operator.End,
}

func entry(v int) string {
	if v < 0 {
		return fmt.Sprintf("failed:%d:sizes:negative", v)
	}
	return fmt.Sprintf("%d@0", v)
}

// collapse leaves of watermarks and idleness that follow each other only what they come to, and drops flushes.
func collapse(trace []string) string {
	var out []string
	for _, s := range trace {
		if s[0] == 'f' && s[1] != 'a' {
			continue
		}
		if s[0] == 'w' {
			for len(out) > 0 && (out[len(out)-1][0] == 'w' || out[len(out)-1][0] == 'i') {
				out = out[:len(out)-1]
			}
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

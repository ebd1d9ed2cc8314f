//go:build turgobugs

package sim_test

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/internal/bug"
	"github.com/turgo-io/turgo/internal/sim"
)

var bugSeeds = flag.Uint64("bugseeds", 1000, "within how many seeds each seeded bug must be found")

// TestSeededBugs turns every bug of package bug on and wants random jobs to find it. It fails if one is not found: then the
// simulation does not look where that bug is.
func TestSeededBugs(t *testing.T) {
	defer bug.Set(bug.None)
	for _, b := range bug.All() {
		t.Run(b.String(), func(t *testing.T) {
			seed, o := find(t, b)
			require.NotZero(t, seed, "not found within %d seeds", *bugSeeds)
			t.Logf("found by seed %d: %.200v", seed, o.Err)
		})
	}
}

// aims lead jobs to where a bug is: those that random jobs come by too seldom for a thousand seeds.
var aims = map[bug.ID]func(j *sim.Job){
	// A watermark that only the input of a task knows: the source gives it, and gives it once.
	bug.InputWatermarkForgotten: func(j *sim.Job) {
		j.Sources = []sim.Source{{Kind: sim.Marked, Splits: 1, Records: 60, Class: 1}}
		j.Nodes = []sim.Node{{Op: "late-window", Class: 2, A: 1}}
		j.Run = sim.Settings{Batch: 3, Slots: 2, Groups: 7, Every: 100 * time.Microsecond}
		j.Faults = fmt.Sprintf("crash-step@%d", 60+j.Seed%200)
	},
}

// find returns the first seed whose job has a wrong answer with a bug, and a right one without.
func find(t *testing.T, b bug.ID) (seed uint64, o sim.Outcome) {
	for seed = 1; seed <= *bugSeeds; seed++ {
		j := sim.Random(seed)
		if aim := aims[b]; aim != nil {
			aim(j)
		}
		bug.Set(b)
		o = j.Play(t)
		bug.Set(bug.None)
		if o.Err != nil {
			require.NoError(t, j.Play(t).Err, "seed %d fails without a bug", seed)
			return seed, o
		}
	}
	return 0, o
}

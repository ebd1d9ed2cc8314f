//go:build turgobugs

package sim_test

import (
	"flag"
	"testing"

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

// find returns the first seed whose job has a wrong answer with a bug, and a right one without.
func find(t *testing.T, b bug.ID) (seed uint64, o sim.Outcome) {
	for seed = 1; seed <= *bugSeeds; seed++ {
		j := sim.Random(seed)
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

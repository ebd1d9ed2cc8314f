package streamtest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
)

// ReplayVariable is the environment variable that makes Explore run one case: the line that a failure has printed.
const ReplayVariable = "STREAMTEST_REPLAY"

// Explore runs a job under seeds from 1 on. Each has another order of steps, and each but the first a random plan of up to
// four faults: crashes, a disk that fails, is full or slow, clocks that jump, tasks that stand still, sources and
// sinks that fail or are slow. run builds the job on the harness, runs it by RunErr, and returns what is wrong with the
// result:
//
//	streamtest.Explore(t, 1000, func(h *streamtest.Harness) error {
//		in := streamtest.Source[Payment](h)
//		out := streamtest.Collect(h, Pipeline(in.Stream()))
//		in.At("10:00:00", pay("c1", 10)).At("10:00:02", pay("c1", 9000))
//		return errors.Join(h.RunErr(t.Context()), out.Diff(Alert{Card: "c1"}))
//	})
//
// The first failure ends the test. It says what is wrong with the fewest faults that still show it, and the command
// that runs this one case again.
func Explore(t testing.TB, seeds int, run func(h *Harness) error, opts ...Option) {
	t.Helper()
	if line := os.Getenv(ReplayVariable); line != "" {
		c, err := parseCase(line)
		if err == nil {
			_, err = c.run(t, run, opts)
		}
		if err != nil {
			t.Fatalf("%v: %v", c, err)
		}
		return
	}
	var room Counts
	for seed := range uint64(seeds) {
		c := randomCase(seed+1, room)
		h, err := c.run(t, run, opts)
		if err == nil {
			room = room.or(h)
			continue
		}
		c.plan = Shrink(c.plan, func(p Plan) bool {
			less := c
			less.plan = p
			_, err := less.run(t, run, opts)
			return err != nil
		})
		if _, again := c.run(t, run, opts); again != nil {
			err = again
		}
		t.Fatalf("%v: %v\nagain: %s='%v' go test -run '^%s$'", c, err, ReplayVariable, c, t.Name())
	}
}

// or returns the counts, or those of a run if there are none yet: the first run has no faults.
func (c Counts) or(h *Harness) Counts {
	if c == (Counts{}) {
		return h.Counts()
	}
	return c
}

// exploredCase is one run of Explore.
type exploredCase struct {
	seed uint64
	lose int
	plan Plan
}

// mostFaults is how many faults a case has at most: more hide each other.
const mostFaults = 4

func randomCase(seed uint64, room Counts) exploredCase {
	random := rand.New(rand.NewPCG(seed, 0x66617574))
	c := exploredCase{seed: seed, lose: []int{100, 50, 0}[random.IntN(3)]}
	if room != (Counts{}) {
		c.plan = RandomPlan(random, room, 1+random.IntN(mostFaults))
	}
	return c
}

func (c exploredCase) String() string {
	return fmt.Sprintf("seed=%d lose=%d faults=%v", c.seed, c.lose, c.plan)
}

func parseCase(line string) (c exploredCase, err error) {
	var plan string
	if _, err = fmt.Sscanf(line, "seed=%d lose=%d faults=%s", &c.seed, &c.lose, &plan); err != nil {
		return c, fmt.Errorf("streamtest: %s=%q: %w; write seed=N lose=PERCENT faults=PLAN", ReplayVariable, line, err)
	}
	c.plan, err = ParsePlan(plan)
	return c, err
}

func (c exploredCase) run(t testing.TB, run func(*Harness) error, opts []Option) (*Harness, error) {
	all := append([]Option{Seed(c.seed), LoseUnsynced(c.lose), Faults(c.plan)}, opts...)
	h := New(t, all...)
	return h, run(h)
}

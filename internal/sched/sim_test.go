package sched_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/internal/sched"
)

const start = int64(1_000_000_000)

// town is some steppers that wake each other, sleep, and post jobs, as a seed of the simulation decides.
func town(seed uint64) (sim *sched.Sim, log *[]string) {
	sim = sched.NewSim(seed, start)
	log = new([]string)
	var all []*stepper
	for i := range 5 {
		s, left, at := &stepper{}, 20+i, int64(0)
		s.step = func() sched.Status {
			*log = append(*log, fmt.Sprint(i))
			if left--; left == 0 {
				return sched.Done
			}
			at = 0
			switch left % 4 {
			case 0:
				at = sim.Now() + int64(i+1)*int64(time.Millisecond)
				return sched.Blocked
			case 1:
				all[(i+1)%5].Wake()
			case 2:
				sim.Go("job", func() { *log = append(*log, fmt.Sprint("job", i)); all[i].Wake() })
				return sched.Blocked
			}
			return sched.Ready
		}
		s.deadline = func() int64 { return at }
		all = append(all, s)
	}
	sim.Start(all[0], all[1], all[2], all[3], all[4])
	return sim, log
}

func TestSimReplays(t *testing.T) {
	first, want := town(7)
	require.NoError(t, first.Run())
	for range 100 {
		sim, log := town(7)
		require.NoError(t, sim.Run())
		require.Equal(t, first.Trace(), sim.Trace())
		require.Equal(t, first.Now(), sim.Now())
		require.Equal(t, first.Steps(), sim.Steps())
		require.Equal(t, want, log)
	}
}

func TestSimSeedsDiffer(t *testing.T) {
	traces := map[uint64]bool{}
	orders := map[string]bool{}
	for seed := range uint64(100) {
		sim, log := town(seed)
		require.NoError(t, sim.Run())
		traces[sim.Trace()] = true
		orders[fmt.Sprint(*log)] = true
	}
	require.Len(t, traces, 100)
	require.Len(t, orders, 100)
}

// Each of two steppers that are always ready comes first about as often.
func TestSimIsFair(t *testing.T) {
	n := [2]int{}
	for seed := range uint64(400) {
		first := -1
		sim := sched.NewSim(seed, start)
		for i := range 2 {
			sim.Start(&stepper{step: func() sched.Status {
				if first < 0 {
					first = i
				}
				return sched.Done
			}})
		}
		require.NoError(t, sim.Run())
		n[first]++
	}
	require.InDelta(t, 200, n[0], 50)
}

func TestSimClock(t *testing.T) {
	t.Run("stands still in a step, moves between steps", func(t *testing.T) {
		sim := sched.NewSim(1, start)
		var at []int64
		sim.Start(&stepper{step: func() sched.Status {
			if at = append(at, sim.Now()); len(at) == 50 {
				return sched.Done
			}
			return sched.Ready
		}})
		require.NoError(t, sim.Run())
		require.Equal(t, at[49], sim.Now())
		require.Greater(t, at[49]-start, int64(50*1000))
		require.Less(t, at[49]-start, 50*sim.StepTime)
		require.IsNonDecreasing(t, at)
	})
	t.Run("jumps to the next deadline if nothing can run", func(t *testing.T) {
		sim := sched.NewSim(1, start)
		sim.StepTime = 0
		var at []int64
		s := &stepper{deadline: func() int64 { return sim.Now() + int64(time.Hour) }}
		s.step = func() sched.Status {
			if at = append(at, sim.Now()-start); len(at) == 3 {
				return sched.Done
			}
			return sched.Blocked
		}
		sim.Start(s)
		require.NoError(t, sim.Run())
		require.Equal(t, []int64{0, int64(time.Hour), int64(2 * time.Hour)}, at)
	})
	t.Run("a deadline comes although others are always ready", func(t *testing.T) {
		sim := sched.NewSim(1, start)
		slept := false
		due := start + int64(time.Millisecond)
		s := &stepper{deadline: func() int64 { return due }}
		s.step = func() sched.Status {
			if sim.Now() < due {
				return sched.Blocked
			}
			slept = true
			return sched.Done
		}
		busy := &stepper{}
		busy.step = func() sched.Status {
			if slept {
				return sched.Done
			}
			return sched.Ready
		}
		sim.Start(s, busy)
		sim.Before = func(step int) bool { return step < 10_000 }
		require.NoError(t, sim.Run())
		require.True(t, slept)
	})
	t.Run("can be advanced", func(t *testing.T) {
		sim := sched.NewSim(1, start)
		sim.Advance(time.Minute)
		require.Equal(t, start+int64(time.Minute), sim.Now())
	})
	t.Run("several deadlines, in order", func(t *testing.T) {
		sim := sched.NewSim(3, start)
		sim.StepTime = 0
		var order []int
		for i, d := range []time.Duration{5, 1, 3, 3} {
			woken := false
			s := &stepper{deadline: func() int64 { return start + int64(d*time.Second) }}
			s.step = func() sched.Status {
				if !woken {
					woken = true
					return sched.Blocked
				}
				require.Equal(t, start+int64(d*time.Second), sim.Now())
				order = append(order, i)
				return sched.Done
			}
			sim.Start(s)
		}
		require.NoError(t, sim.Run())
		require.Equal(t, 1, order[0])
		require.ElementsMatch(t, []int{2, 3}, order[1:3])
		require.Equal(t, 0, order[3])
	})
}

// A wake-up before the deadline takes the sleeper out of the waiting, wherever it stood there.
func TestSimWakeBeforeDeadline(t *testing.T) {
	for seed := range uint64(50) {
		sim := sched.NewSim(seed, start)
		sim.StepTime = 0
		var sleepers []*stepper
		done := 0
		for range 3 {
			first := true
			s := &stepper{deadline: func() int64 { return start + int64(time.Hour) }}
			s.step = func() sched.Status {
				if first {
					first = false
					return sched.Blocked
				}
				done++
				return sched.Done
			}
			sleepers = append(sleepers, s)
		}
		waits := 0
		sim.Start(sleepers[0], sleepers[1], sleepers[2], &stepper{step: func() sched.Status {
			if waits++; waits < 20 {
				return sched.Ready
			}
			sleepers[seed%3].Wake()
			sleepers[seed%3].Wake()
			sleepers[(seed+1)%3].Wake()
			return sched.Done
		}})
		require.NoError(t, sim.Run())
		require.Equal(t, 3, done)
		require.Equal(t, start+int64(time.Hour), sim.Now(), "one of them slept on")
	}
}

func TestSimDeadlock(t *testing.T) {
	blocked := func() *stepper { return &stepper{step: func() sched.Status { return sched.Blocked }} }
	t.Run("at once", func(t *testing.T) {
		sim := sched.NewSim(1, start)
		sim.Start(blocked())
		require.ErrorIs(t, sim.Run(), sched.ErrDeadlock)
	})
	t.Run("when the last deadline is gone", func(t *testing.T) {
		for seed := range uint64(20) {
			sim := sched.NewSim(seed, start)
			sleeper := &stepper{step: func() sched.Status { return sched.Blocked }}
			slept := false
			sleeper.deadline = func() int64 {
				if slept {
					return 0
				}
				slept = true
				return start + int64(time.Hour)
			}
			waits := 0
			sim.Start(sleeper, &stepper{step: func() sched.Status {
				if waits++; waits < 20 {
					return sched.Ready
				}
				sleeper.Wake()
				return sched.Done
			}})
			require.ErrorIs(t, sim.Run(), sched.ErrDeadlock)
		}
	})
}

func TestSimJobs(t *testing.T) {
	sim := sched.NewSim(1, start)
	var log []string
	s := &stepper{}
	n := 0
	s.step = func() sched.Status {
		if n++; n == 1 {
			sim.Go("a", func() {
				log = append(log, "a")
				sim.Go("b", func() { log = append(log, "b"); s.Wake() })
			})
			return sched.Blocked
		}
		log = append(log, "woken")
		sim.Go("c", func() { log = append(log, "c") })
		return sched.Done
	}
	sim.Start(s)
	require.NoError(t, sim.Run())
	require.Equal(t, []string{"a", "b", "woken", "c"}, log, "jobs run to the end")
	require.Equal(t, int32(1), s.closed.Load())
}

func TestSimStops(t *testing.T) {
	sim, log := town(3)
	sim.Before = func(step int) bool { return step < 10 }
	require.NoError(t, sim.Run())
	require.Equal(t, 10, sim.Steps())
	require.Len(t, *log, 10)
	short := sim.Trace()

	sim, _ = town(3)
	require.NoError(t, sim.Run())
	require.NotEqual(t, short, sim.Trace())
}

func TestMixSpreads(t *testing.T) {
	seen := map[uint64]bool{}
	for i := range uint64(1000) {
		seen[sched.Mix(i)] = true
	}
	require.Len(t, seen, 1000)
	require.NotEqual(t, sched.Mix(1)&0xff, sched.Mix(2)&0xff)
}

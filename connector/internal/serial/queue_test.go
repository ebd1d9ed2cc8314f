package serial_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/connector/internal/serial"
)

type goroutines struct{ sync.WaitGroup }

func (g *goroutines) Go(_ string, job func()) { g.WaitGroup.Go(job) }

// late never runs anything by itself.
type late struct{ jobs []func() }

func (l *late) Go(_ string, job func()) { l.jobs = append(l.jobs, job) }

func TestOrder(t *testing.T) {
	var g goroutines
	q := serial.New(&g, "test")
	var got []int // not locked: the race detector sees whether jobs overlap
	for i := range 1000 {
		q.Put(func() { got = append(got, i) })
		if i%100 == 99 {
			q.Wait()
			require.Len(t, got, i+1)
		}
	}
	q.Wait()
	g.Wait()
	require.Len(t, got, 1000)
	require.True(t, slices.IsSorted(got))
}

func TestWaitRunsWhatHasNotBegun(t *testing.T) {
	var l late
	q := serial.New(&l, "test")
	ran := 0
	q.Put(func() { ran++ })
	q.Put(func() { ran++ })
	q.Wait()
	require.Equal(t, 2, ran)
	require.Len(t, l.jobs, 1)
	l.jobs[0]()
	require.Equal(t, 2, ran, "a job runs once")
	q.Put(func() { ran++ })
	require.Len(t, l.jobs, 2)
	l.jobs[1]()
	require.Equal(t, 3, ran)
	q.Wait()
}

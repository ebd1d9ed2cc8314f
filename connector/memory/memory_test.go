package memory_test

import (
	"iter"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/connector/connectortest"
	"github.com/turgo-io/turgo/connector/memory"
	"github.com/turgo-io/turgo/operator"
)

// numbers yields "0" … as many.
func numbers(n int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range n {
			if !yield(strconv.Itoa(i)) {
				return
			}
		}
	}
}

func collect(seq iter.Seq[string]) (all []string) {
	for v := range seq {
		all = append(all, v)
	}
	return all
}

func TestSources(t *testing.T) {
	many := collect(numbers(1000))
	for _, c := range []struct {
		name string
		new  func() operator.Source[string]
		want []string
	}{
		{"none", func() operator.Source[string] { return memory.Of[string]() }, nil},
		{"lines", func() operator.Source[string] { return memory.Lines("a", "b", "c") }, []string{"a", "b", "c"}},
		{"of", func() operator.Source[string] { return memory.Of("a", "b") }, []string{"a", "b"}},
		{"fewer values than splits", func() operator.Source[string] { return memory.Of("a", "b").Spread(5) }, []string{"a", "b"}},
		{"slice in one", func() operator.Source[string] { return memory.Slice(many) }, many},
		{"slice in four", func() operator.Source[string] { return memory.Slice(many).Spread(4) }, many},
		{"seq", func() operator.Source[string] { return memory.Seq(numbers(1000)) }, many},
		{"seq in three", func() operator.Source[string] { return memory.Seq(numbers(1000)).Spread(3) }, many},
		{"endless seq", func() operator.Source[string] { return memory.Seq(numbers(1 << 40)) }, many},
		{"generate", func() operator.Source[string] {
			return memory.Generate(2, func(split int) iter.Seq[string] {
				return func(yield func(string) bool) {
					for i := split * 500; i < split*500+500 && yield(strconv.Itoa(i)); i++ {
					}
				}
			})
		}, many},
	} {
		t.Run(c.name, func(t *testing.T) {
			connectortest.Source(t, connectortest.SourceCase[string]{New: c.new, Want: c.want})
		})
	}
}

func TestSourceFaults(t *testing.T) {
	require.ErrorContains(t, memory.Of(1).Spread(0).Validate(), "memory: 0 splits")
	err := memory.Seq[int](nil).Spread(-1).Validate()
	require.ErrorContains(t, err, "the sequence is nil")
	require.ErrorContains(t, err, "-1 splits")
	twice := memory.Generate(2, func(int) iter.Seq[string] { return numbers(1) })
	require.NoError(t, twice.Spread(2).Validate())
	require.ErrorContains(t, twice.Spread(3).Validate(), "2 generated splits cannot be spread to 3")
	require.ErrorContains(t, memory.Channel[int](nil).Validate(), "memory: the channel is nil")
}

func TestForeignPosition(t *testing.T) {
	for _, c := range []struct {
		split    string
		position []byte
	}{{"0", []byte{}}, {"0", []byte{0x80}}, {"0", []byte{1, 2}}, {"1", nil}, {"-1", nil}, {"x", nil}} {
		r, err := memory.Of(1, 2).Reader(operator.NewContext(connectortest.Env(t.Context(), 0, 1)))
		require.NoError(t, err)
		require.ErrorIs(t, r.Add(operator.Split{ID: c.split}, 0, c.position), memory.ErrPosition, "%q %x", c.split, c.position)
		require.NoError(t, r.Close())
	}
}

func TestFewerValuesThanWereRead(t *testing.T) {
	env := connectortest.Env(t.Context(), 0, 1)
	r, err := memory.Of(1, 2).Reader(operator.NewContext(env))
	require.NoError(t, err)
	require.NoError(t, r.Add(operator.Split{ID: "0"}, 0, []byte{3}))
	_, _, err = r.Poll(&operator.Emitter[int]{Next: receiver[int](func(int) {}), Task: env.Task}, 1)
	require.ErrorIs(t, err, memory.ErrPosition)
	require.ErrorContains(t, err, "has 1 values less")
	require.NoError(t, r.Close())
}

func FuzzPosition(f *testing.F) {
	f.Add("0", []byte{3})
	f.Add("1", []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, split string, position []byte) {
		r, err := memory.Of(1, 2, 3).Reader(operator.NewContext(connectortest.Env(t.Context(), 0, 1)))
		require.NoError(t, err)
		if err := r.Add(operator.Split{ID: split}, 0, position); err != nil {
			require.ErrorIs(t, err, memory.ErrPosition)
		}
		require.NoError(t, r.Close())
	})
}

// receiver hands what it gets to a function.
type receiver[T any] func(T)

func (r receiver[T]) Push(_ int64, v *T) error { r(*v); return nil }
func (receiver[T]) Mark(operator.Mark) error   { return nil }

func TestChannel(t *testing.T) {
	values := make(chan int)
	source := memory.Channel(values)
	env := connectortest.Env(t.Context(), 0, 1)
	woken := make(chan struct{}, 1)
	env.Wake = func() {
		select {
		case woken <- struct{}{}:
		default:
		}
	}
	r, err := source.Reader(operator.NewContext(env))
	require.NoError(t, err)
	require.NoError(t, r.Add(operator.Split{ID: "channel"}, 0, nil))
	var sender sync.WaitGroup
	sender.Go(func() {
		for i := range 5000 {
			values <- i
		}
		close(values)
	})
	var got []int
	out := operator.Emitter[int]{Next: receiver[int](func(v int) { got = append(got, v) }), Task: env.Task}
	for done := false; !done; {
		status, _, err := r.Poll(&out, 100)
		require.NoError(t, err)
		if status == operator.Blocked {
			<-woken
		}
		done = status == operator.Done
	}
	sender.Wait()
	require.Len(t, got, 5000)
	require.IsIncreasing(t, got)
	require.NoError(t, r.Close())
}

func TestChannelStopsWhileItIsFull(t *testing.T) {
	values := make(chan int, 5000)
	for i := range cap(values) {
		values <- i
	}
	r, err := memory.Channel(values).Reader(operator.NewContext(connectortest.Env(t.Context(), 0, 1)))
	require.NoError(t, err)
	require.NoError(t, r.Add(operator.Split{ID: "channel"}, 0, nil))
	r.Positions(func(split string, position []byte) { require.Nil(t, position) })
	require.NoError(t, r.Close())
	require.NotEmpty(t, values, "the reader takes no more than its buffer holds")
}

func TestChannelIsReadByOneSubtask(t *testing.T) {
	r, err := memory.Channel(make(chan int)).Reader(operator.NewContext(connectortest.Env(t.Context(), 1, 2)))
	require.NoError(t, err)
	status, _, err := r.Poll(nil, 1)
	require.NoError(t, err)
	require.Equal(t, operator.Done, status)
	require.NoError(t, r.Close())
}

func TestSinks(t *testing.T) {
	for name, sink := range map[string]func() *memory.Collector[string]{"collect": memory.Collect[string], "committed": memory.Committed[string]} {
		t.Run(name, func(t *testing.T) {
			connectortest.Sink(t, connectortest.SinkCase[string]{
				New: func(*testing.T) (operator.Sink[string], func() []string) {
					s := sink()
					return s, s.Values
				},
				Values: collect(numbers(100)),
			})
		})
	}
}

func TestCommittedShowsNothingBeforeCommit(t *testing.T) {
	s := memory.Committed[int]()
	w, err := s.Writer(operator.NewContext(connectortest.Env(t.Context(), 0, 1)))
	require.NoError(t, err)
	v := 7
	require.NoError(t, w.Write(0, &v))
	require.NoError(t, w.Flush())
	require.Empty(t, s.Values())
	w.Prepare(1, func(payload []byte, err error) {
		require.NoError(t, err)
		require.NotNil(t, payload)
	})
	require.Zero(t, s.Len())
	require.NoError(t, w.Commit(1))
	require.Equal(t, []int{7}, s.Values())
	require.NoError(t, w.Commit(1))
	require.Equal(t, 1, s.Len(), "a second commit changes nothing")
	require.NoError(t, w.Close())
	s.Reset()
	require.Empty(t, s.Values())
}

// TestOneCollectorForTwoSinks opens the writer of a second sink when the first one has prepared already.
func TestOneCollectorForTwoSinks(t *testing.T) {
	s := memory.Committed[int]()
	var writers []operator.Writer[int]
	for i, id := range []string{"first", "second"} {
		env := connectortest.Env(t.Context(), 0, 1)
		env.ID = id
		w := connectortest.Writer(t, s, env)
		connectortest.Write(t, w, i)
		connectortest.Prepare(t, w, 1)
		writers = append(writers, w)
	}
	for _, w := range writers {
		require.NoError(t, w.Commit(1))
		require.NoError(t, w.Close())
	}
	require.Equal(t, []int{0, 1}, s.Values())
}

func TestForeignPayload(t *testing.T) {
	for _, p := range [][]byte{{}, {0x80}, {1}, {1, 2, 3}} {
		env := connectortest.Env(t.Context(), 0, 1)
		env.Payloads = [][]byte{p}
		_, err := memory.Committed[int]().Writer(operator.NewContext(env))
		require.ErrorIs(t, err, memory.ErrPayload, "%x", p)
	}
}

func BenchmarkSlice(b *testing.B) {
	values := make([]int64, 1024)
	r, err := memory.Generate(1, func(int) iter.Seq[int64] {
		return func(yield func(int64) bool) {
			for i := 0; yield(values[i%len(values)]); i++ {
			}
		}
	}).Reader(operator.NewContext(connectortest.Env(b.Context(), 0, 1)))
	require.NoError(b, err)
	require.NoError(b, r.Add(operator.Split{ID: "0"}, 0, nil))
	var sum int64
	out := operator.Emitter[int64]{Next: receiver[int64](func(v int64) { sum += v }), Task: &operator.TaskState{}}
	b.ReportAllocs()
	for b.Loop() {
		_, _, err = r.Poll(&out, 256)
	}
	require.NoError(b, err)
	b.ReportMetric(float64(b.N)*256/b.Elapsed().Seconds(), "records/s")
	require.NoError(b, r.Close())
}

package kafka_test

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"go.uber.org/goleak"

	"github.com/turgo-io/turgo/connector/format"
	"github.com/turgo-io/turgo/connector/kafka"
	"github.com/turgo-io/turgo/connector/kafka/kafkatest"
	"github.com/turgo-io/turgo/operator"
)

type (
	record = kafkatest.Record
	source = kafka.Source[record]
	sink   = kafka.Sink[record]
)

func TestMain(m *testing.M) {
	if config := os.Getenv(childEnv); config != "" {
		os.Exit(beChild(config))
	}
	flag.Parse()
	if flag.Lookup("test.parallel").Value.String() == flag.Lookup("test.parallel").DefValue {
		_ = flag.Set("test.parallel", "6") // they wait more than they compute
	}
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"))
}

const patience = 20 * time.Second

var long = flag.Int("plans", 1, "how many times as many random plans of faults and crashes to run")

// plans is the number of random plans to run: n of them unless -plans asks for more.
func plans(n int) int { return n * *long }

// start starts a cluster that ends with the test.
func start(t testing.TB, options ...kfake.Opt) *kafkatest.Cluster {
	k, err := kafkatest.Start(options...)
	require.NoError(t, err)
	t.Cleanup(k.Close)
	return k
}

// real returns the brokers of TURGO_KAFKA_BROKERS, or those of a fake cluster with the topic, and a topic name
// that is new in either.
func brokersWith(t testing.TB, topic string, partitions int) ([]string, string) {
	if list := os.Getenv("TURGO_KAFKA_BROKERS"); list != "" {
		brokers := strings.Split(list, ",")
		topic = fmt.Sprintf("%s-%d", topic, time.Now().UnixNano())
		createTopic(t, brokers, topic, partitions)
		return brokers, topic
	}
	k := start(t)
	require.NoError(t, k.CreateTopic(topic, partitions))
	return k.Brokers(), topic
}

func background(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// decodeRecord keeps everything.
func decodeRecord() format.Decoder[record] {
	return format.MetaFunc[record](func(m *format.Meta, data []byte, v *record) error {
		if string(data) == "bad" {
			return fmt.Errorf("not a record: %q", data)
		}
		if string(data) == "panic" {
			panic("decoder in distress")
		}
		*v = record{Topic: m.Topic, Partition: m.Partition, Offset: m.Offset, Time: time.Unix(0, m.Time).UTC(), Key: []byte(string(m.Key)), Value: []byte(string(data))}
		return nil
	})
}

// task stands in for the runtime: it drives one reader from the test's goroutine.
type task struct {
	t      testing.TB
	env    *operator.Env
	reader operator.Reader[record]
	out    operator.Emitter[record]
	wake   chan struct{}
	status operator.Status
	dead   []operator.DeadLetter

	got   []record
	times []int64
	split []int32
	marks []operator.Mark
	limit int // Poll's max
}

func (k *task) Push(at int64, v *record) error {
	k.got = append(k.got, *v)
	k.times = append(k.times, at)
	k.split = append(k.split, k.env.Task.Split)
	return nil
}

func (k *task) Mark(m operator.Mark) error {
	k.marks = append(k.marks, m)
	return nil
}

type deadReceiver struct{ k *task }

func (d deadReceiver) Push(_ int64, v *operator.DeadLetter) error {
	d.k.dead = append(d.k.dead, *v)
	return nil
}
func (d deadReceiver) Mark(operator.Mark) error { return nil }

func open(t testing.TB, s source, change ...func(*operator.Env)) *task {
	require.NoError(t, s.Validate())
	k := &task{t: t, wake: make(chan struct{}, 1), limit: 100}
	k.env = kafkatest.Env(context.Background())
	k.env.Name = "source"
	k.env.Wake = func() {
		select {
		case k.wake <- struct{}{}:
		default:
		}
	}
	k.env.Sides = map[string]any{operator.DeadLetters.Name(): operator.Receiver[operator.DeadLetter](deadReceiver{k})}
	for _, c := range change {
		c(k.env)
	}
	r, err := s.Reader(operator.NewContext(k.env))
	require.NoError(t, err)
	k.reader, k.out = r, operator.Emitter[record]{Next: k, Task: k.env.Task}
	return k
}

// restored makes the environment that of a job restored from a checkpoint.
func restored(e *operator.Env) { e.Restored = 1 }

// addAll gives the task the splits of subtask of parallelism.
func (k *task) addAll(s source, saved map[string][]byte, subtask, parallelism int) *task {
	splits, err := s.Splits(background(k.t))
	require.NoError(k.t, err)
	for i, sp := range splits {
		if int(sp.Ord)%parallelism == subtask {
			require.NoError(k.t, k.reader.Add(sp, int32(i), saved[sp.ID]))
		}
	}
	return k
}

// until polls until the condition holds, or Poll fails, and returns its error.
func (k *task) until(cond func() bool) error {
	deadline := time.After(patience)
	for !cond() {
		status, at, err := k.reader.Poll(&k.out, k.limit)
		k.status = status
		if err != nil {
			return err
		}
		if status != operator.Blocked {
			if status == operator.Done && !cond() {
				return fmt.Errorf("done after %d records", len(k.got))
			}
			continue
		}
		if cond() {
			return nil
		}
		var timer <-chan time.Time
		if at != 0 {
			timer = time.After(time.Duration(at - time.Now().UnixNano()))
		}
		select {
		case <-k.wake:
		case <-timer:
		case <-deadline:
			return fmt.Errorf("gave up after %d records, status %d, marks %v", len(k.got), k.status, k.marks)
		}
	}
	return nil
}

func (k *task) records(n int) error { return k.until(func() bool { return len(k.got) >= n }) }
func (k *task) done() error {
	return k.until(func() bool { return k.status == operator.Done })
}

func (k *task) positions() map[string][]byte {
	m := map[string][]byte{}
	k.reader.Positions(func(split string, p []byte) { m[split] = append([]byte{}, p...) })
	return m
}

func (k *task) close() { require.NoError(k.t, k.reader.Close()) }

func (k *task) counter(name string) int64 {
	return k.env.Counters.Get(k.env.ID, name).Value()
}

// found polls until the broker has said where each split begins and ends.
func (k *task) found() error {
	return k.until(func() bool {
		for _, p := range k.positions() {
			if p[1] == 1 { // the varint of -1
				return false
			}
		}
		return true
	})
}

// numbered yields n records with values from+0, from+1, … and a key of each.
func numbered(from, n int) iter.Seq[record] {
	return func(yield func(record) bool) {
		for i := from; i < from+n; i++ {
			if !yield(record{Time: at(i), Key: fmt.Appendf(nil, "k%d", i%97), Value: fmt.Append(nil, i)}) {
				return
			}
		}
	}
}

func at(i int) time.Time { return time.UnixMilli(1_700_000_000_000 + int64(i)).UTC() }

func fill(t testing.TB, brokers []string, topic string, from, n int, options ...func(*sink)) {
	require.NoError(t, kafkatest.Fill(background(t), brokers, topic, numbered(from, n), options...))
}

// small makes many batches of what is filled.
func small(s *sink) { s.BatchBytes = 1024 }

// requireExactly checks that the records are the numbers 0 … n-1, each once, in order of the offsets in each partition.
func requireExactly(t testing.TB, n int, got []record) {
	t.Helper()
	seen := make([]int, n)
	last := map[string]int64{}
	for _, r := range got {
		var i int
		_, err := fmt.Sscan(string(r.Value), &i)
		require.NoError(t, err)
		require.Less(t, i, n)
		seen[i]++
		p := fmt.Sprint(r.Topic, r.Partition)
		before, ok := last[p]
		require.True(t, !ok || r.Offset > before, "%s: offset %d after %d", p, r.Offset, before)
		last[p] = r.Offset
	}
	lost, twice := 0, 0
	for _, c := range seen {
		if c == 0 {
			lost++
		}
		if c > 1 {
			twice++
		}
	}
	require.Zero(t, lost, "lost")
	require.Zero(t, twice, "duplicated")
}

// locked makes a value safe to share with callbacks.
type locked[T any] struct {
	mu sync.Mutex
	v  T
}

func (l *locked[T]) set(v T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.v = v
}

func (l *locked[T]) get() T {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.v
}

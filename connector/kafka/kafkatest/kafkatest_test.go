package kafkatest_test

import (
	"context"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/turgo-io/turgo/connector/format"
	"github.com/turgo-io/turgo/connector/kafka/kafkatest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"))
}

func numbers(n int) iter.Seq[kafkatest.Record] {
	return func(yield func(kafkatest.Record) bool) {
		for i := range n {
			r := kafkatest.Record{
				Time: time.UnixMilli(1_700_000_000_000 + int64(i)), Key: fmt.Appendf(nil, "k%d", i%100), Value: fmt.Appendf(nil, "v%d", i),
				Headers: []format.Header{{Key: []byte("n"), Value: fmt.Append(nil, i)}},
			}
			if !yield(r) {
				return
			}
		}
	}
}

func TestFillAndReadBack(t *testing.T) {
	k, err := kafkatest.Start()
	require.NoError(t, err)
	defer k.Close()
	require.NoError(t, k.CreateTopic("t", 4))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	require.NoError(t, kafkatest.Fill(ctx, k.Brokers(), "t", numbers(10_000)))

	got, err := kafkatest.Read(ctx, k.Brokers(), "t")
	require.NoError(t, err)
	require.Len(t, got, 10_000)
	want := map[string]kafkatest.Record{}
	for r := range numbers(10_000) {
		want[string(r.Value)] = r
	}
	next := map[int32]int64{}
	for _, r := range got {
		w := want[string(r.Value)]
		require.Equal(t, w.Key, r.Key)
		require.Equal(t, w.Time.UnixNano(), r.Time.UnixNano())
		require.Equal(t, w.Headers, r.Headers)
		require.Equal(t, next[r.Partition], r.Offset)
		next[r.Partition]++
		delete(want, string(r.Value))
	}
	require.Empty(t, want)
}

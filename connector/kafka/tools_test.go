package kafka_test

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"

	"github.com/IBM/sarama"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
)

func admin(t testing.TB, brokers []string) sarama.ClusterAdmin {
	conf := sarama.NewConfig()
	conf.Version = sarama.V2_8_0_0
	a, err := sarama.NewClusterAdmin(brokers, conf)
	require.NoError(t, err)
	return a
}

func createTopic(t testing.TB, brokers []string, topic string, partitions int) {
	a := admin(t, brokers)
	defer a.Close()
	require.NoError(t, a.CreateTopic(topic, &sarama.TopicDetail{NumPartitions: int32(partitions), ReplicationFactor: -1}, false))
}

func addPartitions(t testing.TB, brokers []string, topic string, total int32) {
	a := admin(t, brokers)
	defer a.Close()
	require.NoError(t, a.CreatePartitions(topic, total, nil, false))
}

// cutter dials connections that break: each after it has brought so many bytes. A request whose answer is
// cut off was done by the broker.
type cutter struct {
	every int64
	cuts  atomic.Int64
}

func newCutter(every int64) *cutter { return &cutter{every: every} }

func (c *cutter) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &cutConn{Conn: conn, c: c, left: c.every}, nil
}

type cutConn struct {
	net.Conn
	c    *cutter
	left int64
}

var errCut = errors.New("the line was cut")

func (c *cutConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.left -= int64(n); c.left < 0 {
		c.c.cuts.Add(1)
		c.Conn.Close()
		return 0, errCut
	}
	return n, err
}

// javaPartition is franz-go's idea of where the Java client puts a key.
func javaPartition(key []byte, n int) int {
	return kgo.StickyKeyPartitioner(nil).ForTopic("t").Partition(&kgo.Record{Key: key}, n)
}

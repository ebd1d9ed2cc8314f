package kafka_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/turgo-io/turgo/connector/kafka"
)

// network hurts requests on their way to the brokers, as networks and balancers between do. Of the keys to hurt it
// picks some, by the seed, and makes one of four things of each:
//
//	late   the connection is cut, and the request arrives some time later
//	again  the answer is lost, and a copy of the request arrives some time later
//	cut    the request never arrives
//	mute   the request arrives, and the answer is lost
//
// A seed fixes the dice, not the schedule: a run is not replayed exactly.
type network struct {
	keys   []kmsg.Key
	share  float64
	mu     sync.Mutex
	random *rand.Rand
	hurt   int
	wg     sync.WaitGroup // requests that are still to arrive
}

func (n *network) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &hurtConn{Conn: c, n: n, address: address}, nil
}

// roll decides about a request: what happens to it (0: nothing), and how much later it arrives.
func (n *network) roll(frame []byte) (int, time.Duration) {
	if len(frame) < 8 || !slices.Contains(n.keys, kmsg.Key(binary.BigEndian.Uint16(frame[4:]))) {
		return 0, 0
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.random.Float64() >= n.share {
		return 0, 0
	}
	n.hurt++
	return 1 + n.random.IntN(4), time.Duration(n.random.IntN(60)) * time.Millisecond
}

// arrive brings a request to the broker by another connection, later.
func (n *network) arrive(address string, frame []byte, after time.Duration) {
	n.wg.Add(1)
	time.AfterFunc(after, func() {
		defer n.wg.Done()
		c, err := net.Dial("tcp", address)
		if err != nil {
			return
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(time.Second))
		if _, err := c.Write(frame); err == nil {
			_, _ = io.ReadFull(c, make([]byte, 4))
		}
	})
}

// hurtConn is a connection of which each Write is a request, as sarama writes them.
type hurtConn struct {
	net.Conn
	n       *network
	address string
}

func (c *hurtConn) Write(frame []byte) (int, error) {
	fate, after := c.n.roll(frame)
	switch fate {
	case 0:
		return c.Conn.Write(frame)
	case 1:
		c.n.arrive(c.address, slices.Clone(frame), after)
	case 2:
		c.n.arrive(c.address, slices.Clone(frame), after)
		fallthrough
	case 4:
		_, _ = c.Conn.Write(frame)
		_, _ = io.ReadFull(c.Conn, make([]byte, 4)) // it was answered
	}
	c.Close()
	return 0, errCut
}

// A request without an answer may arrive at any later time. An EndTxn that arrives when its id has begun another
// transaction would commit half of that: the epoch must have been retired.
func TestExactlyOnceWithLateRequests(t *testing.T) {
	for name, keys := range map[string][]kmsg.Key{
		"EndTxn": {kmsg.EndTxn},
		"all":    {kmsg.EndTxn, kmsg.InitProducerID, kmsg.AddPartitionsToTxn, kmsg.Produce},
	} {
		for seed := range uint64(plans(2)) {
			t.Run(fmt.Sprintf("%s/seed=%d", name, seed), func(t *testing.T) {
				t.Parallel()
				brokers, topic := brokersWith(t, "out", 3)
				n := &network{keys: keys, share: 0.25, random: rand.New(rand.NewPCG(seed, 1))}
				if name == "all" {
					n.share = 0.06
				}
				s := exactly(brokers, topic)
				s.BatchBytes, s.Connection = 300, kafka.Connection{Dial: n.dial}
				w, env := writer(t, s)
				commits := env.Counters.Get(env.ID, "commits")
				const checkpoints, each = 60, 24
				for c := range checkpoints {
					for half := range 4 { // spread, so that something late finds the transaction open
						write(t, w, c*each+half*each/4, each/4)
						require.NoError(t, w.Flush())
						<-time.After(time.Millisecond)
					}
					payload(t, w, int64(c+1))
					require.NoError(t, w.Commit(int64(c+1)))
					require.Eventually(t, func() bool { return commits.Value() == int64(c+1) }, patience, 500*time.Microsecond) // so that ids are soon used again
				}
				require.NoError(t, w.Close())
				n.wg.Wait()
				require.Positive(t, n.hurt, "nothing was hurt: the test shows nothing")
				got := readAll(t, brokers, topic)
				requireExactly(t, checkpoints*each, got)
				requireKeyOrder(t, got)
			})
		}
	}
}

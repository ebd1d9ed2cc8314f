package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"github.com/turgo-io/turgo/operator"
)

// cluster is one reader's or writer's view of the brokers: who leads which partition, as of the last
// metadata request, and one connection for requests that are answered at once.
type cluster struct {
	seeds   []string
	conf    *sarama.Config
	timeout time.Duration
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	files   *TLSFiles // read anew for each connection; nil if there are none

	asking sync.Mutex // one connection attempt and metadata request at a time; held while it waits
	seen   int        // number of metadata answers, under mu

	mu         sync.Mutex // guards the fields below and seen; nothing blocks while it is held
	control    *conn
	brokers    map[int32]string // address by node id
	controller int32
	leaders    map[partition]leader
	counts     map[string]int32 // partitions by topic
	internal   map[string]bool  // topics that Kafka keeps for itself
}

// partition names one partition.
type partition struct {
	topic string
	id    int32
}

// String is topic/partition.
func (p partition) String() string { return fmt.Sprintf("%s/%d", p.topic, p.id) }

// leader is where a partition is read and written.
type leader struct {
	node  int32
	epoch int32
	addr  string
}

// backoff is the pause before a question is asked again: long enough for an election to get on.
const backoff = 50 * time.Millisecond

func newCluster(brokers []string, c *Connection) *cluster {
	dial := c.Dial
	if dial == nil {
		dial = (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext
	}
	return &cluster{
		seeds: brokers, conf: c.sarama(), timeout: c.timeout(), dial: dial, files: c.TLSFiles,
		brokers: map[int32]string{}, leaders: map[partition]leader{}, counts: map[string]int32{}, internal: map[string]bool{},
	}
}

// close ends the control connection. Connections opened by others are theirs.
func (c *cluster) close() {
	c.mu.Lock()
	cn := c.control
	c.control = nil
	c.mu.Unlock()
	cn.close()
}

// reach returns the control connection, opened to the first broker that answers. asking is held.
func (c *cluster) reach(ctx context.Context) (*conn, error) {
	c.mu.Lock()
	cn := c.control
	addrs := slices.Clone(c.seeds)
	for _, a := range c.brokers {
		if !slices.Contains(addrs, a) {
			addrs = append(addrs, a)
		}
	}
	c.mu.Unlock()
	if cn != nil {
		return cn, nil
	}
	var failed []string
	for _, addr := range addrs {
		cn, err := c.open(ctx, addr)
		if err == nil {
			c.mu.Lock()
			c.control = cn
			c.mu.Unlock()
			return cn, nil
		}
		if errors.Is(err, sarama.ErrSASLAuthenticationFailed) { // not errors.As: sarama hides the code beside the broker's words
			return nil, operator.Permanent(fmt.Errorf("%w: %s: %w; check Connection.SASL", ErrUnauthorized, addr, err))
		}
		if ctx.Err() != nil && len(failed) > 0 {
			break
		}
		failed = append(failed, fmt.Sprintf("%s: %v", addr, err))
	}
	return nil, fmt.Errorf("%w: %s; check Brokers, the network, whether the listener wants TLS, and the credentials", ErrUnreachable, strings.Join(failed, "; "))
}

// drop forgets the control connection after an error on it.
func (c *cluster) drop(cn *conn) {
	c.mu.Lock()
	if c.control == cn {
		c.control = nil
	}
	c.mu.Unlock()
	cn.close()
}

// refresh asks for the leaders of topics, of all if none is named. Callers that come while another one asks, share its answer.
func (c *cluster) refresh(ctx context.Context, topics []string) error {
	c.mu.Lock()
	before := c.seen
	c.mu.Unlock()
	c.asking.Lock()
	defer c.asking.Unlock()
	c.mu.Lock()
	fresh := c.seen != before && len(topics) > 0 && c.knows(topics)
	c.mu.Unlock()
	if fresh {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	cn, err := c.reach(ctx)
	if err != nil {
		return err
	}
	// Version 9 is what every broker since 2.4 answers; a later one addresses topics by id.
	request := &sarama.MetadataRequest{Version: 9, Topics: topics}
	m, err := ask(ctx, cn, func(b *sarama.Broker) (*sarama.MetadataResponse, error) { return b.GetMetadata(request) })
	if err != nil {
		c.drop(cn)
		return fmt.Errorf("%w: metadata from %s: %w", ErrUnreachable, cn.addr, err)
	}
	return c.learn(m)
}

// knows reports whether all topics have been seen; mu is held.
func (c *cluster) knows(topics []string) bool {
	for _, t := range topics {
		if c.counts[t] == 0 {
			return false
		}
	}
	return true
}

// learn takes over an answer. The error is of the topics in it; what is good is kept all the same.
func (c *cluster) learn(m *sarama.MetadataResponse) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen++
	c.controller = m.ControllerID
	clear(c.brokers) // those that are gone are not asked any more
	for _, b := range m.Brokers {
		c.brokers[b.ID()] = b.Addr()
	}
	var errs []error
	for _, t := range m.Topics {
		if t.Err != sarama.ErrNoError && t.Err != sarama.ErrLeaderNotAvailable {
			errs = append(errs, refused("metadata of topic "+t.Name, t.Err))
			continue
		}
		if t.IsInternal {
			c.internal[t.Name] = true
		}
		for _, p := range t.Partitions {
			c.counts[t.Name] = max(c.counts[t.Name], p.ID+1)
			at := leader{node: p.Leader, epoch: p.LeaderEpoch, addr: c.brokers[p.Leader]}
			if old, ok := c.leaders[partition{t.Name, p.ID}]; ok && old.epoch > at.epoch && at.epoch >= 0 {
				continue // an answer from a broker that does not know of the election yet
			}
			c.leaders[partition{t.Name, p.ID}] = at
		}
	}
	return errors.Join(errs...)
}

// leader returns who leads p, if that is known.
func (c *cluster) leader(p partition) (leader, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l, ok := c.leaders[p]
	return l, ok && l.node >= 0 && l.addr != ""
}

// partitions returns the number of a topic's partitions, 0 if it is not known.
func (c *cluster) partitions(topic string) int32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts[topic]
}

// find makes the topics known, within the connection's timeout. A topic that is missing is looked for
// a while, since one just created is not known to every broker at once.
func (c *cluster) find(ctx context.Context, topics []string) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	missing := time.Second
	var told error // what the try before said: the last one may only say that the time was over
	for {
		err := c.refresh(ctx, topics)
		if err == nil || operator.IsPermanent(err) {
			return err
		}
		if ctx.Err() != nil && told != nil {
			return told
		}
		told = err
		if errors.Is(err, ErrNoTopic) {
			if missing -= backoff; missing <= 0 {
				return err
			}
		}
		if pause(ctx, backoff) != nil {
			return err
		}
	}
}

// matching returns the topics whose name matches, sorted. None at all is an error, after a while.
func (c *cluster) matching(ctx context.Context, pattern *regexp.Regexp) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	for missing := time.Second; ; missing -= backoff {
		err := c.refresh(ctx, nil)
		if operator.IsPermanent(err) {
			return nil, err
		}
		if topics := c.named(pattern); len(topics) > 0 && err == nil {
			return topics, nil
		}
		if err == nil && missing <= 0 {
			return nil, fmt.Errorf("%w: none matches Source.TopicPattern %s; correct the pattern, or give the user of Connection.SASL the right to describe them", ErrNoTopic, pattern)
		}
		if pause(ctx, backoff) != nil {
			return nil, fmt.Errorf("kafka: topics that match %s: %w", pattern, errors.Join(err, context.Cause(ctx)))
		}
	}
}

// named returns the topics known that match, without Kafka's own.
func (c *cluster) named(pattern *regexp.Regexp) (topics []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for t := range c.counts {
		if !c.internal[t] && pattern.MatchString(t) {
			topics = append(topics, t)
		}
	}
	slices.Sort(topics)
	return topics
}

// coordinator returns the address of the broker that keeps a group or a transactional id.
func (c *cluster) coordinator(ctx context.Context, kind sarama.CoordinatorType, key string) (string, error) {
	c.asking.Lock()
	cn, err := c.reach(ctx)
	c.asking.Unlock()
	if err != nil {
		return "", err
	}
	request := &sarama.FindCoordinatorRequest{Version: 2, CoordinatorKey: key, CoordinatorType: kind}
	r, err := ask(ctx, cn, func(b *sarama.Broker) (*sarama.FindCoordinatorResponse, error) { return b.FindCoordinator(request) })
	if err != nil {
		c.drop(cn)
		return "", fmt.Errorf("kafka: coordinator of %s: %w", key, err)
	}
	if r.Err != sarama.ErrNoError {
		return "", refused("coordinator of "+key, r.Err)
	}
	return r.Coordinator.Addr(), nil
}

package kafka

import (
	"context"
	"fmt"

	"github.com/IBM/sarama"

	"github.com/turgo-io/turgo/operator"
)

// CreateTopic makes a topic with the brokers' default replication. A topic that is there already is left as
// it is, whatever its number of partitions. It returns when the topic can be read and written. conn is
// needed where brokers are not reached by plain TCP.
func CreateTopic(ctx context.Context, brokers []string, topic string, partitions int, conn ...Connection) error {
	c := withConnection(brokers, conn)
	defer c.close()
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	for {
		err := c.create(ctx, topic, partitions)
		if err == nil {
			break
		}
		if operator.IsPermanent(err) || pause(ctx, backoff) != nil {
			return err
		}
	}
	for {
		err := c.find(ctx, []string{topic})
		for id := range c.partitions(topic) {
			if _, ok := c.leader(partition{topic, id}); !ok && err == nil {
				err = fmt.Errorf("kafka: %s/%d: %w", topic, id, sarama.ErrLeaderNotAvailable)
			}
		}
		if err == nil || pause(ctx, backoff) != nil {
			return err
		}
	}
}

// create asks the controller once.
func (c *cluster) create(ctx context.Context, topic string, partitions int) error {
	if err := c.refresh(ctx, nil); err != nil {
		return err
	}
	c.mu.Lock()
	addr := c.brokers[c.controller]
	c.mu.Unlock()
	cn, err := c.open(ctx, addr)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrUnreachable, addr, err)
	}
	defer cn.close()
	request := &sarama.CreateTopicsRequest{Version: 4, Timeout: c.timeout, TopicDetails: map[string]*sarama.TopicDetail{
		topic: {NumPartitions: int32(partitions), ReplicationFactor: -1},
	}}
	r, err := ask(ctx, cn, func(b *sarama.Broker) (*sarama.CreateTopicsResponse, error) { return b.CreateTopics(request) })
	if err != nil {
		return fmt.Errorf("kafka: create topic %s: %w", topic, err)
	}
	switch e := r.TopicErrors[topic]; {
	case e == nil || e.Err == sarama.ErrNoError || e.Err == sarama.ErrTopicAlreadyExists:
		return nil
	case e.Err == sarama.ErrNotController || e.Err == sarama.ErrRequestTimedOut || isMoved(e.Err):
		return refused("create topic "+topic, e.Err)
	default:
		return operator.Permanent(refused("create topic "+topic, e.Err))
	}
}

// EndOffsets returns by partition the offset after the last record of a topic, counting those of open
// transactions. conn is needed where brokers are not reached by plain TCP.
func EndOffsets(ctx context.Context, brokers []string, topic string, conn ...Connection) (map[int32]int64, error) {
	c := withConnection(brokers, conn)
	defer c.close()
	if err := c.find(ctx, []string{topic}); err != nil {
		return nil, err
	}
	questions := map[partition]int64{}
	for id := range c.partitions(topic) {
		questions[partition{topic, id}] = askLatest
	}
	answers, err := c.offsets(ctx, questions, false)
	if err != nil {
		return nil, err
	}
	ends := make(map[int32]int64, len(answers))
	for p, o := range answers {
		ends[p.id] = o
	}
	return ends, nil
}

func withConnection(brokers []string, conn []Connection) *cluster {
	var how Connection
	if len(conn) > 0 {
		how = conn[0]
	}
	return newCluster(brokers, &how)
}

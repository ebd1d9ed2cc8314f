package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/IBM/sarama"
)

// EndOffsets returns, for each partition of a topic, the offset that the next record will get. A topic
// that does not exist gives ErrNoTopic.
func EndOffsets(ctx context.Context, brokers []string, topic string, options ...Connection) (map[int32]int64, error) {
	c := newCluster(brokers, connectionOf(options))
	defer c.close()
	if err := c.find(ctx, []string{topic}); err != nil {
		return nil, err
	}
	questions := map[partition]int64{}
	for id := range c.partitions(topic) {
		questions[partition{topic, id}] = askLatest
	}
	answers, err := c.offsets(ctx, questions, false)
	ends := make(map[int32]int64, len(answers))
	for p, o := range answers {
		ends[p.id] = o
	}
	return ends, err
}

// CreateTopic makes a topic with the brokers' default replication, unless it is there already.
func CreateTopic(ctx context.Context, brokers []string, topic string, partitions int32, options ...Connection) error {
	c := newCluster(brokers, connectionOf(options))
	defer c.close()
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	c.asking.Lock()
	cn, err := c.reach(ctx)
	c.asking.Unlock()
	if err != nil {
		return err
	}
	addr, err := c.controller(ctx, cn)
	if err != nil {
		return err
	}
	if cn, err = c.open(ctx, addr); err != nil {
		return fmt.Errorf("kafka: controller %s: %w", addr, err)
	}
	defer cn.close()
	request := &sarama.CreateTopicsRequest{
		Version: 4, Timeout: c.timeout,
		TopicDetails: map[string]*sarama.TopicDetail{topic: {NumPartitions: partitions, ReplicationFactor: -1}},
	}
	r, err := ask(ctx, cn, func(b *sarama.Broker) (*sarama.CreateTopicsResponse, error) { return b.CreateTopics(request) })
	if err != nil {
		return fmt.Errorf("kafka: create topic %s: %w", topic, err)
	}
	if e := r.TopicErrors[topic]; e != nil && e.Err != sarama.ErrNoError && !errors.Is(e.Err, sarama.ErrTopicAlreadyExists) {
		return refused("create topic "+topic, e.Err)
	}
	return c.find(ctx, []string{topic})
}

// controller asks for the address of the broker that makes topics.
func (c *cluster) controller(ctx context.Context, cn *conn) (string, error) {
	request := &sarama.MetadataRequest{Version: 9, Topics: []string{}}
	m, err := ask(ctx, cn, func(b *sarama.Broker) (*sarama.MetadataResponse, error) { return b.GetMetadata(request) })
	if err != nil {
		c.drop(cn)
		return "", fmt.Errorf("kafka: metadata from %s: %w", cn.addr, err)
	}
	for _, b := range m.Brokers {
		if b.ID() == m.ControllerID {
			return b.Addr(), nil
		}
	}
	return cn.addr, nil // a KRaft broker passes the request on
}

func connectionOf(options []Connection) *Connection {
	if len(options) > 0 {
		return &options[0]
	}
	return &Connection{}
}

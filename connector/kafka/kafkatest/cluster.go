package kafkatest

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kfake"
)

// Cluster is a running in-process cluster.
type Cluster struct{ fake *kfake.Cluster }

// Start starts a cluster of one broker on ports of 127.0.0.1 that are free, unless options say otherwise.
func Start(options ...kfake.Opt) (*Cluster, error) {
	options = append([]kfake.Opt{kfake.NumBrokers(1), kfake.SleepOutOfOrder(), kfake.BrokerConfigs(map[string]string{
		"group.initial.rebalance.delay.ms": "0",
	})}, options...)
	fake, err := kfake.NewCluster(options...)
	if err != nil {
		return nil, fmt.Errorf("kafkatest: start: %w", err)
	}
	return &Cluster{fake}, nil
}

// Brokers returns the addresses.
func (c *Cluster) Brokers() []string { return c.fake.ListenAddrs() }

// CreateTopic makes a topic.
func (c *Cluster) CreateTopic(name string, partitions int) error {
	if err := c.fake.CreateTopic(name, int32(partitions), nil); err != nil {
		return fmt.Errorf("kafkatest: create topic %s with %d partitions: %w", name, partitions, err)
	}
	return nil
}

// Fake returns the cluster below, for faults.
func (c *Cluster) Fake() *kfake.Cluster { return c.fake }

// Close stops the cluster.
func (c *Cluster) Close() { c.fake.Close() }

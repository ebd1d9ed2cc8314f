package kafka

import (
	"context"
	"fmt"

	"github.com/IBM/sarama"
)

// offsets asks the leaders for offsets: by partition a timestamp in milliseconds, askEarliest or
// askLatest. A timestamp past the last record gives the end. With committed set, the end is where the
// oldest open transaction begins. The leaders must be known; after an error they may have moved.
func (c *cluster) offsets(ctx context.Context, questions map[partition]int64, committed bool) (map[partition]int64, error) {
	byLeader := map[string][]partition{}
	for p := range questions {
		l, ok := c.leader(p)
		if !ok {
			return nil, fmt.Errorf("kafka: offsets of %s: %w", p, sarama.ErrLeaderNotAvailable)
		}
		byLeader[l.addr] = append(byLeader[l.addr], p)
	}
	answers := make(map[partition]int64, len(questions))
	for addr, parts := range byLeader {
		if err := c.offsetsAt(ctx, addr, parts, questions, committed, answers); err != nil {
			return nil, err
		}
	}
	past := map[partition]int64{} // no record that late: their end
	for p, o := range answers {
		if o < 0 {
			past[p] = askLatest
		}
	}
	if len(past) == 0 {
		return answers, nil
	}
	ends, err := c.offsets(ctx, past, committed)
	for p, o := range ends {
		answers[p] = o
	}
	return answers, err
}

// offsetsAt asks one broker.
func (c *cluster) offsetsAt(ctx context.Context, addr string, parts []partition, questions map[partition]int64, committed bool, answers map[partition]int64) error {
	request := &sarama.OffsetRequest{Version: 5}
	if committed {
		request.IsolationLevel = sarama.ReadCommitted
	}
	for _, p := range parts {
		request.AddBlock(p.topic, p.id, questions[p], 1)
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	cn, err := c.open(ctx, addr)
	if err != nil {
		return fmt.Errorf("kafka: offsets from %s: %w", addr, err)
	}
	defer cn.close()
	r, err := ask(ctx, cn, func(b *sarama.Broker) (*sarama.OffsetResponse, error) { return b.GetAvailableOffsets(request) })
	if err != nil {
		return fmt.Errorf("kafka: offsets from %s: %w", addr, err)
	}
	for _, p := range parts {
		b := r.Blocks[p.topic][p.id]
		if b == nil {
			return fmt.Errorf("kafka: offsets from %s: no answer for %s", addr, p)
		}
		if b.Err != sarama.ErrNoError {
			return refused("offsets of "+p.String(), b.Err)
		}
		answers[p] = b.Offset
	}
	return nil
}

// committed returns what a group has committed for the partitions; those without are left out.
func (c *cluster) committed(ctx context.Context, group string, parts []partition) (map[partition]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	byTopic := map[string][]int32{}
	for _, p := range parts {
		byTopic[p.topic] = append(byTopic[p.topic], p.id)
	}
	request := sarama.NewOffsetFetchRequest(sarama.V2_5_0_0, group, byTopic)
	request.RequireStable = true // an offset within an open transaction is not yet true
	for {
		r, err := onGroup(ctx, c, group, func(b *sarama.Broker) (*sarama.OffsetFetchResponse, error) { return b.FetchOffset(request) })
		k, found := sarama.ErrNoError, map[partition]int64{}
		if err == nil {
			k = r.Err
			for _, p := range parts {
				if b := r.GetBlock(p.topic, p.id); b != nil && b.Err != sarama.ErrNoError {
					k = b.Err
				} else if b != nil && b.Offset >= 0 {
					found[p] = b.Offset
				}
			}
		}
		switch {
		case err == nil && (k == sarama.ErrNoError || k == sarama.ErrGroupIDNotFound):
			return found, nil
		case err == nil && !isCoordinatorMoved(k) && k != sarama.ErrUnstableOffsetCommit:
			return nil, refused("offsets of group "+group, k)
		case err == nil:
			err = k
		}
		if pause(ctx, backoff) != nil {
			return nil, fmt.Errorf("kafka: offsets of group %s: %w", group, err)
		}
	}
}

// onGroup does one request at the coordinator of a group, over a connection for it alone.
func onGroup[R any](ctx context.Context, c *cluster, group string, request func(*sarama.Broker) (R, error)) (r R, err error) {
	addr, err := c.coordinator(ctx, sarama.CoordinatorGroup, group)
	if err != nil {
		return r, err
	}
	cn, err := c.open(ctx, addr)
	if err != nil {
		return r, err
	}
	defer cn.close()
	return ask(ctx, cn, request)
}

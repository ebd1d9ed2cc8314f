package kafka

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/IBM/sarama"
)

// committer shows a group's position to other tools. What it fails to commit is logged and made up for
// at the next checkpoint; it never fails the job, which does not read these commits.
type committer struct {
	c      *cluster
	group  string
	log    *slog.Logger
	cancel context.CancelFunc
	wg     sync.WaitGroup
	kick   chan struct{}
	stop   chan struct{}
	once   sync.Once

	noted map[partition]position // at the newest barrier; of the task

	mu   sync.Mutex
	next map[partition]position // to commit, nil if there is nothing
}

// closeGrace is how long Close waits for a commit under way: the last one shows that a job has ended in order.
const closeGrace = 2 * time.Second

func newCommitter(c *cluster, group string, log *slog.Logger) *committer {
	ctx, cancel := context.WithCancel(context.Background())
	k := &committer{c: c, group: group, log: log, cancel: cancel, kick: make(chan struct{}, 1), stop: make(chan struct{})}
	k.wg.Go(func() { k.run(ctx) })
	return k
}

// note keeps the positions of a barrier.
func (k *committer) note(m map[partition]position) { k.noted = m }

// durable has the noted positions committed.
func (k *committer) durable() {
	k.mu.Lock()
	k.next = k.noted
	k.mu.Unlock()
	poke(k.kick)
}

func (k *committer) run(ctx context.Context) {
	for {
		stopped := false
		select {
		case <-k.kick:
		case <-k.stop:
			stopped = true
		}
		k.mu.Lock()
		marks := k.next
		k.next = nil
		k.mu.Unlock()
		if len(marks) > 0 {
			if err := k.commit(ctx, marks); err != nil {
				k.log.Warn("kafka: positions were not committed", "group", k.group, "err", err)
			}
		}
		if stopped {
			return
		}
	}
}

func (k *committer) commit(ctx context.Context, marks map[partition]position) error {
	ctx, cancel := context.WithTimeout(ctx, k.c.timeout)
	defer cancel()
	request := &sarama.OffsetCommitRequest{Version: 7, ConsumerGroup: k.group, ConsumerGroupGeneration: sarama.GroupGenerationUndefined}
	for p, at := range marks {
		request.AddBlockWithLeaderEpoch(p.topic, p.id, at.offset, at.epoch, 0, "")
	}
	for {
		r, err := onGroup(ctx, k.c, k.group, func(b *sarama.Broker) (*sarama.OffsetCommitResponse, error) { return b.CommitOffset(request) })
		if err == nil {
			code := worst(r.Errors)
			if code == sarama.ErrNoError {
				return nil
			}
			err = refused("commit of group "+k.group, code)
			if !isCoordinatorMoved(code) {
				return err
			}
		}
		if pause(ctx, backoff) != nil {
			return err
		}
	}
}

// worst returns an error if there is one.
func worst(errs map[string]map[int32]sarama.KError) sarama.KError {
	for _, parts := range errs {
		for _, code := range parts {
			if code != sarama.ErrNoError {
				return code
			}
		}
	}
	return sarama.ErrNoError
}

// close finishes a commit under way, but does not wait for it long.
func (k *committer) close() {
	k.once.Do(func() { close(k.stop) })
	done := within(closeGrace, k.cancel)
	k.wg.Wait()
	done()
	k.cancel()
	k.c.close()
}

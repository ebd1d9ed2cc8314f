package kafka

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"

	"github.com/turgo-io/turgo/operator"
)

// fetcher is a goroutine with one connection that asks one broker for the records of some feeds. A feed
// that the task is behind with is left out of the request: that is all that a pause takes. On any
// error of the connection the fetcher gives its feeds back to the router and ends.
type fetcher struct {
	r    *router
	addr string
	load atomic.Int32 // feeds that it has
	kick chan struct{}

	mu      sync.Mutex
	adopted []*feed // on their way into feeds
	ended   bool

	feeds []*feed // of the goroutine
}

// shortWait bounds a request that leaves a paused feed out: the feed must not wait for the others' records.
const shortWait = 10 * time.Millisecond

// responseBytes bounds a response over all its partitions.
const responseBytes = 32 << 20

func newFetcher(r *router, addr string) *fetcher {
	return &fetcher{r: r, addr: addr, kick: make(chan struct{}, 1)}
}

// adopt takes a feed in; false if the fetcher has ended.
func (x *fetcher) adopt(f *feed) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.ended {
		return false
	}
	x.load.Add(1)
	f.owner.Store(x)
	x.adopted = append(x.adopted, f)
	poke(x.kick)
	return true
}

func (x *fetcher) closed() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.ended
}

func (x *fetcher) run() {
	err := x.serve()
	x.mu.Lock()
	x.ended = true
	feeds := append(x.feeds, x.adopted...)
	x.mu.Unlock()
	for _, f := range feeds {
		f.stale = true
		f.trouble(x.r.clock.Now(), err, x.r.log)
	}
	if x.r.ctx.Err() == nil {
		x.r.take(feeds...)
	}
}

func (x *fetcher) serve() error {
	cn, err := x.r.c.open(x.r.ctx, x.addr)
	if err != nil {
		return fmt.Errorf("kafka: %s: %w", x.addr, err)
	}
	defer cn.close()
	for x.r.ctx.Err() == nil {
		x.mu.Lock()
		x.feeds = append(x.feeds, x.adopted...)
		x.adopted = x.adopted[:0]
		x.mu.Unlock()
		request, asked := x.request()
		if len(asked) == 0 {
			select {
			case <-x.kick:
			case <-x.r.ctx.Done():
			}
			continue
		}
		response, err := ask(x.r.ctx, cn, func(b *sarama.Broker) (*sarama.FetchResponse, error) { return b.Fetch(request) })
		if err == nil && response.ErrorCode != 0 {
			err = sarama.KError(response.ErrorCode)
		}
		if err != nil {
			return fmt.Errorf("kafka: fetch from %s: %w", x.addr, err)
		}
		for _, f := range asked {
			x.receive(f, response.GetBlock(f.topic, f.id))
		}
	}
	return nil
}

// request asks for all feeds that the task keeps up with.
func (x *fetcher) request() (*sarama.FetchRequest, []*feed) {
	q := &sarama.FetchRequest{Version: 11, MinBytes: 1, MaxBytes: responseBytes, SessionEpoch: -1}
	if x.r.committed {
		q.Isolation = sarama.ReadCommitted
	}
	wait := x.r.wait
	asked := make([]*feed, 0, len(x.feeds))
	rest := x.feeds[:0]
	for _, f := range x.feeds {
		if f.next >= f.end {
			x.load.Add(-1)
			continue // at its stop: nothing more to fetch
		}
		rest = append(rest, f)
		if !f.wanted() {
			wait = min(wait, shortWait)
			continue
		}
		if f.fresh {
			f.fresh, wait = false, 0
		}
		l, _ := x.r.c.leader(f.partition)
		q.AddBlock(f.topic, f.id, f.next, f.bytes, l.epoch)
		asked = append(asked, f)
	}
	x.feeds = rest
	q.MaxWaitTime = int32(wait.Milliseconds())
	return q, asked
}

// receive hands on what a response holds of a feed.
func (x *fetcher) receive(f *feed, b *sarama.FetchResponseBlock) {
	if b == nil {
		x.leave(f, sarama.ErrUnknownTopicOrPartition)
		return
	}
	switch {
	case b.Err == sarama.ErrNoError:
		x.deliver(f, b)
	case b.Err == sarama.ErrOffsetOutOfRange:
		x.outOfRange(f, b)
	case isMoved(b.Err):
		x.leave(f, b.Err)
	default:
		x.r.inbox.fail(refused(fmt.Sprintf("fetch of %s at offset %d", f.partition, f.next), b.Err))
		x.leave(f, b.Err)
	}
}

func (x *fetcher) deliver(f *feed, b *sarama.FetchResponseBlock) {
	batches, next, grow, err := visible(b, f.next, x.r.committed)
	if err != nil {
		x.r.inbox.fail(operator.Permanent(fmt.Errorf("kafka: %s at offset %d: %w", f.partition, f.next, err)))
		return
	}
	f.since, f.cause = 0, nil
	if grow {
		f.bytes = min(f.bytes, 1<<29) * 2
	}
	f.high.Store(b.HighWaterMarkOffset)
	if next > f.next {
		l, _ := x.r.c.leader(f.partition)
		f.next = next
		f.buffered.Add(1)
		x.r.inbox.push(&chunk{feed: f, batches: batches, next: next, epoch: l.epoch})
	}
	if next >= b.HighWaterMarkOffset && f.tail.Swap(next) != next {
		x.r.inbox.wake()
	}
}

// outOfRange goes on where Reset says, or fails: records are gone that were not read.
func (x *fetcher) outOfRange(f *feed, b *sarama.FetchResponseBlock) {
	if x.r.reset.kind == boundNone {
		x.r.inbox.fail(operator.Permanent(fmt.Errorf("kafka: %s: offset %d is gone (the broker has %d to %d): records were deleted before they were read, or the topic was made anew; raise its retention, and set Source.Reset to go on elsewhere",
			f.partition, f.next, b.LogStartOffset, b.HighWaterMarkOffset)))
		return
	}
	x.r.log.Warn("kafka: offset is gone, going on elsewhere", "partition", f.partition.String(), "offset", f.next, "first", b.LogStartOffset)
	f.ask, f.reset, f.begin = true, true, x.r.reset
	x.leave(f, b.Err)
}

// leave gives one feed back to the router.
func (x *fetcher) leave(f *feed, cause error) {
	for i, g := range x.feeds {
		if g == f {
			x.feeds = append(x.feeds[:i], x.feeds[i+1:]...)
			break
		}
	}
	x.load.Add(-1)
	f.stale = true
	f.trouble(x.r.clock.Now(), cause, x.r.log)
	x.r.take(f)
}

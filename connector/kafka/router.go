package kafka

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"github.com/turgo-io/turgo/operator"
)

// router is the goroutine that gives each feed to a fetcher at its leader. Feeds come to it when they are new,
// when their leader moved, when their offset is gone, and when a connection broke. It asks for start and
// stop offsets and for leaders, and goes on trying for Connection.RetryFor.
//
//	Reader.Add ──> router ──> fetcher (one connection) ──> chunks ──> inbox ──> Reader.Poll
//	                  ^           │ leader moved, connection lost, offset gone
//	                  └───────────┘
//
// Lock order: router.mu before fetcher.mu; neither is held while anything blocks.
type router struct {
	settings
	c     *cluster
	clock operator.Clock
	log   *slog.Logger
	inbox *inbox

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu   sync.Mutex
	lost []*feed
	kick chan struct{}

	fetchers map[string][]*fetcher // by address; of the router's goroutine
}

func newRouter(c *cluster, s settings, env *operator.Env, in *inbox) *router {
	r := &router{
		settings: s, c: c, clock: env.Clock, log: env.Log, inbox: in,
		kick: make(chan struct{}, 1), fetchers: map[string][]*fetcher{},
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	parent := env.Ctx
	if parent == nil {
		parent = context.Background()
	}
	r.ctx, r.cancel = context.WithCancel(parent)
	r.wg.Go(r.run)
	return r
}

// close stops the router and its fetchers, requests under way included, and waits for them.
func (r *router) close() {
	r.cancel()
	r.wg.Wait()
	r.c.close()
}

// take gives feeds to the router.
func (r *router) take(feeds ...*feed) {
	r.mu.Lock()
	r.lost = append(r.lost, feeds...)
	r.mu.Unlock()
	poke(r.kick)
}

// poke wakes who waits on a channel of capacity one.
func poke(kick chan struct{}) {
	select {
	case kick <- struct{}{}:
	default:
	}
}

func (r *router) run() {
	var homeless []*feed
	for {
		r.mu.Lock()
		homeless = append(homeless, r.lost...)
		r.lost = nil
		r.mu.Unlock()
		if len(homeless) == 0 {
			select {
			case <-r.kick:
				continue
			case <-r.ctx.Done():
				return
			}
		}
		var err error
		if homeless, err = r.place(homeless); err != nil {
			err = r.patience(homeless, err)
		}
		if r.ctx.Err() != nil {
			return
		}
		if err != nil {
			r.inbox.fail(err)
			return
		}
		if len(homeless) > 0 && pause(r.ctx, backoff) != nil {
			return
		}
	}
}

// patience notes the trouble of feeds, and gives it back when it has lasted too long or waiting cannot help.
func (r *router) patience(feeds []*feed, err error) error {
	if operator.IsPermanent(err) {
		return err
	}
	now := r.clock.Now()
	for _, f := range feeds {
		f.trouble(now, err, r.log)
		if now-f.since > r.retryFor {
			return fmt.Errorf("kafka: %s could not be read for %v: %w", f.partition, time.Duration(r.retryFor), f.cause)
		}
	}
	return nil
}

// place gives the feeds to fetchers and returns those for which there is no leader yet, with the reason.
func (r *router) place(feeds []*feed) ([]*feed, error) {
	if err := r.locate(feeds); err != nil {
		return feeds, err
	}
	if err := r.resolve(feeds); err != nil {
		for _, f := range feeds {
			f.stale = true
		}
		return feeds, err
	}
	var rest []*feed
	for _, f := range feeds {
		if f.next >= f.end {
			continue // nothing to fetch, ever
		}
		l, ok := r.c.leader(f.partition)
		if !ok {
			f.stale = true
			rest = append(rest, f)
			continue
		}
		r.assign(f, l)
	}
	if len(rest) > 0 {
		return rest, fmt.Errorf("kafka: %s: %w", rest[0].partition, sarama.ErrLeaderNotAvailable)
	}
	return nil, nil
}

// locate makes the feeds' leaders known. For feeds whose leader proved wrong it waits a moment first, as
// an election takes one, and gives up those that have been in trouble for too long.
func (r *router) locate(feeds []*feed) error {
	unknown, stale := false, false
	for _, f := range feeds {
		_, ok := r.c.leader(f.partition)
		unknown, stale = unknown || !ok, stale || f.stale
	}
	if stale {
		if err := r.patience(slices.DeleteFunc(slices.Clone(feeds), func(f *feed) bool { return !f.stale }), nil); err != nil {
			return operator.Permanent(err)
		}
		if err := pause(r.ctx, backoff); err != nil {
			return err
		}
	}
	if !unknown && !stale {
		return nil
	}
	if err := r.c.refresh(r.ctx, r.topics); err != nil {
		return err
	}
	for _, f := range feeds {
		f.stale = false
	}
	return nil
}

// resolve finds where new feeds begin and end, and where those go on whose offset is gone.
func (r *router) resolve(feeds []*feed) error {
	begins, ends, groups := map[partition]int64{}, map[partition]int64{}, []partition(nil)
	for _, f := range feeds {
		if !f.ask {
			continue
		}
		if f.begin.kind == boundCommitted {
			groups = append(groups, f.partition)
		}
		if r.stop.kind != boundNone && f.end == noStop {
			if o, ask, known := r.stop.question(f.partition, askLatest); known {
				f.end = o
			} else {
				ends[f.partition] = ask
			}
		}
	}
	var commits map[partition]int64
	if len(groups) > 0 {
		var err error
		if commits, err = r.c.committed(r.ctx, r.group, groups); err != nil {
			return err
		}
	}
	for _, f := range feeds {
		if f.ask {
			r.question(f, commits, begins)
		}
	}
	starts, err := r.answers(begins)
	if err != nil {
		return err
	}
	stops, err := r.answers(ends)
	if err != nil {
		return err
	}
	for _, f := range feeds {
		if f.ask {
			r.settle(f, starts, stops)
		}
	}
	return nil
}

// question finds the feed's begin, or puts it to those to ask for.
func (r *router) question(f *feed, commits, begins map[partition]int64) {
	b := f.begin
	if b.kind == boundCommitted {
		if o, ok := commits[f.partition]; ok {
			f.next = o
			return
		}
		b = *b.next
	}
	o, ask, known := b.question(f.partition, askEarliest)
	if known {
		f.next = o
		return
	}
	begins[f.partition] = ask
}

func (r *router) answers(questions map[partition]int64) (map[partition]int64, error) {
	if len(questions) == 0 {
		return nil, nil
	}
	return r.c.offsets(r.ctx, questions, r.committed)
}

// settle tells the task where a feed begins and ends.
func (r *router) settle(f *feed, starts, stops map[partition]int64) {
	if o, ok := starts[f.partition]; ok {
		f.next = o
	}
	if o, ok := stops[f.partition]; ok {
		f.end = o
	}
	f.buffered.Add(1)
	r.inbox.push(&chunk{feed: f, next: f.next, stop: f.end, epoch: -1, resolved: true, reset: f.reset})
	f.ask, f.reset, f.fresh = false, false, true
}

// assign gives a feed to the fetcher with the least to do at the leader, to a new one while Connections allows.
func (r *router) assign(f *feed, l leader) {
	live := r.fetchers[l.addr][:0]
	var best *fetcher
	for _, x := range r.fetchers[l.addr] {
		if x.closed() {
			continue
		}
		live = append(live, x)
		if best == nil || x.load.Load() < best.load.Load() {
			best = x
		}
	}
	r.fetchers[l.addr] = live
	if best != nil && (best.load.Load() == 0 || len(live) >= r.connections) && best.adopt(f) {
		return
	}
	x := newFetcher(r, l.addr)
	x.adopt(f)
	r.fetchers[l.addr] = append(live, x)
	r.wg.Go(x.run)
}

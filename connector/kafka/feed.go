package kafka

import (
	"log/slog"
	"sync/atomic"

	"github.com/IBM/sarama"
)

// feed is one partition on its way from a broker to the task. Its fields belong to one side each.
type feed struct {
	partition
	number int32 // TaskState.Split

	// Of the router, or of the fetcher that the router gave the feed to: one goroutine at a time.
	begin Bound // where to begin, if ask is set
	ask   bool  // next is not known yet
	reset bool  // begin is a Reset: the place where the task would go on is gone
	next  int64 // offset of the next request
	end   int64 // the feed is done there, noStop if never
	bytes int32 // what is asked for at once: grows for a batch that is larger
	fresh bool  // nothing was fetched yet: the first request does not wait
	stale bool  // what is known of the leader is wrong
	since int64 // time of the clock at which trouble began, 0 if there is none
	cause error // the trouble

	// Of both sides.
	buffered atomic.Int32 // chunks given to the task and not worked off
	tail     atomic.Int64 // an offset at which the partition's end was seen, -1 if it was not
	high     atomic.Int64 // offset after the newest record that the broker has told of
	owner    atomic.Pointer[fetcher]

	// Of the task.
	pos   position // of what comes next; pos.stop is the feed's end
	queue []*chunk // to work off, in order
	quiet int64    // time at which the task was found at the end, 0 if it is not
	idle  bool     // reported idle
	done  bool     // reported done
}

// depth is how many chunks of a feed may wait: one is worked off, one is ready.
const depth = 2

// wanted reports whether the feed may be asked for more.
func (f *feed) wanted() bool { return f.next < f.end && f.buffered.Load() < depth }

// trouble notes that the feed cannot be read, and says so when that begins. A nil error only looks.
func (f *feed) trouble(now int64, err error, log *slog.Logger) {
	if err == nil {
		return
	}
	f.cause = err
	if f.since == 0 {
		f.since = now
		log.Warn("kafka: partition cannot be read, trying again", "partition", f.partition.String(), "err", err)
	}
}

// chunk is what one response holds of one partition, for the task to see. One with resolved set tells
// where the feed begins and ends, or, with reset, where it goes on.
type chunk struct {
	feed     *feed
	batches  []*sarama.RecordBatch
	next     int64 // where to go on after the batches
	epoch    int32 // of the leader
	resolved bool
	reset    bool
	stop     int64 // of a resolved chunk

	batch, record int // next record to work off
}

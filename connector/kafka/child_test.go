package kafka_test

import (
	"context"
	"encoding/json/v2"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/turgo-io/turgo/connector/kafka"
	"github.com/turgo-io/turgo/connector/kafka/kafkatest"
	"github.com/turgo-io/turgo/operator"
)

// childEnv is the variable in which a test hands a child process its work.
const childEnv = "TURGO_KAFKA_TEST_CHILD"

// child is a small job in a process of its own, to be killed: it copies a topic exactly once, with a checkpoint each
// few milliseconds that is a file. What a job's runtime does around the connector is done here in the plainest way.
type child struct {
	Brokers []string
	In, Out string
	Dir     string  // of the checkpoint
	Turn    int     // of the processes that share Dir: an older one's checkpoints do not count
	Every   int     // milliseconds between checkpoints
	Records int     // of an interval, at most
	Hurt    float64 // share of requests that are delayed, repeated, cut or left without an answer
	Seed    uint64
}

// beChild is main of a child process.
func beChild(config string) int {
	var c child
	err := json.Unmarshal([]byte(config), &c)
	if err == nil {
		err = c.run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// manifest is a checkpoint.
type manifest struct {
	Number    int64
	Positions map[string][]byte
	Payload   []byte
}

func (c *child) file() string { return filepath.Join(c.Dir, "checkpoint") }

// load returns the newest checkpoint, nil if there is none.
func (c *child) load() (*manifest, error) {
	data, err := os.ReadFile(c.file())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	m := new(manifest)
	return m, json.Unmarshal(data, m)
}

var errOld = errors.New("a newer process has taken over")

// store makes a checkpoint durable: kill -9 leaves the page cache alone, so a rename is enough.
func (c *child) store(m *manifest) error {
	var turn int
	data, err := os.ReadFile(filepath.Join(c.Dir, "turn"))
	if err == nil {
		_, err = fmt.Sscan(string(data), &turn)
	}
	if err != nil || turn != c.Turn {
		return errors.Join(errOld, err)
	}
	if data, err = json.Marshal(m); err != nil {
		return err
	}
	next := fmt.Sprintf("%s.%d", c.file(), c.Turn)
	if err := os.WriteFile(next, data, 0o600); err != nil {
		return err
	}
	return os.Rename(next, c.file())
}

// copier is the job while it runs.
type copier struct {
	*child
	reader operator.Reader[record]
	writer operator.Writer[record]
	out    operator.Emitter[record]
	wake   chan struct{}
	number int64
	ended  bool
}

// Push writes what was read.
func (c *copier) Push(at int64, v *record) error { return c.writer.Write(at, v) }

// Mark ignores control elements.
func (c *copier) Mark(operator.Mark) error { return nil }

// preparing is a checkpoint on its way: positions at the barrier, and what the writer answers later.
type preparing struct {
	manifest
	answer chan error
}

func (c *child) run() error {
	saved, err := c.load()
	if err != nil {
		return err
	}
	job, err := c.open(saved)
	if err != nil {
		return err
	}
	fmt.Println("open")
	for !job.ended {
		if err := job.interval(); err != nil {
			return err
		}
	}
	return errors.Join(job.reader.Close(), job.writer.Close())
}

func (c *child) open(saved *manifest) (*copier, error) {
	var conn kafka.Connection
	if c.Hurt > 0 {
		n := &network{
			keys: []kmsg.Key{kmsg.EndTxn, kmsg.InitProducerID, kmsg.AddPartitionsToTxn, kmsg.Produce}, share: c.Hurt, random: rand.New(rand.NewPCG(c.Seed, uint64(c.Turn))),
		}
		conn.Dial = n.dial
	}
	s := source{Brokers: c.Brokers, Topics: []string{c.In}, Decode: decodeRecord(), Stop: kafka.Latest()}
	out := exactly(c.Brokers, c.Out)
	out.Connection, out.BatchBytes = conn, 4<<10
	job := &copier{child: c, wake: make(chan struct{}, 1)}
	env := kafkatest.Env(context.Background())
	env.Wake = func() {
		select {
		case job.wake <- struct{}{}:
		default:
		}
	}
	if saved != nil {
		job.number, env.Restored, env.Payloads = saved.Number, saved.Number, [][]byte{saved.Payload}
	}
	var err error
	if job.writer, err = out.Writer(operator.NewContext(env)); err != nil {
		return nil, err
	}
	if job.reader, err = s.Reader(operator.NewContext(env)); err != nil {
		return nil, err
	}
	splits, err := s.Splits(env.Ctx)
	if err != nil {
		return nil, err
	}
	for i, sp := range splits {
		var at []byte
		if saved != nil {
			at = saved.Positions[sp.ID]
		}
		if err := job.reader.Add(sp, int32(i), at); err != nil {
			return nil, err
		}
	}
	job.out = operator.Emitter[record]{Next: job, Task: env.Task}
	return job, nil
}

// interval copies for one interval, begins a checkpoint, and goes on copying while it is prepared.
func (c *copier) interval() error {
	if err := c.copy(nil); err != nil {
		return err
	}
	if err := c.writer.Flush(); err != nil {
		return err
	}
	c.number++
	p := &preparing{manifest: manifest{Number: c.number, Positions: map[string][]byte{}}, answer: make(chan error, 1)}
	last := c.ended
	c.reader.Positions(func(split string, at []byte) { p.Positions[split] = append([]byte(nil), at...) })
	c.writer.Prepare(c.number, func(payload []byte, err error) {
		p.Payload = payload
		p.answer <- err
	})
	err := error(nil)
	if last {
		err = <-p.answer
	} else {
		err = c.copy(p.answer)
	}
	if err != nil {
		return err
	}
	if err := c.store(&p.manifest); err != nil {
		return err
	}
	c.ended = last
	return c.writer.Commit(c.number)
}

// copy copies records for an interval, or until answer has one.
func (c *copier) copy(answer chan error) error {
	over := time.After(time.Duration(c.Every) * time.Millisecond)
	if answer != nil {
		over = nil
	}
	left := c.Records
	for {
		status := operator.Blocked
		if left > 0 && !c.ended {
			before := c.out.N
			var err error
			if status, _, err = c.reader.Poll(&c.out, left); err != nil {
				return err
			}
			left -= int(c.out.N - before)
			c.ended = status == operator.Done && answer == nil
		}
		wake := c.wake
		if left <= 0 {
			wake = nil
		}
		if status == operator.Ready {
			select {
			case err := <-answer:
				return err
			case <-over:
				return nil
			default:
			}
			continue
		}
		if c.ended {
			return nil
		}
		if status == operator.Done {
			left = 0
			wake = nil
		}
		select {
		case err := <-answer:
			return err
		case <-over:
			return nil
		case <-wake:
		}
	}
}

// verdict is what a reader of committed records found wrong.
type verdict struct{ lost, duplicated, reordered, records int }

func (v verdict) String() string {
	return fmt.Sprintf("%d records: %d lost, %d duplicated, %d reordered", v.records, v.lost, v.duplicated, v.reordered)
}

// judge compares what came out with perKey numbers of each key, in order.
func judge(got []record, keys, perKey int) (v verdict) {
	v.records = len(got)
	seen := map[string]map[int]int{}
	last := map[string]int{}
	for _, r := range got {
		var n int
		_, _ = fmt.Sscan(string(r.Value), &n)
		k := string(r.Key)
		if seen[k] == nil {
			seen[k], last[k] = map[int]int{}, -1
		}
		seen[k][n]++
		if n < last[k] {
			v.reordered++
		}
		last[k] = max(last[k], n)
	}
	for m := range maps.Values(seen) {
		for _, times := range m {
			v.duplicated += times - 1
		}
		v.lost += perKey - len(m)
	}
	v.lost += (keys - len(seen)) * perKey
	return v
}

package sim

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/turgo-io/turgo/stream"
	"github.com/turgo-io/turgo/stream/streamtest"
)

// Job is a random job, how it is run and what goes wrong meanwhile. It is plain data: as JSON in one line it is what
// reproduces a failure.
type Job struct {
	Seed    uint64   `json:"seed"` // of the input and of the order of steps
	Sources []Source `json:"sources"`
	Nodes   []Node   `json:"nodes"`
	Run     Settings `json:"run"`
	Lose    int      `json:"lose"` // percent of what was not synced that a crash loses
	Faults  string   `json:"faults"`
}

// Source is a scripted source.
type Source struct {
	Kind    Kind `json:"kind,omitempty"`
	Splits  int  `json:"splits"`
	Records int  `json:"n"`
	Class   int  `json:"class"` // of parallelism
	Pauses  bool `json:"pauses,omitempty"`
}

// Kind is how a source makes event time.
type Kind int

const (
	// Wide allows for all disorder there is: nothing is ever late.
	Wide Kind = iota
	// Strict allows for little disorder, with one split and one subtask: which records are late is known.
	Strict
	// Marked is Strict with watermarks that the source itself gives out.
	Marked
)

// Node is an operator, or a few that belong together. It works on one of the streams that are open when its turn comes: In
// counts modulo their number, so that a job without some of its nodes is a job still.
type Node struct {
	Op    string `json:"op"`
	In    int    `json:"in,omitempty"`
	With  int    `json:"with,omitempty"`  // another stream, of a merge
	Class int    `json:"class,omitempty"` // of parallelism, behind an exchange
	A     int    `json:"a,omitempty"`     // a parameter
}

// Settings are the options of a job that may change nothing about its answer.
type Settings struct {
	Batch   int           `json:"batch"`
	Slots   int           `json:"slots"`
	Groups  int           `json:"groups"`
	Every   time.Duration `json:"every"`
	Apart   bool          `json:"apart,omitempty"`   // no chaining
	Restart bool          `json:"restart,omitempty"` // within the process
	Rescale bool          `json:"rescale,omitempty"` // each life of the process has another parallelism
	// Overtake lets checkpoints that are not complete after After wait no longer for what is under way.
	Overtake bool          `json:"overtake,omitempty"`
	After    time.Duration `json:"after,omitempty"`
	Budget   int64         `json:"budget,omitempty"`  // bytes of state in memory, 0: all of it
	Timeout  time.Duration `json:"timeout,omitempty"` // of a checkpoint, 0: the default
}

// Parallelism comes in classes, since a life of the process may have another one than the life before. Class 1 is 1
// for ever. Those from fixedClass on stand for themselves, since the answer depends on them.
const (
	classes    = 4
	fixedClass = 10
)

func (j *Job) parallelism(class, life int) int {
	switch {
	case class >= fixedClass:
		return class - fixedClass
	case class <= 1 || !j.Run.Rescale || life == 0:
		return max(class, 1)
	}
	return 1 + int(mix(j.Seed, uint64(class), uint64(life))>>32%classes)
}

// options are those of one life of the process.
func (j *Job) options() []stream.Option {
	r := &j.Run
	opts := []stream.Option{
		stream.BatchSize(r.Batch), stream.ExchangeSlots(r.Slots), stream.MaxParallelism(r.Groups), stream.CheckpointEvery(r.Every),
	}
	if r.Apart {
		opts = append(opts, stream.NoChaining())
	}
	if r.Budget > 0 {
		opts = append(opts, stream.MemoryBudget(r.Budget))
	}
	if r.Timeout > 0 {
		opts = append(opts, stream.CheckpointTimeout(r.Timeout))
	}
	if r.Overtake {
		opts = append(opts, stream.UnalignedAfter(r.After))
	}
	if r.Restart {
		opts = append(opts, stream.Restart(stream.FixedDelay(100, time.Millisecond)))
	}
	return opts
}

// String is the job as one line of JSON.
func (j *Job) String() string {
	b, err := json.Marshal(j)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// Parse reads what String writes.
func Parse(line string) (*Job, error) {
	j := &Job{}
	if err := json.Unmarshal([]byte(line), j); err != nil {
		return nil, fmt.Errorf("sim: %q is no job: %w", line, err)
	}
	return j, nil
}

// mostRecords bounds what the oracle finds at the ends of a job: branches and copies multiply.
const mostRecords = 1500

// Random draws a job.
func Random(seed uint64) *Job {
	for try := uint64(0); ; try++ {
		random := rand.New(rand.NewPCG(seed, try))
		j := draw(random, seed)
		p := j.compile()
		if n := count(p.answer(j)); n > mostRecords {
			continue
		}
		j.Faults = drawFaults(random, j).String()
		return j
	}
}

func draw(random *rand.Rand, seed uint64) *Job {
	pick := func(of ...int) int { return of[random.IntN(len(of))] }
	j := &Job{Seed: seed, Lose: pick(100, 50, 0), Run: Settings{
		Batch: pick(1, 3, 16, 256), Slots: pick(1, 2, 8), Groups: pick(4, 7, 128),
		Every: time.Duration(pick(0, 30, 100, 300, 1000)) * time.Microsecond,
		Apart: random.IntN(3) == 0, Restart: random.IntN(2) == 0, Rescale: random.IntN(4) == 0,
	}}
	if random.IntN(3) == 0 {
		j.Run.Overtake, j.Run.After = true, time.Duration(pick(0, 20, 100))*time.Microsecond
	}
	if random.IntN(4) == 0 {
		j.Run.Budget = int64(pick(1, 16<<10, 1<<20))
	}
	j.Run.Timeout = time.Duration(pick(0, 0, 5)) * time.Millisecond
	for range pick(1, 1, 1, 2, 3) {
		s := drawSource(random)
		if j.Run.Overtake { // what is under way is stored without the watermarks in it: what is late after a restart is not known
			s.Kind = Wide
		}
		j.Sources = append(j.Sources, s)
	}
	for i, s := range j.Sources { // what is late is known there and nowhere else
		if s.Kind != Wide && random.IntN(2) == 0 {
			j.Nodes = append(j.Nodes, Node{Op: "late-window", In: i, Class: pick(1, 1, 2, 3), A: 1 + random.IntN(3)})
		}
	}
	for range 1 + random.IntN(6) {
		j.Nodes = append(j.Nodes, Node{
			Op: names[random.IntN(len(names))], In: random.IntN(4), With: random.IntN(4),
			Class: pick(1, 2, 2, 3, 4), A: 1 + random.IntN(5),
		})
	}
	return j
}

func drawSource(random *rand.Rand) Source {
	s := Source{
		Kind: Kind(random.IntN(4)), Splits: 1 + random.IntN(4), Records: random.IntN(70),
		Class: 1 + random.IntN(3), Pauses: random.IntN(3) == 0,
	}
	switch {
	case s.Kind > Marked:
		s.Kind = Wide
	case s.Kind != Wide:
		s.Splits, s.Class = 1, 1
	}
	return s
}

// drawFaults draws a plan for a run of about the length that the job will have. Early moments are likelier: a run that
// has crashed early goes through all that comes after.
func drawFaults(random *rand.Rand, j *Job) streamtest.Plan {
	records := 0
	for _, s := range j.Sources {
		records += s.Records
	}
	upTo := func(n int) int { return 1 + int(float64(n)*random.Float64()) }
	faults := random.IntN(5)
	if random.IntN(4) == 0 { // one disaster after the other
		faults += 6
	}
	steps := upTo(60 + 2*records*(1+len(j.Nodes)))
	return streamtest.RandomPlan(random, streamtest.Counts{
		Steps: steps, Barriers: 6, Records: upTo(records + 1), FileOps: upTo(60 + 4*steps), CheckpointReads: 20,
		SinkCalls: upTo(2*records + 5), Prepares: 8, Jobs: upTo(60 + 5*steps),
	}, faults)
}

package sim

import (
	"math/rand/v2"
	"time"

	"github.com/turgo-io/turgo/stream/streamtest"
)

// line is a record of a split, or what else the split does before it.
type line struct {
	Record
	idle  bool
	pause time.Duration
	mark  int64 // a watermark behind the record, 0 if there is none
}

const (
	delay    = 10 // seconds that a record may be behind newer ones of its split
	strictBy = 4  // what Strict sources allow for: some records are late

	sourceLane = 1 << 32 // no node has that number
)

// lines are what source i of the job gives out, by splits.
func (j *Job) lines(i int) [][]line {
	s := j.Sources[i]
	random := rand.New(rand.NewPCG(j.Seed, uint64(i)))
	splits := make([][]line, s.Splits)
	busy := s.Splits
	if s.Splits > 1 && random.IntN(3) == 0 {
		busy-- // the last split is empty
	}
	newest, passed := int64(noMark), int64(noMark)
	for n := range s.Records {
		split := random.IntN(busy)
		l := line{Record: Record{
			Key: int64(random.IntN(6)), Val: int64(random.IntN(modulus)), Time: second * int64(n/2+random.IntN(delay+1)),
			Lane: mix(sourceLane, uint64(i), uint64(split)), Seq: int64(n),
		}}
		if s.Pauses && random.IntN(12) == 0 {
			l.pause = time.Duration(random.IntN(300)) * time.Microsecond
		}
		if s.Kind != Wide {
			l.Passed = passed
			newest = max(newest, l.Time)
			if s.Kind == Strict {
				passed = newest - strictBy*second - 1
			} else if random.IntN(3) == 0 && newest > strictBy*second {
				l.mark = newest - strictBy*second
				passed = max(passed, l.mark)
			}
		}
		splits[split] = append(splits[split], l)
	}
	if s.idles() {
		sleep(splits[random.IntN(s.Splits)], s.Records)
	}
	return splits
}

func (s *Source) idles() bool { return s.Kind == Wide && s.Pauses }

// sleep lets a split say in its middle that it is idle. What it gives afterwards is newer than all else, or it would be
// late as soon as the others have gone on.
func sleep(split []line, records int) {
	half := len(split) / 2
	for i := half; i < len(split); i++ {
		l := &split[i]
		l.Time += second * int64(records/2+delay+1)
		l.idle, l.pause = i == half, 200*time.Microsecond
	}
}

// script makes the source of a run.
func (j *Job) script(h *streamtest.Harness, i int) *streamtest.Script[Record] {
	in := streamtest.Source[Record](h)
	for split, lines := range j.lines(i) {
		in.Split(split)
		for _, l := range lines {
			if l.idle {
				in.Idle()
			}
			if l.pause > 0 {
				in.Pause(l.pause)
			}
			if j.Sources[i].Kind != Marked {
				in.Add(l.Record)
				continue
			}
			in.At(l.time().Format(time.RFC3339Nano), l.Record)
			if l.mark != 0 {
				in.Watermark(time.Unix(0, day+l.mark).UTC().Format(time.RFC3339Nano))
			}
		}
	}
	return in
}

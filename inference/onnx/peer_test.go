package onnx_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx"
	"github.com/turgo-io/turgo/inference/onnx/internal/onnxtest"
	"github.com/turgo-io/turgo/inference/tensor"
)

// peerLine is one measurement of the other engine: a JSON object on a line of its
// own, as docs/bench/onnx.md describes.
type peerLine struct {
	Model   string  `json:"model"`
	Shape   string  `json:"shape"` // of a row, where a model has sets of several
	Batch   int     `json:"batch"`
	Min     float64 `json:"min_us"`
	P50     float64 `json:"p50_us"`
	Skipped string  `json:"skipped"`
	Error   string  `json:"error"`
}

const (
	peerRounds  = 3
	maxPoolRows = 4096
	// maxCallUs bounds a batch by what one call of it is expected to take.
	maxCallUs = 400_000
)

// BenchmarkPeer runs each model of the zoo here and in another engine by turns, one
// thread each, the inputs cycling over all distinct rows of the model's sets. It
// reports the lowest median of the rounds, and the ratio of the two.
//
// TURGO_ONNX_ZOO names the folder of models, TURGO_ONNX_PEER the command that times
// the other engine; without it only this one is timed. TURGO_ONNX_MODELS picks some
// models, TURGO_ONNX_BATCH the batch sizes. Run it by make bench-onnx.
func BenchmarkPeer(b *testing.B) {
	fsys := os.DirFS(zooRoot())
	names, err := onnxtest.Folders(fsys)
	require.NoError(b, err)
	if pick := os.Getenv("TURGO_ONNX_MODELS"); pick != "" {
		names = strings.Split(pick, ",")
	}
	for _, name := range names {
		cases, err := peerCases(name)
		require.NoError(b, err)
		for _, c := range cases {
			c.report(b, name)
		}
		debug.FreeOSMemory()
	}
}

// peerCase is one model at one row shape and batch size.
type peerCase struct {
	shape      string
	batch      int
	session    *onnx.Session
	in         [][]tensor.Value // the batches that calls cycle over
	out        []tensor.Value
	here, peer float64 // lowest median in us; 0 before the first
	// hereMin and peerMin are the fastest calls.
	hereMin, peerMin float64
	skipped          string
}

func (c *peerCase) report(b *testing.B, name string) {
	b.Run(strings.TrimSuffix(name+"/"+strings.ReplaceAll(c.shape, " ", ""), "/")+"/"+strconv.Itoa(c.batch), func(b *testing.B) {
		for b.Loop() { // the measuring is done; one iteration is reported
			continue
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(c.here, "us")
		if c.peer > 0 {
			b.ReportMetric(c.peer, "peer-us")
			b.ReportMetric(c.peer/c.here, "ratio")
			b.ReportMetric(c.peerMin/c.hereMin, "min-ratio")
		}
	})
}

// peerCases times a model in rounds, each engine in turn.
func peerCases(name string) ([]*peerCase, error) {
	fsys := os.DirFS(zooRoot())
	m, err := onnxtest.Open(fsys, name)
	if err != nil {
		return nil, err
	}
	sets, err := onnxtest.Sets(fsys, name)
	if err != nil {
		return nil, err
	}
	var cases []*peerCase
	for _, g := range groupSets(m, sets) {
		cases = append(cases, g.cases(m)...)
	}
	for range peerRounds {
		if err := peerRound(name, cases); err != nil {
			return nil, err
		}
		for _, c := range cases {
			if err := c.time(); err != nil {
				return nil, err
			}
		}
	}
	return slices.DeleteFunc(cases, func(c *peerCase) bool { return c.skipped != "" }), nil
}

// peerRound has the other engine time all batch sizes of a model.
func peerRound(name string, cases []*peerCase) error {
	command := os.Getenv("TURGO_ONNX_PEER")
	if command == "" {
		return nil
	}
	cmd := exec.Command(command, "-models", zooRoot(), "-batch", peerBatches(), "-threads", "1", "-dur", peerSeconds(), "-maxcall", "0.4", name)
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	for line := range bytes.Lines(text) {
		var p peerLine
		if err := json.Unmarshal(line, &p); err != nil {
			return err
		}
		for _, c := range cases {
			if c.batch == p.Batch && (p.Shape == c.shape || p.Shape == "") {
				c.peer, c.peerMin, c.skipped = lower(c.peer, p.P50), lower(c.peerMin, p.Min), p.Skipped+p.Error
			}
		}
	}
	return nil
}

func lower(have, got float64) float64 {
	if have == 0 {
		return got
	}
	return min(have, got)
}

func peerBatches() string {
	if s := os.Getenv("TURGO_ONNX_BATCH"); s != "" {
		return s
	}
	return "1,8,32,256"
}

func peerSeconds() string {
	if s := os.Getenv("TURGO_ONNX_SECONDS"); s != "" {
		return s
	}
	return "0.4"
}

// time is one round: calls over all batches until the time is up.
func (c *peerCase) time() error {
	if c.skipped != "" || c.here > 20*maxCallUs {
		return nil
	}
	seconds, err := strconv.ParseFloat(peerSeconds(), 64)
	if err != nil {
		return err
	}
	limit := time.Duration(seconds * float64(time.Second))
	var all []time.Duration
	call := func() error {
		start := time.Now()
		err := c.session.RunValues(c.in[len(all)%len(c.in)], c.out)
		all = append(all, time.Since(start))
		return err
	}
	for warm, start := 0, time.Now(); warm < 20 && time.Since(start) < limit/4; warm++ {
		if err := call(); err != nil {
			return err
		}
	}
	all = make([]time.Duration, 0, 1<<18)
	for start := time.Now(); time.Since(start) < limit || len(all) < 3; {
		if err := call(); err != nil {
			return err
		}
	}
	slices.Sort(all)
	c.hereMin = lower(c.hereMin, float64(all[0].Nanoseconds())/1e3)
	c.here = lower(c.here, float64(all[len(all)/2].Nanoseconds())/1e3)
	return nil
}

// setGroup is the sets of one row shape.
type setGroup struct {
	shape string
	sets  [][]tensor.Value
	whole bool // inputs without a common first dimension: the sets as they are
}

// groupSets gathers the sets whose rows have the same shapes.
func groupSets(m *onnx.Model, sets []onnxtest.Set) []*setGroup {
	var list []*setGroup
	for _, s := range sets {
		in, err := s.Inputs(m.Inputs())
		if err != nil {
			continue
		}
		shape, ok := rowShape(in)
		i := slices.IndexFunc(list, func(g *setGroup) bool { return ok && g.shape == shape })
		if i < 0 {
			list = append(list, &setGroup{shape: shape, whole: !ok})
			i = len(list) - 1
		}
		list[i].sets = append(list[i].sets, in)
	}
	if len(list) == 1 {
		list[0].shape = ""
	}
	return list
}

// rowShape writes the shapes of a row as the other engine's program does.
func rowShape(in []tensor.Value) (string, bool) {
	var parts []string
	rows := -1
	for _, v := range in {
		t, ok := v.(*tensor.Tensor)
		if !ok || t.Rank() == 0 || t.Dim(0) == 0 || rows >= 0 && rows != t.Dim(0) {
			return "", false
		}
		rows = t.Dim(0)
		if s := fmt.Sprint(t.Shape()[1:]); len(parts) == 0 || parts[len(parts)-1] != s {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, " "), true
}

// cases cuts the group's distinct rows into batches of each size.
func (g *setGroup) cases(m *onnx.Model) []*peerCase {
	s := m.NewSession(onnx.SessionConfig{})
	if g.whole {
		return []*peerCase{{shape: g.shape, batch: 1, session: s, in: g.sets, out: valuesFor(m)}}
	}
	pool := g.rows()
	var list []*peerCase
	for _, text := range strings.Split(peerBatches(), ",") {
		n, err := strconv.Atoi(text)
		if err != nil {
			continue
		}
		c := &peerCase{shape: g.shape, batch: n, session: s, out: valuesFor(m)}
		count := max(1, min((len(pool)+n-1)/n, 128<<20/max(1, n*rowBytes(pool[0]))))
		for k := range count {
			c.in = append(c.in, join(pool, k*n, n))
		}
		list = append(list, c)
	}
	return list
}

func valuesFor(m *onnx.Model) (out []tensor.Value) {
	for _, v := range m.Outputs() {
		if v.Kind == tensor.KindSequence {
			out = append(out, &tensor.Sequence{})
			continue
		}
		out = append(out, &tensor.Tensor{})
	}
	return out
}

// rows lists the distinct rows of all sets, each as one tensor per input.
func (g *setGroup) rows() (pool [][]*tensor.Tensor) {
	seen := map[string]bool{}
	for _, in := range g.sets {
		for r := range in[0].(*tensor.Tensor).Dim(0) {
			var row []*tensor.Tensor
			var key strings.Builder
			for _, v := range in {
				t := v.(*tensor.Tensor)
				one := &tensor.Tensor{}
				n := t.Len() / t.Dim(0)
				if one.AliasRange(t, r*n, append([]int{1}, t.Shape()[1:]...)) != nil {
					return pool
				}
				row = append(row, one)
				key.Write(one.Bytes())
				fmt.Fprintf(&key, "%q", one.Strings())
			}
			if len(pool) < maxPoolRows && !seen[key.String()] {
				seen[key.String()] = true
				pool = append(pool, row)
			}
		}
	}
	return pool
}

func rowBytes(row []*tensor.Tensor) (n int) {
	for _, t := range row {
		n += len(t.Bytes()) + 16*len(t.Strings())
	}
	return n
}

// join makes a batch of n rows from the pool, from row at on, around its end.
func join(pool [][]*tensor.Tensor, at, n int) (batch []tensor.Value) {
	for i, first := range pool[0] {
		shape := append([]int{n}, first.Shape()[1:]...)
		t, err := tensor.New(first.Elem(), shape...)
		if err != nil {
			panic(err)
		}
		for r := range n {
			row := pool[(at+r)%len(pool)][i]
			copy(t.Bytes()[r*len(row.Bytes()):], row.Bytes())
			copy(t.Strings()[r*len(row.Strings()):], row.Strings())
		}
		batch = append(batch, t)
	}
	return batch
}

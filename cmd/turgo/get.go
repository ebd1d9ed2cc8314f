package main

import (
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/state/snapshot"
)

type getFlags struct {
	limit int
	key   string
}

func getCommand() *command {
	return &command{
		name: "checkpoint get", args: "CHECKPOINT [OPERATOR/STATE]", least: 1, most: 2,
		short: "shows what is in a checkpoint, or the entries of a state",
		long: `Shows what is in a checkpoint: its operators, tasks, and states with their schemas. With a state it writes its entries, a
line each: the key, of a map the key in it, and the value as JSON.
`,
		flags: func(f *flag.FlagSet) any {
			g := &getFlags{}
			f.IntVar(&g.limit, "limit", 100, "entries to write at most; 0: all")
			f.StringVar(&g.key, "key", "", "write only the entries of this key, as it is shown")
			return g
		},
		run: get,
	}
}

func get(c *call) error {
	if len(c.args) == 2 {
		return getState(c)
	}
	m, _, closeStore, err := readManifest(c.ctx, c.args[0])
	if err != nil {
		return err
	}
	defer closeStore()
	c.printf("%s %d of job %q, taken %s\n", kindOf(m), m.ID, m.Job, time.Unix(0, m.Time).UTC().Format(time.RFC3339))
	c.printf("%s in %d tasks, %d key groups\n", size(m.Bytes()), len(m.Tasks), m.MaxParallelism())
	c.printf("\noperators\n")
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	for _, o := range m.Operators {
		_, _ = fmt.Fprintf(w, "  %s\t%s\tparallelism %d\n", o.ID, o.Name, o.Parallelism)
	}
	_ = w.Flush() // to the output, whose errors nobody could be told
	c.printf("\ntasks\n")
	for _, t := range m.Tasks {
		_, _ = fmt.Fprintf(w, "  %s[%d]\tkey groups %v\t%d files\t%d payloads\n", t.Name, t.Subtask, t.Groups, len(t.Files), len(t.Payloads))
	}
	_ = w.Flush()
	c.printf("\nstates\n")
	for _, s := range m.States() {
		getSchema(c, s)
	}
	return nil
}

func getSchema(c *call, s state.StateSchema) {
	c.printf("  %s/%s: %v", s.Operator, s.Name, s.Kind)
	if s.Key != "" {
		c.printf(", key %s", s.Key)
	}
	if s.MapKey != "" {
		c.printf(", map key %s", s.MapKey)
	}
	c.printf("\n")
	for _, v := range s.Values {
		c.printf("    %s\n", v)
	}
}

// stateOf finds OPERATOR/STATE: the operator's id may hold slashes itself.
func stateOf(m *snapshot.Manifest, arg string) (state.StateSchema, error) {
	var names []string
	for _, s := range m.States() {
		name := s.Operator + "/" + s.Name
		if name == arg {
			return s, nil
		}
		names = append(names, name)
	}
	return state.StateSchema{}, fmt.Errorf("checkpoint %d has no state %q; it has %s", m.ID, arg, strings.Join(names, ", "))
}

func getState(c *call) error {
	s, done, err := openCheckpoint(c.ctx, c.args[0])
	if err != nil {
		return err
	}
	defer done()
	st, err := stateOf(s.Manifest, c.args[1])
	if err != nil {
		return err
	}
	p, err := newPrinter(st)
	if err != nil {
		return err
	}
	g := c.flags.(*getFlags)
	written := 0
	entries := s.Manifest.Items(st.Operator, st.Name)
	if snapshot.IsKeyed(st.Kind) {
		entries = s.Entries(st.Operator, st.Name)
	}
	for e, err := range entries {
		if err == nil {
			err = c.ctx.Err()
		}
		if err != nil {
			return err
		}
		if g.limit > 0 && written == g.limit {
			c.printf("… more; -limit 0 shows all\n")
			return nil
		}
		key, value, err := p.line(e)
		if err != nil {
			return err
		}
		if g.key != "" && key != g.key && !strings.HasPrefix(key, g.key+" ") {
			continue
		}
		written++
		c.printf("%s\n", strings.TrimSpace(key+"  "+value))
	}
	if written == 0 {
		c.printf("no entries\n")
	}
	return nil
}

// printer writes the entries of a state for people.
type printer struct {
	st     state.StateSchema
	key    state.KeyForm
	mapKey state.KeyForm
	values map[state.Schema]state.ValueReader
}

func newPrinter(st state.StateSchema) (*printer, error) {
	p := &printer{st: st, values: map[state.Schema]state.ValueReader{}}
	var err error
	if snapshot.IsKeyed(st.Kind) {
		if p.key, err = st.Key.KeyForm(); err != nil {
			return nil, err
		}
	}
	if st.Kind == state.KindMap {
		if p.mapKey, err = st.MapKey.KeyForm(); err != nil {
			return nil, err
		}
	}
	for _, v := range st.Values {
		v, _ := v.Expiring()
		if p.values[v], err = v.ValueReader(); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// line is what is written of an entry.
func (p *printer) line(e snapshot.Entry) (key, value string, err error) {
	if snapshot.IsKeyed(p.st.Kind) {
		if key, err = p.key.Text(e.Key); err != nil {
			return "", "", err
		}
	}
	switch p.st.Kind {
	case state.KindMap:
		sub, err := p.mapKey.Text(e.Sub)
		if err != nil {
			return "", "", err
		}
		key += " " + sub
	case state.KindList:
		if len(e.Sub) != 4 {
			return "", "", errors.New("the piece of a list has no number")
		}
		key += fmt.Sprintf(" piece %d", binary.BigEndian.Uint32(e.Sub))
	case state.KindTimers:
		return key + " " + timer(e.Head), "", nil
	}
	text, err := p.values[e.Schema].JSON(e.Value)
	return key, string(text), err
}

// timer writes the kind, time and namespace of a timer.
func timer(head []byte) string {
	kind := "event time"
	if state.TimeKind(head[0]) != state.EventTime {
		kind = "processing time"
	}
	at := time.Unix(0, int64(binary.BigEndian.Uint64(head[1:])^1<<63)).UTC()
	return fmt.Sprintf("%s %s namespace %d", kind, at.Format(time.RFC3339Nano), int64(binary.BigEndian.Uint64(head[9:])^1<<63))
}

package main

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"iter"
	"slices"

	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/state/snapshot"
)

type diffFlags struct{ limit int }

func diffCommand() *command {
	return &command{
		name: "checkpoint diff", args: "CHECKPOINT CHECKPOINT [OPERATOR/STATE]", least: 2, most: 3,
		short: "shows what changed between two checkpoints",
		long: `Counts, for every state, the entries that the second checkpoint has more, less or otherwise than the first; with a state
it writes them: "+" and "-" lines, and for a change both. The exit code is 1 if the checkpoints differ.
`,
		flags: func(f *flag.FlagSet) any {
			d := &diffFlags{}
			f.IntVar(&d.limit, "limit", 100, "entries to write at most; 0: all")
			return d
		},
		run: diff,
	}
}

func diff(c *call) error {
	a, doneA, err := openCheckpoint(c.ctx, c.args[0])
	if err != nil {
		return err
	}
	defer doneA()
	b, doneB, err := openCheckpoint(c.ctx, c.args[1])
	if err != nil {
		return err
	}
	defer doneB()
	if x, y := a.Manifest.MaxParallelism(), b.Manifest.MaxParallelism(); x != y {
		return fmt.Errorf("the first has %d key groups, the second %d: entries are in another order; rewrite one by turgo checkpoint rescale", x, y)
	}
	d := &differ{call: c, a: a, b: b, limit: c.flags.(*diffFlags).limit}
	if len(c.args) == 3 {
		d.show = c.args[2]
		_, errA := stateOf(a.Manifest, d.show)
		if _, errB := stateOf(b.Manifest, d.show); errA != nil && errB != nil {
			return errB
		}
	}
	return d.run()
}

// differ compares two checkpoints.
type differ struct {
	*call
	a, b  *snapshot.Savepoint
	show  string // a state whose entries are written
	limit int
	lines int
	found bool
}

// counts of what differs in a state.
type counts struct{ more, less, changed int }

func (d *differ) run() error {
	for _, name := range d.names() {
		if d.show != "" && d.show != name {
			continue
		}
		n, err := d.state(name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if n != (counts{}) {
			d.found = true
			d.printf("%s: %d more, %d less, %d changed\n", name, n.more, n.less, n.changed)
		}
	}
	if d.found {
		return errFound
	}
	d.printf("no differences in %d states\n", len(d.names()))
	return nil
}

// names are the states of both.
func (d *differ) names() (all []string) {
	for _, m := range []*snapshot.Manifest{d.a.Manifest, d.b.Manifest} {
		for _, s := range m.States() {
			all = append(all, s.Operator+"/"+s.Name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// shown is an entry as it is compared and written: two are equal if their texts are.
type shown struct {
	group      int
	at         []byte // where it is within its group
	key, value string
}

// side yields the entries of a state in one checkpoint, none if it does not have the state.
func side(s *snapshot.Savepoint, name string) (iter.Seq2[shown, error], error) {
	st, err := stateOf(s.Manifest, name)
	if err != nil {
		return func(func(shown, error) bool) {}, nil //nolint:nilerr // the other checkpoint has it
	}
	p, err := newPrinter(st)
	if err != nil {
		return nil, err
	}
	entries := s.Manifest.Items(st.Operator, st.Name)
	if snapshot.IsKeyed(st.Kind) {
		entries = s.Entries(st.Operator, st.Name)
	}
	n := 0
	return func(yield func(shown, error) bool) {
		for e, err := range entries {
			if err != nil {
				yield(shown{}, err)
				return
			}
			v := shown{group: e.Group, at: slices.Concat(e.Head, e.Key, e.Sub)}
			if !snapshot.IsKeyed(st.Kind) { // by their place
				v.key, v.group = fmt.Sprintf("element %d", n), n
				n++
			}
			key, value, err := p.line(e)
			if st.Kind == state.KindTimers {
				value = ""
			}
			v.key, v.value = cmp.Or(key, v.key), value
			if !yield(v, err) || err != nil {
				return
			}
		}
	}, nil
}

// state merges the entries of a state, which both checkpoints give in one order.
func (d *differ) state(name string) (n counts, err error) {
	left, err := side(d.a, name)
	if err != nil {
		return n, err
	}
	right, err := side(d.b, name)
	if err != nil {
		return n, err
	}
	nextA, stopA := iter.Pull2(left)
	defer stopA()
	nextB, stopB := iter.Pull2(right)
	defer stopB()
	a, errA, okA := nextA()
	b, errB, okB := nextB()
	for okA || okB {
		if err := cmpErr(errA, errB, d.ctx.Err()); err != nil {
			return n, err
		}
		order := compare(a, b, okA, okB)
		switch {
		case order < 0:
			n.less++
			d.write("-", a)
		case order > 0:
			n.more++
			d.write("+", b)
		case a.value != b.value:
			n.changed++
			d.write("-", a)
			d.write("+", b)
		}
		if order <= 0 {
			a, errA, okA = nextA()
		}
		if order >= 0 {
			b, errB, okB = nextB()
		}
	}
	return n, nil
}

func cmpErr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func compare(a, b shown, okA, okB bool) int {
	switch {
	case !okA:
		return 1
	case !okB:
		return -1
	}
	return cmp.Or(cmp.Compare(a.group, b.group), bytes.Compare(a.at, b.at))
}

func (d *differ) write(sign string, s shown) {
	if d.show == "" {
		return
	}
	if d.lines++; d.limit > 0 && d.lines > d.limit {
		if d.lines == d.limit+1 {
			d.printf("… more; -limit 0 shows all\n")
		}
		return
	}
	d.printf("%s %s  %s\n", sign, s.key, s.value)
}

package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/turgo-io/turgo/state/snapshot"
)

type lsFlags struct{ json bool }

func lsCommand() *command {
	return &command{
		name: "checkpoint ls", args: "STORE", least: 1, most: 1,
		short: "lists the checkpoints of a store",
		long: `Lists the checkpoints of a store, oldest first. BYTES is what all files of one have; NEW what the ones before it in the
list do not have: what an incremental checkpoint has uploaded.
`,
		flags: func(f *flag.FlagSet) any {
			l := &lsFlags{}
			f.BoolVar(&l.json, "json", false, "write a JSON object for each checkpoint")
			return l
		},
		run: ls,
	}
}

// listed is a checkpoint as ls shows it.
type listed struct {
	ID     uint64    `json:"id"`
	Taken  time.Time `json:"taken"`
	Job    string    `json:"job"`
	Kind   string    `json:"kind"`
	Tasks  int       `json:"tasks"`
	States int       `json:"states"`
	Bytes  int64     `json:"bytes"`
	New    int64     `json:"new"`
	Fault  string    `json:"fault,omitempty"`
}

func ls(c *call) error {
	store, closeStore, err := openStore(c.ctx, c.args[0], false)
	if err != nil {
		return err
	}
	defer closeStore()
	ids, err := snapshot.List(c.ctx, store)
	if err == nil && len(ids) == 0 {
		err = snapshot.ErrNone
	}
	if err != nil {
		return explained(c.args[0], 0, err)
	}
	seen := map[string]bool{}
	all := make([]listed, 0, len(ids))
	for _, id := range ids {
		m, err := snapshot.Read(c.ctx, store, id)
		switch {
		case err == nil:
			all = append(all, describe(m, seen))
		case snapshot.IsLost(err):
			all = append(all, listed{ID: id, Fault: err.Error()})
		default:
			return err
		}
	}
	if c.flags.(*lsFlags).json {
		return lsJSON(c, all)
	}
	return lsTable(c, all)
}

// describe sums a checkpoint up; blobs that are not in seen are new, and are then.
func describe(m *snapshot.Manifest, seen map[string]bool) listed {
	l := listed{ID: m.ID, Taken: time.Unix(0, m.Time).UTC(), Job: m.Job, Kind: kindOf(m), Tasks: len(m.Tasks), States: len(m.States()), Bytes: m.Bytes()}
	for _, t := range m.Tasks {
		for _, f := range t.Files {
			if !seen[f.Blob] {
				seen[f.Blob] = true
				l.New += f.Bytes
			}
		}
	}
	return l
}

func kindOf(m *snapshot.Manifest) string {
	if m.Savepoint {
		return "savepoint"
	}
	return "checkpoint"
}

func lsJSON(c *call, all []listed) error {
	e := json.NewEncoder(c.out)
	for _, l := range all {
		if err := e.Encode(l); err != nil {
			return err
		}
	}
	return nil
}

func lsTable(c *call, all []listed) error {
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "ID\tTAKEN\tJOB\tKIND\tTASKS\tSTATES\tBYTES\tNEW")
	for _, l := range all {
		if l.Fault != "" {
			_, _ = fmt.Fprintf(w, "%d\tunreadable: %s\n", l.ID, l.Fault)
			continue
		}
		_, _ = fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%d\t%d\t%s\t%s\n", l.ID, l.Taken.Format(time.RFC3339), l.Job, l.Kind, l.Tasks, l.States, size(l.Bytes), size(l.New))
	}
	return w.Flush()
}

// size writes a number of bytes for people.
func size(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	f, u := float64(n), 0
	for f >= 1024 && u < len(units)-1 {
		f, u = f/1024, u+1
	}
	if u == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", f, units[u])
}

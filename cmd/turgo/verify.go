package main

import (
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/turgo-io/turgo/state/snapshot"
)

type verifyFlags struct{ deep bool }

func verifyCommand() *command {
	return &command{
		name: "checkpoint verify", args: "CHECKPOINT", least: 1, most: 1,
		short: "reads every byte of the checkpoints and checks it",
		long: `Reads every byte of a checkpoint, or of all in a store, and compares it with the checksums of the manifest. With -deep it
also reads every entry of every state by its schema. The exit code is 1 if something is damaged or missing.
`,
		flags: func(f *flag.FlagSet) any {
			v := &verifyFlags{}
			f.BoolVar(&v.deep, "deep", false, "read every entry, too")
			return v
		},
		run: verify,
	}
}

func verify(c *call) error {
	at, id, err := cutID(c.args[0])
	if err != nil {
		return err
	}
	store, closeStore, err := openStore(c.ctx, at, false)
	if err != nil {
		return err
	}
	defer closeStore()
	ids := []uint64{id}
	if id == 0 {
		if ids, err = snapshot.List(c.ctx, store); err == nil && len(ids) == 0 {
			err = explained(at, 0, snapshot.ErrNone)
		}
		if err != nil {
			return err
		}
	}
	var found error
	for _, id := range ids {
		err := verifyOne(c, store, at, id)
		switch {
		case err == nil:
		case snapshot.IsLost(err):
			found = errFound
			c.printf("checkpoint %d: damaged\n", id)
			for _, fault := range faults(err) {
				c.printf("  %v\n", fault)
			}
		default:
			return err
		}
	}
	return found
}

// faults takes joined errors apart.
func faults(err error) []error {
	if all, ok := err.(interface{ Unwrap() []error }); ok && !errors.Is(err, os.ErrNotExist) {
		var out []error
		for _, e := range all.Unwrap() {
			if e == snapshot.ErrCorrupt || e == snapshot.ErrNotFound { //nolint:errorlint // err wraps it with words around
				return []error{err}
			}
			out = append(out, faults(e)...)
		}
		return out
	}
	return []error{err}
}

func verifyOne(c *call, store snapshot.Store, at string, id uint64) error {
	m, err := snapshot.Read(c.ctx, store, id)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "turgo-")
	if err != nil {
		return err
	}
	err = snapshot.Verify(c.ctx, store, m, vfs.Default, dir)
	if err := errors.Join(err, os.RemoveAll(dir)); err != nil {
		return err
	}
	entries := ""
	if c.flags.(*verifyFlags).deep {
		n, err := readAll(c, fmt.Sprintf("%s@%d", at, id))
		if err != nil {
			return err
		}
		entries = fmt.Sprintf(", %d entries", n)
	}
	c.printf("checkpoint %d: %d files, %s%s: good\n", id, countFiles(m), size(m.Bytes()), entries)
	return nil
}

func countFiles(m *snapshot.Manifest) int {
	seen := map[string]bool{}
	for _, t := range m.Tasks {
		for _, f := range t.Files {
			seen[f.Blob] = true
		}
	}
	return len(seen)
}

// readAll reads every entry of a checkpoint by its schema.
func readAll(c *call, checkpoint string) (n int, err error) {
	s, done, err := openCheckpoint(c.ctx, checkpoint)
	if err != nil {
		return 0, err
	}
	defer done()
	for _, st := range s.Manifest.States() {
		entries, err := side(s, st.Operator+"/"+st.Name)
		if err != nil {
			return n, fmt.Errorf("%w: %v: %w", snapshot.ErrCorrupt, st, err)
		}
		for _, err := range entries {
			if err != nil {
				return n, fmt.Errorf("%w: %v: %w", snapshot.ErrCorrupt, st, err)
			}
			n++
		}
	}
	return n, nil
}

package main

import (
	"errors"
	"flag"

	"github.com/turgo-io/turgo/state/snapshot"
)

type copyFlags struct{ job string }

func copyCommand() *command {
	return &command{
		name: "checkpoint copy", args: "CHECKPOINT STORE", least: 2, most: 2,
		short: "writes a copy of a checkpoint into another store",
		long: `Writes a copy of a checkpoint into another store, every byte checked on the way: to keep it for good, to move a job
from a directory to a bucket, or to start a second job from it. The copy is a savepoint: no retention removes it.
`,
		flags: func(f *flag.FlagSet) any {
			c := &copyFlags{}
			f.StringVar(&c.job, "job", "", "the name of the job that starts from the copy, if it is another one")
			return c
		},
		run: func(c *call) error {
			job := c.flags.(*copyFlags).job
			return rewrite(c, func(e *snapshot.Editor) {
				if job != "" {
					e.Rename(job)
				}
			})
		},
	}
}

// rewrite writes a checkpoint, changed, into another store.
func rewrite(c *call, change func(*snapshot.Editor)) error {
	from, _, _ := cutID(c.args[0]) // what is wrong with it is said below
	if from == c.args[1] {
		return errors.New("the new checkpoint belongs into another store: the job of this one would go on from it")
	}
	s, done, err := openCheckpoint(c.ctx, c.args[0])
	if err != nil {
		return err
	}
	defer done()
	to, closeStore, err := openStore(c.ctx, c.args[1], true)
	if err != nil {
		return err
	}
	defer closeStore()
	e := snapshot.Edit(s)
	change(e)
	m, err := e.Save(c.ctx, to, 0)
	if err != nil {
		return err
	}
	c.printf("wrote checkpoint %d of job %q to %s: %s, max parallelism %d (was %d)\n", m.ID, m.Job, c.args[1], size(m.Bytes()), m.MaxParallelism(), s.Manifest.MaxParallelism())
	return nil
}

package main

import (
	"fmt"
	"os"

	"github.com/turgo-io/turgo/state/snapshot"
)

func vetCommand() *command {
	return &command{
		name: "vet", args: "CHECKPOINT SCHEMA.json", least: 2, most: 2,
		short: "says whether a program can go on from a checkpoint",
		long: `Compares a checkpoint with what a program keeps, and says what a start would do, without one: state that is read, refused,
dropped, or begins empty. The schema is what stream.Job.Schema gives, written as JSON by its Encode; a test of the program
is a good place to write it. The exit code is 1 if the start would be refused.
`,
		run: vet,
	}
}

func vet(c *call) error {
	text, err := os.ReadFile(c.args[1])
	if err != nil {
		return err
	}
	p, err := snapshot.DecodeProgram(text)
	if err != nil {
		return fmt.Errorf("%s: %w", c.args[1], err)
	}
	m, _, closeStore, err := readManifest(c.ctx, c.args[0])
	if err != nil {
		return err
	}
	defer closeStore()
	var found error
	for _, f := range snapshot.Vet(m, p) {
		c.printf("%s\n", f)
		if f.Fatal {
			found = errFound
		}
	}
	if found == nil {
		c.printf("job %q can go on from checkpoint %d\n", p.Job, m.ID)
	}
	return found
}

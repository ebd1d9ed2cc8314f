// Command turgo looks at the checkpoints of Turgo's jobs and says whether a program can go on from one; it explains models.
//
//	turgo checkpoint ls s3://bucket/fraud            which checkpoints there are
//	turgo checkpoint get state@7                     what is in checkpoint 7 of the directory "state"
//	turgo checkpoint get state accounts/balance      the entries of a state, as JSON lines
//	turgo checkpoint diff state@6 state@7            what changed between two checkpoints
//	turgo checkpoint verify state                    reads every byte and checks it
//	turgo checkpoint copy state@7 s3://bucket/kept   keeps a checkpoint, or moves a job
//	turgo checkpoint rescale -max-parallelism 512 state other    writes a checkpoint with more key groups
//	turgo vet state schema.json                      compares with what stream.Job.Schema has written
//	turgo model explain -runs 10 model.onnx          what loading makes of a model's graph, and what its nodes cost
//
// It reads only, but for copy and rescale, which write to another place. It needs no Go type of the job's: checkpoints hold the
// schemas of what is in them.
//
// Exit codes: 0 all is well; 1 something was found (damage, differences, a program that does not fit) or went wrong; 2
// the command line is not right.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// command is one of the program's.
type command struct {
	name  string // all its words
	args  string
	short string
	long  string
	run   func(c *call) error
	flags func(f *flag.FlagSet) any // registers flags and returns where their values are
	least int
	most  int
}

// call is a command with what it was given.
type call struct {
	ctx   context.Context
	out   io.Writer
	flags any
	args  []string
}

func (c *call) printf(format string, args ...any) { _, _ = fmt.Fprintf(c.out, format, args...) }

// errFound ends a command that has said on its output what it found.
var errFound = errors.New("found")

const checkpointHelp = `CHECKPOINT is STORE or STORE@ID; without an ID the newest that is whole.
STORE is the directory of stream.StateDir, or a URL: s3://bucket/prefix, gs://bucket/prefix, azblob://container/prefix;
options of the URL are those of the packages s3store, gcsstore and azurestore.
`

// commands lists the commands, as help shows them.
func commands() []*command {
	return []*command{lsCommand(), getCommand(), diffCommand(), verifyCommand(), copyCommand(), rescaleCommand(), vetCommand(), explainCommand()}
}

// run is the program.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	if len(args) == 0 {
		help(errOut, nil)
		return 2
	}
	if isHelp(args[0]) {
		help(out, args)
		return 0
	}
	cmd, rest := find(args)
	if cmd == nil {
		_, _ = fmt.Fprintf(errOut, "turgo: there is no command %q; turgo help lists them\n", strings.Join(args[:min(2, len(args))], " "))
		return 2
	}
	c := &call{ctx: ctx, out: out}
	set := flag.NewFlagSet(cmd.name, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	if cmd.flags != nil {
		c.flags = cmd.flags(set)
	}
	err := set.Parse(rest)
	if errors.Is(err, flag.ErrHelp) {
		cmd.help(out, set)
		return 0
	}
	c.args = set.Args()
	if err == nil && (len(c.args) < cmd.least || len(c.args) > cmd.most) {
		err = fmt.Errorf("it takes %s", cmd.args)
	}
	if err != nil {
		_, _ = fmt.Fprintf(errOut, "turgo %s: %v\n", cmd.name, err)
		cmd.usage(errOut)
		return 2
	}
	err = cmd.run(c)
	if err != nil && !errors.Is(err, errFound) {
		_, _ = fmt.Fprintf(errOut, "turgo %s: %v\n", cmd.name, err)
	}
	return exitOf(err == nil)
}

func exitOf(ok bool) int {
	if ok {
		return 0
	}
	return 1
}

func isHelp(arg string) bool {
	return arg == "help" || arg == "-h" || arg == "-help" || arg == "--help"
}

// find returns the command that the arguments begin with, and what follows it.
func find(args []string) (*command, []string) {
	for _, c := range commands() {
		words := strings.Fields(c.name)
		if len(args) >= len(words) && strings.Join(args[:len(words)], " ") == c.name {
			return c, args[len(words):]
		}
	}
	return nil, nil
}

// help writes what the program can do, or, with words behind "help", what a command can.
func help(out io.Writer, args []string) {
	if len(args) > 1 {
		if c, _ := find(args[1:]); c != nil {
			set := flag.NewFlagSet(c.name, flag.ContinueOnError)
			if c.flags != nil {
				c.flags(set)
			}
			c.help(out, set)
			return
		}
	}
	_, _ = fmt.Fprintln(out, "turgo looks at the checkpoints of Turgo's jobs.")
	_, _ = fmt.Fprintln(out)
	for _, c := range commands() {
		_, _ = fmt.Fprintf(out, "  turgo %-20s %s\n", c.name, c.short)
	}
	_, _ = fmt.Fprintln(out)
	_, _ = fmt.Fprint(out, checkpointHelp)
	_, _ = fmt.Fprintln(out, "turgo help COMMAND says more.")
}

func (c *command) usage(out io.Writer) {
	flags := ""
	if c.flags != nil {
		flags = "[flags] "
	}
	_, _ = fmt.Fprintf(out, "usage: turgo %s %s%s\n", c.name, flags, c.args)
}

func (c *command) help(out io.Writer, set *flag.FlagSet) {
	c.usage(out)
	_, _ = fmt.Fprintf(out, "\n%s\n%s", c.long, checkpointHelp)
	if c.flags == nil {
		return
	}
	_, _ = fmt.Fprintln(out, "\nflags:")
	set.SetOutput(out)
	set.PrintDefaults()
}

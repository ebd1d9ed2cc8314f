package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// config is what the command line says.
type config struct {
	brokers    string
	topic      string
	produce    bool
	follow     bool
	input      string
	payments   int
	cards      int
	seed       uint64
	corrupt    int
	rate       float64
	dir        string
	crashAfter time.Duration
	parallel   int
	every      time.Duration
	verbose    bool
	graph      bool
}

func parseFlags(args []string) (*config, error) {
	c := &config{}
	f := flag.NewFlagSet("fraud", flag.ContinueOnError)
	f.Usage = func() {
		fmt.Fprintln(f.Output(), "fraud finds fraudulent card payments in a stream, as they are made.\n\nWithout flags it starts a Kafka broker in this process, produces payments to it, and scores them.\n\nFlags:")
		f.PrintDefaults()
	}
	f.StringVar(&c.brokers, "brokers", "", "use these Kafka brokers, host:port with commas between, instead of one in this process")
	f.StringVar(&c.topic, "topic", "payments", "topic of the payments; alerts go to the topic of that name with -alerts behind it")
	f.BoolVar(&c.produce, "produce", false, "with -brokers: write simulated payments to the topic (created if missing), read them, and end")
	f.BoolVar(&c.follow, "follow", false, "with -brokers: go on when the topic is read to its end, until interrupted")
	f.StringVar(&c.input, "input", "", "read the payments of this file, CSV (.csv) or JSON lines, instead of Kafka")
	f.IntVar(&c.payments, "payments", 500_000, "how many payments to simulate")
	f.IntVar(&c.cards, "cards", 20_000, "how many cards they are made with")
	f.Uint64Var(&c.seed, "seed", 1, "seed of the simulation")
	f.IntVar(&c.corrupt, "corrupt", 0, "how many records that are no payments to put between them")
	f.Float64Var(&c.rate, "rate", 0, "payments a second; 0 is as fast as can be")
	f.StringVar(&c.dir, "dir", "", "keep broker, state and results here, and go on from there next time; empty: a temporary one")
	f.DurationVar(&c.crashAfter, "crash-after", 0, "kill this process hard (SIGKILL) after so long; needs -dir")
	f.IntVar(&c.parallel, "parallelism", 2, "subtasks of each operator")
	f.DurationVar(&c.every, "checkpoint", time.Second, "interval of the checkpoints")
	f.BoolVar(&c.verbose, "v", false, "print every alert, and log")
	f.BoolVar(&c.graph, "graph", false, "print the job's graph as Mermaid and end")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("unknown argument %q; see -help", f.Arg(0))
	}
	return c, c.validate()
}

func (c *config) validate() error {
	var faults []error
	add := func(bad bool, text string) {
		if bad {
			faults = append(faults, errors.New(text))
		}
	}
	add(c.crashAfter > 0 && c.dir == "", "-crash-after needs -dir: without it nothing is left to go on from")
	add(c.brokers == "" && (c.produce || c.follow), "-produce and -follow go with -brokers")
	add(c.produce && c.follow, "-produce ends with the last payment, -follow never: choose one")
	add(c.brokers != "" && c.input != "", "-brokers and -input are two sources: choose one")
	add(c.payments < 1 || c.cards < 1, "-payments and -cards must be positive")
	add(c.rate < 0, "-rate must not be negative")
	add(c.parallel < 1, "-parallelism must be at least 1")
	add(c.every <= 0, "-checkpoint must be positive")
	return errors.Join(faults...)
}

// embedded reports whether the broker runs in this process.
func (c *config) embedded() bool { return c.brokers == "" && c.input == "" }

// place makes the directory for this run; done removes it if it was temporary.
func (c *config) place() (done func(), err error) {
	if c.dir != "" {
		return func() {}, os.MkdirAll(c.dir, 0o755)
	}
	c.dir, err = os.MkdirTemp("", "fraud-*")
	return func() { _ = os.RemoveAll(c.dir) }, err
}

func (c *config) path(name string) string { return filepath.Join(c.dir, name) }

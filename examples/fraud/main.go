package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/turgo-io/turgo/connector/format"
	"github.com/turgo-io/turgo/connector/kafka"
	"github.com/turgo-io/turgo/examples/fraud/model"
	"github.com/turgo-io/turgo/examples/fraud/payments"
	"github.com/turgo-io/turgo/inference"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/stream"
)

func main() {
	c, err := parseFlags(os.Args[1:])
	if err == nil {
		err = run(c)
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "fraud:", err)
		os.Exit(1)
	}
}

func run(c *config) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	done, err := c.place()
	if err != nil {
		return err
	}
	defer done()
	if c.crashAfter > 0 {
		time.AfterFunc(c.crashAfter, func() { _ = syscall.Kill(os.Getpid(), syscall.SIGKILL) })
	}
	m := &meter{all: c.verbose, out: os.Stdout}
	job := stream.NewJob("fraud", stream.StateDir(c.path("state")), stream.CheckpointEvery(c.every),
		stream.Parallelism(c.parallel), stream.Logger(c.logger()))
	if c.input != "" {
		return runFile(ctx, c, m, job)
	}
	return runKafka(ctx, c, m, job)
}

// runKafka reads the payments from Kafka; unless a cluster is given, both are in this process.
func runKafka(ctx context.Context, c *config, m *meter, job *stream.Job) error {
	b, err := openBroker(c)
	if err != nil {
		return err
	}
	defer b.close()
	results := c.topic + "-alerts"
	for _, t := range []string{c.topic, results} {
		if !c.produces() && t == c.topic {
			continue
		}
		if err := kafka.CreateTopic(ctx, b.addresses, t, partitions); err != nil {
			return err
		}
	}
	source := kafka.Source[Arrival]{
		Brokers: b.addresses, Topics: []string{c.topic}, Decode: format.MetaFunc[Arrival](decode), BadRecords: format.DeadLetter,
	}
	if !c.follow {
		source.Stop = kafka.Latest()
	}
	var have map[int32]int64
	if c.produces() {
		if have, err = present(ctx, b, c.topic); err != nil {
			return err
		}
		counts, err := planned(c)
		if err != nil {
			return err
		}
		source.Stop = kafka.Offsets(map[string]map[int32]int64{c.topic: counts})
	}
	alerts, err := c.build(job, m, source)
	if err != nil {
		return err
	}
	publish(b, results, alerts)
	if c.graph {
		return printGraph(job)
	}
	return c.measure(ctx, m, job, func(ctx context.Context) error {
		if !c.produces() {
			return nil
		}
		return produce(ctx, c, b, have)
	})
}

// produces reports whether this process writes the payments.
func (c *config) produces() bool { return c.embedded() || c.produce }

// decode reads a payment, and when Kafka got it.
func decode(m *format.Meta, data []byte, a *Arrival) error {
	a.At = m.Time
	return payments.Decode(data, &a.Payment)
}

// build adds the pipeline and the results that every run has.
func (c *config) build(job *stream.Job, m *meter, source operator.Source[Arrival]) (*stream.Stream[Alert], error) {
	scorer, err := inference.Load(model.ONNX(), inference.Named("fraud"))
	if err != nil {
		return nil, err
	}
	arrivals := stream.From(job, source).ID("payments")
	arrivals.Side(operator.DeadLetters).To(&deadLetters{m: m}).ID("dead-letters")
	alerts, totals := Pipeline(arrivals.Via(operator.NewUpdate(m.countIn)).Name("count-in"), scorer, model.Threshold, inference.Batch{Max: 256, Delay: 2 * time.Millisecond})
	store(c, alerts, totals.Via(operator.NewUpdate(m.countScored)).Name("count-scored"))
	alerts.To(m)
	return alerts, nil
}

func printGraph(job *stream.Job) error {
	g, err := job.Graph()
	if err == nil {
		fmt.Print(g.Mermaid())
	}
	return err
}

// measure runs the job beside what feeds it, and prints the progress and the summary.
func (c *config) measure(ctx context.Context, m *meter, job *stream.Job, feed func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	m.began = time.Now()
	fed := make(chan error, 1)
	go func() {
		err := feed(ctx)
		if err != nil {
			cancel(err) // without payments the job would wait for ever
		}
		fed <- err
	}()
	ticking, quiet := context.WithCancel(ctx)
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		m.progress(ticking, job.Checkpoints)
	}()
	err := job.Run(ctx)
	took := time.Since(m.began)
	cancel(nil)
	quiet()
	<-shown
	if feedErr := <-fed; err == nil && feedErr != nil && !errors.Is(feedErr, context.Canceled) {
		err = feedErr
	}
	if err != nil {
		return err
	}
	s, err := c.read()
	if err == nil {
		fmt.Println(m.summary(s, took, job.Checkpoints()))
	}
	return err
}

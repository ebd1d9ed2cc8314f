package main

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/turgo-io/turgo/inference/onnx"
	"github.com/turgo-io/turgo/inference/tensor"
)

// explainFlags says how often the model is run for its nodes' times, and at what size.
type explainFlags struct {
	runs int
	dims sizes
}

// sizes is the dimensions that the command line names, as name=size.
type sizes map[string]int

func (s sizes) String() string { return fmt.Sprint(map[string]int(s)) }

// Set takes one name=size.
func (s sizes) Set(text string) error {
	name, size, ok := strings.Cut(text, "=")
	n, err := strconv.Atoi(size)
	if !ok || err != nil || n < 0 {
		return fmt.Errorf("%q is not name=size", text)
	}
	s[name] = n
	return nil
}

func explainCommand() *command {
	return &command{
		name: "model explain", args: "MODEL.onnx", least: 1, most: 1,
		short: "what loading makes of a model's graph",
		long: `Prints the graph as written, what each pass makes of it, and the graph that runs. With -runs, the model is run that often
on zeros, and each node's share of the time is shown; dimensions that the model leaves open are 1, or what -dim says.
`,
		run: explain,
		flags: func(f *flag.FlagSet) any {
			v := &explainFlags{dims: sizes{}}
			f.IntVar(&v.runs, "runs", 0, "runs for measuring the nodes")
			f.Var(v.dims, "dim", "`name=size` of an open dimension; may be repeated")
			return v
		},
	}
}

func explain(c *call) error {
	data, err := os.ReadFile(c.args[0])
	if err != nil {
		return err
	}
	e, err := onnx.Explain(data)
	if err != nil {
		return err
	}
	flags := c.flags.(*explainFlags)
	if flags.runs > 0 {
		costs, err := measure(data, flags)
		if err != nil {
			return err
		}
		if err := e.AddCosts(costs); err != nil {
			return err
		}
	}
	return e.Write(c.out)
}

// measure runs the model on zeros and returns the mean time of each node.
func measure(data []byte, flags *explainFlags) ([]onnx.NodeCost, error) {
	m, err := onnx.Load(data)
	if err != nil {
		return nil, err
	}
	var in []tensor.Value
	for _, v := range m.Inputs() {
		t, err := zeros(v, flags.dims)
		if err != nil {
			return nil, err
		}
		in = append(in, t)
	}
	start := time.Now()
	p := m.Profile(func() time.Duration { return time.Since(start) })
	for range flags.runs {
		if err := p.Run(in); err != nil {
			return nil, err
		}
	}
	costs := p.Costs()
	for i := range costs {
		costs[i].Time /= time.Duration(flags.runs)
	}
	return costs, nil
}

// zeros is an input of a model with nothing in it.
func zeros(v onnx.ValueInfo, dims sizes) (*tensor.Tensor, error) {
	if v.Kind != tensor.KindTensor || v.Elem == tensor.Undefined {
		return nil, fmt.Errorf("input %s cannot be made up: run without -runs", v)
	}
	shape := make([]int, len(v.Dims))
	for i, d := range v.Dims {
		shape[i] = 1
		if d.Size >= 0 {
			shape[i] = int(d.Size)
		} else if n, ok := dims[d.Name]; ok {
			shape[i] = n
		}
	}
	return tensor.New(v.Elem, shape...)
}

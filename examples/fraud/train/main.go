// Command train writes the data that train.py learns from: it runs simulated
// worlds through the very cleaning and features that the job runs, in plain Go.
//
//	go run ./examples/fraud/train -dir /tmp/fraud
//	python examples/fraud/train/train.py /tmp/fraud examples/fraud/model
//
// Each world gives two files, SET.x.npy (float32 [N, columns]) and SET.y.npy
// (uint8 [N], the kind of fraud, 0 for none). The sets are train-SEED for each
// training seed, valid, and demo, the world that the example streams.
package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/turgo-io/turgo/examples/fraud/features"
	"github.com/turgo-io/turgo/examples/fraud/payments"
)

func main() {
	dir := flag.String("dir", "", "folder to write to (made if missing)")
	first := flag.Uint64("seed", 1001, "first training seed; the validation seed follows the last")
	worlds := flag.Int("worlds", 5, "number of training worlds")
	demo := flag.Uint64("demo", 1, "seed of the demo's world")
	n := flag.Int("n", 500_000, "payments of each world")
	flag.Parse()
	if *dir == "" {
		log.Fatal("train: -dir is missing: name a folder for the data, e.g. -dir /tmp/fraud")
	}
	if err := run(*dir, *first, *worlds, *demo, *n); err != nil {
		log.Fatal(err)
	}
}

func run(dir string, first uint64, worlds int, demo uint64, n int) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	columns := []byte(strings.Join(features.Columns(), "\n") + "\n")
	if err := os.WriteFile(filepath.Join(dir, "columns.txt"), columns, 0o644); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	for i := range worlds {
		seed := first + uint64(i)
		if err := world(dir, fmt.Sprintf("train-%d", seed), seed, n); err != nil {
			return err
		}
	}
	return errors.Join(world(dir, "valid", first+uint64(worlds), n), world(dir, "demo", demo, n))
}

// world writes one set.
func world(dir, set string, seed uint64, n int) error {
	sim, err := payments.NewSimulator(payments.Config{Seed: seed, Payments: n})
	if err != nil {
		return err
	}
	x, err := create(filepath.Join(dir, set+".x.npy"), "<f4", n, len(features.Columns()))
	if err != nil {
		return err
	}
	y, err := create(filepath.Join(dir, set+".y.npy"), "|u1", n)
	if err != nil {
		return errors.Join(err, x.close())
	}
	var row []float32
	var buf []byte
	for f := range features.Stream(sim.All()) {
		row, buf = f.AppendRow(row[:0]), buf[:0]
		for _, v := range row {
			buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
		}
		x.w.Write(buf)
		y.w.WriteByte(byte(f.Payment.Fraud))
	}
	return errors.Join(x.close(), y.close())
}

// npy is an open NumPy file; write errors show when it is closed.
type npy struct {
	f *os.File
	w *bufio.Writer
}

// create starts a file of the format's version 1.0: magic, version, length of
// the header, header padded to 64 bytes.
func create(path, dtype string, shape ...int) (*npy, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	dims := ""
	for _, d := range shape {
		dims += fmt.Sprintf("%d,", d)
	}
	head := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", dtype, dims)
	pad := 63 - (10+len(head))%64
	head += strings.Repeat(" ", pad) + "\n"
	w := bufio.NewWriterSize(f, 1<<20)
	w.WriteString("\x93NUMPY\x01\x00")
	w.Write(binary.LittleEndian.AppendUint16(nil, uint16(len(head))))
	w.WriteString(head)
	return &npy{f, w}, nil
}

func (n *npy) close() error { return errors.Join(n.w.Flush(), n.f.Close()) }

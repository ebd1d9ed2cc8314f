package model

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"fmt"
	"strconv"
)

//go:embed model.onnx
var onnx []byte

//go:embed golden.csv
var golden []byte

// Threshold is the probability of fraud from which on a payment is an alert:
// where precision and recall were equal on the validation world.
const Threshold float32 = 0.38

// ONNX is the model file. The caller gets a copy of its own.
func ONNX() []byte { return bytes.Clone(onnx) }

// Row is a row of features and what ONNX Runtime makes of it.
type Row struct {
	X     []float32 // by column
	Label int64
	Score float32 // probability of fraud
}

// Golden are test rows, and the names of the model's columns in order.
func Golden() (columns []string, rows []Row, err error) {
	all, err := csv.NewReader(bytes.NewReader(golden)).ReadAll()
	if err != nil {
		return nil, nil, fmt.Errorf("model: golden.csv: %w", err)
	}
	n := len(all[0]) - 2
	for i, text := range all[1:] {
		r, err := parseRow(text, n)
		if err != nil {
			return nil, nil, fmt.Errorf("model: golden.csv: row %d: %w", i+1, err)
		}
		rows = append(rows, r)
	}
	return all[0][:n], rows, nil
}

func parseRow(text []string, n int) (r Row, err error) {
	values := make([]float32, len(text))
	for i, t := range text {
		v, err := strconv.ParseFloat(t, 32)
		if err != nil {
			return r, err
		}
		values[i] = float32(v)
	}
	return Row{X: values[:n], Label: int64(values[n]), Score: values[n+1]}, nil
}

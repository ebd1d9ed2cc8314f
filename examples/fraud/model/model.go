// Package model holds the fraud model of the example: gradient-boosted trees in
// ONNX, made by ../train, and the threshold that goes with them.
//
//	bytes := model.ONNX()          // input x [N, 32] float32
//	score := probabilities[row][1] // outputs label [N] int64, probabilities [N, 2] float32
//	alert := score >= model.Threshold
//
// README.md says how it was trained and how good it is. Golden has rows of
// features with the scores that ONNX Runtime gives them, for tests.
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

// Package model holds the fraud model of the example: gradient-boosted trees in
// ONNX, made by ../train, and the threshold that goes with them.
//
//	bytes := model.ONNX()          // input x [N, 32] float32
//	score := probabilities[row][1] // outputs label [N] int64, probabilities [N, 2] float32
//	alert := score >= model.Threshold
//
// # Concepts
//
//	../train/main.go ─> features of simulated worlds ─> ../train/train.py ─> model.onnx, golden.csv
//	                                                                        └> this package ─> the job
//
// README.md says how it was trained and how good it is. Golden has rows of
// features with the scores that ONNX Runtime gives them, for tests.
//
// # Invariants
//
//  1. The columns of x are the tagged fields of features.Features, in order.
//  2. The golden rows come out of the demo's world with today's simulator and
//     features; tests in ../features notice when they no longer do.
//
// What it does not do: it runs no model.
package model

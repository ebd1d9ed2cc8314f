//go:build race

package onnx_test

import "time"

const raceEnabled = true

// bombTime is how long refusing a hostile file may take.
const bombTime = 10 * time.Second

//go:build !race

package onnx_test

import "time"

const raceEnabled = false

// bombTime is how long refusing a hostile file may take.
const bombTime = time.Second

package payments_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/examples/fraud/payments"
)

var update = flag.Bool("update", false, "write the sample files anew")

// TestSamples keeps the files for the example's -input flag what the simulator
// makes.
func TestSamples(t *testing.T) {
	var jsonl, csv []byte
	csv = append(csv, payments.CSVHeader+"\n"...)
	sim := newSim(t, payments.Config{Seed: 2, Payments: 200, Cards: 12, FraudRate: 0.1, DirtyRate: 0.05, Period: 24 * time.Hour})
	for p := range sim.All() {
		jsonl = append(p.AppendJSON(jsonl), '\n')
		csv = append(p.AppendCSV(csv), '\n')
	}
	for name, want := range map[string][]byte{"payments.jsonl": jsonl, "payments.csv": csv} {
		path := filepath.Join("..", "testdata", name)
		if *update {
			require.NoError(t, os.WriteFile(path, want, 0o644))
		}
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got), "run with -update")
	}
}

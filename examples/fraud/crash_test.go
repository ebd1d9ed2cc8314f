package main

import (
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// program is this test binary: with runAsProgram set it is the example, and not a test. That saves building it.
func program(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	require.NoError(t, err)
	t.Setenv(runAsProgram, "1")
	return path
}

const runAsProgram = "TURGO_TEST_RUN_FRAUD"

// rows returns a table as text, ordered by its key.
func rows(t *testing.T, dir, table string) (all []string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "fraud.db"))
	require.NoError(t, err)
	defer db.Close()
	r, err := db.Query("SELECT * FROM " + table + " ORDER BY 1")
	require.NoError(t, err)
	defer r.Close()
	columns, err := r.Columns()
	require.NoError(t, err)
	for r.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		require.NoError(t, r.Scan(values...))
		var row strings.Builder
		for _, v := range values {
			fmt.Fprint(&row, *v.(*any), " ")
		}
		all = append(all, row.String())
	}
	require.NoError(t, r.Err())
	return all
}

// TestKilledProcessLosesNothing kills the real program twice with SIGKILL, starts it again, and compares
// its database row by row with that of a run that nobody disturbed.
func TestKilledProcessLosesNothing(t *testing.T) {
	bin, calm, rough := program(t), t.TempDir(), t.TempDir()
	run := func(dir string, args ...string) (string, error) {
		args = append([]string{"-dir", dir, "-payments", "60000", "-cards", "3000", "-checkpoint", "200ms", "-corrupt", "20"}, args...)
		cmd := exec.Command(bin, args...)
		cmd.Env = append(os.Environ(), "GOMAXPROCS=2")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := run(calm)
	require.NoError(t, err, out)
	for _, after := range []string{"900ms", "1300ms"} {
		out, err = run(rough, "-rate", "20000", "-crash-after", after)
		require.ErrorContains(t, err, "killed", out)
	}
	out, err = run(rough)
	require.NoError(t, err, out)
	require.Contains(t, out, "fraud: in=60000 scored=60000 ")
	for _, table := range []string{"alerts", "totals"} {
		want := rows(t, calm, table)
		require.NotEmpty(t, want)
		require.Equal(t, want, rows(t, rough, table), table)
	}
}

// TestFileInput reads the sample files, in both formats, with the same result.
func TestFileInput(t *testing.T) {
	bin := program(t)
	var last []string
	for _, name := range []string{"payments.csv", "payments.jsonl"} {
		dir := t.TempDir()
		out, err := exec.Command(bin, "-input", filepath.Join("testdata", name), "-dir", dir).CombinedOutput()
		require.NoError(t, err, string(out))
		totals := rows(t, dir, "totals")
		require.NotEmpty(t, totals)
		if last != nil {
			require.Equal(t, last, totals)
		}
		last = totals
	}
}

func TestFlagsAreChecked(t *testing.T) {
	for args, want := range map[string]string{
		"-crash-after 1s":             "needs -dir",
		"-brokers x:1 -input y.csv":   "two sources",
		"-produce":                    "go with -brokers",
		"-payments 0":                 "must be positive",
		"-parallelism 0 -rate -1":     "-parallelism must be at least 1",
		"surplus":                     "unknown argument",
		"-brokers x -produce -follow": "choose one",
	} {
		_, err := parseFlags(strings.Fields(args))
		require.ErrorContains(t, err, want, args)
	}
}

package main

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/state/snapshot"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type balance struct {
	Cents int64
	Tags  []string
}

type accountKey struct {
	Bank int32
	Name string
}

// fill makes a store with checkpoints 1 and 2 and a damaged one.
func fill(t *testing.T, dir string) {
	store := snapshot.NewDir(vfs.Default, filepath.Join(dir, "state"))
	e := snapshot.Bootstrap("bank", 16)
	e.At(1_790_000_000e9)
	vals := map[accountKey]balance{}
	for i := range 5 {
		vals[accountKey{int32(i), fmt.Sprint("name ", i)}] = balance{int64(i) * 100, []string{"new"}}
	}
	require.NoError(t, snapshot.SetValues(e, "accounts", "balance", maps.All(vals)))
	require.NoError(t, snapshot.SetMap(e, "accounts", "rates", func(yield func(snapshot.MapRow[string, uint8, float64]) bool) {
		_ = yield(snapshot.MapRow[string, uint8, float64]{Key: "eur", MapKey: 1, Value: 1.5}) && yield(snapshot.MapRow[string, uint8, float64]{Key: "eur", MapKey: 2, Value: 2})
	}))
	require.NoError(t, snapshot.SetLists(e, "log", "lines", maps.All(map[int][]string{7: {"a", "b"}})))
	require.NoError(t, snapshot.SetElements(e, "numbers", "positions", state.Union, []int{10, 20}))
	m, err := e.Save(t.Context(), store, 1)
	require.NoError(t, err)

	s, err := snapshot.Open(t.Context(), store, m.ID, snapshot.OpenOptions{})
	require.NoError(t, err)
	e = snapshot.Edit(s)
	e.At(1_790_000_060e9)
	require.NoError(t, snapshot.Update(e, "accounts", "balance", func(k accountKey, v *balance) bool {
		if k.Bank == 1 {
			v.Cents++
		}
		return k.Bank != 2
	}))
	require.NoError(t, snapshot.SetElements(e, "numbers", "positions", state.Union, []int{10, 25, 30}))
	m, err = e.Save(t.Context(), store, 2)
	require.NoError(t, err)
	require.NoError(t, s.Close())

	torn := snapshot.NewDir(vfs.Default, filepath.Join(dir, "damaged"))
	s, err = snapshot.Open(t.Context(), store, m.ID, snapshot.OpenOptions{})
	require.NoError(t, err)
	m, err = snapshot.Edit(s).Save(t.Context(), torn, 3)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	for _, task := range m.Tasks {
		for _, f := range task.Files {
			if strings.HasSuffix(f.Name, ".sst") {
				flip(t, filepath.Join(dir, "damaged", f.Blob))
			}
		}
	}
	require.NoError(t, torn.PutAtomic(t.Context(), "checkpoints/00000000000000000004.manifest", []byte("this is no manifest at all")))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "empty"), 0o755))
}

func flip(t *testing.T, path string) {
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	content[len(content)/2] ^= 1
	require.NoError(t, os.WriteFile(path, content, 0o600))
}

// masks are what differs between versions of libraries and machines.
var masks = []struct {
	re *regexp.Regexp
	to string
}{
	{regexp.MustCompile(`\d+(\.\d+)? (B|KiB|MiB)\b`), "SIZE"},
	{regexp.MustCompile(`blobs/[0-9a-f]{16}-\d+-`), "blobs/SUM-BYTES-"},
	{regexp.MustCompile(`[0-9a-f]{16}\b`), "SUM"},
	{regexp.MustCompile(`has \d+ bytes`), "has N bytes"},
	{regexp.MustCompile(`says \d+ and`), "says N and"},
	{regexp.MustCompile(`"(bytes|new)":\d+`), `"$1":N`},
	{regexp.MustCompile(`\b\d+ files`), "N files"},
	{regexp.MustCompile(` +(SIZE)`), "  $1"},
	{regexp.MustCompile(`BYTES +NEW`), "BYTES  NEW"},
	{regexp.MustCompile(` +\n`), "\n"},
}

// TestCommands runs scripts: a command line in, what it writes and its exit code out.
func TestCommands(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir)
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd == "file" {
				require.NoError(t, os.WriteFile(filepath.Join(dir, "schema.json"), []byte(d.Input), 0o600))
				return "written\n"
			}
			require.Equal(t, "turgo", d.Cmd)
			var out, errOut bytes.Buffer
			t.Chdir(dir)
			code := run(t.Context(), words(d.Input), &out, &errOut)
			text := strings.ReplaceAll(out.String()+errOut.String(), dir, "DIR")
			for _, m := range masks {
				text = m.re.ReplaceAllString(text, m.to)
			}
			return fmt.Sprintf("%sexit %d\n", text, code)
		})
	})
}

// words splits a command line at spaces; single quotes keep them.
func words(line string) (all []string) {
	for i, part := range strings.Split(strings.TrimSpace(line), "'") {
		if i%2 == 1 {
			all = append(all, part)
		} else {
			all = append(all, strings.Fields(part)...)
		}
	}
	return all
}

func TestFlagsOfEveryCommandParse(t *testing.T) {
	for _, c := range commands() {
		set := flag.NewFlagSet(c.name, flag.ContinueOnError)
		if c.flags != nil {
			require.NotNil(t, c.flags(set))
		}
		var out bytes.Buffer
		c.help(&out, set)
		require.Contains(t, out.String(), "usage: turgo "+c.name)
	}
}

package arch_test

import (
	"flag"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/internal/arch"
)

const (
	root    = "../.."
	apiFile = root + "/api.txt"
)

var update = flag.Bool("update", false, "write api.txt from the sources")

// module is the tree that this test is part of, read once.
var module = sync.OnceValues(func() (*arch.Tree, error) { return arch.Load(os.DirFS(root)) })

// holds fails with a line for each fault that a rule finds in the module.
func holds(t *testing.T, rule func(*arch.Tree) []string) {
	t.Helper()
	tree, err := module()
	require.NoError(t, err)
	for _, fault := range rule(tree) {
		t.Error(fault)
	}
}

func TestLayers(t *testing.T)       { holds(t, (*arch.Tree).LayerFaults) }
func TestWalls(t *testing.T)        { holds(t, (*arch.Tree).WallFaults) }
func TestLibraries(t *testing.T)    { holds(t, (*arch.Tree).LibraryFaults) }
func TestUnusedRows(t *testing.T)   { holds(t, (*arch.Tree).UnusedLibraryFaults) }
func TestRequirements(t *testing.T) { holds(t, (*arch.Tree).RequirementFaults) }
func TestFileSizes(t *testing.T)    { holds(t, (*arch.Tree).FileSizeFaults) }
func TestPurity(t *testing.T)       { holds(t, (*arch.Tree).PurityFaults) }
func TestNoInit(t *testing.T)       { holds(t, (*arch.Tree).InitFaults) }
func TestMachinePaths(t *testing.T) { holds(t, (*arch.Tree).MachinePathFaults) }
func TestPackageDocs(t *testing.T)  { holds(t, (*arch.Tree).PackageDocFaults) }
func TestComments(t *testing.T)     { holds(t, (*arch.Tree).CommentFaults) }
func TestLeakTests(t *testing.T)    { holds(t, (*arch.Tree).LeakTestFaults) }
func TestLimits(t *testing.T)       { holds(t, (*arch.Tree).LimitFaults) }

func TestFuncSizes(t *testing.T) {
	holds(t, (*arch.Tree).FuncSizeFaults)
	tree, err := module()
	require.NoError(t, err)
	funcs := tree.Funcs()
	require.NotEmpty(t, funcs)
	slices.SortFunc(funcs, func(a, b arch.Func) int { return b.Lines - a.Lines })
	t.Logf("%d functions: median %d lines, p90 %d; the longest:", len(funcs), arch.Percentile(funcs, 50), arch.Percentile(funcs, 90))
	for _, f := range funcs[:min(20, len(funcs))] {
		t.Logf("%4d  %s  %s", f.Lines, f.Name, f.At)
	}
}

// TestAPI holds the exported surface against api.txt, so that growth shows in a diff and is meant.
func TestAPI(t *testing.T) {
	tree, err := module()
	require.NoError(t, err)
	got := tree.Surface()
	if *update {
		require.NoError(t, os.WriteFile(apiFile, []byte(strings.Join(got, "\n")+"\n"), 0o644))
	}
	stored, err := os.ReadFile(apiFile)
	require.NoError(t, err)
	want := strings.Split(strings.TrimSuffix(string(stored), "\n"), "\n")
	const advice = "; if it is meant: go test ./internal/arch -run TestAPI -update, and a line in CHANGELOG.md"
	for _, line := range missing(want, got) {
		t.Error("gone from the exported surface: " + line + advice)
	}
	for _, line := range missing(got, want) {
		t.Error("new in the exported surface: " + line + advice)
	}
}

// missing returns the lines of a, sorted, that are not in b.
func missing(a, b []string) (lines []string) {
	for _, line := range a {
		if _, ok := slices.BinarySearch(b, line); !ok {
			lines = append(lines, line)
		}
	}
	return lines
}

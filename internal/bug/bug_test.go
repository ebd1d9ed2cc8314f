package bug_test

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/turgo-io/turgo/internal/bug"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var hook = regexp.MustCompile(`bug\.On\(bug\.(\w+)\)`)

// TestHooks holds the hooks in the sources against the list: each bug has one, and each is behind the constant.
func TestHooks(t *testing.T) {
	names := constants(t)
	require.Len(t, names, len(bug.All()))
	seen := map[string]bool{}
	require.NoError(t, fs.WalkDir(os.DirFS("../.."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, "internal/bug/") {
			return err
		}
		src, err := os.ReadFile("../../" + path)
		for line := range strings.Lines(string(src)) {
			for _, m := range hook.FindAllStringSubmatch(line, -1) {
				seen[m[1]] = true
				require.Contains(t, line, "bug.Enabled && "+m[0], "%s: a hook that is not behind the constant", path)
			}
		}
		return err
	}))
	for _, name := range names {
		require.True(t, seen[name], "%s has no hook", name)
	}
	require.Len(t, seen, len(names), "a hook of an unknown bug")
}

// constants are the names of the bugs.
func constants(t *testing.T) (names []string) {
	src, err := os.ReadFile("bug.go")
	require.NoError(t, err)
	_, list, _ := strings.Cut(string(src), "None ID = iota\n")
	list, _, _ = strings.Cut(list, "\n\n")
	for line := range strings.Lines(list) {
		if name := strings.TrimSpace(line); !strings.HasPrefix(name, "//") {
			names = append(names, name)
		}
	}
	return names
}

func TestDescriptions(t *testing.T) {
	said := map[string]bool{}
	for _, b := range bug.All() {
		require.Regexp(t, `^[a-z]+: `, b.String(), "bug %d", int(b))
		require.False(t, said[b.String()], b)
		said[b.String()] = true
	}
	require.GreaterOrEqual(t, len(said), 20)
	require.Equal(t, "bug 255", bug.ID(255).String())
}

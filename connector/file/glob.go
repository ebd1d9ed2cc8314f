package file

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// glob returns the files that a pattern names, sorted: one file, or those whose names match part by part as
// path.Match says. Files that a sink has not committed are left out.
func glob(ctx context.Context, fs vfs.FS, pattern string) ([]string, error) {
	root, rest := "", pattern
	if strings.HasPrefix(pattern, "/") {
		root, rest = "/", strings.TrimLeft(pattern, "/")
	}
	found := []string{root}
	for part := range strings.SplitSeq(rest, "/") {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("file: look for %s: %w", pattern, err)
		}
		if !strings.ContainsAny(part, `*?[\`) {
			for i := range found {
				found[i] = fs.PathJoin(found[i], part)
			}
			continue
		}
		var next []string
		for _, dir := range found {
			names, err := match(fs, dir, part)
			if err != nil {
				return nil, fmt.Errorf("file: pattern %s: %w", pattern, err)
			}
			next = append(next, names...)
		}
		found = next
	}
	found = slices.DeleteFunc(found, func(name string) bool {
		info, err := fs.Stat(name)
		return err != nil || info.IsDir() || strings.HasSuffix(name, pendingSuffix)
	})
	slices.Sort(found)
	return found, nil
}

// match returns what in dir matches a pattern without slashes. A folder that is not there has nothing.
func match(fs vfs.FS, dir, pattern string) (names []string, err error) {
	if _, err := path.Match(pattern, ""); err != nil {
		return nil, err
	}
	listed := dir
	if dir == "" {
		listed = "."
	}
	all, err := fs.List(listed)
	if err != nil {
		return nil, nil
	}
	for _, name := range all {
		hidden := strings.HasPrefix(name, ".") && !strings.HasPrefix(pattern, ".")
		if ok, _ := path.Match(pattern, name); ok && !hidden {
			names = append(names, fs.PathJoin(dir, name))
		}
	}
	return names, nil
}

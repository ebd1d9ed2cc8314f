package arch

import (
	"fmt"
	"slices"
	"strings"
)

// layerOf returns the index in Layers of a folder's layer, and false if it is in none.
func layerOf(dir string) (int, bool) {
	layer, longest := 0, -1
	for i, l := range Layers {
		for _, d := range l.Dirs {
			if under(dir, d) && len(d) > longest {
				layer, longest = i, len(d)
			}
		}
	}
	return layer, longest >= 0
}

// own returns the folder that an import path of this module names.
func own(importPath string) (string, bool) {
	if importPath == Module {
		return ".", true
	}
	return strings.CutPrefix(importPath, Module+"/")
}

// LayerFaults returns the imports that point up, and the packages that have no layer. A test file may import
// what it likes but internal packages of higher layers: those are tested from above.
func (t *Tree) LayerFaults() (faults []string) {
	for _, dir := range t.Packages() {
		if _, ok := layerOf(dir); !ok {
			faults = append(faults, dir+": is in no layer; put it into Layers in internal/arch/tables.go")
		}
	}
	for _, f := range t.Files {
		from, _ := layerOf(f.Dir)
		for _, spec := range f.AST.Imports {
			to, ok := own(importPath(spec))
			if !ok || f.Test && !strings.Contains("/"+to+"/", "/internal/") {
				continue
			}
			if l, ok := layerOf(to); ok && l < from {
				faults = append(faults, fmt.Sprintf("%s: %s (%s) imports %s (%s): imports point down only; move what both need below, or hand it in",
					t.at(spec), f.Dir, Layers[from].Name, to, Layers[l].Name))
			}
		}
	}
	return faults
}

// WallFaults returns the imports through a wall.
func (t *Tree) WallFaults() (faults []string) {
	for _, f := range t.Files {
		if f.Test {
			continue
		}
		for _, spec := range f.AST.Imports {
			to, ok := own(importPath(spec))
			if !ok {
				continue
			}
			for _, w := range Walls {
				if w.stops(f.Dir, to) {
					faults = append(faults, fmt.Sprintf("%s: %s must not import %s: %s", t.at(spec), f.Dir, to, w.Why))
				}
			}
		}
	}
	return faults
}

func (w *Wall) stops(from, to string) bool {
	return underAny(from, w.From) && underAny(to, w.To) && !underAny(to, w.Except)
}

// underAny reports whether dir is in or below one of roots; the root "." holds everything.
func underAny(dir string, roots []string) bool {
	return slices.ContainsFunc(roots, func(r string) bool { return r == "." || under(dir, r) })
}

// LibraryFaults returns the imports of third-party libraries by packages that Libraries does not name, outside
// tests: a library behind one package can be replaced, and is learned once.
func (t *Tree) LibraryFaults() (faults []string) {
	for _, f := range t.Files {
		if f.Test {
			continue
		}
		for _, spec := range f.AST.Imports {
			p := importPath(spec)
			if _, ok := own(p); ok || standard(p) {
				continue
			}
			lib, ok := libraryOf(p)
			switch {
			case !ok:
				faults = append(faults, fmt.Sprintf("%s: %s is in no row of Libraries in internal/arch/tables.go; a new dependency also needs a line in docs/decisions/0003", t.at(spec), p))
			case !underAny(f.Dir, lib.Importers):
				faults = append(faults, fmt.Sprintf("%s: %s imports %s, which only %s may: use that package, or change Libraries in internal/arch/tables.go with the reason",
					t.at(spec), f.Dir, p, strings.Join(lib.Importers, ", ")))
			}
		}
	}
	return faults
}

// UnusedLibraryFaults returns the rows of Libraries that nobody outside tests uses.
func (t *Tree) UnusedLibraryFaults() (faults []string) {
	used := map[string]bool{}
	for _, f := range t.Files {
		for _, spec := range f.AST.Imports {
			if lib, ok := libraryOf(importPath(spec)); ok && !f.Test {
				used[lib.Path] = true
			}
		}
	}
	for _, lib := range Libraries {
		if !used[lib.Path] && !slices.Equal(lib.Importers, testKits) {
			faults = append(faults, fmt.Sprintf("Libraries: nobody imports %s: take it out of internal/arch/tables.go, docs/decisions/0003 and go.mod", lib.Path))
		}
	}
	return faults
}

// decision is the file that says why each library is there.
const decision = "docs/decisions/0003-dependencies.md"

// RequirementFaults returns the direct requirements of go.mod that the decision on libraries does not name.
func (t *Tree) RequirementFaults() (faults []string) {
	for line := range strings.Lines(string(t.Texts["go.mod"])) {
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(fields) != 2 || !strings.HasPrefix(fields[1], "v") { // a comment behind it says indirect
			continue
		}
		if !strings.Contains(string(t.Texts[decision]), fields[0]) {
			faults = append(faults, fmt.Sprintf("go.mod: %s is required, but %s has no line of reason for it", fields[0], decision))
		}
	}
	return faults
}

// standard reports whether an import path is of the standard library: its first part has no dot.
func standard(p string) bool {
	first, _, _ := strings.Cut(p, "/")
	return !strings.Contains(first, ".")
}

func libraryOf(p string) (best Library, ok bool) {
	for _, l := range Libraries {
		if under(p, l.Path) && len(l.Path) >= len(best.Path) {
			best, ok = l, true
		}
	}
	return best, ok
}

package arch

import (
	"fmt"
	"go/ast"
	"regexp"
	"slices"
	"strings"
)

// PurityFaults returns the calls, outside tests, that read the machine's clock, files, environment or
// randomness past what a job is handed: a simulation could not replay them. Entries of ImpureFiles that
// name a file that is gone are faults too.
func (t *Tree) PurityFaults() (faults []string) {
	used := map[string]bool{}
	for _, f := range t.Files {
		if excuse, ok := excused(f.Path); ok {
			used[excuse] = true
			continue
		}
		if !f.Test {
			faults = append(faults, t.impureCalls(f)...)
		}
	}
	for name := range ImpureFiles {
		if !used[name] && strings.HasSuffix(name, ".go") {
			faults = append(faults, fmt.Sprintf("ImpureFiles: %s is gone: take it out of the list in internal/arch/tables.go", name))
		}
	}
	slices.Sort(faults)
	return faults
}

func excused(path string) (entry string, ok bool) {
	for name := range ImpureFiles {
		if under(path, name) {
			return name, true
		}
	}
	return "", false
}

func (t *Tree) impureCalls(f *File) (faults []string) {
	imports := f.Imports()
	ast.Inspect(f.AST, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		pkg, ok := sel.X.(*ast.Ident)
		if ok && impure(imports[pkg.Name], sel.Sel.Name) {
			faults = append(faults, fmt.Sprintf("%s: %s.%s: take the job's Clock, a vfs.FS or a seed that was handed in; where this is the edge of the world, add the file to ImpureFiles in internal/arch/tables.go",
				t.at(sel), pkg.Name, sel.Sel.Name))
		}
		return true
	})
	return faults
}

func impure(importPath, name string) bool {
	names, ok := Impure[importPath]
	return ok && (names == nil || slices.Contains(names, name))
}

// InitFaults returns the functions named init: what happens on import cannot be chosen, ordered or tested.
func (t *Tree) InitFaults() (faults []string) {
	for _, f := range t.Files {
		for _, d := range f.AST.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				faults = append(faults, t.at(fn)+": func init: register nothing on import; make the table a variable, or build it where it is used")
			}
		}
	}
	return faults
}

// machinePath matches the beginning of a path that exists on somebody's machine only.
var machinePath = regexp.MustCompile(`(?:^|[\s"'` + "`" + `(=:,])(?:/(?:work|root|home|Users)/\w|\.\./shared\b|[A-Z]:\\\w)`)

// MachinePathFaults returns the lines that name a path of a machine.
func (t *Tree) MachinePathFaults() (faults []string) {
	for name, src := range t.Texts {
		if !machinePath.Match(src) {
			continue
		}
		for i, line := range strings.Split(string(src), "\n") {
			if machinePath.MatchString(line) {
				faults = append(faults, fmt.Sprintf("%s:%d: names a path of one machine: %s", name, i+1, strings.TrimSpace(line)))
			}
		}
	}
	slices.Sort(faults)
	return faults
}

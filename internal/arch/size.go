package arch

import (
	"fmt"
	"go/ast"
	"slices"
)

// FileSizeFaults returns the files that are too long.
func (t *Tree) FileSizeFaults() (faults []string) {
	for _, f := range t.Files {
		if f.Lines > MaxFileLines {
			faults = append(faults, fmt.Sprintf("%s: %d lines, at most %d: split it by noun, a large type by verb", f.Path, f.Lines, MaxFileLines))
		}
	}
	return faults
}

// Func is a function with its length.
type Func struct {
	Name  string // "folder.Name" or "folder.Type.Name"
	At    string
	Lines int
}

// Funcs returns the functions outside tests.
func (t *Tree) Funcs() (funcs []Func) {
	for _, f := range t.Files {
		if f.Test {
			continue
		}
		for _, d := range f.AST.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				funcs = append(funcs, Func{f.Dir + "." + qualified(fn), t.at(fn), t.lines(fn)})
			}
		}
	}
	return funcs
}

// qualified returns a function's name with that of its receiver's type.
func qualified(fn *ast.FuncDecl) string {
	if fn.Recv == nil || len(fn.Recv.List) == 0 {
		return fn.Name.Name
	}
	return receiver(fn.Recv.List[0].Type) + "." + fn.Name.Name
}

// receiver returns the name of a receiver's type without star and type parameters.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return "?"
}

// FuncSizeFaults returns the functions that are too long without a reason in LongFuncs, the reasons that no
// long function needs any more, and whether the whole tree's functions have grown too long.
func (t *Tree) FuncSizeFaults() (faults []string) {
	funcs := t.Funcs()
	long := map[string]bool{}
	for _, f := range funcs {
		if f.Lines <= MaxFuncLines {
			continue
		}
		long[f.Name] = true
		if LongFuncs[f.Name] == "" {
			faults = append(faults, fmt.Sprintf("%s: %s has %d lines, at most %d: take its leaves out, or add it to LongFuncs in internal/arch/tables.go with the reason",
				f.At, f.Name, f.Lines, MaxFuncLines))
		}
	}
	for name := range LongFuncs {
		if !long[name] {
			faults = append(faults, fmt.Sprintf("LongFuncs: %s is not over %d lines any more, or is gone: take it out of the list", name, MaxFuncLines))
		}
	}
	slices.Sort(faults)
	return append(faults, spreadFaults(funcs)...)
}

func spreadFaults(funcs []Func) (faults []string) {
	if median := Percentile(funcs, 50); median > MedianLines {
		faults = append(faults, fmt.Sprintf("the median function has %d lines, at most %d: %s", median, MedianLines, splitAdvice))
	}
	if p90 := Percentile(funcs, 90); p90 > P90Lines {
		faults = append(faults, fmt.Sprintf("one function in ten has over %d lines, at most %d: %s", p90, P90Lines, splitAdvice))
	}
	return faults
}

const splitAdvice = "one function owns the control flow, leaves are pure; `go test -v -run TestFuncSizes ./internal/arch` lists the longest"

// Percentile returns the length that p percent of the functions do not exceed, 0 for none.
func Percentile(funcs []Func, p int) int {
	if len(funcs) == 0 {
		return 0
	}
	sizes := make([]int, len(funcs))
	for i, f := range funcs {
		sizes[i] = f.Lines
	}
	slices.Sort(sizes)
	return sizes[max(0, (len(sizes)*p+99)/100-1)]
}

package arch

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"
)

// minPackageLines is the least that says what a package is for, its concepts and what it does not do.
const minPackageLines = 5

// PackageDocFaults returns the packages without a doc.go whose comment is of some length. A program's comment
// may stand in any of its files.
func (t *Tree) PackageDocFaults() (faults []string) {
	for _, dir := range t.Packages() {
		lines, program := 0, false
		for _, f := range t.In(dir) {
			program = program || f.AST.Name.Name == "main"
			if f.AST.Doc != nil && (program || strings.HasSuffix(f.Path, "/doc.go")) {
				lines = max(lines, t.lines(f.AST.Doc))
			}
		}
		if lines < minPackageLines {
			faults = append(faults, fmt.Sprintf("%s: has no doc.go with a package comment of %d lines or more: purpose, smallest example, concepts, a diagram, invariants, what it does not do",
				dir, minPackageLines))
		}
	}
	return faults
}

// LeakTestFaults returns the packages whose tests do not end with a look for leaked goroutines.
func (t *Tree) LeakTestFaults() (faults []string) {
	tested, guarded := map[string]bool{}, map[string]bool{}
	var dirs []string
	for _, f := range t.Files {
		if !f.Test {
			continue
		}
		if !tested[f.Dir] {
			tested[f.Dir] = true
			dirs = append(dirs, f.Dir)
		}
		if strings.Contains(string(f.Source), "func TestMain(") && strings.Contains(string(f.Source), "goleak.VerifyTestMain(") {
			guarded[f.Dir] = true
		}
	}
	for _, dir := range dirs {
		if !guarded[dir] {
			faults = append(faults, dir+": add main_test.go with func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }")
		}
	}
	return faults
}

// CommentFaults returns the exported names of packages without a doc comment. In a block of constants
// or variables a comment serves for those behind it too; methods that only meet an interface, as named in
// selfEvident, need none.
func (t *Tree) CommentFaults() (faults []string) {
	for _, f := range t.Files {
		if f.Test || f.AST.Name.Name == "main" {
			continue
		}
		for _, d := range f.AST.Decls {
			for _, bare := range uncommented(d) {
				faults = append(faults, fmt.Sprintf("%s: exported %s has no doc comment: say what it promises", t.at(bare), bare.Name))
			}
		}
	}
	return faults
}

// selfEvident are methods whose interface says all there is to say.
var selfEvident = map[string]bool{"Error": true, "Unwrap": true, "String": true, "Len": true, "Less": true, "Swap": true}

func uncommented(d ast.Decl) []*ast.Ident {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Doc == nil && exportedFunc(d) && !(d.Recv != nil && selfEvident[d.Name.Name]) {
			return []*ast.Ident{d.Name}
		}
	case *ast.GenDecl:
		if d.Doc == nil || d.Tok == token.TYPE {
			return uncommentedSpecs(d)
		}
	}
	return nil
}

// exportedFunc reports whether a function, and for a method its type, can be named from outside.
func exportedFunc(d *ast.FuncDecl) bool {
	return d.Name.IsExported() && (d.Recv == nil || ast.IsExported(receiver(d.Recv.List[0].Type)))
}

func uncommentedSpecs(d *ast.GenDecl) (bare []*ast.Ident) {
	covered := false
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() && s.Doc == nil && s.Comment == nil && d.Doc == nil {
				bare = append(bare, s.Name)
			}
		case *ast.ValueSpec:
			covered = covered || s.Doc != nil || s.Comment != nil
			if s.Names[0].IsExported() && !covered {
				bare = append(bare, s.Names[0])
			}
		}
	}
	return bare
}

package arch

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/printer"
	"go/token"
	"slices"
	"strings"
)

// Public reports whether programs outside the module may import a folder's package.
func Public(dir string) bool {
	return !underAny(dir, []string{"cmd", "examples"}) && !strings.Contains("/"+dir+"/", "/internal/")
}

// Surface returns the exported surface of the public packages, one line a name, sorted: "package: declaration".
// Struct fields and interface methods have lines of their own, so that a change shows as one line of a diff.
func (t *Tree) Surface() []string {
	var lines []string
	for _, f := range t.Files {
		if f.Test || !Public(f.Dir) || f.AST.Name.Name == "main" {
			continue
		}
		for _, d := range f.AST.Decls {
			for _, s := range declared(d) {
				lines = append(lines, f.Dir+": "+s)
			}
		}
	}
	slices.Sort(lines)
	return lines
}

func declared(d ast.Decl) []string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if exportedFunc(d) {
			return []string{render(&ast.FuncDecl{Recv: unnamed(d.Recv), Name: d.Name, Type: d.Type})}
		}
	case *ast.GenDecl:
		var lines []string
		for _, spec := range d.Specs {
			lines = append(lines, declaredSpec(d.Tok, spec)...)
		}
		return lines
	}
	return nil
}

// unnamed drops a receiver's name: it is no part of the surface.
func unnamed(recv *ast.FieldList) *ast.FieldList {
	if recv == nil {
		return nil
	}
	return &ast.FieldList{List: []*ast.Field{{Type: recv.List[0].Type}}}
}

func declaredSpec(tok token.Token, spec ast.Spec) (lines []string) {
	switch s := spec.(type) {
	case *ast.ValueSpec:
		for _, n := range s.Names {
			if n.IsExported() {
				line := tok.String() + " " + n.Name
				if s.Type != nil {
					line += " " + render(s.Type)
				}
				lines = append(lines, line)
			}
		}
	case *ast.TypeSpec:
		if s.Name.IsExported() {
			return declaredType(s)
		}
	}
	return lines
}

func declaredType(s *ast.TypeSpec) []string {
	head := "type " + s.Name.Name + typeParams(s.TypeParams)
	if s.Assign.IsValid() {
		head += " ="
	}
	switch typ := s.Type.(type) {
	case *ast.StructType:
		return append([]string{head + " struct"}, members(head+" struct, ", typ.Fields)...)
	case *ast.InterfaceType:
		return append([]string{head + " interface"}, members(head+" interface, ", typ.Methods)...)
	}
	return []string{head + " " + render(s.Type)}
}

func typeParams(list *ast.FieldList) string {
	if list == nil {
		return ""
	}
	var parts []string
	for _, f := range list.List {
		for _, n := range f.Names {
			parts = append(parts, n.Name+" "+render(f.Type))
		}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// members returns a line for each exported field or method, and for what is embedded.
func members(head string, list *ast.FieldList) (lines []string) {
	for _, f := range list.List {
		if len(f.Names) == 0 {
			lines = append(lines, head+render(f.Type))
		}
		for _, n := range f.Names {
			if !n.IsExported() {
				continue
			}
			typ := render(f.Type)
			if _, ok := f.Type.(*ast.FuncType); !ok || !strings.Contains(head, " interface, ") {
				typ = " " + typ
			} else {
				typ = strings.TrimPrefix(typ, "func")
			}
			tag := ""
			if f.Tag != nil {
				tag = " " + f.Tag.Value
			}
			lines = append(lines, head+n.Name+typ+tag)
		}
	}
	return lines
}

// render prints a node on one line, without comments.
func render(n ast.Node) string {
	var b bytes.Buffer
	if err := printer.Fprint(&b, token.NewFileSet(), n); err != nil {
		return fmt.Sprintf("(%v)", err)
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// LimitFaults returns the public packages with more package-level names than Limits allows.
func (t *Tree) LimitFaults() (faults []string) {
	counts := map[string]int{}
	for _, line := range t.Surface() {
		dir, decl, _ := strings.Cut(line, ": ")
		if !strings.HasPrefix(decl, "func (") && !strings.Contains(decl, " struct, ") && !strings.Contains(decl, " interface, ") {
			counts[dir]++
		}
	}
	for dir, n := range counts {
		if limit, ok := limitOf(dir); ok && n > limit {
			faults = append(faults, fmt.Sprintf("%s: exports %d names, at most %d: unexport, merge options into the config struct, or split the package", dir, n, limit))
		}
	}
	slices.Sort(faults)
	return faults
}

// limitOf returns the limit of the longest entry that dir is in or right below.
func limitOf(dir string) (limit int, ok bool) {
	longest := -1
	for entry, n := range Limits {
		if under(dir, entry) && len(entry) > longest {
			limit, longest, ok = n, len(entry), true
		}
	}
	return limit, ok
}

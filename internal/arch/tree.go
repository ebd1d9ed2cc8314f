package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Module is the path of the module that the tests read.
const Module = "github.com/turgo-io/turgo"

// File is a Go source file.
type File struct {
	Path   string // slash-separated, from the root of the module
	Dir    string // its package's folder; "." is the root
	Test   bool   // named _test.go
	AST    *ast.File
	Source []byte
	Lines  int
}

// Tree is the source of a module: its Go files and the other texts that are kept with them.
type Tree struct {
	Fset  *token.FileSet
	Files []*File           // without generated ones, by path
	Texts map[string][]byte // every file that has text, Go or not, by path
}

// Load reads the tree at root. Folders whose name starts with a dot or an underscore, and testdata, are left
// out as the go command does.
func Load(root fs.FS) (*Tree, error) {
	t := &Tree{Fset: token.NewFileSet(), Texts: map[string][]byte{}}
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return skipDir(name)
		}
		return t.add(root, name)
	})
	if err != nil {
		return nil, fmt.Errorf("arch: read the sources: %w", err)
	}
	return t, nil
}

func skipDir(name string) error {
	base := path.Base(name)
	if name != "." && (base == "testdata" || base == "vendor" || base == "bin" || strings.HasPrefix(base, "_") ||
		strings.HasPrefix(base, ".") && base != ".ci") {
		return fs.SkipDir
	}
	return nil
}

// textSuffixes are the files, next to those without a suffix, in which a machine's path would be read by people.
var textSuffixes = []string{".go", ".md", ".yml", ".yaml", ".sh", ".py", ".s", ".awk", ".mod"}

func (t *Tree) add(root fs.FS, name string) error {
	if suffix := path.Ext(name); suffix != "" && !slices.Contains(textSuffixes, suffix) {
		return nil
	}
	src, err := fs.ReadFile(root, name)
	if err != nil {
		return err
	}
	t.Texts[name] = src
	if path.Ext(name) != ".go" {
		return nil
	}
	parsed, err := parser.ParseFile(t.Fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	if ast.IsGenerated(parsed) || toolsOnly(parsed) {
		return nil
	}
	t.Files = append(t.Files, &File{
		Path: name, Dir: path.Dir(name), Test: strings.HasSuffix(name, "_test.go"),
		AST: parsed, Source: src, Lines: strings.Count(string(src), "\n"),
	})
	return nil
}

// toolsOnly reports whether a file is never built: it only keeps requirements in go.mod.
func toolsOnly(f *ast.File) bool {
	for _, group := range f.Comments {
		for _, c := range group.List {
			if c.Text == "//go:build tools" || c.Text == "//go:build ignore" {
				return true
			}
		}
	}
	return false
}

// Packages returns the folders that hold a package, sorted.
func (t *Tree) Packages() []string {
	var dirs []string
	for _, f := range t.Files {
		if !f.Test {
			dirs = append(dirs, f.Dir)
		}
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

// In returns the files of a package's folder.
func (t *Tree) In(dir string) []*File {
	var files []*File
	for _, f := range t.Files {
		if f.Dir == dir {
			files = append(files, f)
		}
	}
	return files
}

// Imports returns the import paths of a file by the name that it calls them.
func (f *File) Imports() map[string]string {
	names := make(map[string]string, len(f.AST.Imports))
	for _, spec := range f.AST.Imports {
		p := importPath(spec)
		name := path.Base(p)
		if strings.HasPrefix(name, "v") && strings.Trim(name[1:], "0123456789") == "" {
			name = path.Base(path.Dir(p)) // a major version is no name
		}
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = p
	}
	return names
}

func importPath(spec *ast.ImportSpec) string { return strings.Trim(spec.Path.Value, "`\"") }

// at says where a node is, in the form that editors jump to.
func (t *Tree) at(n ast.Node) string {
	p := t.Fset.Position(n.Pos())
	return fmt.Sprintf("%s:%d", p.Filename, p.Line)
}

// lines returns how many lines a node has, first and last included.
func (t *Tree) lines(n ast.Node) int {
	return t.Fset.Position(n.End()).Line - t.Fset.Position(n.Pos()).Line + 1
}

// under reports whether the folder dir is root or below it.
func under(dir, root string) bool { return dir == root || strings.HasPrefix(dir, root+"/") }

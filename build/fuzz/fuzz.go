// Package fuzz finds every fuzz target of the module by reading its test files,
// so that a new one is fuzzed by CI without being listed anywhere.
package fuzz

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
)

// Target is one fuzz function.
type Target struct {
	Package string // relative to the module's root, such as "./pkg/corefile"
	Name    string // such as "FuzzRead"
}

// Targets lists the fuzz targets under root in the order of their paths.
func Targets(root string) ([]Target, error) {
	var targets []Target
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if path != root && skipped(d.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		found, err := inFile(root, path)
		targets = append(targets, found...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look for fuzz targets: %w", err)
	}
	return targets, nil
}

// skipped reports whether the go command ignores the folder too.
func skipped(name string) bool {
	return name == "node_modules" || name == "testdata" || name == "vendor" ||
		strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
}

func inFile(root, path string) ([]Target, error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Rel(root, filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	var targets []Target
	for _, decl := range file.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && isFuzz(fn) {
			targets = append(targets, Target{Package: "./" + filepath.ToSlash(dir), Name: fn.Name.Name})
		}
	}
	return targets, nil
}

// isFuzz reports whether fn is func FuzzXxx(f *testing.F).
func isFuzz(fn *ast.FuncDecl) bool {
	if fn.Recv != nil || !strings.HasPrefix(fn.Name.Name, "Fuzz") || fn.Type.Params.NumFields() != 1 {
		return false
	}
	star, ok := fn.Type.Params.List[0].Type.(*ast.StarExpr)
	if !ok {
		return false
	}
	sel, ok := star.X.(*ast.SelectorExpr)
	return ok && sel.Sel.Name == "F"
}

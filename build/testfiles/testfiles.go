// Package testfiles reads the module's test files to find the tests that need a
// call of their own, so that none has to be listed anywhere: fuzz targets, and
// packages with golden files.
package testfiles

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// Target is one fuzz function.
type Target struct {
	Package string // relative to the module's root, such as "./pkg/corefile"
	Name    string // such as "FuzzRead"
}

// FuzzTargets lists the fuzz targets under root in the order of their paths.
func FuzzTargets(root string) ([]Target, error) {
	var targets []Target
	err := visit(root, func(pkg string, file *ast.File) {
		for _, decl := range file.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && isFuzz(fn) {
				targets = append(targets, Target{Package: pkg, Name: fn.Name.Name})
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("look for fuzz targets: %w", err)
	}
	return targets, nil
}

// Golden lists the packages under root whose tests declare an -update flag,
// which rewrites their golden files.
func Golden(root string) ([]string, error) {
	var packages []string
	err := visit(root, func(pkg string, file *ast.File) {
		if declaresUpdate(file) && !slices.Contains(packages, pkg) {
			packages = append(packages, pkg)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("look for golden tests: %w", err)
	}
	return packages, nil
}

// visit parses every test file that the go command would see under root.
func visit(root string, each func(pkg string, file *ast.File)) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
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
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		each("./"+filepath.ToSlash(dir), file)
		return nil
	})
}

// skipped reports whether the go command ignores the folder too.
func skipped(name string) bool {
	return name == "node_modules" || name == "testdata" || name == "vendor" ||
		strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
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

// declaresUpdate reports whether the file calls flag.Bool("update", ...).
func declaresUpdate(file *ast.File) bool {
	found := false
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		name, isText := call.Args[0].(*ast.BasicLit)
		found = found || ok && isText && sel.Sel.Name == "Bool" && name.Value == `"update"`
		return true
	})
	return found
}

package imports

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/epicurve/epicurve"

// listed is what the test needs of go list -json.
type listed struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

// path is the package's path under the module.
func (p listed) path() string { return under(p.ImportPath) }

func under(importPath string) string { return strings.TrimPrefix(importPath, module+"/") }

func ours(importPath string) bool { return strings.HasPrefix(importPath, module+"/") }

// matches reports whether path matches one of the patterns.
func matches(patterns, path string) bool {
	return slices.ContainsFunc(strings.Fields(patterns), func(pattern string) bool {
		folder, below := strings.CutSuffix(pattern, "/...")
		return path == folder || below && strings.HasPrefix(path, folder+"/")
	})
}

// offences returns a line for everything in packages that the tables forbid.
// Test files are exempt: they may bring rooms together to test them together.
func offences(packages []listed) []string {
	var bad []string
	for _, p := range packages {
		bad = append(bad, directionOffences(p)...)
		bad = append(bad, fenceOffences(p)...)
		bad = append(bad, separationOffences(p)...)
	}
	return bad
}

func directionOffences(p listed) []string {
	i := slices.IndexFunc(rooms, func(r room) bool { return matches(r.packages, p.path()) })
	if i < 0 {
		return []string{p.path() + " is in no room: add it to the table in build/imports/directions_test.go"}
	}
	var bad []string
	for _, imported := range p.Imports {
		if ours(imported) && !matches(rooms[i].imports, under(imported)) {
			bad = append(bad, p.path()+" imports "+under(imported)+": "+rooms[i].why)
		}
	}
	return bad
}

func fenceOffences(p listed) []string {
	var bad []string
	for _, f := range fences {
		for _, imported := range p.Imports {
			if (imported == f.library || strings.HasPrefix(imported, f.library+"/")) && !matches(f.rooms, p.path()) {
				bad = append(bad, p.path()+" imports "+imported+", allowed in ["+f.rooms+"] only: "+f.why)
			}
		}
	}
	return bad
}

func separationOffences(p listed) []string {
	var bad []string
	for _, s := range separations {
		if !matches(s.programs, p.path()) {
			continue
		}
		for _, dep := range p.Deps {
			if ours(dep) && matches(s.forbidden, under(dep)) {
				bad = append(bad, p.path()+" depends on "+under(dep)+": "+s.why)
			}
		}
	}
	return bad
}

func TestImportDirections(t *testing.T) {
	for _, line := range offences(list(t)) {
		t.Error(line)
	}
}

func list(t *testing.T) []listed {
	t.Helper()
	readSources(t)
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Imports,Deps", module+"/...")
	cmd.Stderr = t.Output()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		packages = append(packages, p)
	}
	if len(packages) < 5 {
		t.Fatalf("go list found %d packages: the test would prove nothing", len(packages))
	}
	return packages
}

// readSources opens every Go file of the module: the go command's cache of test
// results sees what a test opens, but not what go list reads for it.
func readSources(t *testing.T) {
	t.Helper()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".")):
			return filepath.SkipDir
		case strings.HasSuffix(path, ".go"):
			_, err = os.ReadFile(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestOffencesAreFound holds the test itself to its job.
func TestOffencesAreFound(t *testing.T) {
	own := func(paths ...string) []string {
		for i, p := range paths {
			paths[i] = module + "/" + p
		}
		return paths
	}
	for name, tt := range map[string]struct {
		pkg  listed
		want string
	}{
		"direction":  {listed{ImportPath: module + "/pkg/corefile", Imports: own("pkg/crash")}, "pkg/corefile imports pkg/crash"},
		"siblings":   {listed{ImportPath: module + "/exporter/metrics", Imports: own("exporter/watch")}, "exporter/metrics imports exporter/watch"},
		"fence":      {listed{ImportPath: module + "/exporter/pipeline", Imports: []string{"github.com/fsnotify/fsnotify"}}, "exporter/pipeline imports github.com/fsnotify/fsnotify"},
		"driver":     {listed{ImportPath: module + "/archive/api", Imports: []string{"github.com/duckdb/duckdb-go/v2"}}, "archive/api imports github.com/duckdb/duckdb-go/v2"},
		"separation": {listed{ImportPath: module + "/exporter/ship", Deps: own("archive/api")}, "exporter/ship depends on archive/api"},
		"stores":     {listed{ImportPath: module + "/archive/store/duckdb", Imports: own("archive/store/clickhouse")}, "archive/store/duckdb imports archive/store/clickhouse"},
		"no room":    {listed{ImportPath: module + "/lobby"}, "lobby is in no room"},
	} {
		t.Run(name, func(t *testing.T) {
			got := offences([]listed{tt.pkg})
			if len(got) != 1 || !strings.HasPrefix(got[0], tt.want) {
				t.Errorf("offences = %q, want one that begins with %q", got, tt.want)
			}
		})
	}
	innocent := listed{ImportPath: module + "/exporter/pipeline", Imports: own("exporter/watch", "pkg/classify"), Deps: own("exporter/watch", "pkg/classify", "pkg/crash")}
	if got := offences([]listed{innocent}); len(got) != 0 {
		t.Errorf("offences of an innocent package = %q", got)
	}
}

package pluginzip_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/epicurve/epicurve/build/pluginzip"
)

func built() fstest.MapFS {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text), Mode: 0o600} }
	return fstest.MapFS{
		"plugin.json":                  file(`{"id":"epicurve-crasharchive-datasource","executable":"gpx_crasharchive","info":{"version":"1.2.3","updated":"2026-03-01"}}`),
		"module.js":                    file("define()"),
		"go_plugin_build_manifest":     file("hash:pkg/main.go"),
		"gpx_crasharchive_linux_amd64": file("\x7fELF"),
		"img/logo.svg":                 file("<svg/>"),
	}
}

func TestPack(t *testing.T) {
	dir := t.TempDir()
	file, err := pluginzip.Pack(built(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(dir, "epicurve-crasharchive-datasource-1.2.3.zip"); file != want {
		t.Errorf("file = %s, want %s", file, want)
	}
	modes := check(t, file)
	if m := modes["gpx_crasharchive_linux_amd64"]; m != 0o755 {
		t.Errorf("the executable has mode %v", m)
	}
	if m := modes["module.js"]; m != 0o644 {
		t.Errorf("module.js has mode %v", m)
	}
	first, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if file, err = pluginzip.Pack(built(), t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if again, err := os.ReadFile(file); err != nil || !bytes.Equal(first, again) {
		t.Errorf("the same plugin makes another zip: %v", err)
	}
}

func TestIncompletePluginIsRefused(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(built())) {
		if name == "img/logo.svg" {
			continue
		}
		dist := built()
		delete(dist, name)
		if _, err := pluginzip.Pack(dist, t.TempDir()); !errors.Is(err, pluginzip.ErrIncomplete) {
			t.Errorf("without %s: %v, want ErrIncomplete", name, err)
		}
	}
}

// TestBuiltPlugin holds the zip of the plugin as it is built to the catalogue's
// rules; TestCatalogue in pkg/plugin checks what is in the files.
func TestBuiltPlugin(t *testing.T) {
	dist := os.DirFS("../../dist")
	file, err := pluginzip.Pack(dist, t.TempDir())
	if errors.Is(err, pluginzip.ErrIncomplete) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	modes := check(t, file)
	for _, name := range []string{"plugin.json", "module.js", "module.js.map", "README.md", "CHANGELOG.md", "LICENSE", "go_plugin_build_manifest"} {
		if _, ok := modes[name]; !ok {
			t.Errorf("%s is not in the zip", name)
		}
	}
	if _, signed := modes["MANIFEST.txt"]; signed {
		t.Error("the zip holds a signature of something else")
	}
	executables := 0
	for name, mode := range modes {
		if strings.HasPrefix(name, "gpx_") {
			executables++
		} else if mode&0o111 != 0 {
			t.Errorf("%s can be executed", name)
		}
	}
	if executables == 0 {
		t.Error("no executable is in the zip")
	}
	if info, err := os.Stat(file); err != nil || info.Size() > 100<<20 {
		t.Errorf("the zip has %d bytes, %v", info.Size(), err)
	}
}

// check returns the modes of a zip's files by their names below the one folder,
// and fails for names that lead elsewhere.
func check(t *testing.T, file string) map[string]fs.FileMode {
	t.Helper()
	z, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close() //nolint:errcheck // nothing is written
	modes := map[string]fs.FileMode{}
	for _, f := range z.File {
		name, inside := strings.CutPrefix(f.Name, "epicurve-crasharchive-datasource/")
		if !inside || strings.Contains(f.Name, "..") || strings.HasSuffix(f.Name, "/") {
			t.Errorf("%s is not a file in the plugin's folder", f.Name)
		}
		if f.UncompressedSize64 == 0 {
			t.Errorf("%s is empty", f.Name)
		}
		modes[name] = f.Mode().Perm()
	}
	return modes
}

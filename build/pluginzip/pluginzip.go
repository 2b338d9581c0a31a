// Package pluginzip packs the built Grafana plugin as Grafana's catalogue and
// "grafana cli plugins install --pluginUrl" want it: one folder that is named
// after the plugin, executables that may be executed.
package pluginzip

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// ErrIncomplete is wrapped when a folder is not a built plugin.
var ErrIncomplete = errors.New("plugin is not built")

// manifest is what packing needs of plugin.json.
type manifest struct {
	ID         string
	Executable string
	Info       struct{ Version, Updated string }
}

// Pack writes the plugin in dist, a folder that the build made, to a file
// ID-VERSION.zip in dir, and returns the file's path. The same dist makes the
// same zip.
func Pack(dist fs.FS, dir string) (file string, err error) {
	m, err := read(dist)
	if err != nil {
		return "", err
	}
	file = filepath.Join(dir, m.ID+"-"+m.Info.Version+".zip")
	out, err := os.Create(file)
	if err != nil {
		return "", fmt.Errorf("pack the plugin: %w", err)
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	z := zip.NewWriter(out)
	if err := add(z, dist, m); err != nil {
		return "", fmt.Errorf("pack the plugin: %w", err)
	}
	if err := z.Close(); err != nil {
		return "", fmt.Errorf("pack the plugin: %w", err)
	}
	return file, nil
}

// read reads plugin.json and checks that the front end and the back end are there.
func read(dist fs.FS) (manifest, error) {
	var m manifest
	text, err := fs.ReadFile(dist, "plugin.json")
	if err != nil {
		return m, fmt.Errorf("%w: %w", ErrIncomplete, err)
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("%w: plugin.json: %w", ErrIncomplete, err)
	}
	if strings.Contains(m.Info.Version, "%") || m.Info.Version == "" {
		return m, fmt.Errorf("%w: plugin.json has no version", ErrIncomplete)
	}
	for _, name := range []string{"module.js", "go_plugin_build_manifest"} {
		if _, err := fs.Stat(dist, name); err != nil {
			return m, fmt.Errorf("%w: %w; run: go tool mage build:plugin", ErrIncomplete, err)
		}
	}
	if found, err := fs.Glob(dist, m.Executable+"_*"); err != nil || len(found) == 0 {
		return m, fmt.Errorf("%w: no %s_* in it; run: go tool mage build:plugin", ErrIncomplete, m.Executable)
	}
	return m, nil
}

// add adds every file in the order of their names.
func add(z *zip.Writer, dist fs.FS, m manifest) error {
	at, err := time.Parse(time.DateOnly, m.Info.Updated)
	if err != nil {
		return fmt.Errorf("plugin.json: updated: %w", err)
	}
	return fs.WalkDir(dist, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		h := &zip.FileHeader{Name: path.Join(m.ID, name), Method: zip.Deflate, Modified: at}
		h.SetMode(0o644)
		if strings.HasPrefix(name, m.Executable+"_") {
			h.SetMode(0o755)
		}
		w, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		f, err := dist.Open(name)
		if err != nil {
			return err
		}
		_, err = io.Copy(w, f)
		return errors.Join(err, f.Close())
	})
}

package plugin

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// maxModule is the largest module.js at first load, gzip, in bytes.
const maxModule = 60_000

type manifest struct {
	ID, Name, Type, Executable string
	Backend                    bool
	Info                       struct {
		Version, Description, Updated string
		Keywords                      []string
		Screenshots                   []struct{ Name, Path string }
		Logos                         struct{ Small, Large string }
	}
	Includes     []struct{ Path string }
	Languages    []string
	Dependencies struct{ GrafanaDependency string }
}

// TestCatalogue holds the built plugin to the rules of Grafana's catalogue.
func TestCatalogue(t *testing.T) {
	dist := os.DirFS("../../dist")
	if _, err := fs.Stat(dist, "module.js"); errors.Is(err, fs.ErrNotExist) {
		t.Skip("dist/ is not built: npm run build")
	}
	var m manifest
	if err := json.Unmarshal(content(t, dist, "plugin.json"), &m); err != nil {
		t.Fatal(err)
	}
	t.Run("manifest", func(t *testing.T) { checkManifest(t, m) })
	t.Run("texts", func(t *testing.T) {
		for _, name := range []string{"README.md", "CHANGELOG.md", "LICENSE"} {
			if text := content(t, dist, name); len(bytes.TrimSpace(text)) < 40 {
				t.Errorf("%s says nothing", name)
			}
		}
		if jargon := regexp.MustCompile(`(?i)npm (ci|run|install)|webpack|mage |scaffold`).Find(content(t, dist, "README.md")); jargon != nil {
			t.Errorf("README.md speaks to developers: %q", jargon)
		}
	})
	t.Run("logos", func(t *testing.T) {
		for _, logo := range []string{m.Info.Logos.Small, m.Info.Logos.Large} {
			svg := content(t, dist, logo)
			if bad := regexp.MustCompile(`(?i)<script|<foreignObject|\son\w+=|href=`).Find(svg); bad != nil || !bytes.HasPrefix(svg, []byte("<svg")) {
				t.Errorf("%s is no clean SVG: %q", logo, bad)
			}
		}
	})
	t.Run("screenshots", func(t *testing.T) {
		if len(m.Info.Screenshots) < 2 {
			t.Errorf("%d screenshots, want two at least", len(m.Info.Screenshots))
		}
		for _, s := range m.Info.Screenshots {
			size, err := png.DecodeConfig(bytes.NewReader(content(t, dist, s.Path)))
			if err != nil || size.Width < 1024 || size.Height < 600 || s.Name == "" {
				t.Errorf("%s (%q) is %d × %d, %v; want a PNG of 1024 × 600 at least", s.Path, s.Name, size.Width, size.Height, err)
			}
		}
	})
	t.Run("files", func(t *testing.T) {
		for _, i := range m.Includes {
			content(t, dist, i.Path)
		}
		for _, language := range m.Languages {
			content(t, dist, "locales/"+language+"/"+m.ID+".json")
		}
	})
	t.Run("module", func(t *testing.T) { checkModule(t, dist) })
	t.Run("executables", func(t *testing.T) {
		found, err := filepath.Glob("../../dist/" + m.Executable + "_*")
		if err != nil || len(found) == 0 {
			t.Skip("no executable is built")
		}
		for _, path := range found {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o755 != 0o755 {
				t.Errorf("%s: mode %v, %v; want 0755", path, info.Mode(), err)
			}
		}
	})
}

func checkManifest(t *testing.T, m manifest) {
	t.Helper()
	var npm struct{ Version string }
	if err := json.Unmarshal(content(t, os.DirFS("../.."), "package.json"), &npm); err != nil {
		t.Fatal(err)
	}
	if m.ID != ID || !regexp.MustCompile(`^[a-z0-9]+-[a-z0-9]+-datasource$`).MatchString(m.ID) {
		t.Errorf("id = %q", m.ID)
	}
	if m.Name == "" || m.Name == m.ID || m.Type != "datasource" || !m.Backend || !strings.HasPrefix(m.Executable, "gpx_") {
		t.Errorf("manifest = %+v", m)
	}
	if m.Info.Version != npm.Version || strings.Contains(m.Info.Updated, "%") {
		t.Errorf("version %q of %q, want %q of package.json", m.Info.Version, m.Info.Updated, npm.Version)
	}
	if m.Info.Description == "" || len(m.Info.Keywords) == 0 || !strings.ContainsAny(m.Dependencies.GrafanaDependency, "><^~") {
		t.Errorf("description, keywords or the range of Grafana versions are missing: %+v", m)
	}
}

func checkModule(t *testing.T, dist fs.FS) {
	t.Helper()
	module := content(t, dist, "module.js")
	if bytes.Contains(module, []byte("console.log")) {
		t.Error("module.js logs to the console")
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(module); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("module.js: %d bytes gzip", packed.Len())
	if packed.Len() > maxModule {
		t.Errorf("module.js has %d bytes gzip, at most %d are allowed", packed.Len(), maxModule)
	}
	var sources struct{ Sources []string }
	if err := json.Unmarshal(content(t, dist, "module.js.map"), &sources); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(sources.Sources, "\n"), "datasource.ts") {
		t.Errorf("module.js.map does not name our sources")
	}
}

func content(t *testing.T, fsys fs.FS, name string) []byte {
	t.Helper()
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

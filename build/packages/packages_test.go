package packages

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/epicurve/epicurve/build/binaries"
)

const root = "../.."

// The exporter's packages have what an administrator looks for, the binary is
// static and small, and a second build gives the same bytes.
func TestExporterPackages(t *testing.T) {
	dpkg, err := exec.LookPath("dpkg-deb")
	if err != nil {
		t.Skip("dpkg-deb is not installed: the contents of the package can't be looked at")
	}
	dir := t.TempDir()
	c := Config{Root: root, Dir: dir, Program: binaries.Exporter, Arch: "arm64", Log: t.Output()}
	made, err := Build(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if len(made) != 2 || !strings.HasSuffix(made[0], "_arm64.deb") || !strings.HasSuffix(made[1], ".rpm") {
		t.Fatalf("made %q, want a deb and an rpm", made)
	}
	files := contents(t, dpkg, made[0])
	want := map[string]os.FileMode{
		"./usr/bin/epicurve-exporter":                              0o755,
		"./usr/lib/systemd/system/epicurve-exporter.service":       0o644,
		"./usr/lib/sysusers.d/epicurve-exporter.conf":              0o644,
		"./etc/epicurve/exporter.yml":                              0o644,
		"./usr/share/doc/epicurve-exporter/copyright":              0o644,
		"./usr/share/doc/epicurve-exporter/exporter.md":            0o644,
		"./usr/share/doc/epicurve-exporter/drop-ins/services.conf": 0o644,
	}
	for name, mode := range want {
		header, ok := files[name]
		if !ok {
			t.Errorf("the package lacks %s", name)
			continue
		}
		if got := header.FileInfo().Mode(); got != mode {
			t.Errorf("%s has mode %v, want %v", name, got, mode)
		}
		if header.Uname != "root" || header.Size == 0 {
			t.Errorf("%s: owner %q, %d bytes", name, header.Uname, header.Size)
		}
	}
	const bound = 25 << 20
	if size := files["./usr/bin/epicurve-exporter"].Size; size >= bound {
		t.Errorf("the exporter has %d bytes, want under %d", size, bound)
	}
	fields := field(t, dpkg, made[0])
	if fields["Architecture"] != "arm64" || fields["Package"] != "epicurve-exporter" {
		t.Errorf("fields %v", fields)
	}

	c.Dir = t.TempDir()
	again, err := Build(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(read(t, made[0]), read(t, again[0])) {
		t.Error("two packages of the same commit differ")
	}
}

// Every file that a description names is there: nfpm would only find out when
// the package is made, and the archive's takes minutes.
func TestDescriptionsNameFiles(t *testing.T) {
	for _, p := range []binaries.Program{binaries.Exporter, binaries.Archive} {
		text := string(read(t, filepath.Join(root, description(p))))
		n := 0
		for _, m := range regexp.MustCompile(`(?m)(?:src: |install: |remove: )"?([^",\s]+)`).FindAllStringSubmatch(text, -1) {
			if m[1] == "${BINARY}" {
				continue
			}
			n++
			if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
				t.Errorf("%s: %v", p.Name, err)
			}
		}
		if n < 5 {
			t.Errorf("%s: only %d files found in its description", p.Name, n)
		}
	}
}

// The scripts of the packages are valid, and stay silent without systemd.
func TestScripts(t *testing.T) {
	scripts, err := filepath.Glob(filepath.Join(root, "provisioning", "packages", "scripts", "*.sh"))
	if err != nil || len(scripts) != 4 {
		t.Fatalf("scripts %v, %v", scripts, err)
	}
	for _, script := range scripts {
		if out, err := exec.Command("sh", "-n", script).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", script, err, out)
		}
	}
	for _, script := range []string{"exporter-preremove.sh", "archive-preremove.sh"} {
		for _, argument := range []string{"upgrade", "1"} {
			if out, err := exec.Command("sh", filepath.Join(root, "provisioning", "packages", "scripts", script), argument).CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("%s %s: %v: %s", script, argument, err, out)
			}
		}
	}
}

func contents(t *testing.T, dpkg, deb string) map[string]*tar.Header {
	t.Helper()
	cmd := exec.Command(dpkg, "--fsys-tarfile", deb)
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	files := map[string]*tar.Header{}
	for r := tar.NewReader(pipe); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		files[header.Name] = header
	}
	if _, err := io.Copy(io.Discard, pipe); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	return files
}

func field(t *testing.T, dpkg, deb string) map[string]string {
	t.Helper()
	out, err := exec.Command(dpkg, "--field", deb).Output()
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
			fields[name] = value
		}
	}
	return fields
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

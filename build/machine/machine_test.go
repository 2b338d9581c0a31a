package machine_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/epicurve/epicurve/build/machine"
)

func TestPathFindsAnyOfTheNames(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "second"), []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	p := machine.Program{Name: "tool", Any: []string{"first", "second"}}
	if got, want := p.Path(), filepath.Join(dir, "second"); got != want {
		t.Errorf("Path() = %q, want %q", got, want)
	}
	if got := machine.Missing(p, machine.Program{Name: "absent"}); len(got) != 1 || got[0].Name != "absent" {
		t.Errorf("Missing() = %v, want absent alone", got)
	}
}

func TestRequireNamesWhatIsMissingAndTheCure(t *testing.T) {
	t.Setenv("PATH", t.TempDir()) // no apt-get either
	err := machine.Require(t.Context(), t.Output(), machine.Program{Name: "frobnicate", Debian: "frob", Purpose: "test this"})
	if !errors.Is(err, machine.ErrMissing) {
		t.Fatalf("Require() = %v, want ErrMissing", err)
	}
	for _, want := range []string{"frobnicate", "test this", "apt-get install frob"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	}
}

func TestMentionPrintsOneLineForEachMissingProgram(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	var out strings.Builder
	machine.Mention(&out, machine.Chromium, machine.Grafana)
	if got := strings.Count(out.String(), "\n"); got != 2 {
		t.Errorf("got %d lines, want 2:\n%s", got, out.String())
	}
	if !strings.Contains(out.String(), "apt-get install chromium") {
		t.Errorf("no Debian package named:\n%s", out.String())
	}
}

// TestRequireInstallsAsRoot lets a stand-in for apt-get provide the program.
func TestRequireInstallsAsRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root may install packages")
	}
	dir := t.TempDir()
	apt := `#!/bin/sh
echo "$@" >>` + dir + `/calls
case "$1" in install) printf '#!/bin/sh\n' >` + dir + `/frobnicate; /bin/chmod +x ` + dir + `/frobnicate;; esac
`
	if err := os.WriteFile(filepath.Join(dir, "apt-get"), []byte(apt), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	var out strings.Builder
	p := machine.Program{Name: "frobnicate", Debian: "frob libfrob-dev"}
	if err := machine.Require(t.Context(), &out, p); err != nil {
		t.Fatal(err)
	}
	calls, err := os.ReadFile(filepath.Join(dir, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "update\ninstall -y --no-install-recommends frob libfrob-dev\n"; string(calls) != want {
		t.Errorf("apt-get was called with\n%swant\n%s", calls, want)
	}
	if !strings.Contains(out.String(), "installing frob, libfrob-dev") {
		t.Errorf("it did not say what it does: %q", out.String())
	}
}

package npm_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/epicurve/epicurve/build/npm"
)

// fakes puts a node and an npm on PATH that write down how they were called;
// what is under test is when npm is called, not npm.
func fakes(t *testing.T) (log string) {
	t.Helper()
	bin := t.TempDir()
	log = filepath.Join(bin, "calls")
	script := func(name, body string) {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+body), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	script("node", "echo v20.0.0\n")
	script("npm", "echo \"$@\" >>"+log+"\nmkdir -p node_modules\n")
	t.Setenv("PATH", bin+":/bin:/usr/bin")
	return log
}

func project(t *testing.T) npm.Project {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "package.json", `{"scripts":{"lint":"eslint ."}}`)
	write(t, dir, "package-lock.json", `{"lockfileVersion":3}`)
	return npm.Project{Dir: dir, Stdout: t.Output(), Stderr: t.Output()}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestInstallRunsOnlyWhenTheLockFileChanged(t *testing.T) {
	log, p := fakes(t), project(t)
	for range 2 {
		if err := p.Install(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	write(t, p.Dir, "package-lock.json", `{"lockfileVersion":3,"name":"other"}`)
	if err := p.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	calls, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(string(calls), "ci "); got != 2 {
		t.Errorf("npm ci ran %d times, want 2 (first install, changed lock file):\n%s", got, calls)
	}
}

func TestRunRefusesAScriptThatIsNotThere(t *testing.T) {
	fakes(t)
	p := project(t)
	if err := p.Run(t.Context(), "lint"); err != nil {
		t.Error(err)
	}
	if err := p.Run(t.Context(), "absent"); !errors.Is(err, npm.ErrNoScript) {
		t.Errorf("Run(absent) = %v, want ErrNoScript", err)
	}
}

func TestRunQuietlyShowsTheOutputOfFailuresOnly(t *testing.T) {
	for name, fails := range map[string]bool{"passes": false, "fails": true} {
		t.Run(name, func(t *testing.T) {
			bin := t.TempDir()
			body := "#!/bin/sh\necho warning\n"
			if fails {
				body += "exit 1\n"
			}
			write(t, bin, "npm", body)
			if err := os.Chmod(filepath.Join(bin, "npm"), 0o755); err != nil {
				t.Fatal(err)
			}
			t.Setenv("PATH", bin+":/bin:/usr/bin")
			var out strings.Builder
			p := project(t)
			p.Stdout, p.Stderr = &out, &out
			err := p.RunQuietly(t.Context(), "lint")
			if (err != nil) != fails || strings.Contains(out.String(), "warning") != fails {
				t.Errorf("error %v, output %q", err, out.String())
			}
		})
	}
}

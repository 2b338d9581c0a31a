package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func environment(vars map[string]string) Environment {
	return func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
}

const expandable = `# of a pod: ${COMMENT}
core:
  dirs: ["${HOST}/var/crash", '${HOST}/cores']
  settle: ${SETTLE}
  user_rate: ${RATE}
  user_burst: ${BURST}
  symbols: ${SYMBOLS}
  root: ${EMPTY}
state:
  max_bytes: ${SIZE}
annotations:
  static:
    k8s.node.name: ${NODE}
    team: "$${NODE} costs 5$"
    folded: |-
      a ${NODE}
filters:
  - name: a
    fields: &f {host.name: "${NODE}$"}
`

func TestExpand(t *testing.T) {
	c, err := Parse([]byte(expandable), environment(map[string]string{
		"HOST": "/host", "SETTLE": "3s", "RATE": "2.5", "BURST": "7", "SYMBOLS": "false", "SIZE": "64MiB", "EMPTY": "",
		"NODE": "n1: {x} # [y", // whatever it holds, it stays one text
	}))
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Core.Dirs = []string{"/host/var/crash", "/host/cores"}
	want.Core.Settle, want.Core.UserRate, want.Core.UserBurst, want.Core.Symbols = Duration(3*time.Second), 2.5, 7, false
	want.State.MaxBytes = 64 << 20
	want.Annotations.Static = map[string]string{"k8s.node.name": "n1: {x} # [y", "team": "${NODE} costs 5$", "folded": "a n1: {x} # [y"}
	want.Filters = []Filter{{Name: "a", Fields: map[string]string{"host.name": "n1: {x} # [y$"}}}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Without the environment nothing is replaced.
func TestNotExpanded(t *testing.T) {
	c, err := Parse([]byte("core: {root: '${HOME}$${'}"), nil)
	if err != nil || c.Core.Root != "${HOME}$${" {
		t.Errorf("%+v %v", c.Core, err)
	}
}

func TestBadExpansions(t *testing.T) {
	env := environment(map[string]string{"A": "1", "LINES": "a\nb", "MUCH": "much"})
	for text, want := range map[string]string{
		"core:\n  dirs: [/a]\n  root: ${NONE}\n":             "[3:9] the environment has no variable NONE",
		"core:\n  dirs: [/a, \"${NONE}\"]\n":                 "[2:14] the environment has no variable NONE",
		"core:\n  root: ${}\n":                               `"${}" is not of the form ${NAME}`,
		"core:\n  root: ${A:-b}\n":                           `"${A:-b}" is not of the form ${NAME}`,
		"core:\n  root: a ${A\n":                             `"${A" is not of the form ${NAME}`,
		"core:\n  root: ${LINES}\n":                          "[2:9] the variable LINES holds more than one line",
		"core:\n  settle: ${MUCH}\n":                         `[2:11] "much" is not a duration`,
		"state:\n  max_bytes: ${MUCH}\n":                     `[2:14] "much" is not a size`,
		"core:\n  user_burst: ${MUCH}\n":                     `"much" is not a whole number`,
		"annotations:\n  static: {\"${A}\": x}\n":            "[2:12] a key cannot hold a variable",
		"annotations:\n  static:\n    a: |\n      ${NONE}\n": "has no variable NONE",
	} {
		_, err := Parse([]byte(text), env)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// --config.check reads what the configuration names.
func TestCheckFiles(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	c := Default()
	c.Core.Dirs = []string{dir}
	c.Archive = Archive{URL: "https://a:1", TokenFile: file("token", "t0ken\n", 0o600)}
	c.Push.HeadersFile = file("headers", "Authorization: Bearer t\n\n", 0o600)
	c.Annotations.PhysicalHostCommand = []string{file("tool", "", 0o700)}
	if err := c.CheckFiles(); err != nil || len(c.Remarks()) > 0 {
		t.Errorf("%v %v", err, c.Remarks())
	}
	c.Archive = Archive{URL: "http://a:1", TokenFile: file("token", "two\nlines", 0o600), CAFile: file("ca", "no pem", 0o600)}
	c.Push.HeadersFile = file("headers", "secret without a colon", 0o600)
	c.Annotations.PhysicalHostCommand = []string{file("text", "", 0o600)}
	c.Annotations.PhysicalHostFile = filepath.Join(dir, "none")
	c.Core.Root = filepath.Join(dir, "none")
	c.Core.Dirs = append(c.Core.Dirs, filepath.Join(dir, "later"))
	c.Logs.Files = []LogFile{{Name: "a", Path: filepath.Join(dir, "none")}}
	err := c.CheckFiles()
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Fatalf("%v", err)
	}
	for _, want := range []string{
		"archive.token_file: ", "want one line", "archive.ca_file: ", "holds no PEM", "push.headers_file: ", "Name: value",
		"physical_host_file: open ", "is not executable", "is no directory",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q:\n%v", want, err)
		}
	}
	if remarks := strings.Join(c.Remarks(), "\n"); !strings.Contains(remarks, "core.dirs[1]") || !strings.Contains(remarks, "unencrypted") || !strings.Contains(remarks, "logs.files[0]") {
		t.Errorf("remarks:\n%s", remarks)
	}
}

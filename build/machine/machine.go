// Package machine looks at the computer that builds Epicurve: which programs
// are there, which are missing, and how Debian provides them. A program that a
// target can't do without is installed when that is possible (root on a Debian
// with apt-get), otherwise the error says the exact command.
package machine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// ErrMissing is wrapped when a required program is neither there nor could be
// installed.
var ErrMissing = errors.New("required program is missing")

// Program is something the build calls.
type Program struct {
	Name    string   // as people know it: "chromium"
	Any     []string // one of these on PATH is enough; empty means Name
	Debian  string   // package that provides it; empty when Debian has none that is recent enough
	Purpose string   // completes "needed to ..."
	Hint    string   // how to get it where there is no Debian package
}

// The programs that the targets name.
var (
	GCC = Program{
		Name: "gcc", Any: []string{"gcc", "cc", "clang"}, Debian: "gcc libc6-dev",
		Purpose: "link DuckDB into the archive, run tests with the race detector and compile the crash programs",
	}
	GXX = Program{
		Name: "g++", Any: []string{"g++", "c++", "clang++"}, Debian: "g++",
		Purpose: "link DuckDB's C++ library into the archive",
	}
	Node = Program{
		Name: "node", Hint: "install Node.js 20 or newer from https://nodejs.org/",
		Debian: "nodejs", Purpose: "build and test the Grafana plugin",
	}
	NPM = Program{
		Name: "npm", Debian: "npm", Hint: "npm comes with Node.js 20 or newer, https://nodejs.org/",
		Purpose: "install the Grafana plugin's libraries",
	}
	Git = Program{Name: "git", Debian: "git", Purpose: "stamp the version into the binaries"}

	Chromium = Program{
		Name: "chromium", Any: []string{"chromium", "chromium-browser", "google-chrome"}, Debian: "chromium",
		Purpose: "check the plugin in a real browser",
	}
	GDB         = Program{Name: "gdb", Debian: "gdb", Purpose: "compare the core reader with gdb and make cores with gcore"}
	Debootstrap = Program{Name: "debootstrap", Debian: "debootstrap", Purpose: "make a fresh Debian for the quick start"}
	Nspawn      = Program{Name: "systemd-nspawn", Debian: "systemd-container", Purpose: "boot a fresh Debian for the quick start"}
	Readelf     = Program{Name: "eu-readelf", Debian: "elfutils", Purpose: "compare the core reader with elfutils"}
	Grafana     = Program{
		Name: "grafana", Any: []string{"grafana", "grafana-server"},
		Hint:    "see https://grafana.com/grafana/download, or set GRAFANA_HOME to an unpacked one, or GRAFANA_URL to a running one",
		Purpose: "show the dashboard in the demo",
	}
	ClickHouse = Program{
		Name: "clickhouse", Any: []string{"clickhouse", "clickhouse-server", "/usr/sbin/clickhouse-server"}, Debian: "clickhouse-server",
		Purpose: "run the store tests against a real ClickHouse server",
	}
	ZooKeeper = Program{
		Name: "zookeeper", Any: []string{"/usr/share/zookeeper/bin/zkServer.sh"}, Debian: "zookeeper",
		Purpose: "run the store tests against a ClickHouse cluster",
	}
)

// Path returns where the program is, or "".
func (p Program) Path() string {
	for _, name := range p.names() {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

func (p Program) names() []string {
	if len(p.Any) == 0 {
		return []string{p.Name}
	}
	return p.Any
}

// Advice says how to get the program.
func (p Program) Advice() string {
	switch {
	case p.Debian != "" && p.Hint != "":
		return "apt-get install " + p.Debian + ", or " + p.Hint
	case p.Debian != "":
		return "apt-get install " + p.Debian
	default:
		return p.Hint
	}
}

// Missing returns the programs that are not there.
func Missing(programs ...Program) []Program {
	return slices.DeleteFunc(slices.Clone(programs), func(p Program) bool { return p.Path() != "" })
}

// Require makes sure that every program is there. What is missing is installed
// with apt-get where that is possible; out gets a line about each step. The
// error wraps ErrMissing and says how to get each program that is still missing.
func Require(ctx context.Context, out io.Writer, programs ...Program) error {
	missing := Missing(programs...)
	if len(missing) == 0 {
		return nil
	}
	if CanInstall() {
		if err := install(ctx, out, missing); err != nil {
			return err
		}
		missing = Missing(missing...)
	}
	var lines []string
	for _, p := range missing {
		lines = append(lines, fmt.Sprintf("%s (to %s): %s", p.Name, p.Purpose, p.Advice()))
	}
	if len(lines) > 0 {
		return fmt.Errorf("%w: %s", ErrMissing, strings.Join(lines, "; "))
	}
	return nil
}

// Mention prints a line about each optional program that is missing.
func Mention(out io.Writer, programs ...Program) {
	for _, p := range Missing(programs...) {
		fmt.Fprintf(out, "optional: no %s, needed to %s (%s)\n", p.Name, p.Purpose, p.Advice())
	}
}

// CanInstall reports whether Require may install packages: as root, on a system
// with Debian's apt-get.
func CanInstall() bool {
	if os.Geteuid() != 0 {
		return false
	}
	_, err := exec.LookPath("apt-get")
	return err == nil
}

func install(ctx context.Context, out io.Writer, missing []Program) error {
	var packages []string
	for _, p := range missing {
		packages = append(packages, strings.Fields(p.Debian)...)
	}
	if len(packages) == 0 {
		return nil
	}
	fmt.Fprintf(out, "installing %s with apt-get\n", strings.Join(packages, ", "))
	steps := [][]string{{"update"}, append([]string{"install", "-y", "--no-install-recommends"}, packages...)}
	for _, args := range steps {
		cmd := exec.CommandContext(ctx, "apt-get", args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if text, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w\n%s", strings.Join(args, " "), err, text)
		}
	}
	return nil
}

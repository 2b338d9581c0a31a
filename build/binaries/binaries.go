// Package binaries builds the two programs of Epicurve the way they are
// shipped: stamped with their version, without paths of the build machine, the
// exporter static.
package binaries

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Program is one of the two.
type Program struct {
	Name    string // of the file in bin
	Package string
	Cgo     bool
}

// The programs.
var (
	Exporter = Program{Name: "epicurve-exporter", Package: "./exporter"}
	Archive  = Program{Name: "epicurve-archive", Package: "./archive", Cgo: true}
)

// Builder builds programs of the checkout at Root into Dir.
type Builder struct {
	Root string    // folder of go.mod
	Dir  string    // where the binaries go, usually Root/bin
	Log  io.Writer // gets the compiler's messages

	Arch  string // GOARCH to build for; empty is this machine's
	Cross Cross  // needed for a program with cgo and another Arch
}

// Cross names the compilers for another architecture.
type Cross struct{ CC, CXX string }

// Build builds one program and returns the path of its binary.
func (b Builder) Build(ctx context.Context, p Program) (string, error) {
	dir, err := filepath.Abs(b.Dir)
	if err != nil {
		return "", fmt.Errorf("build %s: %w", p.Name, err)
	}
	stamp, err := b.stamp(ctx)
	if err != nil {
		return "", fmt.Errorf("build %s: %w", p.Name, err)
	}
	path := filepath.Join(dir, p.Name)
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w "+stamp, "-o", path, p.Package)
	cmd.Dir, cmd.Stdout, cmd.Stderr = b.Root, b.Log, b.Log
	cmd.Env = b.environment(p)
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("build %s: go build %s: %w", p.Name, p.Package, err)
	}
	return path, nil
}

// environment is what the go command is told besides its arguments.
func (b Builder) environment(p Program) []string {
	env := append(os.Environ(), "GOOS=linux", "CGO_ENABLED=0")
	if b.Arch != "" {
		env = append(env, "GOARCH="+b.Arch)
	}
	if !p.Cgo {
		return env
	}
	env = append(env, "CGO_ENABLED=1")
	if b.Cross != (Cross{}) {
		env = append(env, "CC="+b.Cross.CC, "CXX="+b.Cross.CXX)
	}
	return env
}

// stamp returns the linker flags that fill prometheus/common/version, which is
// where --version and the build_info metrics look.
func (b Builder) stamp(ctx context.Context) (string, error) {
	version, err := b.Version()
	if err != nil {
		return "", err
	}
	const pkg = "github.com/prometheus/common/version."
	values := []struct{ name, value string }{
		{"Version", version},
		{"Revision", b.git(ctx, "rev-parse", "--short=12", "HEAD")},
		{"Branch", b.git(ctx, "rev-parse", "--abbrev-ref", "HEAD")},
		{"BuildDate", b.git(ctx, "show", "-s", "--format=%cI", "HEAD")},
	}
	var flags []string
	for _, v := range values {
		flags = append(flags, fmt.Sprintf("-X '%s%s=%s'", pkg, v.name, v.value))
	}
	return strings.Join(flags, " "), nil
}

// Version reads package.json, the one place that holds it.
func (b Builder) Version() (string, error) {
	text, err := os.ReadFile(filepath.Join(b.Root, "package.json"))
	if err != nil {
		return "", fmt.Errorf("version: %w", err)
	}
	var manifest struct{ Version string }
	if err := json.Unmarshal(text, &manifest); err != nil {
		return "", fmt.Errorf("version: package.json: %w", err)
	}
	return manifest.Version, nil
}

// CommitTime is when the commit was made, in seconds since the Unix epoch:
// packages of the same commit are the same bytes. Outside of a checkout it is "0".
func (b Builder) CommitTime(ctx context.Context) string {
	if t := b.git(ctx, "show", "-s", "--format=%ct", "HEAD"); t != "unknown" {
		return t
	}
	return "0"
}

// git asks about the commit; outside of a checkout the answer is "unknown".
func (b Builder) git(ctx context.Context, args ...string) string {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = b.Root
	out, err := cmd.Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

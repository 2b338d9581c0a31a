// Package packages makes the Debian and RPM packages of the exporter and the
// archive with nfpm, pinned in tools/ship/go.mod, from the descriptions in
// provisioning/packages.
package packages

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/epicurve/epicurve/build/binaries"
)

// Formats are the kinds of package that are made of every program.
var Formats = []string{"deb", "rpm"}

// Config says what to package.
type Config struct {
	Root     string           // folder of go.mod
	Dir      string           // where the packages go
	Program  binaries.Program // exporter or archive
	Arch     string           // GOARCH: amd64 or arm64
	Compiler binaries.Cross   // for programs with cgo and another Arch than this machine's
	Log      io.Writer
}

// Build builds the program and packs it; it returns the packages' paths.
func Build(ctx context.Context, c Config) ([]string, error) {
	root, err := filepath.Abs(c.Root)
	if err != nil {
		return nil, fmt.Errorf("packages: %w", err)
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, fmt.Errorf("packages: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("packages: %w", err)
	}
	builder := binaries.Builder{Root: root, Dir: filepath.Join(dir, "linux-"+c.Arch), Arch: c.Arch, Cross: c.Compiler, Log: c.Log}
	binary, err := builder.Build(ctx, c.Program)
	if err != nil {
		return nil, fmt.Errorf("packages: %w", err)
	}
	version, err := builder.Version()
	if err != nil {
		return nil, fmt.Errorf("packages: %w", err)
	}
	var made []string
	for _, format := range Formats {
		path := filepath.Join(dir, fmt.Sprintf("%s_%s_%s.%s", c.Program.Name, version, c.Arch, format))
		cmd := exec.CommandContext(ctx, "go", "tool", "-modfile=tools/ship/go.mod", "nfpm", "package",
			"--config", description(c.Program), "--packager", format, "--target", path)
		cmd.Dir, cmd.Stdout, cmd.Stderr = root, c.Log, c.Log
		cmd.Env = append(os.Environ(), "VERSION="+version, "ARCH="+c.Arch, "BINARY="+binary,
			"SOURCE_DATE_EPOCH="+builder.CommitTime(ctx))
		if err := cmd.Run(); err != nil {
			return made, fmt.Errorf("packages: %s of %s for %s: %w", format, c.Program.Name, c.Arch, err)
		}
		made = append(made, path)
	}
	return made, nil
}

// description is nfpm's file on a program, by its name without the project's.
func description(p binaries.Program) string {
	const prefix = "epicurve-"
	return filepath.Join("provisioning", "packages", p.Name[len(prefix):]+".yaml")
}

// Package npm keeps node_modules in step with package-lock.json and runs the
// scripts of package.json.
package npm

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// ErrNoScript is returned for a script that package.json does not have.
var ErrNoScript = errors.New("package.json has no such script")

// stamp is the file in node_modules that names the lock file it was made from.
const stamp = "node_modules/.epicurve-lock"

// Project is a folder with a package.json and a package-lock.json.
type Project struct {
	Dir            string
	Stdout, Stderr io.Writer

	// Partial tells that the lock file lacks optional packages of other
	// platforms, which npm ci refuses; npm install keeps to what it has.
	Partial bool
}

// Install runs npm ci, unless node_modules was made from this very lock file
// with this very Node.
func (p Project) Install(ctx context.Context) error {
	want, err := p.lock(ctx)
	if err != nil {
		return err
	}
	if have, err := os.ReadFile(filepath.Join(p.Dir, stamp)); err == nil && string(have) == want {
		return nil
	}
	args := []string{"ci", "--no-audit", "--no-fund", "--loglevel=error"}
	if p.Partial {
		args[0] = "install"
		args = append(args, "--no-save")
	}
	fmt.Fprintf(p.Stdout, "npm %s: installing the libraries of %s\n", args[0], filepath.Join(p.Dir, "package.json"))
	if err := p.npm(ctx, args...); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(p.Dir, stamp), []byte(want), 0o644); err != nil {
		return fmt.Errorf("npm: stamp node_modules: %w", err)
	}
	return nil
}

// lock identifies what node_modules should hold.
func (p Project) lock(ctx context.Context) (string, error) {
	lock, err := os.ReadFile(filepath.Join(p.Dir, "package-lock.json"))
	if err != nil {
		return "", fmt.Errorf("npm: %w", err)
	}
	version, err := exec.CommandContext(ctx, "node", "--version").Output()
	if err != nil {
		return "", fmt.Errorf("npm: node --version: %w", err)
	}
	h := sha256.New()
	h.Write(lock)
	h.Write(version)
	return hex.EncodeToString(h.Sum(nil)), nil
}

// RunQuietly runs one script of package.json and shows its output only when it
// fails.
func (p Project) RunQuietly(ctx context.Context, script string) error {
	var out bytes.Buffer
	quiet := Project{Dir: p.Dir, Stdout: &out, Stderr: &out}
	err := quiet.Run(ctx, script)
	if err != nil {
		_, shown := p.Stderr.Write(out.Bytes())
		err = errors.Join(err, shown)
	}
	return err
}

// Run runs one script of package.json.
func (p Project) Run(ctx context.Context, script string) error {
	text, err := os.ReadFile(filepath.Join(p.Dir, "package.json"))
	if err != nil {
		return fmt.Errorf("npm: %w", err)
	}
	var manifest struct {
		Scripts map[string]string `json:"scripts"`
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		return fmt.Errorf("npm: package.json: %w", err)
	}
	if manifest.Scripts[script] == "" {
		return fmt.Errorf("npm run %s: %w", script, ErrNoScript)
	}
	return p.npm(ctx, "run", "--silent", script)
}

func (p Project) npm(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "npm", args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.Dir, p.Stdout, p.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("npm %s: %w", args, err)
	}
	return nil
}

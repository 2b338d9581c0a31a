package crashlab

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

//go:embed programs
var programs embed.FS

// Lab is a directory with the crash programs, compiled. It is safe for use by
// several goroutines. Removing the directory is the caller's business.
type Lab struct {
	dir     string // absolute
	pattern corePattern

	mu    sync.Mutex
	built map[string]error // by path of the binary
}

// Build writes the sources to dir, which is made when absent, compiles the demo's
// programs and tries each of them once; the programs of the other modes are
// compiled when first used. Errors wrap [ErrNoCores] or [ErrNoTool] when the
// machine is in the way.
func Build(ctx context.Context, dir string) (*Lab, error) {
	if err := Available(ctx); err != nil {
		return nil, err
	}
	pattern, err := readCorePattern()
	if err != nil {
		return nil, err
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("crash lab: %w", err)
	}
	for _, sub := range []string{"src", "bin", "run"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, fmt.Errorf("crash lab: %w: %w", ErrNoCores, err)
		}
	}
	if err := writable(dir); err != nil {
		return nil, fmt.Errorf("crash lab: %w", err)
	}
	l := &Lab{dir: dir, pattern: pattern, built: make(map[string]error)}
	if err := l.writeSources(); err != nil {
		return nil, fmt.Errorf("crash lab: write the sources: %w", err)
	}
	for _, m := range Demo() {
		if _, err := l.binary(ctx, m); err != nil {
			return nil, fmt.Errorf("crash lab: %w", err)
		}
	}
	if err := l.rehearse(ctx); err != nil {
		return nil, fmt.Errorf("crash lab: %w", err)
	}
	return l, nil
}

// rehearse makes each of the demo's crashes once and throws the cores away:
// sandboxes and containers forbid cores, or ptrace, in ways that no setting shows.
func (l *Lab) rehearse(ctx context.Context) error {
	dir, err := os.MkdirTemp(l.dir, "rehearsal-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for _, m := range Demo() {
		if _, err := l.Crash(ctx, m, dir); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("%w: a trial failed: %w", ErrNoCores, err)
		}
	}
	return nil
}

// writeSources copies the embedded sources to the lab's directory.
func (l *Lab) writeSources() error {
	err := fs.WalkDir(programs, "programs", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(l.dir, "src", filepath.FromSlash(strings.TrimPrefix(p, "programs")))
		if d.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		b, err := programs.ReadFile(p)
		if err != nil {
			return err
		}
		return os.WriteFile(to, b, 0o644)
	})
	if err != nil {
		return err
	}
	// The Go programs are part of our module here, and modules of their own there.
	for _, name := range []string{goProgram, goBareBone} {
		if err := os.WriteFile(filepath.Join(l.dir, "src", name, "go.mod"), []byte("module crashlab\n\ngo 1.24\n"), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// binary returns the path of the mode's program, compiled.
func (l *Lab) binary(ctx context.Context, m Mode) (string, error) {
	name := strings.TrimSuffix(m.Program, filepath.Ext(m.Program))
	if variant := append([]string{string(m.Toolchain), m.GOARCH}, m.Flags...); len(m.Flags) > 0 || m.Toolchain != Native {
		sum := sha256.Sum256([]byte(strings.Join(variant, "\x00")))
		name += "-" + hex.EncodeToString(sum[:2])
	}
	out := filepath.Join(l.dir, "bin", name)
	l.mu.Lock()
	defer l.mu.Unlock()
	err, done := l.built[out]
	if !done {
		err = m.compile(ctx, filepath.Join(l.dir, "src", m.Program), out)
		if ctx.Err() == nil {
			l.built[out] = err
		}
	}
	return out, err
}

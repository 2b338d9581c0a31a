package crashlab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// smallestLimit is the RLIMIT_CORE, in bytes, below which the lab's cores would
// be cut: they are a few hundred KiB.
const smallestLimit = 4 << 20

// Available returns nil when this machine lets the lab make the demo's crashes
// for real, and otherwise an error for people that says why not (wrapping
// [ErrNoCores] or [ErrNoTool]).
func Available(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return fmt.Errorf("%w: the crash programs are for linux/amd64, this is %s/%s", ErrNoCores, runtime.GOOS, runtime.GOARCH)
	}
	p, err := readCorePattern()
	if err != nil {
		return err
	}
	if err := p.refused(); err != nil {
		return err
	}
	if filepath.IsAbs(p.text) {
		dir := p.fixedDir("/")
		if err := unix.Access(dir, unix.W_OK|unix.X_OK); err != nil {
			return fmt.Errorf("%w: kernel.core_pattern is %q, and this user can't write to %s: %w", ErrNoCores, p.text, dir, err)
		}
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil {
		return fmt.Errorf("%w: read RLIMIT_CORE: %w", ErrNoCores, err)
	}
	if limit.Max < smallestLimit {
		return fmt.Errorf("%w: the hard limit for core files (RLIMIT_CORE, ulimit -Hc) is %d bytes", ErrNoCores, limit.Max)
	}
	for _, name := range []string{"gcc", "sh"} {
		if _, err := tool(name); err != nil {
			return err
		}
	}
	return nil
}

// writable says why a directory can't take files, or nil.
func writable(dir string) error {
	f, err := os.CreateTemp(dir, ".crashlab-*")
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoCores, err)
	}
	f.Close()
	return os.Remove(f.Name())
}

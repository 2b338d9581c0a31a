package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

const (
	manyCores = 10_000
	bareRead  = 64 << 10
)

// manyInOne compares classifying 10,000 cores in one process, one after the
// other, with opening each, reading 64 KiB and closing it. The names are hard
// links to the stored cores, so that both find them in the page cache.
func (b *bed) manyInOne(ctx context.Context) ([]figure, error) {
	distinct, err := b.stored()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(b.dir, "many")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	paths := make([]string, manyCores)
	for i := range paths {
		paths[i] = filepath.Join(dir, fmt.Sprintf("core.%d", i))
		if err := os.Link(distinct[i%len(distinct)], paths[i]); err != nil {
			return nil, err
		}
	}
	buf := make([]byte, bareRead)
	var wall, processor [2][]time.Duration // ours, bare
	for i := range rounds + 1 {            // the two take turns, so that both see the same load
		for side, do := range []func(string) error{
			func(p string) error { _, err := classifyFile(p); return err },
			func(p string) error { return readBare(p, buf) },
		} {
			began, used := time.Now(), processorTime()
			if err := each(ctx, paths, do); err != nil {
				return nil, err
			}
			if i > 0 {
				wall[side] = append(wall[side], time.Since(began))
				processor[side] = append(processor[side], processorTime()-used)
			}
		}
	}
	ours, bare := median(wall[0]), median(wall[1])
	times := ours.Seconds() / bare.Seconds()
	return []figure{
		{what: fmt.Sprintf("wall time of %d cores (%d distinct) in one process: ours", manyCores, len(distinct)), measured: short(ours) + ", " + short(ours/manyCores) + " a core"},
		{what: "  open, pread 64 KiB, close", measured: short(bare) + ", " + short(bare/manyCores) + " a core"},
		{what: "  ours / bare", measured: fmt.Sprintf("%.2f", times), bar: "<= 3", met: times <= 3},
		{what: "  ours / bare, processor time", measured: fmt.Sprintf("%.2f", median(processor[0]).Seconds()/median(processor[1]).Seconds())},
	}, nil
}

// each does one thing to every path, one after the other.
func each(ctx context.Context, paths []string, do func(string) error) error {
	for _, p := range paths {
		if err := do(p); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
	}
	return ctx.Err()
}

// readBare is the least that any reader of a prefix must do.
func readBare(path string, buf []byte) error {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	if _, err := unix.Pread(fd, buf, 0); err != nil {
		unix.Close(fd)
		return err
	}
	return unix.Close(fd)
}

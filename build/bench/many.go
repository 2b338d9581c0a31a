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
	var ours, bare []time.Duration
	for i := range rounds + 1 { // the two take turns, so that both see the same load
		o, err := timed(ctx, paths, func(p string) error { _, err := classifyFile(p); return err })
		if err != nil {
			return nil, err
		}
		buf := make([]byte, bareRead)
		r, err := timed(ctx, paths, func(p string) error { return readBare(p, buf) })
		if err != nil {
			return nil, err
		}
		if i > 0 {
			ours, bare = append(ours, o), append(bare, r)
		}
	}
	o, r := median(ours), median(bare)
	times := o.Seconds() / r.Seconds()
	return []figure{
		{what: fmt.Sprintf("wall time of %d cores (%d distinct) in one process: ours", manyCores, len(distinct)), measured: short(o) + ", " + short(o/manyCores) + " a core"},
		{what: "  open, pread 64 KiB, close", measured: short(r) + ", " + short(r/manyCores) + " a core"},
		{what: "  ours / bare", measured: fmt.Sprintf("%.2f", times), bar: "<= 3", met: times <= 3},
	}, nil
}

func timed(ctx context.Context, paths []string, do func(string) error) (time.Duration, error) {
	began := time.Now()
	for _, p := range paths {
		if err := do(p); err != nil {
			return 0, fmt.Errorf("%s: %w", p, err)
		}
	}
	return time.Since(began), ctx.Err()
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

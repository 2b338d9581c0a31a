package bench

import (
	"bytes"
	"context"
	"errors"
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
// other, with opening each, reading 64 KiB and closing it. Each is a file of its
// own, as on a node: links to a few files would let a bare read copy 64 KiB
// within the processor's cache.
func (b *bed) manyInOne(ctx context.Context) ([]figure, error) {
	distinct, err := b.stored()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(b.dir, "many")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	paths, size, err := copies(ctx, distinct, dir)
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
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
		{what: fmt.Sprintf("wall time of %d cores (of %d kinds, %s) in one process: ours", manyCores, len(distinct), bytesText(size)), measured: short(ours) + ", " + short(ours/manyCores) + " a core"},
		{what: "  open, pread 64 KiB, close", measured: short(bare) + ", " + short(bare/manyCores) + " a core"},
		{what: "  ours / bare", measured: fmt.Sprintf("%.2f", times), bar: "<= 3", met: times <= 3},
		{what: "  ours / bare, processor time", measured: fmt.Sprintf("%.2f", median(processor[0]).Seconds()/median(processor[1]).Seconds())},
	}, nil
}

// copies writes 10,000 cores, the given ones in turn, with holes where they
// hold zeros, and returns their paths and how many bytes were written.
func copies(ctx context.Context, distinct []string, dir string) (paths []string, size int64, err error) {
	contents := make([][]byte, len(distinct))
	for i, p := range distinct {
		if contents[i], err = os.ReadFile(p); err != nil {
			return nil, 0, err
		}
	}
	for i := range manyCores {
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
		path := filepath.Join(dir, fmt.Sprintf("core.%d", i))
		n, err := writeSparse(path, contents[i%len(contents)])
		if err != nil {
			return nil, 0, err
		}
		paths, size = append(paths, path), size+n
	}
	return paths, size, nil
}

// writeSparse writes content but leaves out blocks of zeros, as the kernel does.
func writeSparse(path string, content []byte) (written int64, err error) {
	const block = 4096
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var zeros [block]byte
	for off := 0; off < len(content); off += block {
		b := content[off:min(off+block, len(content))]
		if bytes.Equal(b, zeros[:len(b)]) {
			continue
		}
		if _, err := f.WriteAt(b, int64(off)); err != nil {
			return written, err
		}
		written += int64(len(b))
	}
	return written, f.Truncate(int64(len(content)))
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

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

// manyInOne compares the classify command on 10,000 cores, from its start to its
// end, with opening each, reading 64 KiB and closing it. The command reads on
// every processor; what one of them does is shown beside it. Each is a file of its
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
	var wall, processor [2][]time.Duration // ours one after the other, bare
	var whole []time.Duration              // our command, started anew
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
		took, err := wallTime(ctx, b.exporter, append([]string{"classify", "--output", "json"}, paths...)...)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			whole = append(whole, took)
		}
	}
	single, bare, ours := median(wall[0]), median(wall[1]), median(whole)
	times := ours.Seconds() / bare.Seconds()
	return []figure{
		{what: fmt.Sprintf("wall time of classify on %d cores (of %d kinds, %s), one process", manyCores, len(distinct), bytesText(size)), measured: short(ours) + ", " + short(ours/manyCores) + " a core"},
		{what: "  open, pread 64 KiB, close of each", measured: short(bare) + ", " + short(bare/manyCores) + " a core"},
		{what: "  classify / bare", measured: fmt.Sprintf("%.2f", times), bar: "<= 3", met: times <= 3},
		{what: "  one core after the other / bare, wall time", measured: fmt.Sprintf("%.2f", single.Seconds()/bare.Seconds())},
		{what: "  one core after the other / bare, processor time", measured: fmt.Sprintf("%.2f", median(processor[0]).Seconds()/median(processor[1]).Seconds())},
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

package bench

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/epicurve/epicurve/exporter/crashlab"
)

// bytesOfBig reads a core of 2.5 GiB, all of it written, and counts what was taken.
func (b *bed) bytesOfBig(ctx context.Context) (figure, error) {
	what := "bytes read of a core of 2.5 GiB, 1 thread"
	const most = 64 << 10
	bar := "< " + bytesText(most)
	if err := b.roomForBig(); err != nil {
		return absent(what, bar, err), nil
	}
	core, err := b.make(ctx, crashlab.Memory(bigSize))
	if err != nil {
		return figure{}, err
	}
	defer os.Remove(core)
	info, err := os.Stat(core)
	if err != nil {
		return figure{}, err
	}
	if info.Size() < bigSize {
		return figure{}, fmt.Errorf("%s has %d bytes, want %d: the kernel cut it", core, info.Size(), int64(bigSize))
	}
	r, err := classifyFile(core)
	if err != nil {
		return figure{}, err
	}
	if err := wantNull(r); err != nil {
		return figure{}, err
	}
	n := r.Fault.BytesRead.Value
	return figure{what: what + " (" + bytesText(info.Size()) + ")", measured: bytesText(n), bar: bar, met: n > 0 && n < most}, nil
}

// roomForBig says why the machine can't hold the big process and its core, or nil.
func (b *bed) roomForBig() error {
	var memory unix.Sysinfo_t
	if err := unix.Sysinfo(&memory); err != nil {
		return err
	}
	if free := (memory.Freeram + memory.Bufferram) * uint64(memory.Unit); free < bigSize+bigSize/4 {
		return errors.New("not enough free memory for a process of 2.5 GiB: " + bytesText(int64(free))) //nolint:gosec // no machine has 2^63 bytes
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(b.dir, &fs); err != nil {
		return err
	}
	if free := int64(fs.Bavail) * fs.Bsize; free < bigSize+bigSize/4 { //nolint:gosec // no disk has 2^63 bytes
		return errors.New("not enough room for a core of 2.5 GiB in " + b.dir)
	}
	return nil
}

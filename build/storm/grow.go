package storm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/epicurve/epicurve/build/process"
)

// hugeCore is the size of the core that is labelled while it grows.
const hugeCore = 5 << 29 // 2.5 GiB

// grows writes the first 64 KiB of a huge core, then goes on slowly as a busy
// disk does, and measures how long it takes until the exporter shows its
// provisional label. At last the core is completed and must be counted.
func (f Flood) grows(ctx context.Context, p *process.Program, dirs []string, r *FloodResult) (err error) {
	img := image(f.Cores+f.Singles+1, hugeCore)
	head := make([]byte, 64<<10)
	if _, err := img.ReadAt(head, 0); err != nil {
		return err
	}
	path := filepath.Join(dirs[0], "core.huge")
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(path)) }()
	if _, err := file.Write(head); err != nil {
		return err
	}
	began, chunk := time.Now(), make([]byte, 64<<10)
	err = process.Until(ctx, time.Minute, "the provisional label of a growing core", func() bool {
		_, writeErr := file.Write(chunk) // it never stands still
		n, _ := process.Metric(p.Page(ctx, "/metrics"), "epicurve_exporter_growing_cores")
		return n >= 1 || writeErr != nil
	})
	if err != nil {
		return err
	}
	r.Growing = time.Since(began)
	tail := make([]byte, 64<<10)
	if _, err := img.ReadAt(tail, img.Size()-int64(len(tail))); err != nil {
		return err
	}
	if _, err := file.WriteAt(tail, img.Size()-int64(len(tail))); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := f.counted(ctx, p, f.Cores+f.Singles+1, r); err != nil {
		return err
	}
	fmt.Fprintf(f.Out, "growing   a core of 2.5 GiB was labelled %s after its first 64 KiB, and counted when it was complete\n", r.Growing.Round(time.Millisecond))
	if file, err = os.Open(path); err != nil { // for the deferred Close
		return err
	}
	return nil
}

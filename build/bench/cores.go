package bench

import (
	"bytes"
	"context"
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/epicurve/epicurve/exporter/crashlab"
	"github.com/epicurve/epicurve/pkg/coretest"
	"github.com/epicurve/epicurve/pkg/crash"
)

const (
	threadCount  = 2000
	segmentCount = 80_000
	bigSize      = 5 << 29 // 2.5 GiB
)

// bed is what the figures are measured on.
type bed struct {
	dir      string // temporary
	root     string // of the checkout
	exporter string // its binary
	lab      *crashlab.Lab
}

// make makes one core in the bed's directory.
func (b *bed) make(ctx context.Context, m crashlab.Mode) (string, error) {
	return b.lab.Crash(ctx, m, b.dir)
}

// executable is where gdb finds the program of a mode without flags of its own.
func (b *bed) executable(m crashlab.Mode) string {
	return filepath.Join(b.dir, "lab", "bin", strings.TrimSuffix(m.Program, ".c"))
}

// most segments of an ordinary process: with these, 64 KiB hold a core's
// registers, which is what a bare read of 64 KiB is compared with.
const ordinarySegments = 1000

// stored decompresses the cores of testdata/cores into a directory and returns
// the paths of those that are what a node sees on ordinary days: not cut, not
// of tens of thousands of mappings, not of hundreds of MiB.
func (b *bed) stored() ([]string, error) {
	found, err := filepath.Glob(filepath.Join(b.root, "testdata", "cores", "*.core.zst"))
	if err != nil || len(found) == 0 {
		return nil, fmt.Errorf("no stored cores in testdata/cores of %s: %w", b.root, err)
	}
	dir := filepath.Join(b.dir, "stored")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	decoder, err := zstd.NewReader(nil)
	if err != nil {
		return nil, err
	}
	defer decoder.Close()
	var paths []string
	for _, f := range found {
		packed, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		content, err := decoder.DecodeAll(packed, nil)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f, err)
		}
		if !ordinary(content) {
			continue
		}
		to := filepath.Join(dir, strings.TrimSuffix(filepath.Base(f), ".zst"))
		if err := os.WriteFile(to, content, 0o600); err != nil {
			return nil, err
		}
		paths = append(paths, to)
	}
	return paths, nil
}

// ordinary reports whether a core is one of the many.
func ordinary(content []byte) bool {
	const least, most = 4 << 10, 16 << 20
	if len(content) < least || len(content) > most {
		return false
	}
	f, err := elf.NewFile(bytes.NewReader(content))
	return err == nil && f.Type == elf.ET_CORE && len(f.Progs) <= ordinarySegments
}

// widest is a synthetic core of 80,000 segments and 2,000 threads: more than
// vm.max_map_count lets most machines make for real.
func widest() (*coretest.Image, error) {
	const sp = 0x7ffd_f0000100
	c := coretest.Core{
		Machine: elf.EM_X86_64,
		Signal:  &coretest.Signal{Number: 11, Code: 1},
		Process: &coretest.Process{PID: 1, Name: "widest"},
	}
	for i := range threadCount {
		c.Threads = append(c.Threads, coretest.Thread{ID: int32(i + 1), Registers: map[string]uint64{"rip": 0, "rsp": sp}})
	}
	for i := range uint64(segmentCount) {
		c.Segments = append(c.Segments, coretest.Segment{Start: 0x10_0000 + i*0x2000, Size: 0x1000, Flags: elf.PF_R | elf.PF_W, Dumped: 0x1000})
	}
	c.Segments = append(c.Segments, coretest.Segment{Start: sp &^ 0xfff, Size: 0x1000, Flags: elf.PF_R | elf.PF_W, Data: make([]byte, 0x1000)})
	return coretest.Build(c)
}

// wantNull says whether a record is what a return to 0 must give.
func wantNull(r crash.Record) error {
	if r.Finding.Class != crash.ReturnToNull {
		return fmt.Errorf("a return to 0 was classified as %s/%s: %q", r.Finding.Class, r.Finding.Kind, r.Finding.Reasons)
	}
	return nil
}

package scanning

import (
	"bytes"
	"context"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
)

const page = 4096

// fill writes n cores of 500 KiB to 1 GiB, sizes spread evenly over their
// logarithm: real ones, with a hole before the stack, as processes with large
// heaps have them.
func fill(ctx context.Context, dir string, cores []Core, n int) error {
	var wide []Core
	for _, c := range cores {
		if _, ok := widened(c.Content, 1<<20); ok {
			wide = append(wide, c)
		}
	}
	if len(wide) == 0 {
		return errors.New("no core can be widened")
	}
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same sizes each time
	for i := range n {
		if err := ctx.Err(); err != nil {
			return err
		}
		c := wide[i%len(wide)]
		size := int64(math.Exp(math.Log(500<<10) + random.Float64()*(math.Log(1<<30)-math.Log(500<<10))))
		gap := max(size-int64(len(c.Content)), 0) &^ (page - 1)
		parts, ok := widened(c.Content, gap)
		if !ok {
			return fmt.Errorf("%s can't be widened", c.Name)
		}
		if err := parts.write(filepath.Join(dir, fmt.Sprintf("%02x", i%256), fmt.Sprintf("core.%s.%d", c.Name, i))); err != nil {
			return err
		}
	}
	return nil
}

// parts are the two ends of a core, with a hole between them.
type parts struct {
	head, tail []byte
	at         int64 // of tail
}

// widened moves the last segments of a 64-bit little-endian core by gap bytes.
// It reports whether the core can be.
func widened(content []byte, gap int64) (parts, bool) {
	f, err := elf.NewFile(bytes.NewReader(content))
	if err != nil || f.Class != elf.ELFCLASS64 || f.Data != elf.ELFDATA2LSB || len(f.Progs) < 4 {
		return parts{}, false
	}
	var loads []*elf.Prog
	for _, p := range f.Progs {
		if p.Type == elf.PT_LOAD && p.Filesz > 0 {
			loads = append(loads, p)
		}
	}
	if len(loads) < 2 {
		return parts{}, false
	}
	cut := loads[len(loads)/2].Off // the modules' pages stay, the stack moves
	if cut%page != 0 || cut >= uint64(len(content)) {
		return parts{}, false
	}
	head := bytes.Clone(content[:cut])
	phoff := binary.LittleEndian.Uint64(head[32:])
	for i := range f.Progs {
		at := phoff + uint64(i)*56 + 8
		if off := binary.LittleEndian.Uint64(head[at:]); off >= cut {
			binary.LittleEndian.PutUint64(head[at:], off+uint64(gap)) //nolint:gosec // gap is positive
		}
	}
	return parts{head, content[cut:], int64(cut) + gap}, true //nolint:gosec // cut is below the length
}

func (p parts) write(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	end := max(p.at, int64(len(p.head))) + int64(len(p.tail))
	return errors.Join(pieces(f, p.head, 0), pieces(f, p.tail, p.at), f.Truncate(end), f.Close())
}

// sparse writes content without its pages of zeros.
func sparse(path string, content []byte) error { return parts{head: content}.write(path) }

func pieces(f *os.File, b []byte, at int64) error {
	var zeros [page]byte
	for off := 0; off < len(b); off += page {
		piece := b[off:min(off+page, len(b))]
		if bytes.Equal(piece, zeros[:len(piece)]) {
			continue
		}
		if _, err := f.WriteAt(piece, at+int64(off)); err != nil {
			return err
		}
	}
	return nil
}

// written is how many bytes sparse writes.
func written(b []byte) int {
	var zeros [page]byte
	n := 0
	for off := 0; off < len(b); off += page {
		if piece := b[off:min(off+page, len(b))]; !bytes.Equal(piece, zeros[:len(piece)]) {
			n += len(piece)
		}
	}
	return n
}

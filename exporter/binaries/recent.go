package binaries

import (
	"errors"
	"io"

	"github.com/epicurve/epicurve/pkg/classify"
)

// Bounds of what is remembered of one file, about 150 KiB in all. Crashes repeat
// themselves, so that the same few places are asked for again and again; when a
// bound is met, that memory starts anew.
const (
	maxRecentNames  = 512
	maxRecentRows   = 256
	maxRecentBlocks = 128
	blockSize       = 256
)

// recent is what was read of a file lately.
type recent struct {
	rows   map[uint64]frameRow
	blocks map[uint64][]byte // of text, by offset / blockSize
}

// frameRow is the answer for one address; ok is false when there is none.
type frameRow struct {
	row classify.UnwindRow
	ok  bool
}

// remember puts an answer into a bounded map, which is made when it is nil.
func remember[K comparable, V any](m map[K]V, limit int, key K, value V) map[K]V {
	if m == nil {
		m = make(map[K]V)
	}
	if len(m) >= limit {
		clear(m)
	}
	m[key] = value
	return m
}

// unwind returns how to find the caller of the function at an address.
func (b *image) unwind(addr uint64) (classify.UnwindRow, bool) {
	known, ok := b.recent.rows[addr]
	if !ok {
		row, err := unwindAt(b.elf, addr)
		known = frameRow{row, err == nil}
		b.recent.rows = remember(b.recent.rows, maxRecentRows, addr, known)
	}
	return known.row, known.ok
}

// text returns n bytes at an offset of the file, which are not to be changed.
func (b *image) text(offset uint64, n int) ([]byte, bool) {
	at := offset % blockSize
	if at+uint64(n) > blockSize {
		out := make([]byte, n)
		_, err := io.ReadFull(io.NewSectionReader(b.file, int64(offset), int64(n)), out)
		return out, err == nil
	}
	block, ok := b.recent.blocks[offset/blockSize]
	if !ok {
		block = make([]byte, blockSize)
		got, err := b.file.ReadAt(block, int64(offset-at))
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, false
		}
		block = block[:got]
		b.recent.blocks = remember(b.recent.blocks, maxRecentBlocks, offset/blockSize, block)
	}
	if at+uint64(n) > uint64(len(block)) {
		return nil, false
	}
	return block[at : at+uint64(n) : at+uint64(n)], true
}

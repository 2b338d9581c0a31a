package binaries

import (
	"bufio"
	"bytes"
	"cmp"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"slices"
)

// entry is a function: 16 bytes, because a binary can have a million.
type entry struct {
	addr uint64
	size uint32
	name uint32 // offset in the string table
}

// table holds the functions of a file in the order of their addresses.
type table struct {
	entries []entry
	names   io.ReaderAt
	recent  map[uint32]string // names read lately
	// full is set when the entries come from .symtab and not from .dynsym.
	full bool
}

// maxName bounds a linker name in bytes.
const maxName = 4096

// at returns the function that covers addr.
func (t *table) at(addr uint64) (string, uint64, bool) {
	i, _ := slices.BinarySearchFunc(t.entries, addr, func(e entry, a uint64) int { return cmp.Compare(e.addr, a) })
	for ; i < len(t.entries) && t.entries[i].addr == addr; i++ { // the last of aliases
	}
	if i--; i < 0 || addr-t.entries[i].addr >= uint64(t.entries[i].size) {
		return "", 0, false
	}
	for i > 0 && t.entries[i-1].addr == t.entries[i].addr { // the first, so that the answer is always the same
		i--
	}
	name, ok := t.recent[t.entries[i].name]
	if !ok {
		name = t.name(t.entries[i].name)
		t.recent = remember(t.recent, maxRecentNames, t.entries[i].name, name)
	}
	return name, addr - t.entries[i].addr, name != ""
}

func (t *table) name(at uint32) string {
	var b [maxName]byte
	n, err := t.names.ReadAt(b[:], int64(at))
	if err != nil && !errors.Is(err, io.EOF) {
		return ""
	}
	end := bytes.IndexByte(b[:n], 0)
	if end < 0 {
		return ""
	}
	return string(b[:end])
}

// readSymbols reads .symtab, or where that is missing or too large, the line
// table of a Go program, or .dynsym.
func readSymbols(e *elf.File, file io.ReaderAt) (t table, err error) {
	defer func() { // see check
		if r := recover(); r != nil {
			t, err = table{}, fmt.Errorf("symbol table: %v", r)
		}
	}()
	for _, want := range []elf.SectionType{elf.SHT_SYMTAB, elf.SHT_DYNSYM} {
		if want == elf.SHT_DYNSYM {
			if t, ok := readGoSymbols(e); ok {
				return t, nil
			}
		}
		for _, s := range e.Sections {
			if s.Type != want || int(s.Link) >= len(e.Sections) || s.Flags&elf.SHF_COMPRESSED != 0 {
				continue
			}
			names := e.Sections[s.Link]
			entries, err := readEntries(e, io.NewSectionReader(file, int64(s.Offset), int64(s.FileSize)))
			if err != nil || len(entries) == 0 {
				continue
			}
			return table{entries: entries, names: io.NewSectionReader(file, int64(names.Offset), int64(names.FileSize)), full: want == elf.SHT_SYMTAB}, nil
		}
	}
	return table{}, nil
}

// errTooMany: a table is larger than what is kept.
var errTooMany = errors.New("too many symbols")

// readEntries reads the functions with a size (gABI, symbol table entry).
func readEntries(e *elf.File, r io.Reader) ([]entry, error) {
	size := 24
	if e.Class == elf.ELFCLASS32 {
		size = 16
	}
	in := bufio.NewReaderSize(r, 64<<10)
	rec := make([]byte, size)
	var out []entry
	for {
		if _, err := io.ReadFull(in, rec); err != nil {
			break
		}
		var n entry
		var info byte
		var section uint16
		var length uint64
		if size == 24 {
			n.name, info, section = e.ByteOrder.Uint32(rec), rec[4], e.ByteOrder.Uint16(rec[6:])
			n.addr, length = e.ByteOrder.Uint64(rec[8:]), e.ByteOrder.Uint64(rec[16:])
		} else {
			n.name, n.addr = e.ByteOrder.Uint32(rec), uint64(e.ByteOrder.Uint32(rec[4:]))
			length, info, section = uint64(e.ByteOrder.Uint32(rec[8:])), rec[12], e.ByteOrder.Uint16(rec[14:])
		}
		t := elf.ST_TYPE(info)
		if (t != elf.STT_FUNC && t != elf.STT_GNU_IFUNC) || section == uint16(elf.SHN_UNDEF) || length == 0 {
			continue
		}
		if n.size = uint32(min(length, 1<<32-1)); len(out) >= maxSymbols/2 {
			return nil, errTooMany
		}
		out = append(out, n)
	}
	slices.SortStableFunc(out, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.addr, b.addr), cmp.Compare(a.name, b.name))
	})
	return slices.Clip(out), nil
}

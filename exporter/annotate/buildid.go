package annotate

import (
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"io"
)

// buildIDPrefix is how much of an executable is read to find its build id.
// Linkers put the program headers and the note right at the start.
const buildIDPrefix = 64 << 10

const ntGNUBuildID = 3

// BuildID returns the GNU build id of an executable as lower-case hex, "" when
// it has none within its first 64 KiB.
func BuildID(r io.ReaderAt) string {
	b := make([]byte, buildIDPrefix)
	n, err := r.ReadAt(b, 0)
	if err != nil && err != io.EOF {
		return ""
	}
	b = b[:n]
	if len(b) < 64 || string(b[:4]) != elf.ELFMAG {
		return ""
	}
	var order binary.ByteOrder = binary.LittleEndian
	if b[elf.EI_DATA] == byte(elf.ELFDATA2MSB) {
		order = binary.BigEndian
	}
	// Offsets of Elf64_Ehdr and Elf64_Phdr, else of their 32-bit forms (elf.h).
	phoff, phentsize, phnum := order.Uint64(b[32:]), order.Uint16(b[54:]), order.Uint16(b[56:])
	word := func(p []byte) uint64 { return order.Uint64(p) }
	offsetAt, sizeAt, least := 8, 32, 56
	if elf.Class(b[elf.EI_CLASS]) == elf.ELFCLASS32 {
		phoff, phentsize, phnum = uint64(order.Uint32(b[28:])), order.Uint16(b[42:]), order.Uint16(b[44:])
		word = func(p []byte) uint64 { return uint64(order.Uint32(p)) }
		offsetAt, sizeAt, least = 4, 16, 32
	}
	if int(phentsize) < least {
		return ""
	}
	for i := range uint64(phnum) {
		p := cut(b, phoff+i*uint64(phentsize), uint64(phentsize))
		if p == nil {
			return ""
		}
		if elf.ProgType(order.Uint32(p)) != elf.PT_NOTE {
			continue
		}
		if id := findBuildID(cut(b, word(p[offsetAt:]), word(p[sizeAt:])), order); id != "" {
			return id
		}
	}
	return ""
}

// findBuildID walks the notes of one segment.
func findBuildID(b []byte, order binary.ByteOrder) string {
	for len(b) >= 12 {
		namesz, descsz, typ := uint64(order.Uint32(b)), uint64(order.Uint32(b[4:])), order.Uint32(b[8:])
		name := cut(b, 12, namesz)
		descAt := 12 + (namesz+3)&^3
		desc := cut(b, descAt, descsz)
		if name == nil || desc == nil {
			return ""
		}
		if typ == ntGNUBuildID && string(name) == "GNU\x00" && len(desc) <= 64 {
			return hex.EncodeToString(desc)
		}
		next := descAt + (descsz+3)&^3
		if next > uint64(len(b)) {
			return ""
		}
		b = b[next:]
	}
	return ""
}

// cut returns n bytes at an offset, nil when they are not all there.
func cut(b []byte, at, n uint64) []byte {
	if at > uint64(len(b)) || n > uint64(len(b))-at {
		return nil
	}
	return b[at : at+n]
}

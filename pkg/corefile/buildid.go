package corefile

import (
	"debug/elf"
	"encoding/hex"
)

const (
	ntGNUBuildID = 3
	maxBuildID   = 64
)

// pageBuildID returns the GNU build id that a module's ELF header page holds,
// as lower-case hex; "" when it is not there. Offsets in the file are also
// offsets in the page, since the start of the file is mapped there.
func (h *header) pageBuildID(page []byte) string {
	m, ok := h.moduleHeader(page)
	if !ok {
		return ""
	}
	var p phdr
	for i := range min(m.phnum, 64) {
		at := m.phoff + i*int64(m.phsize)
		if at+int64(m.phsize) > int64(len(page)) {
			return ""
		}
		m.decodePhdr(page[at:], &p)
		if p.typ != elf.PT_NOTE || !p.valid || p.offset+int64(p.filesz) > int64(len(page)) {
			continue
		}
		if id := m.findBuildID(page[p.offset:][:p.filesz]); id != "" {
			return id
		}
	}
	return m.strayBuildID(page)
}

// strayBuildID looks for the note where no PT_NOTE covers it: Go's linker puts
// it into the first page, but its PT_NOTE holds only the Go build id.
func (h *header) strayBuildID(page []byte) string {
	for at := 0; at+noteHead+4 <= len(page); at += 4 {
		if string(page[at+noteHead:at+noteHead+4]) != "GNU\x00" {
			continue
		}
		descsz := int64(h.order.Uint32(page[at+4:]))
		if end := int64(at) + noteHead + 4 + descsz; end <= int64(len(page)) {
			if id := h.findBuildID(page[at:end]); id != "" {
				return id
			}
		}
	}
	return ""
}

// moduleHeader decodes the ELF header of a mapped module of the core's class.
func (h *header) moduleHeader(b []byte) (header, bool) {
	if len(b) < 64 || string(b[:4]) != elf.ELFMAG || elf.Class(b[elf.EI_CLASS]) != h.class {
		return header{}, false
	}
	m := header{class: h.class, order: h.order, little: h.little}
	if h.class == elf.ELFCLASS32 {
		m.phoff, m.phnum, m.phsize = int64(h.order.Uint32(b[28:])), int64(h.order.Uint16(b[44:])), 32
	} else {
		m.phoff, m.phnum, m.phsize = int64(min(h.order.Uint64(b[32:]), headerPage)), int64(h.order.Uint16(b[56:])), 56
	}
	return m, m.phoff < headerPage
}

// findBuildID looks through the notes of a module.
func (h *header) findBuildID(b []byte) string {
	for len(b) >= noteHead {
		namesz, descsz := uint64(h.order.Uint32(b)), uint64(h.order.Uint32(b[4:]))
		descAt := noteHead + (namesz+3)&^3
		next := descAt + (descsz+3)&^3
		if descAt+descsz > uint64(len(b)) {
			return ""
		}
		if h.order.Uint32(b[8:]) == ntGNUBuildID && namesz == 4 && string(b[noteHead:noteHead+4]) == "GNU\x00" && descsz > 0 && descsz <= maxBuildID {
			var text [2 * maxBuildID]byte
			return string(hex.AppendEncode(text[:0], b[descAt:descAt+descsz]))
		}
		b = b[min(next, uint64(len(b))):]
	}
	return ""
}

package corefile

import (
	"debug/elf"
	"encoding/hex"
)

const (
	ntGNUBuildID = 3
	maxBuildID   = 64
)

// buildID returns the GNU build id of the module whose ELF header page was
// captured at base, as lower-case hex; "" when it is not there.
func (m *memory) buildID(base uint64) string {
	h, ok := m.moduleHeader(base)
	if !ok {
		return ""
	}
	for i := int64(0); i < min(h.phnum, 64); i++ {
		b, ok := m.Bytes(base+uint64(h.phoff+i*int64(h.phsize)), h.phsize)
		if !ok {
			return ""
		}
		p := h.decodePhdr(b)
		if p.typ != elf.PT_NOTE || !p.valid || p.filesz > headerPage {
			continue
		}
		// The first page of a file is mapped at base, so offsets in it are
		// also distances from base.
		notes, ok := m.Bytes(base+uint64(p.offset), int(p.filesz))
		if !ok {
			continue
		}
		if id := h.findBuildID(notes); id != "" {
			return id
		}
	}
	return ""
}

// moduleHeader decodes the ELF header of a mapped module.
func (m *memory) moduleHeader(base uint64) (header, bool) {
	b, ok := m.Bytes(base, 64)
	if !ok || string(b[:4]) != elf.ELFMAG || elf.Class(b[elf.EI_CLASS]) != m.h.class {
		return header{}, false
	}
	h := header{class: m.h.class, order: m.h.order}
	if h.class == elf.ELFCLASS32 {
		h.phoff, h.phnum, h.phsize = int64(h.order.Uint32(b[28:])), int64(h.order.Uint16(b[44:])), 32
	} else {
		off := h.order.Uint64(b[32:])
		if off > headerPage {
			return header{}, false
		}
		h.phoff, h.phnum, h.phsize = int64(off), int64(h.order.Uint16(b[56:])), 56
	}
	return h, h.phoff <= headerPage
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
			return hex.EncodeToString(b[descAt : descAt+descsz])
		}
		b = b[min(next, uint64(len(b))):]
	}
	return ""
}

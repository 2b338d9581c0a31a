package corefile

import "debug/elf"

// maxSegments bounds how many program headers are looked at: the largest
// vm.max_map_count that a distribution sets (1,048,576), and one PT_NOTE.
const maxSegments = 1<<20 + 1

// maxNoteSegments is how many PT_NOTEs are read; cores have one.
const maxNoteSegments = 16

// phdr is a program header in host form; offset and sizes are checked.
type phdr struct {
	typ    elf.ProgType
	flags  elf.ProgFlag
	offset int64
	vaddr  uint64
	filesz uint64
	memsz  uint64
	valid  bool // offset and size stay below maxOffset
}

// decodePhdr reads one Elf32_Phdr or Elf64_Phdr.
func (h *header) decodePhdr(b []byte) phdr {
	o := h.order
	var p phdr
	var off uint64
	p.typ = elf.ProgType(o.Uint32(b))
	if h.class == elf.ELFCLASS32 {
		off, p.vaddr = uint64(o.Uint32(b[4:])), uint64(o.Uint32(b[8:]))
		p.filesz, p.memsz = uint64(o.Uint32(b[16:])), uint64(o.Uint32(b[20:]))
		p.flags = elf.ProgFlag(o.Uint32(b[24:]))
	} else {
		p.flags = elf.ProgFlag(o.Uint32(b[4:]))
		off, p.vaddr = o.Uint64(b[8:]), o.Uint64(b[16:])
		p.filesz, p.memsz = o.Uint64(b[32:]), o.Uint64(b[40:])
	}
	if p.valid = off < maxOffset && p.filesz < maxOffset; p.valid {
		p.offset = int64(off)
	}
	return p
}

// segments is what the program headers say.
type segments struct {
	table    *table
	notes    []phdr
	expected int64 // where the last dumped byte ends
	cut      bool  // the input ended within the program headers
}

// readSegments reads all program headers through the window.
func readSegments(w *window, h *header) (*segments, error) {
	s := &segments{table: &table{limit: w.src.size()}}
	size := int64(h.phsize)
	for i := int64(0); i < h.phnum; i++ {
		if i >= maxSegments {
			s.table.partial = true
			break
		}
		off := h.phoff + i*size
		ahead := min(windowSize, (h.phnum-i)*size+firstRead/2)
		b, err := w.peek(off, h.phsize, int(ahead))
		if err != nil {
			return nil, asError(err, off)
		}
		if len(b) < h.phsize {
			s.cut, s.table.partial = true, true
			break
		}
		p := h.decodePhdr(b)
		if i == 0 {
			if err := h.countSegments(w, p); err != nil {
				return nil, err
			}
		}
		s.take(p)
	}
	s.table.partial = s.table.partial || h.atLeast
	s.table.limit = w.src.size() // a shorter file may have shown itself
	s.table.finish()
	return s, nil
}

// take files one program header.
func (s *segments) take(p phdr) {
	if !p.valid {
		s.table.partial = s.table.partial || p.typ == elf.PT_LOAD
		return
	}
	s.expected = max(s.expected, p.offset+int64(p.filesz))
	switch p.typ {
	case elf.PT_NOTE:
		if len(s.notes) < maxNoteSegments && p.filesz > 0 {
			s.notes = append(s.notes, p)
		}
	case elf.PT_LOAD:
		s.table.add(p.segment())
	}
}

// segment returns a PT_LOAD as a Segment; one that would wrap around the
// address space ends at its top.
func (p *phdr) segment() Segment {
	end := p.vaddr + p.memsz
	if end < p.vaddr {
		end = ^uint64(0)
	}
	return Segment{
		Start: p.vaddr, End: end, Flags: p.flags,
		Offset: p.offset, Dumped: min(p.filesz, p.memsz),
	}
}

package corefile

import (
	"debug/elf"
	"encoding/binary"
)

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
func (h *header) decodePhdr(b []byte, p *phdr) {
	var off uint64
	switch {
	case h.class == elf.ELFCLASS32:
		o := h.order
		p.typ, p.flags = elf.ProgType(o.Uint32(b)), elf.ProgFlag(o.Uint32(b[24:]))
		off, p.vaddr = uint64(o.Uint32(b[4:])), uint64(o.Uint32(b[8:]))
		p.filesz, p.memsz = uint64(o.Uint32(b[16:])), uint64(o.Uint32(b[20:]))
	case h.little: // nearly all cores, and up to a million times each
		o := binary.LittleEndian
		b = b[:56]
		p.typ, p.flags = elf.ProgType(o.Uint32(b)), elf.ProgFlag(o.Uint32(b[4:]))
		off, p.vaddr = o.Uint64(b[8:]), o.Uint64(b[16:])
		p.filesz, p.memsz = o.Uint64(b[32:]), o.Uint64(b[40:])
	default:
		o := binary.BigEndian
		p.typ, p.flags = elf.ProgType(o.Uint32(b)), elf.ProgFlag(o.Uint32(b[4:]))
		off, p.vaddr = o.Uint64(b[8:]), o.Uint64(b[16:])
		p.filesz, p.memsz = o.Uint64(b[32:]), o.Uint64(b[40:])
	}
	p.offset = 0
	if p.valid = off < maxOffset && p.filesz < maxOffset; p.valid {
		p.offset = int64(off)
	}
}

// segments is what the program headers say.
type segments struct {
	table    *table
	notes    []phdr
	expected int64 // where the last dumped byte ends
	cut      bool  // the input ended within the program headers
}

// read reads all program headers through the window.
func (s *segments) read(w *window, h *header) error {
	t := s.table
	t.limit = w.src.size()
	if err := s.countFrom(w, h); err != nil {
		return err
	}
	n := min(h.phnum, maxSegments)
	t.partial = h.atLeast || n < h.phnum
	t.hint = int(min(n, chunkEntries))
	size := int64(h.phsize)
	var p phdr
	for i := int64(0); i < n && !s.cut; {
		off := h.phoff + i*size
		batch := min(n-i, windowSize/size)
		ahead := min(windowSize, (n-i)*size+firstRead/2)
		b, err := w.peek(off, int(batch*size), int(ahead))
		if err != nil {
			return asError(err, off)
		}
		s.cut = int64(len(b)) < batch*size
		for ; len(b) >= h.phsize; b = b[size:] {
			h.decodePhdr(b, &p)
			s.take(&p)
			i++
		}
	}
	t.partial = t.partial || s.cut
	t.limit = w.src.size() // a shorter file may have shown itself
	t.finish()
	return nil
}

// countFrom settles the number of program headers by the first of them.
func (s *segments) countFrom(w *window, h *header) error {
	b, err := w.peek(h.phoff, h.phsize, firstRead)
	if err != nil {
		return asError(err, h.phoff)
	}
	if len(b) < h.phsize {
		return nil // the loop finds out
	}
	var p phdr
	h.decodePhdr(b, &p)
	return h.countSegments(w, p)
}

// take files one program header.
func (s *segments) take(p *phdr) {
	if !p.valid {
		s.table.partial = s.table.partial || p.typ == elf.PT_LOAD
		return
	}
	s.expected = max(s.expected, p.offset+int64(p.filesz))
	switch p.typ {
	case elf.PT_NOTE:
		if len(s.notes) < maxNoteSegments && p.filesz > 0 {
			s.notes = append(s.notes, *p)
		}
	case elf.PT_LOAD:
		s.table.add(p)
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

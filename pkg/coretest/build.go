package coretest

import (
	"debug/elf"
	"encoding/binary"
)

const pnXNum = 0xffff

// Must is Build for descriptions that are known to be right: it panics where
// Build returns an error, which is always a mistake in the test.
func Must(c Core) *Image {
	img, err := Build(c)
	if err != nil {
		panic(err)
	}
	return img
}

// Build writes the core file that c describes. It fails only for a machine
// without a register layout and for register names the machine does not have.
func Build(c Core) (*Image, error) {
	if err := c.defaults(); err != nil {
		return nil, err
	}
	img := &Image{Order: c.Order, Class: c.Class}
	notes, err := c.notes(&img.marks)
	if err != nil {
		return nil, err
	}
	ehsize, phsize := int64(64), int64(56)
	if c.word() == 4 {
		ehsize, phsize = 52, 32
	}
	phnum := int64(len(c.Segments) + 1)
	notesAt := ehsize + phnum*phsize
	data := align(notesAt+int64(len(notes)), c.PageAlign)
	if c.Producer == Gcore {
		data = align(notesAt, c.PageAlign)
		notesAt = data
		for _, s := range c.Segments {
			notesAt += int64(s.dumped())
		}
	}
	img.phoff, img.phsize = ehsize, phsize
	img.extend(notesAt, notes)
	phdrs := c.phdr(nil, elf.PT_NOTE, 0, notesAt, 0, uint64(len(notes)), 0)
	for _, s := range c.Segments {
		phdrs = c.phdr(phdrs, elf.PT_LOAD, s.Flags, data, s.Start, s.dumped(), s.Size)
		img.extend(data, s.Data[:min(uint64(len(s.Data)), s.dumped())])
		data += int64(s.dumped())
	}
	img.size = max(data, notesAt+int64(len(notes)))
	img.extend(ehsize, phdrs)
	shoff := int64(0)
	if phnum >= pnXNum || c.ExtendedNumbering {
		shoff = img.size
		img.extend(shoff, c.shdr(phnum))
		img.size = shoff + int64(len(c.shdr(phnum)))
	}
	img.extend(0, c.ehdr(phnum, shoff))
	for i := range img.marks.notes {
		img.marks.notes[i].at += notesAt
	}
	return img, nil
}

func (s *Segment) dumped() uint64 {
	if s.Dumped == 0 {
		return uint64(len(s.Data))
	}
	return s.Dumped
}

func align(n, to int64) int64 { return (n + to - 1) / to * to }

func (c *Core) ehdr(phnum, shoff int64) []byte {
	ehsize, phsize, shsize, data := uint16(64), uint16(56), uint16(64), byte(elf.ELFDATA2LSB)
	if c.word() == 4 {
		ehsize, phsize, shsize = 52, 32, 40
	}
	if c.Order == binary.ByteOrder(binary.BigEndian) {
		data = byte(elf.ELFDATA2MSB)
	}
	shnum := uint16(1)
	if shoff == 0 {
		shnum, shsize = 0, 0
	} else {
		phnum = pnXNum
	}
	b := append([]byte(elf.ELFMAG), byte(c.Class), data, 1)
	b = append(b, make([]byte, 9)...)
	b = c.u16(c.u16(b, uint16(elf.ET_CORE)), uint16(c.Machine))
	b = c.u32(b, 1)
	b = c.putWord(c.putWord(c.putWord(b, 0), uint64(ehsize)), uint64(shoff))
	b = c.u32(b, 0)
	b = c.u16(c.u16(c.u16(b, ehsize), phsize), uint16(phnum))
	return c.u16(c.u16(c.u16(b, shsize), shnum), 0)
}

func (c *Core) phdr(b []byte, typ elf.ProgType, flags elf.ProgFlag, off int64, addr, filesz, memsz uint64) []byte {
	b = c.u32(b, uint32(typ))
	if c.word() == 8 {
		b = c.u32(b, uint32(flags))
	}
	b = c.putWord(c.putWord(c.putWord(b, uint64(off)), addr), 0)
	b = c.putWord(c.putWord(b, filesz), memsz)
	if c.word() == 4 {
		b = c.u32(b, uint32(flags))
	}
	return c.putWord(b, uint64(c.PageAlign))
}

// shdr writes section header 0 of extended numbering: sh_size is the number of
// sections, sh_info the number of program headers (fs/binfmt_elf.c,
// fill_extnum_info).
func (c *Core) shdr(phnum int64) []byte {
	b := c.u32(c.u32(nil, 0), 0)
	b = c.putWord(c.putWord(c.putWord(b, 0), 0), 0)
	b = c.putWord(b, 1)
	b = c.u32(c.u32(b, 0), uint32(phnum))
	return c.putWord(c.putWord(b, 0), 0)
}

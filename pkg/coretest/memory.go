package coretest

import (
	"debug/elf"
	"encoding/binary"
)

// Words writes 64-bit little-endian words, for the content of a stack.
func Words(words ...uint64) []byte {
	b := make([]byte, 0, 8*len(words))
	for _, w := range words {
		b = binary.LittleEndian.AppendUint64(b, w)
	}
	return b
}

// ModulePage writes the first page of an ELF file as it is mapped: ELF header,
// one PT_NOTE and a GNU build id.
func ModulePage(m elf.Machine, class elf.Class, order binary.ByteOrder, buildID []byte) ([]byte, error) {
	c := Core{Machine: m, Class: class, Order: order}
	if err := c.defaults(); err != nil {
		return nil, err
	}
	b := c.ehdr(1, 0)
	c.Order.PutUint16(b[16:], uint16(elf.ET_DYN))
	at := int64(0x200)
	note := c.note(nil, "GNU", 3, buildID)
	b = c.phdr(b, elf.PT_NOTE, elf.PF_R, at, uint64(at), uint64(len(note)), uint64(len(note)))
	page := make([]byte, 4096)
	copy(page, b)
	copy(page[at:], note)
	return page, nil
}

package corefile

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"math"
)

// firstRead is how much is read at once from the start: the ELF header, the
// program headers and the notes of an ordinary process (up to 16 KiB where the
// extended state of the processor is large), and the first page of memory behind
// them, which holds the executable's ELF header.
const firstRead = 20 << 10

// maxOffset bounds every file offset, so that adding two never overflows.
const maxOffset = math.MaxInt64 / 4

// pnXNum in e_phnum says that the count stands in sh_info of section header 0
// (include/uapi/linux/elf.h, PN_XNUM).
const pnXNum = 0xffff

// header is the ELF header, in host form.
type header struct {
	machine elf.Machine
	class   elf.Class
	order   binary.ByteOrder
	little  bool // order is little-endian
	phoff   int64
	phnum   int64
	shoff   int64
	phsize  int // of one program header
	// atLeast: phnum is a lower bound, since the true count is out of reach.
	atLeast bool
}

func (h *header) word() int {
	if h.class == elf.ELFCLASS32 {
		return 4
	}
	return 8
}

// readWord decodes a machine word of the file's class at b.
func (h *header) readWord(b []byte) uint64 {
	if h.class == elf.ELFCLASS32 {
		return uint64(h.order.Uint32(b))
	}
	return h.order.Uint64(b)
}

// readHeader reads and checks the ELF header.
func readHeader(w *window) (header, error) {
	b, err := w.peek(0, 64, firstRead)
	if err != nil {
		return header{}, asError(err, 0)
	}
	if len(b) == 0 {
		return header{}, &Error{Reason: ReasonEmpty, Offset: -1}
	}
	if string(b[:min(4, len(b))]) != elf.ELFMAG[:min(4, len(b))] {
		return header{}, fail(ReasonNotELF, 0, "starts with %x", b[:min(4, len(b))])
	}
	if len(b) < 52 {
		return header{}, fail(ReasonTruncated, int64(len(b)), "ELF header")
	}
	h := header{class: elf.Class(b[elf.EI_CLASS])}
	switch elf.Data(b[elf.EI_DATA]) {
	case elf.ELFDATA2LSB:
		h.order, h.little = binary.LittleEndian, true
	case elf.ELFDATA2MSB:
		h.order = binary.BigEndian
	default:
		return header{}, fail(ReasonMalformed, elf.EI_DATA, "byte order %d", b[elf.EI_DATA])
	}
	if h.class == elf.ELFCLASS64 && len(b) < 64 {
		return header{}, fail(ReasonTruncated, int64(len(b)), "ELF header")
	}
	return h, h.decode(b)
}

// decode takes the fields after e_ident (Elf32_Ehdr, Elf64_Ehdr).
func (h *header) decode(b []byte) error {
	var phoff, shoff uint64
	var phentsize uint16
	switch h.class {
	case elf.ELFCLASS32:
		phoff, shoff = uint64(h.order.Uint32(b[28:])), uint64(h.order.Uint32(b[32:]))
		phentsize, h.phnum, h.phsize = h.order.Uint16(b[42:]), int64(h.order.Uint16(b[44:])), 32
	case elf.ELFCLASS64:
		phoff, shoff = h.order.Uint64(b[32:]), h.order.Uint64(b[40:])
		phentsize, h.phnum, h.phsize = h.order.Uint16(b[54:]), int64(h.order.Uint16(b[56:])), 56
	default:
		return fail(ReasonMalformed, elf.EI_CLASS, "ELF class %d", b[elf.EI_CLASS])
	}
	if typ := elf.Type(h.order.Uint16(b[16:])); typ != elf.ET_CORE {
		return fail(ReasonNotCore, 16, "ELF type is %v", typ)
	}
	h.machine = elf.Machine(h.order.Uint16(b[18:]))
	if h.phnum == 0 {
		return fail(ReasonNoRegisters, 44, "there are no program headers")
	}
	if int(phentsize) != h.phsize {
		return fail(ReasonMalformed, 42, "a program header has %d bytes, want %d", phentsize, h.phsize)
	}
	if phoff >= maxOffset || phoff < 52 {
		return fail(ReasonMalformed, 28, "program headers at offset %d", phoff)
	}
	h.phoff = int64(phoff)
	if shoff < maxOffset {
		h.shoff = int64(shoff)
	}
	return nil
}

// countSegments settles phnum for cores with PN_XNUM or more program headers.
// first is the first program header. The kernel writes the notes right behind
// the program headers (fs/binfmt_elf.c, elf_core_dump), so the first PT_NOTE
// tells the count too; that is what streams and cut cores have, since the
// section header stands at the very end of the file.
func (h *header) countSegments(w *window, first phdr) error {
	if h.phnum != pnXNum {
		return nil
	}
	if gap := first.offset - h.phoff; first.typ == elf.PT_NOTE && gap > pnXNum*int64(h.phsize) && gap%int64(h.phsize) == 0 {
		h.phnum = gap / int64(h.phsize)
		return nil
	}
	if h.shoff <= 0 {
		return fail(ReasonMalformed, 44, "PN_XNUM without a section header")
	}
	if w.src.forward() {
		h.atLeast = true
		return nil
	}
	infoAt, n := int64(28), 40 // Elf32_Shdr.sh_info
	if h.class == elf.ELFCLASS64 {
		infoAt, n = 44, 64
	}
	b := make([]byte, n)
	m, err := w.src.read(b, h.shoff)
	if err != nil {
		return asError(err, h.shoff)
	}
	if m < n {
		h.atLeast = true
		return nil
	}
	if info := int64(h.order.Uint32(b[infoAt:])); info >= pnXNum {
		h.phnum = info
		return nil
	}
	return fail(ReasonMalformed, h.shoff+infoAt, "PN_XNUM, but sh_info is below %d", pnXNum)
}

// asError makes an *Error of a source's error.
func asError(err error, off int64) error {
	if errors.Is(err, errBehind) || errors.Is(err, errLimit) {
		return &Error{Reason: ReasonLimit, What: "stream", Offset: off, Err: err}
	}
	return err
}

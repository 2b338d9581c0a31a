package binaries

import (
	"debug/elf"
	"errors"
	"io"

	"github.com/epicurve/epicurve/pkg/classify"
)

// Call frame information: Linux Standard Base 5.0 core, chapter 10 (.eh_frame,
// .eh_frame_hdr), and DWARF 5, section 6.4. Only the piece that covers one
// address is read, by the search table of .eh_frame_hdr, because .eh_frame of
// a large program has tens of megabytes; libraries read all of it.

var errNoFrame = errors.New("no call frame information")

// maxFrameBytes bounds one entry of .eh_frame.
const maxFrameBytes = 64 << 10

// unwindAt returns how to find the caller of the function at an address.
func unwindAt(e *elf.File, addr uint64) (row classify.UnwindRow, err error) {
	defer func() { // the sections are the file's word
		if r := recover(); r != nil {
			err = errNoFrame
		}
	}()
	hdr, eh := e.Section(".eh_frame_hdr"), e.Section(".eh_frame")
	if eh == nil || eh.Type == elf.SHT_NOBITS || eh.Flags&elf.SHF_COMPRESSED != 0 {
		return row, errNoFrame
	}
	if hdr == nil { // static programs have none
		return scanFDEs(e, eh, addr)
	}
	at, err := findFDE(e, hdr, addr)
	if err != nil {
		return row, err
	}
	return readFDE(e, eh, at, addr)
}

// maxScan bounds the size of an .eh_frame that is searched from end to end.
const maxScan = 4 << 20

// scanFDEs tries every entry in turn.
func scanFDEs(e *elf.File, eh *elf.Section, addr uint64) (classify.UnwindRow, error) {
	if eh.Size > maxScan {
		return classify.UnwindRow{}, errNoFrame
	}
	data, err := eh.Data()
	if err != nil {
		return classify.UnwindRow{}, err
	}
	for off := uint64(0); off+8 <= uint64(len(data)); {
		n := uint64(e.ByteOrder.Uint32(data[off:]))
		if n == 0 || n > maxFrameBytes {
			break
		}
		if e.ByteOrder.Uint32(data[off+4:]) != 0 { // not a CIE
			if row, err := readFDE(e, eh, eh.Addr+off, addr); err == nil {
				return row, nil
			}
		}
		off += 4 + n
	}
	return classify.UnwindRow{}, errNoFrame
}

// findFDE searches the sorted table of .eh_frame_hdr, which linkers write with
// pairs of 4-byte offsets from the section's own address.
func findFDE(e *elf.File, hdr *elf.Section, addr uint64) (uint64, error) {
	var head [12]byte
	if _, err := hdr.ReadAt(head[:], 0); err != nil {
		return 0, err
	}
	const wantPtr, wantCount, wantTable = pePCRel | peSdata4, peUdata4, peDataRel | peSdata4
	if head[0] != 1 || head[1] != wantPtr || head[2] != wantCount || head[3] != wantTable {
		return 0, errNoFrame
	}
	n := int64(e.ByteOrder.Uint32(head[8:]))
	if n <= 0 || 12+8*n > int64(hdr.Size) {
		return 0, errNoFrame
	}
	pair := func(i int64) (start, fde uint64, err error) {
		var b [8]byte
		_, err = hdr.ReadAt(b[:], 12+8*i)
		start = hdr.Addr + uint64(int64(int32(e.ByteOrder.Uint32(b[:]))))
		fde = hdr.Addr + uint64(int64(int32(e.ByteOrder.Uint32(b[4:]))))
		return start, fde, err
	}
	lo, hi := int64(0), n // the last entry whose start is not above addr
	for lo < hi {
		mid := (lo + hi) / 2
		start, _, err := pair(mid)
		if err != nil {
			return 0, err
		}
		if start <= addr {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == 0 {
		return 0, errNoFrame
	}
	_, fde, err := pair(lo - 1)
	return fde, err
}

// cie is a common information entry, as far as it matters.
type cie struct {
	codeAlign  uint64
	dataAlign  int64
	returnReg  uint64
	encoding   byte
	augmented  bool
	signal     bool
	initialize []byte
}

// entryAt reads one length-prefixed entry of .eh_frame at a virtual address.
func entryAt(e *elf.File, eh *elf.Section, addr uint64) (*cursor, error) {
	if addr < eh.Addr || addr-eh.Addr > eh.Size-min(eh.Size, 8) {
		return nil, errNoFrame
	}
	var head [4]byte
	off := int64(addr - eh.Addr)
	if _, err := eh.ReadAt(head[:], off); err != nil {
		return nil, err
	}
	n := e.ByteOrder.Uint32(head[:])
	if n < 4 || n > maxFrameBytes { // 0xffffffff is the 64-bit form, which nobody writes
		return nil, errNoFrame
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(io.NewSectionReader(eh, off+4, int64(n)), b); err != nil {
		return nil, err
	}
	word := 8
	if e.Class == elf.ELFCLASS32 {
		word = 4
	}
	return &cursor{b: b, order: e.ByteOrder, base: addr + 4, word: word}, nil
}

func readFDE(e *elf.File, eh *elf.Section, at, addr uint64) (classify.UnwindRow, error) {
	c, err := entryAt(e, eh, at)
	if err != nil {
		return classify.UnwindRow{}, err
	}
	back := uint64(c.u32())
	common, err := readCIE(e, eh, at+4-back)
	if err != nil {
		return classify.UnwindRow{}, err
	}
	start := c.pointer(common.encoding)
	length := c.pointer(common.encoding & 0x0f)
	if common.augmented {
		c.skip(c.uleb())
	}
	if c.bad || addr < start || addr-start >= length || common.signal {
		return classify.UnwindRow{}, errNoFrame
	}
	return execute(common, c, start, addr)
}

func readCIE(e *elf.File, eh *elf.Section, at uint64) (cie, error) {
	c, err := entryAt(e, eh, at)
	if err != nil {
		return cie{}, err
	}
	var out cie
	if id := c.u32(); id != 0 {
		return cie{}, errNoFrame
	}
	version := c.u8()
	augmentation := c.text()
	out.codeAlign, out.dataAlign = c.uleb(), c.sleb()
	if version == 1 {
		out.returnReg = uint64(c.u8())
	} else {
		out.returnReg = c.uleb()
	}
	if len(augmentation) > 0 && augmentation[0] == 'z' {
		out.augmented = true
		c.uleb()
		for _, a := range augmentation[1:] {
			switch a {
			case 'R':
				out.encoding = c.u8()
			case 'P':
				c.pointer(c.u8() &^ 0x80)
			case 'L':
				c.u8()
			case 'S':
				out.signal = true
			}
		}
	} else if augmentation != "" {
		return cie{}, errNoFrame
	}
	out.initialize = c.b
	if c.bad || version == 0 || version > 4 {
		return cie{}, errNoFrame
	}
	return out, nil
}

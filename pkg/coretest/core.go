package coretest

import (
	"debug/elf"
	"encoding/binary"
)

// Producer is the program whose habits a core follows.
type Producer int

// Producers.
const (
	// Kernel puts the notes behind the program headers: NT_PRSTATUS of the
	// crashing thread, NT_PRPSINFO, NT_SIGINFO, NT_AUXV, NT_FILE, its other
	// registers, then the other threads.
	Kernel Producer = iota
	// Gcore puts the notes at the end: NT_PRPSINFO, then for each thread
	// NT_PRSTATUS, other registers and NT_SIGINFO, then NT_AUXV and NT_FILE.
	Gcore
	// QEMU is qemu-user: NT_PRSTATUS, NT_PRPSINFO, NT_AUXV, the other
	// threads; no NT_SIGINFO, NT_FILE or floating-point registers.
	QEMU
)

// Core describes a core file. The zero value of every field but Machine has a
// meaning: what it names is not there.
type Core struct {
	Machine elf.Machine
	// Class and Order default to those of the machine's common Linux port.
	Class elf.Class
	Order binary.ByteOrder

	Producer Producer
	Threads  []Thread
	Signal   *Signal  // NT_SIGINFO
	Process  *Process // NT_PRPSINFO
	Auxv     [][2]uint64
	Files    []File
	FilePage uint64 // unit of the offsets in NT_FILE; 0 means 4096
	Segments []Segment
	// Extra notes stand behind each thread's registers, and Tail behind all
	// others.
	Extra, Tail []Note
	// PageAlign is where dumped memory starts; 0 means 4096 for the kernel
	// and qemu, none for gcore.
	PageAlign int64
	// ExtendedNumbering writes PN_XNUM and a section header even when the
	// segments would fit into e_phnum; it is forced when they do not.
	ExtendedNumbering bool
}

// Thread is one NT_PRSTATUS. Registers not named are zero.
type Thread struct {
	ID        int32
	Registers map[string]uint64
	Signal    int // pr_cursig
}

// Signal is siginfo_t; Addr is written for codes above zero, the sender for
// the others.
type Signal struct {
	Number, Code         int32
	Addr                 uint64
	SenderPID, SenderUID uint32
}

// Process is elf_prpsinfo.
type Process struct {
	PID, PPID  int32
	UID, GID   uint32
	Name, Args string
}

// File is one row of NT_FILE; Offset is in bytes.
type File struct {
	Start, End, Offset uint64
	Path               string
}

// Segment is a PT_LOAD of Size bytes, of which Dumped are in the file: Data,
// then zeroes. Dumped 0 means len(Data).
type Segment struct {
	Start, Size uint64
	Flags       elf.ProgFlag
	Data        []byte
	Dumped      uint64
}

// Note is a raw note.
type Note struct {
	Name string
	Type uint32
	Desc []byte
}

// Note types (include/uapi/linux/elf.h).
const (
	NTPRStatus uint32 = 1
	NTFPRegs   uint32 = 2
	NTPRPSInfo uint32 = 3
	NTAuxv     uint32 = 6
	NTSigInfo  uint32 = 0x53494749
	NTFile     uint32 = 0x46494c45
)

func (c *Core) defaults() error {
	m, err := machineOf(c.Machine, c.Class)
	if err != nil {
		return err
	}
	c.Class = m.class
	if c.Order == nil {
		c.Order = m.order
	}
	if c.FilePage == 0 {
		c.FilePage = 4096
	}
	if c.PageAlign == 0 && c.Producer != Gcore {
		c.PageAlign = 4096
	}
	if c.PageAlign <= 0 {
		c.PageAlign = 1
	}
	return nil
}

func (c *Core) word() int {
	if c.Class == elf.ELFCLASS32 {
		return 4
	}
	return 8
}

// putWord appends a machine word.
func (c *Core) putWord(b []byte, v uint64) []byte {
	if c.word() == 4 {
		return c.u32(b, uint32(v))
	}
	return c.u64(b, v)
}

func (c *Core) u16(b []byte, v uint16) []byte {
	n := len(b)
	b = append(b, 0, 0)
	c.Order.PutUint16(b[n:], v)
	return b
}

func (c *Core) u32(b []byte, v uint32) []byte {
	n := len(b)
	b = append(b, 0, 0, 0, 0)
	c.Order.PutUint32(b[n:], v)
	return b
}

func (c *Core) u64(b []byte, v uint64) []byte {
	n := len(b)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0)
	c.Order.PutUint64(b[n:], v)
	return b
}

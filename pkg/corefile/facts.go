package corefile

import (
	"debug/elf"
	"encoding/binary"
)

// Facts is what a core file says about one crash, read from a bounded prefix
// and a few computed ranges. It never contains a guess: what was not read, or
// not dumped, is unknown.
type Facts struct {
	// Machine, Class and ByteOrder are those of the ELF header.
	Machine   elf.Machine
	Class     elf.Class
	ByteOrder binary.ByteOrder

	// Thread is the crashing thread: the first NT_PRSTATUS of a kernel core;
	// otherwise the one that the signal belongs to.
	Thread Thread
	// ThreadCount counts NT_PRSTATUS notes; Threads below it were not all
	// necessarily read when ThreadsComplete is false.
	ThreadCount     int
	ThreadsComplete bool

	// Signal is the fatal signal.
	Signal Signal

	// Process is NT_PRPSINFO without the arguments.
	Process Process

	// Auxv holds the auxiliary vector's values by AT_* number.
	Auxv map[uint64]uint64

	// Files are the file-backed mappings of NT_FILE, in address order.
	// HasFiles is false when the note was absent or not reached, which
	// makes every file unknown rather than none.
	Files    []MappedFile
	HasFiles bool
	// FilesComplete is false when NT_FILE had more rows than are kept; the
	// mappings of executable segments are kept first.
	FilesComplete bool

	// Memory is the address space as far as the core describes it.
	Memory Memory

	// Recovered is set when the registers of Thread belong to a fatal signal
	// handler and the context it interrupted was found on the stack.
	Recovered *Recovered

	// ExecutableBuildID and PCBuildID are GNU build ids as lower-case hex,
	// "" when unknown: of the executable and of the module at pc.
	ExecutableBuildID string
	PCBuildID         string
	// Modules are the ELF files whose header page was looked at: those of the
	// executable, of pc, and of the first believable return addresses.
	Modules []Module

	// Identity is the raw content of the notes that make a crash unique
	// (registers, pid, randomised addresses), in the order of the file; it is
	// what crash ids are derived from, and it must not leave the node.
	Identity []Note

	// Size of the input in bytes (-1 when unknown, as of a stream);
	// ExpectedSize is what the program headers promise.
	Size         int64
	ExpectedSize int64
	// Truncated: the input ends before ExpectedSize (or before its notes).
	Truncated bool
	// Incomplete says in one line what kept the reader from reading all that
	// it wanted (a limit, a failing disk, damaged compressed data); "" when
	// nothing did. A core that is merely truncated is not Incomplete.
	Incomplete string
	// Compression is "", "zstd", "lz4", "xz" or "gzip".
	Compression string
	// BytesRead and Reads count what was taken from the input (after
	// decompression, for compressed cores).
	BytesRead int64
	Reads     int
	// Producer is "kernel", "gcore", "qemu" or "".
	Producer string
}

// Note is one note of a PT_NOTE segment.
type Note struct {
	Name string // "CORE", "LINUX"
	Type uint32 // NT_*
	Desc []byte
}

// Thread is one NT_PRSTATUS.
type Thread struct {
	ID        int64 // pr_pid: the thread's id in the dumping process's pid namespace
	Registers Registers
}

// Registers are a thread's general registers in the kernel's order for the
// machine (user_regs_struct); Names runs parallel to Values.
type Registers struct {
	Names  []string
	Values []uint64
	// PC, SP, FP and LR are the values of the machine's program counter,
	// stack pointer, frame pointer and link register; HasFP and HasLR are
	// false where the machine has no such register.
	PC, SP, FP, LR uint64
	HasFP, HasLR   bool
}

// Value returns a register by its kernel name ("rax", "x30", "eax").
func (r *Registers) Value(name string) (uint64, bool) {
	for i, n := range r.Names {
		if n == name && i < len(r.Values) {
			return r.Values[i], true
		}
	}
	return 0, false
}

// Signal is the fatal signal as NT_SIGINFO (or, failing that, pr_cursig) has it.
type Signal struct {
	Number int
	// HasInfo is false when there was no NT_SIGINFO (qemu, old kernels);
	// Code and Addr are then unknown.
	HasInfo bool
	Code    int
	// Addr is si_addr; HasAddr is false for signals that carry none.
	Addr    uint64
	HasAddr bool
	// SenderPID and SenderUID are set for signals sent by a process
	// (si_code <= 0).
	SenderPID, SenderUID int64
}

// Process is NT_PRPSINFO without its arguments.
type Process struct {
	PID, PPID int64
	UID, GID  int64
	Name      string // pr_fname, at most 15 bytes
}

// MappedFile is one row of NT_FILE.
type MappedFile struct {
	Start, End uint64
	Offset     uint64 // bytes into the file
	Path       string // as the kernel knew it; may end in " (deleted)"
}

// Module is a mapped ELF file.
type Module struct {
	Start   uint64 // where its ELF header stands in memory
	Path    string // "" when NT_FILE does not tell
	BuildID string // GNU build id, lower-case hex; "" when unknown
}

// Segment is a PT_LOAD.
type Segment struct {
	Start, End uint64       // virtual addresses, End exclusive
	Flags      elf.ProgFlag // PF_R, PF_W, PF_X
	Offset     int64        // of the dumped bytes in the file
	Dumped     uint64       // bytes present from Start; the rest is unknown, not zero
}

// Executable reports whether the segment could be executed.
func (s Segment) Executable() bool { return s.Flags&elf.PF_X != 0 }

// Writable reports whether the segment could be written.
func (s Segment) Writable() bool { return s.Flags&elf.PF_W != 0 }

// Recovered is a context found in a signal frame on the stack. Its Signal is
// the one that entered the handler. Its Registers equal those of Thread when
// the handler had returned before the raised signal was delivered (which is
// what happens when a handler raises the signal that it blocks).
type Recovered struct {
	Registers Registers
	Signal    Signal
	// FrameAddr is the address of the signal frame; AltStack tells that it
	// stood on an alternate signal stack.
	FrameAddr uint64
	AltStack  bool
}

// Memory answers questions about the crashed address space. The zero value
// knows nothing.
type Memory interface {
	// Segment returns the PT_LOAD that holds addr. complete is false when
	// the program headers were not all read, so that "not found" means
	// unknown.
	Segment(addr uint64) (seg Segment, found bool, complete bool)
	// Bytes returns n bytes at addr when they were captured; they are valid
	// until the Facts are dropped and must not be changed.
	Bytes(addr uint64, n int) ([]byte, bool)
	// Word returns the machine word at addr when it was captured.
	Word(addr uint64) (uint64, bool)
}

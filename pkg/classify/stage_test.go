package classify

import (
	"debug/elf"
	"encoding/binary"

	"github.com/epicurve/epicurve/pkg/corefile"
)

// stage is a hand-made crashed process: two modules, a heap, a stack.
type stage struct {
	facts *corefile.Facts
	mem   *fakeMemory
}

// Addresses of the x86-64 stage.
const (
	exeText  = 0x555555556000
	exeData  = 0x555555559000
	libcText = 0x7ffff7c26000
	heapAt   = 0x55555557a000
	stackLow = 0x7ffffffdd000
	stackTop = 0x7ffffffff000
	spHome   = 0x7fffffffe000 // a multiple of 16
	retExe   = exeText + 0x134
	retLibc  = libcText + 0x124a
)

// newStage returns an x86-64 process at a fault, with pc in the executable.
func newStage() *stage {
	mem := &fakeMemory{word: 8, order: binary.LittleEndian, complete: true, bytes: map[uint64]byte{}}
	mem.segs = []corefile.Segment{
		{Start: exeText - 0x1000, End: exeText, Flags: elf.PF_R},
		{Start: exeText, End: exeText + 0x2000, Flags: elf.PF_R | elf.PF_X},
		{Start: exeData, End: exeData + 0x1000, Flags: elf.PF_R},
		{Start: heapAt, End: heapAt + 0x21000, Flags: elf.PF_R | elf.PF_W},
		{Start: libcText - 0x26000, End: libcText, Flags: elf.PF_R},
		{Start: libcText, End: libcText + 0x150000, Flags: elf.PF_R | elf.PF_X},
		{Start: stackLow, End: stackTop, Flags: elf.PF_R | elf.PF_W},
		{Start: 0xffffffffff600000, End: 0xffffffffff601000, Flags: elf.PF_X},
	}
	f := &corefile.Facts{
		Machine: elf.EM_X86_64, Class: elf.ELFCLASS64, ByteOrder: binary.LittleEndian,
		Memory: mem, HasFiles: true, Producer: "kernel",
		Process: corefile.Process{PID: 100, Name: "leafd"},
		Auxv:    map[uint64]uint64{auxEntry: exeText + 0x100, auxPHDR: exeText - 0x1000 + 0x40},
		Files: []corefile.MappedFile{
			{Start: exeText - 0x1000, End: exeText, Path: "/srv/leafd"},
			{Start: exeText, End: exeText + 0x2000, Offset: 0x1000, Path: "/srv/leafd"},
			{Start: exeData, End: exeData + 0x1000, Offset: 0x3000, Path: "/srv/leafd"},
			{Start: libcText - 0x26000, End: libcText, Path: "/usr/lib/libc.so.6"},
			{Start: libcText, End: libcText + 0x150000, Offset: 0x26000, Path: "/usr/lib/libc.so.6"},
		},
		ExecutableBuildID: "1a2b3c4d5e6f", PCBuildID: "1a2b3c4d5e6f",
	}
	f.Thread.ID = 100
	s := &stage{facts: f, mem: mem}
	return s.signal(sigSEGV, segvMapErr, 0).regs(exeText+0x200, spHome)
}

// on386 turns the stage into an i386 process.
func (s *stage) on386() *stage {
	s.facts.Machine, s.facts.Class = elf.EM_386, elf.ELFCLASS32
	s.mem.word = 4
	for i := range s.mem.segs {
		s.mem.segs[i].Start, s.mem.segs[i].End = s.mem.segs[i].Start&0xffffffff, s.mem.segs[i].End&0xffffffff
	}
	for i := range s.facts.Files {
		s.facts.Files[i].Start, s.facts.Files[i].End = s.facts.Files[i].Start&0xffffffff, s.facts.Files[i].End&0xffffffff
	}
	for k, v := range s.facts.Auxv {
		s.facts.Auxv[k] = v & 0xffffffff
	}
	r := &s.facts.Thread.Registers
	r.Names, r.Values = []string{"eax", "ebp", "esp", "eip"}, []uint64{0, 0, 0, 0}
	return s.regs(r.PC&0xffffffff, r.SP&0xffffffff)
}

// onARM64 turns the stage into an AArch64 process with a link register.
func (s *stage) onARM64(lr uint64) *stage {
	s.facts.Machine = elf.EM_AARCH64
	r := &s.facts.Thread.Registers
	r.Names, r.Values = []string{"x0", "x3", "x29", "x30", "sp", "pc", "pstate"}, make([]uint64, 7)
	r.LR, r.HasLR, r.HasFP = lr, true, true
	return s
}

func (s *stage) regs(pc, sp uint64) *stage {
	r := &s.facts.Thread.Registers
	if r.Names == nil {
		r.Names = []string{"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8", "r12", "r15"}
		r.Values = make([]uint64, len(r.Names))
		r.HasFP = true
	}
	r.PC, r.SP = pc, sp
	return s
}

// reg sets a general register.
func (s *stage) reg(name string, x uint64) *stage {
	r := &s.facts.Thread.Registers
	for i, n := range r.Names {
		if n == name {
			r.Values[i] = x
		}
	}
	if name == "rbp" || name == "ebp" || name == "x29" {
		r.FP = x
	}
	return s
}

func (s *stage) signal(n, code int, addr uint64) *stage {
	s.facts.Signal = corefile.Signal{Number: n, HasInfo: true, Code: code, Addr: addr, HasAddr: code > 0 && code != siKernel || code == siKernel}
	return s
}

// sent makes the signal one that a process sent.
func (s *stage) sent(n, code int, pid int64) *stage {
	s.facts.Signal = corefile.Signal{Number: n, HasInfo: true, Code: code, SenderPID: pid}
	return s
}

// stack puts words from addr upward.
func (s *stage) stack(addr uint64, words ...uint64) *stage {
	var b [8]byte
	for i, w := range words {
		binary.LittleEndian.PutUint64(b[:], w)
		s.code(addr+uint64(i)*s.mem.word, b[:s.mem.word]...)
	}
	return s
}

// code puts bytes at addr.
func (s *stage) code(addr uint64, bytes ...byte) *stage {
	for i, b := range bytes {
		s.mem.bytes[addr+uint64(i)] = b
	}
	return s
}

// fakeMemory is a sparse address space.
type fakeMemory struct {
	segs     []corefile.Segment
	complete bool
	bytes    map[uint64]byte
	word     uint64
	order    binary.ByteOrder
}

func (m *fakeMemory) Segment(addr uint64) (corefile.Segment, bool, bool) {
	for _, s := range m.segs {
		if addr >= s.Start && addr < s.End {
			return s, true, m.complete
		}
	}
	return corefile.Segment{}, false, m.complete
}

func (m *fakeMemory) Bytes(addr uint64, n int) ([]byte, bool) {
	if n < 0 || n > 1<<16 {
		return nil, false
	}
	out := make([]byte, 0, n)
	for i := range uint64(n) {
		b, ok := m.bytes[addr+i]
		if !ok {
			return nil, false
		}
		out = append(out, b)
	}
	return out, true
}

func (m *fakeMemory) Word(addr uint64) (uint64, bool) {
	b, ok := m.Bytes(addr, int(m.word))
	if !ok {
		return 0, false
	}
	if m.word == 4 {
		return uint64(m.order.Uint32(b)), true
	}
	return m.order.Uint64(b), true
}

package classify

import (
	"debug/elf"
	"maps"
)

// UnwindRow is one row of call frame information: how to find the caller of a
// function stopped at some address (DWARF 5, section 6.4). Registers go by
// their DWARF numbers.
type UnwindRow struct {
	// The canonical frame address is CFARegister plus CFAOffset.
	CFARegister uint64
	CFAOffset   int64
	// Saved has the place of each saved register as its offset from the
	// canonical frame address.
	Saved map[uint64]int64
	// Lost are registers whose value in the caller is unknown.
	Lost map[uint64]bool
	// ReturnRegister is the column of the return address.
	ReturnRegister uint64
}

// Clone returns an independent copy.
func (r UnwindRow) Clone() UnwindRow {
	r.Saved, r.Lost = maps.Clone(r.Saved), maps.Clone(r.Lost)
	return r
}

// Save says that a register stands at an offset from the canonical frame address.
func (r *UnwindRow) Save(reg uint64, off int64) {
	if r.Saved == nil {
		r.Saved = map[uint64]int64{}
	}
	r.Saved[reg] = off
	delete(r.Lost, reg)
}

// Lose says that a register's value in the caller is unknown.
func (r *UnwindRow) Lose(reg uint64) {
	if r.Lost == nil {
		r.Lost = map[uint64]bool{}
	}
	r.Lost[reg] = true
	delete(r.Saved, reg)
}

// Forget says that a register has the same value in the caller.
func (r *UnwindRow) Forget(reg uint64) {
	delete(r.Saved, reg)
	delete(r.Lost, reg)
}

// dwarfRegisters are the kernel's names of the registers in the order of their
// DWARF numbers (System V ABI AMD64 figure 3.36; i386 table 2.14; AADWARF64
// section 4.1), and the number of the stack pointer.
func dwarfRegisters(m elf.Machine) (names []string, sp uint64) {
	switch m {
	case elf.EM_X86_64:
		return dwarfX86, 7
	case elf.EM_386:
		return dwarfI386, 4
	case elf.EM_AARCH64:
		return dwarfA64, 31
	}
	return nil, 0
}

var (
	dwarfX86  = []string{"rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"}
	dwarfI386 = []string{"eax", "ecx", "edx", "ebx", "", "ebp", "esi", "edi"}
	dwarfA64  = func() (names []string) {
		for i := range 31 {
			names = append(names, xRegister(i))
		}
		return names
	}()
)

// frameRegisters are the known registers of one stack frame, by DWARF number;
// those of higher numbers never hold a frame's address.
type frameRegisters struct {
	value [32]uint64
	known [32]bool
}

func (r *frameRegisters) get(reg uint64) (uint64, bool) {
	if reg >= uint64(len(r.value)) {
		return 0, false
	}
	return r.value[reg], r.known[reg]
}

func (r *frameRegisters) set(reg, x uint64, known bool) {
	if reg < uint64(len(r.value)) {
		r.value[reg], r.known[reg] = x, known
	}
}

// context is what is known of the registers of one stack frame.
type context struct {
	pc, sp uint64
	regs   frameRegisters
	exact  bool // pc is where the frame stopped, not a return address
}

// unwind follows call frame information from the innermost frame whose address
// is known, as far as files and the stack window go. It reports whether any
// caller was found.
func (w *walk) unwind() bool {
	v := w.v
	names, spReg := dwarfRegisters(v.f.Machine)
	if v.opt.Binaries == nil || names == nil {
		return false
	}
	c := context{pc: v.pc, sp: v.sp, exact: true}
	for i, name := range names {
		if x, ok := v.register(name); ok && name != "" {
			c.regs.set(uint64(i), x, true)
		}
	}
	if t := v.arrival(); t != nil {
		if t.caller == 0 || t.how == howShifted || !w.add(t.caller) {
			return false
		}
		c.pc, c.exact = t.caller, false
		if v.abi.x86() {
			c.sp += v.abi.word
		}
	}
	found := len(w.out) > 0
	for len(w.out) < maxFrames && v.step(&c, spReg) && w.add(c.pc) {
		found = true
	}
	v.unwound = found
	return found
}

// step moves a context to its caller.
func (v *view) step(c *context, spReg uint64) bool {
	s, ok := v.siteOf(c.pc)
	if !ok || s.buildID == "" {
		return false
	}
	row, ok := v.opt.Binaries.Unwind(s.path, s.buildID, s.file-s.back)
	if !ok {
		return false
	}
	base, ok := c.regs.get(row.CFARegister)
	if row.CFARegister == spReg {
		base, ok = c.sp, true
	}
	cfa := base + uint64(row.CFAOffset)
	if !ok || cfa < c.sp || (cfa == c.sp && !c.exact) {
		return false
	}
	ret, ok := v.savedReturn(row, c, cfa)
	if !ok {
		return false
	}
	for reg, off := range row.Saved {
		x, ok := v.word(cfa + uint64(off))
		c.regs.set(reg, x, ok)
	}
	for reg := range row.Lost {
		c.regs.set(reg, 0, false)
	}
	c.pc, c.sp, c.exact = ret, cfa, false
	return true
}

// savedReturn returns the return address: saved in the frame, or still in the
// link register of the innermost one.
func (v *view) savedReturn(row UnwindRow, c *context, cfa uint64) (uint64, bool) {
	if row.Lost[row.ReturnRegister] {
		return 0, false // the outermost frame says so
	}
	if off, ok := row.Saved[row.ReturnRegister]; ok {
		return v.word(cfa + uint64(off))
	}
	if v.abi.link && c.exact && v.regs.HasLR {
		return v.regs.LR, true
	}
	return 0, false
}

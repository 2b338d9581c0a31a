package classify

import (
	"strconv"
	"strings"

	"golang.org/x/arch/x86/x86asm"
)

// x86Register returns the value of a general register of 32 or 64 bits, by the
// kernel's name for it.
func (v *view) x86Register(r x86asm.Reg) (uint64, bool) {
	if r == x86asm.RSP || r == x86asm.ESP {
		return v.sp, true
	}
	name := strings.ToLower(r.String())
	if x, ok := v.regs.Value(name); ok {
		return x, true
	}
	// In 64-bit code the 32-bit names are the lower halves; the decoder calls
	// r8d..r15d R8L..R15L.
	switch {
	case strings.HasPrefix(name, "e"):
		x, ok := v.regs.Value("r" + name[1:])
		return uint64(uint32(x)), ok
	case strings.HasPrefix(name, "r") && strings.HasSuffix(name, "l"):
		x, ok := v.regs.Value(strings.TrimSuffix(name, "l"))
		return uint64(uint32(x)), ok
	}
	return 0, false
}

// x86Address computes the address of a memory operand. next is the address of
// the following instruction; raised is by how much sp has dropped since the
// instruction read it (a word when it was a call that has pushed).
func (v *view) x86Address(m x86asm.Mem, next, raised uint64) (uint64, bool) {
	if m.Segment == x86asm.FS || m.Segment == x86asm.GS {
		return 0, false
	}
	addr := uint64(m.Disp)
	if m.Base != 0 {
		if m.Base == x86asm.RIP || m.Base == x86asm.EIP {
			addr += next
		} else {
			x, ok := v.x86Register(m.Base)
			if !ok {
				return 0, false
			}
			if m.Base == x86asm.RSP || m.Base == x86asm.ESP {
				x += raised
			}
			addr += x
		}
	}
	if m.Index != 0 {
		x, ok := v.x86Register(m.Index)
		if !ok {
			return 0, false
		}
		addr += x * uint64(m.Scale)
	}
	if v.x86Mode() == 32 {
		addr = uint64(uint32(addr))
	}
	return addr, true
}

// xRegister is the kernel's name of an AArch64 general register.
func xRegister(n int) string { return "x" + strconv.Itoa(n) }

// assembly prints an instruction in the syntax of GNU tools, as gdb shows it.
func assembly(inst x86asm.Inst, pc uint64) string {
	return x86asm.GNUSyntax(inst, pc, nil)
}

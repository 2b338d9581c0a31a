package classify

import (
	"fmt"

	"golang.org/x/arch/x86/x86asm"

	"github.com/epicurve/epicurve/pkg/crash"
)

// contradictions compares the signal with the instruction at pc, where its text
// is at hand: a fault restarts the instruction, so that the registers are those
// that it read (Intel SDM volume 3, 6.5: faults).
func (v *view) contradictions(r ruling) []string {
	inst := v.atPC()
	if !inst.known || !v.kernelFault() || v.opt.Binaries == nil && v.writableText() {
		return nil
	}
	switch r.kind {
	case crash.KindNullDeref, crash.KindWildAccess, crash.KindProtectionFault:
		return v.wrongAddress(inst)
	case crash.KindIllegalInstruction:
		if plain(inst.x86.Op) {
			return []string{fmt.Sprintf("SIGILL at the instruction %q, which every processor of the kind can run.", assembly(inst.x86, v.pc))}
		}
	case crash.KindArithmetic:
		if v.sig.Code == 1 && plain(inst.x86.Op) {
			return []string{fmt.Sprintf("A division error at the instruction %q, which divides nothing.", assembly(inst.x86, v.pc))}
		}
	}
	return nil
}

// writableText reports whether code at pc could have been changed since.
func (v *view) writableText() bool {
	seg, ok := v.segment(v.pc)
	return !ok || seg.Writable()
}

// wrongAddress: the faulting address is none that the operands give.
func (v *view) wrongAddress(inst instruction) []string {
	if !v.sig.HasAddr || v.generalProtection() || v.sig.Addr == v.pc || !simpleOperand(inst.x86) {
		return nil
	}
	m, ok := inst.memory()
	if !ok {
		if plain(inst.x86.Op) && inst.x86.Op != x86asm.PUSH && inst.x86.Op != x86asm.POP {
			return []string{fmt.Sprintf("A fault at address %#x, while the instruction %q accesses no memory.", v.sig.Addr, assembly(inst.x86, v.pc))}
		}
		return nil
	}
	addr, known := v.x86Address(m, v.pc+uint64(inst.x86.Len), 0)
	if !known {
		return nil
	}
	// An access that crosses a page reports the page that is missing.
	if size := uint64(max(inst.x86.MemBytes, 1)); v.sig.Addr-addr < size {
		return nil
	}
	return []string{fmt.Sprintf("The faulting address is %#x, but the operand of %q gives %#x with the registers of the fault.", v.sig.Addr, assembly(inst.x86, v.pc), addr)}
}

// simpleOperand reports whether the instruction touches no memory but its
// explicit operand.
func simpleOperand(inst x86asm.Inst) bool { return plain(inst.Op) }

// plain lists common instructions that raise no exception except for their
// explicit memory operand.
func plain(op x86asm.Op) bool {
	switch op {
	case x86asm.MOV, x86asm.MOVZX, x86asm.MOVSX, x86asm.MOVSXD, x86asm.LEA, x86asm.ADD, x86asm.SUB, x86asm.AND, x86asm.OR,
		x86asm.XOR, x86asm.CMP, x86asm.TEST, x86asm.INC, x86asm.DEC, x86asm.NEG, x86asm.NOT, x86asm.SHL, x86asm.SHR, x86asm.SAR,
		x86asm.IMUL, x86asm.ADC, x86asm.SBB:
		return true
	}
	return false
}

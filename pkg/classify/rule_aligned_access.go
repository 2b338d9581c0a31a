package classify

import (
	"debug/elf"
	"fmt"
	"strings"

	"golang.org/x/arch/x86/x86asm"

	"github.com/epicurve/epicurve/pkg/crash"
)

func ruleAlignedAccess() Rule {
	return Rule{
		Name:    "aligned_access",
		Kinds:   []crash.Kind{crash.KindMisalignedStack, crash.KindProtectionFault},
		Decides: "Aligned vector accesses (MOVAPS and its kin) that a stack pointer off by a word led astray; protection_fault for the other causes of a #GP without a non-canonical address.",
		Evidence: "A #GP and no non-canonical register or word. With text: an aligned operand on the stack that is not aligned. Without: sp mod 16 is 8 within a stack frame. sp mod 16 = 8 alone is normal inside text: " +
			"where the word at sp is a return address, as in a function without a stack frame, and a register points to misaligned memory, the finding is ambiguous.",
		Basis: append([]string{"Intel SDM volume 2, MOVAPS (#GP if a memory operand is not aligned on 16 bytes); volume 1, 4.1.1"}, protectionBasis...),
		apply: (*view).alignedAccess,
	}
}

func (v *view) alignedAccess() (ruling, bool) {
	if !v.generalProtection() || v.sig.Number != sigSEGV || !v.pcRunnable() {
		return ruling{}, false
	}
	r := ruling{kind: crash.KindProtectionFault, confidence: crash.ConfidenceCertain, at: v.pc}
	r.reasons = append(r.reasons, fmt.Sprintf("A general protection fault (SI_KERNEL, no address) at %s.", v.describe(v.pc)))
	inst := v.atPC()
	if inst.known {
		return v.alignedOperand(r, inst), true
	}
	r.confidence = crash.ConfidenceLikely
	switch {
	case len(v.regs.Names) == 0:
		r.confidence = crash.ConfidenceAmbiguous
		r.reasons = append(r.reasons, "The registers are not at hand: an access through a non-canonical pointer, a return or call to one, an aligned vector access to misaligned memory, or a privileged instruction.")
	case v.muslCode(v.pc):
		r.confidence = crash.ConfidenceAmbiguous
		r.reasons = append(r.reasons, "pc is in the musl C library, which stops a program with a privileged instruction (hlt) when it finds its heap corrupt; the text at pc is not at hand.")
	case v.frameless() && v.misalignedPointer() != "":
		r.kind, r.confidence = crash.KindMisalignedStack, crash.ConfidenceAmbiguous
		r.reasons = append(r.reasons,
			fmt.Sprintf("sp mod 16 is %d and the word at sp is a return address, as in a function without a stack frame, where that is normal.", v.skew()),
			fmt.Sprintf("An aligned vector access through register %s, which points to misaligned memory, would look like one through a stack pointer that is off by a word; the text at pc, which would tell, is not at hand.", v.misalignedPointer()))
	case v.sp%v.abi.word != 0 || (v.abi.strict && v.skew() == v.abi.entry):
		r.kind = crash.KindMisalignedStack
		r.reasons = append(r.reasons,
			"No register holds a non-canonical address, so what is left is an aligned vector access to misaligned memory, or a privileged instruction.",
			fmt.Sprintf("sp mod 16 is %d within a stack frame, where compilers keep it 0; only a function that calls nothing may leave it so, and then another pointer would be the misaligned one.", v.skew()))
	default:
		r.confidence = crash.ConfidenceAmbiguous
		r.reasons = append(r.reasons, fmt.Sprintf("No register holds a non-canonical address and sp mod 16 is %d: an aligned vector access through a misaligned pointer, or a privileged instruction; the text at pc is not at hand.", v.skew()))
	}
	return r, true
}

// frameless reports whether sp stands as at the entry of a function, on its
// return address: the function has no stack frame (yet).
func (v *view) frameless() bool {
	top, ok := v.top()
	return ok && v.skew() == v.abi.entry && v.returnAddress(top)
}

// misalignedPointer names a register that points to mapped data at an address
// that is no multiple of 16, as the base of a failed aligned access would; ""
// when there is none, so that only sp is left.
func (v *view) misalignedPointer() string {
	names := addressRegisters
	if v.f.Machine == elf.EM_386 {
		names = []string{"eax", "ebx", "ecx", "edx", "esi", "edi", "ebp"}
	}
	for _, name := range names {
		if x, ok := v.register(name); ok && x%16 != 0 && x >= nullPage && v.placeOf(x) == placeData {
			return name
		}
	}
	return ""
}

// muslCode reports whether addr is in the musl C library, whose a_crash is hlt
// on x86 (musl arch/x86_64/atomic_arch.h).
func (v *view) muslCode(addr uint64) bool {
	s, ok := v.siteOf(addr)
	return ok && (strings.HasPrefix(s.module, "ld-musl") || strings.HasPrefix(s.module, "libc.musl"))
}

// alignedOperand decides with the instruction at pc.
func (v *view) alignedOperand(r ruling, inst instruction) ruling {
	if inst.privileged() {
		r.reasons = append(r.reasons, fmt.Sprintf("The instruction %q is privileged; C libraries use some of them to stop a program at once.", assembly(inst.x86, v.pc)))
		return r
	}
	m, _ := inst.memory()
	addr, known := v.x86Address(m, v.pc+uint64(inst.x86.Len), 0)
	if !inst.aligned() || !known || addr%16 == 0 {
		r.confidence = crash.ConfidenceAmbiguous
		r.reasons = append(r.reasons, fmt.Sprintf("The instruction %q gives no reason for it.", assembly(inst.x86, v.pc)))
		return r
	}
	r.reasons = append(r.reasons, fmt.Sprintf("The instruction %q needs an aligned operand, and its address is %#x.", assembly(inst.x86, v.pc), addr))
	switch m.Base {
	case x86asm.RSP, x86asm.ESP:
		r.kind = crash.KindMisalignedStack
		r.reasons = append(r.reasons, fmt.Sprintf("The operand is at a fixed distance from sp %#x, which the compiler chose so that it is aligned: sp is off.", v.sp))
	case x86asm.RBP, x86asm.EBP:
		if fp, _ := v.x86Register(m.Base); near(fp, v.sp, guardReach) {
			r.kind, r.confidence = crash.KindMisalignedStack, crash.ConfidenceLikely
			r.reasons = append(r.reasons, fmt.Sprintf("The operand is at a fixed distance from the frame pointer %#x, which was set from a misaligned sp.", fp))
		}
	}
	return r
}

package classify

import (
	"debug/elf"
	"fmt"
	"strings"

	"golang.org/x/arch/x86/x86asm"

	"github.com/epicurve/epicurve/pkg/crash"
)

// The rules of this file read x86's general protection fault. The kernel gives
// no address for it (SI_KERNEL, si_addr 0), so that what caused it must be told
// from the registers, the stack and, where it is at hand, the instruction.

var protectionBasis = []string{
	"arch/x86/kernel/traps.c (exc_general_protection: SIGSEGV, SI_KERNEL, no address; exc_stack_segment: SIGBUS)",
	"Intel SDM volume 1, 3.3.7.1 (canonical addresses); volume 2, RET, CALL (a non-canonical target raises #GP at the instruction itself, before sp moves)",
}

func ruleReturnAtText() Rule {
	return Rule{
		Name:    "return_non_canonical",
		Kinds:   []crash.Kind{crash.KindBadReturn, crash.KindMisalignedStack},
		Decides: "Returns to a non-canonical address, which fault at the return itself: misaligned_stack when sp is off by a word, bad_return otherwise.",
		Evidence: "A #GP with the non-canonical word still at sp. sp mod 16 is 8 before a healthy return, 0 when sp is off. Without the text at pc, the trace of an epilogue below sp (the word there is a callee-saved register) " +
			"or the alignment tells a return from an access through a non-canonical register; where neither does, the finding is ambiguous.",
		Basis: protectionBasis,
		apply: (*view).returnAtText,
	}
}

func (v *view) returnAtText() (ruling, bool) {
	top, known := v.top()
	if !v.generalProtection() || v.abi.canonical == 0 || !known || v.abi.isCanonical(top) {
		return ruling{}, false
	}
	inst := v.atPC()
	if inst.known && !inst.returns() {
		return ruling{}, false
	}
	r := ruling{kind: crash.KindBadReturn, confidence: crash.ConfidenceLikely}
	r.reasons = append(r.reasons, fmt.Sprintf("A general protection fault (SI_KERNEL, no address) at %s, with the non-canonical word %#x at sp.", v.describe(v.pc), top))
	shifted := v.skew() != v.abi.entry
	name, other := v.nonCanonicalRegister()
	switch {
	case inst.returns():
		r.confidence = crash.ConfidenceCertain
		r.reasons = append(r.reasons, "The instruction at pc is a return, and returns to a non-canonical address fault before sp moves.")
	case v.leftEpilogue():
		r.reasons = append(r.reasons, "The word below sp is a register that an epilogue restores, so pc is at the return that follows it.")
	case other && shifted && v.poppedZero() && len(v.trueReturnAbove()) > 0:
		r.confidence = crash.ConfidenceAmbiguous
		r.reasons = append(r.reasons, fmt.Sprintf("Register %s is non-canonical too; without the text at pc, an access through it in a function that saved it at sp would look alike.", name))
	case other && shifted:
		return ruling{}, false // a spilled or saved pointer at sp is the plainer reading
	case other:
		r.confidence = crash.ConfidenceAmbiguous
		r.reasons = append(r.reasons, fmt.Sprintf("Register %s is non-canonical too; without the text at pc, an access through it would look alike.", name))
	case shifted:
		r.confidence = crash.ConfidenceAmbiguous
		r.reasons = append(r.reasons, "No register is non-canonical, and the text at pc is not at hand; a misaligned SSE operand would look alike.")
	}
	if shifted {
		r.kind = crash.KindMisalignedStack
		if r.confidence == crash.ConfidenceCertain {
			r.confidence = crash.ConfidenceLikely
		}
		r.reasons = append(r.reasons, fmt.Sprintf("sp mod 16 is %d, where it is 8 before a healthy return: sp was off by a word.", v.skew()))
		r.reasons = append(r.reasons, v.trueReturnAbove()...)
	} else {
		r.reasons = append(r.reasons, "sp mod 16 is 8, as it should be before a return: the return address itself was overwritten.")
	}
	return r, true
}

// trueReturnAbove says so when the word above the bogus one is a return address.
func (v *view) trueReturnAbove() []string {
	if next, ok := v.word(v.sp + v.abi.word); ok && v.returnAddress(next) {
		return []string{fmt.Sprintf("The next word, %s, is a return address: the one that should have been popped.", v.describe(next))}
	}
	return nil
}

func ruleNonCanonical() Rule {
	return Rule{
		Name:     "non_canonical_access",
		Kinds:    []crash.Kind{crash.KindNonCanonicalAccess, crash.KindBadCall},
		Decides:  "Loads and stores through a non-canonical pointer; bad_call where the instruction at pc calls or jumps through it.",
		Evidence: "A #GP, and a register that holds a non-canonical value; with text at hand the operand of the instruction at pc decides.",
		Basis:    protectionBasis,
		apply:    (*view).nonCanonicalAccess,
	}
}

func (v *view) nonCanonicalAccess() (ruling, bool) {
	if !v.generalProtection() || v.abi.canonical == 0 {
		return ruling{}, false
	}
	what := fmt.Sprintf("A general protection fault (SI_KERNEL, no address) at %s.", v.describe(v.pc))
	r := ruling{kind: crash.KindNonCanonicalAccess, at: v.pc, confidence: crash.ConfidenceCertain, reasons: []string{what}}
	inst := v.atPC()
	if inst.known {
		return v.nonCanonicalOperand(r, inst)
	}
	name, found := v.nonCanonicalRegister()
	if !found {
		return ruling{}, false
	}
	x, _ := v.register(name)
	r.confidence = crash.ConfidenceLikely
	r.reasons = append(r.reasons, fmt.Sprintf("Register %s holds the non-canonical value %#x; without the text at pc, an access, call or jump through it is the plain reading.", name, x))
	return r, true
}

// nonCanonicalOperand decides with the instruction at pc.
func (v *view) nonCanonicalOperand(r ruling, inst instruction) (ruling, bool) {
	next := v.pc + uint64(inst.x86.Len)
	if m, ok := inst.memory(); ok {
		if addr, known := v.x86Address(m, next, 0); known && !v.abi.isCanonical(addr) {
			r.reasons = append(r.reasons, fmt.Sprintf("The instruction %q accesses the non-canonical address %#x.", assembly(inst.x86, v.pc), addr))
			return r, true
		}
	}
	arg, transfers := inst.transfers()
	if !transfers {
		return ruling{}, false
	}
	target, known := uint64(0), false
	switch a := arg.(type) {
	case x86asm.Reg:
		target, known = v.x86Register(a)
	case x86asm.Mem:
		if addr, ok := v.x86Address(a, next, 0); ok {
			target, known = v.word(addr)
		}
	}
	if known && v.abi.isCanonical(target) {
		return ruling{}, false
	}
	r.kind = crash.KindBadCall
	r.reasons = append(r.reasons, fmt.Sprintf("The instruction %q goes to a non-canonical address, which faults before it arrives.", assembly(inst.x86, v.pc)))
	return r, true
}

// addressRegisters are the general registers that an operand can name.
var addressRegisters = []string{"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"}

// nonCanonicalRegister names the first general register whose value is not
// canonical. A frame pointer that an epilogue has just popped doesn't count.
func (v *view) nonCanonicalRegister() (string, bool) {
	if v.abi.canonical == 0 {
		return "", false
	}
	below, haveBelow := v.below()
	for _, name := range addressRegisters {
		x, ok := v.register(name)
		if !ok || v.abi.isCanonical(x) || (name == "rbp" && haveBelow && below == x) {
			continue
		}
		return name, true
	}
	return "", false
}

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

package classify

import (
	"fmt"

	"github.com/epicurve/epicurve/pkg/crash"
)

var transferBasis = []string{
	"System V ABI AMD64 supplement 3.2.2 (sp+8 is a multiple of 16 at function entry), hence sp mod 16 is 8 after a call and 0 after a return; i386 supplement 2.2.2 (12 and 0)",
	"Intel SDM volume 2, RET and CALL (RET reads the word at sp and adds a word to sp; the word stays in place below it)",
	"Arm ARM C6.2 RET, BLR (a return branches to x30 and leaves it; a call writes it); RISC-V ISA 2.5; Power ISA I 2.4",
	"The 128 bytes below sp survive signal delivery on x86-64 (red zone, ABI 3.2.2; arch/x86/kernel/signal.c get_sigframe)",
}

func ruleMisalignedReturn() Rule {
	return Rule{
		Name:     "misaligned_return",
		Kinds:    []crash.Kind{crash.KindMisalignedStack},
		Decides:  "Returns that took a word next to the true return address, because sp was off by a word.",
		Evidence: "pc can't run; the word below sp equals pc; sp mod 16 is 8 where a return leaves 0, and the word at sp is a return address. On machines with a link register sp is off its alignment. If pc is 0 a stale zero explains the same, and the finding is ambiguous.",
		Basis:    transferBasis,
		apply: func(v *view) (ruling, bool) {
			t := v.arrival()
			if t == nil || t.how != howShifted {
				return ruling{}, false
			}
			return ruling{kind: crash.KindMisalignedStack, confidence: t.confidence, reasons: append([]string{v.pcReason()}, t.reasons...)}, true
		},
	}
}

func ruleReturnToNull() Rule {
	return Rule{
		Name:     "return_to_null",
		Kinds:    []crash.Kind{crash.KindReturnToNull},
		Decides:  "Function returns that popped zero as their address.",
		Evidence: "pc is 0; on x86 sp mod 16 is 0 and the word below sp is 0 (registers alone where the stack was not dumped); with a link register, that is 0 too.",
		Basis:    transferBasis,
		apply: func(v *view) (ruling, bool) {
			t := v.arrival()
			if t == nil || t.how != howReturn || v.pc != 0 {
				return ruling{}, false
			}
			return ruling{kind: crash.KindReturnToNull, confidence: t.confidence, reasons: append([]string{v.pcReason()}, t.reasons...)}, true
		},
	}
}

func ruleBadReturn() Rule {
	return Rule{
		Name:     "bad_return",
		Kinds:    []crash.Kind{crash.KindBadReturn, crash.KindReturnToNonexec},
		Decides:  "Function returns to another address than 0 where no code can run: return_to_nonexec where that is mapped without execute permission, bad_return elsewhere.",
		Evidence: "As for return_to_null, with pc other than 0; the program headers say what is mapped at pc.",
		Basis:    transferBasis,
		apply: func(v *view) (ruling, bool) {
			t := v.arrival()
			if t == nil || t.how != howReturn || v.pc == 0 {
				return ruling{}, false
			}
			r := ruling{kind: crash.KindBadReturn, confidence: t.confidence, reasons: append([]string{v.pcReason()}, t.reasons...)}
			if v.placeOf(v.pc) == placeData {
				r.kind = crash.KindReturnToNonexec
			}
			return r, true
		},
	}
}

func ruleBadTarget() Rule {
	return Rule{
		Name:    "bad_target",
		Kinds:   []crash.Kind{crash.KindNullCall, crash.KindNullJump, crash.KindBadCall},
		Decides: "Calls and jumps through a pointer that is null (null_call, null_jump) or leads where no code can run (bad_call).",
		Evidence: "pc can't run and no return led there. The instruction before the return address tells a call from a jump: an indirect call whose target was pc, or a direct call whose callee jumped on. " +
			"Without its text a call is the more common reading, unless an epilogue has left its trace below sp.",
		Basis: transferBasis,
		apply: func(v *view) (ruling, bool) {
			t := v.arrival()
			if t == nil {
				return ruling{}, false
			}
			r := ruling{kind: crash.KindNullCall, confidence: t.confidence, reasons: append([]string{v.pcReason()}, t.reasons...), at: t.caller}
			switch {
			case v.pc != 0:
				r.kind = crash.KindBadCall
			case t.how == howJump:
				r.kind = crash.KindNullJump
			}
			return r, true
		},
	}
}

// pcReason says why pc can't run.
func (v *view) pcReason() string {
	if v.pc == 0 {
		return "pc is 0, so control went through a null pointer or a zero return address."
	}
	return fmt.Sprintf("pc is %#x, which is %s.", v.pc, v.where(v.pc))
}

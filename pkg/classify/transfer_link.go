package classify

import (
	"debug/elf"
	"fmt"

	"github.com/epicurve/epicurve/pkg/crash"
)

// arrivalByLink reads machines that keep the return address in a register. A
// return branches to it and leaves it as it is, so that pc equals it; a call
// overwrites it with the address after the call; a jump leaves it alone.
//
// Sources: Arm ARM C6.2 (RET, BLR, BR); RISC-V unprivileged ISA 2.5 (JALR);
// Power ISA I 2.4 (bclr, bcctrl); z/Architecture principles of operation (BASR,
// BCR); Arm ARM for A32 also returns by loading pc from the stack.
func (v *view) arrivalByLink() *transfer {
	if !v.regs.HasLR {
		t := transfer{how: howUnknown, confidence: crash.ConfidenceAmbiguous}
		return t.because("The link register is unknown, so a return and a call can't be told apart.")
	}
	lr := v.regs.LR
	if v.f.Machine == elf.EM_ARM {
		lr &^= 1 // the Thumb bit
	}
	returned := lr == v.pc
	switch {
	case v.abi.strict && v.skew() != 0:
		return v.shiftedLink(returned)
	case returned:
		return v.returnedByLink()
	case v.f.Machine == elf.EM_ARM && v.poppedByLoad():
		return v.returnedByLoad()
	}
	return v.calledByLink(lr)
}

// shiftedLink: sp is off its alignment, which AAPCS64 (6.4.5.1) never allows and
// AArch64 checks. Elsewhere it is a convention that Go, for one, does not keep.
func (v *view) shiftedLink(returned bool) *transfer {
	t := transfer{how: howShifted, confidence: crash.ConfidenceAmbiguous}
	reason := fmt.Sprintf("sp mod %d is %d, where the ABI keeps 0; code that does not keep the convention, as Go, would look alike.", v.abi.align, v.skew())
	if v.f.Machine == elf.EM_AARCH64 {
		t.confidence = crash.ConfidenceLikely
		reason = fmt.Sprintf("sp mod %d is %d; the ABI keeps it 0 at all times, and nothing but a wrong sp explains the rest.", v.abi.align, v.skew())
	}
	out := t.because(reason)
	if returned {
		out.reasons = append(out.reasons, fmt.Sprintf("pc equals the link register %#x: a return took an address that was loaded from a shifted stack frame.", v.regs.LR))
	}
	return out
}

func (v *view) returnedByLink() *transfer {
	t := transfer{how: howReturn, confidence: crash.ConfidenceLikely}
	out := t.because(fmt.Sprintf("pc and the link register are both %#x: a return branched there; a call would have left an address of text in the link register.", v.pc))
	if at, ok := v.poppedRecord(); ok {
		out.confidence = crash.ConfidenceCertain
		out.reasons = append(out.reasons, fmt.Sprintf("The frame record just left, at %#x, holds the same pair of frame pointer and return address.", at))
	}
	return out
}

// poppedByLoad reports whether A32's "pop {..., pc}" took pc from the stack.
func (v *view) poppedByLoad() bool {
	below, ok := v.below()
	return ok && below&^1 == v.pc
}

// returnedByLoad: A32 returns through the stack as well, which leaves lr stale.
func (v *view) returnedByLoad() *transfer {
	site := v.callBefore(v.regs.LR)
	if v.pc == 0 {
		t := transfer{how: howTransfer, confidence: crash.ConfidenceAmbiguous, caller: v.regs.LR}
		return t.because("The word below sp is 0 like pc: a pop into pc that loaded 0, or a stale zero under a call or jump through a null pointer.")
	}
	t := transfer{how: howReturn, confidence: crash.ConfidenceLikely}
	if site.how == siteIndirect && site.fits(v.pc) && site.known {
		t = transfer{how: howCall, confidence: crash.ConfidenceLikely, caller: v.regs.LR}
	}
	return t.because(v.poppedReason())
}

// calledByLink: pc did not come from the link register.
func (v *view) calledByLink(lr uint64) *transfer {
	t := transfer{how: howTransfer, confidence: crash.ConfidenceLikely, caller: lr}
	if !v.returnAddress(lr) {
		t.caller, t.confidence = 0, crash.ConfidenceAmbiguous
		return t.because(fmt.Sprintf("pc %#x differs from the link register %#x, which holds no address of text: neither a return nor a call explains it.", v.pc, v.regs.LR))
	}
	reason := fmt.Sprintf("The link register holds %s, an address of text, and differs from pc: no return led here.", v.describe(lr))
	site := v.callBefore(lr)
	switch {
	case site.how == siteIndirect && site.fits(v.pc):
		t.how, t.confidence = howCall, crash.ConfidenceCertain
		return t.because(reason, fmt.Sprintf("The instruction before it is the indirect call %q.", site.text))
	case site.how == siteDirect || site.how == siteIndirect:
		t.how, t.confidence = howJump, crash.ConfidenceCertain
		return t.because(reason, fmt.Sprintf("The instruction before it is %q, which went elsewhere; what it called jumped on.", site.text))
	}
	if at, ok := v.poppedRecord(); ok {
		t.how = howJump
		return t.because(reason, fmt.Sprintf("A frame record with the very frame pointer and link register was popped just below sp, at %#x: an epilogue ran, then a tail jump.", at))
	}
	return t.because(reason, "The text before it is not at hand; a tail jump from a function without a stack frame would look alike.")
}

// poppedRecord looks for the frame record that an epilogue has just popped: the
// pair of frame pointer and link register within 512 bytes below sp (AAPCS64
// section 6.4.6 lays it out; "ldp x29, x30, [sp], #n" leaves it in place).
func (v *view) poppedRecord() (uint64, bool) {
	if v.f.Machine != elf.EM_AARCH64 || !v.regs.HasFP || (v.regs.FP == 0 && v.regs.LR == 0) {
		return 0, false
	}
	for at := v.sp - 16; at < v.sp && at >= v.sp-512; at -= 16 {
		fp, ok1 := v.word(at)
		lr, ok2 := v.word(at + 8)
		if !ok1 || !ok2 {
			return 0, false
		}
		if fp == v.regs.FP && lr == v.regs.LR {
			return at, true
		}
	}
	return 0, false
}

package classify

import (
	"fmt"

	"github.com/epicurve/epicurve/pkg/crash"
)

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

package classify

import (
	"fmt"

	"github.com/epicurve/epicurve/pkg/crash"
)

// hardware lists what points at the machine rather than at the program. It is
// evidence to look at together with other crashes of the host, never an
// accusation.
func (v *view) hardware(r ruling) []string {
	var out []string
	if v.sig.Number == sigBUS && v.sig.HasInfo && (v.sig.Code == busMCEAction || v.sig.Code == busMCEOption) {
		out = append(out, fmt.Sprintf("The kernel reports a hardware memory error (%s).", codeName(v.sig.Number, v.sig.Code)))
	}
	switch r.kind {
	case crash.KindBadReturn, crash.KindBadCall:
		out = append(out, v.flippedTarget()...)
	case crash.KindWildAccess, crash.KindNonCanonicalAccess:
		out = append(out, v.flippedPointer()...)
	case crash.KindMisalignedStack:
		out = append(out, v.shiftedHere(r)...)
	}
	out = append(out, v.contradictions(r)...)
	for i := range out {
		out[i] = printable(out[i], crash.MaxListItem)
	}
	return out[:min(len(out), 16)]
}

// shiftedHere: sp is off by a word although the stack itself is intact and the
// outer stack frames are aligned, so that nothing outside this one function
// can have shifted it; compiled code moves sp by constants only.
func (v *view) shiftedHere(r ruling) []string {
	if r.confidence == crash.ConfidenceAmbiguous {
		return nil
	}
	top, ok := v.top()
	intact := ok && v.returnAddress(top)
	if next, have := v.word(v.sp + v.abi.word); have && v.pcRunnable() {
		intact = v.returnAddress(next)
	}
	switch {
	case intact:
		return []string{"sp is off by one word while the stack is intact: the true return address is the next word. Compiled code moves sp by constants only; hand-written assembly, a context switch in user space, a debugger and the processor remain."}
	case v.abi.x86() && v.outerAligned():
		return []string{"sp is off by one word in this function while the frame pointer of its caller is aligned, so that the misalignment began here. Compiled code moves sp by constants only; hand-written assembly, a debugger and the processor remain."}
	}
	return nil
}

// outerAligned reports whether the frame pointer belongs to a believable frame
// of a caller that is aligned as the ABI demands: rbp mod 16 is 0 where frame
// pointers are kept.
func (v *view) outerAligned() bool {
	fp := v.regs.FP
	if !v.regs.HasFP || fp <= v.sp || fp%16 != 0 || !v.sameStack(fp) {
		return false
	}
	ret, ok := v.word(fp + uint64(v.abi.frameReturn))
	return ok && v.returnAddress(ret)
}

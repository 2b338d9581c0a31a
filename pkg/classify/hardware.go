package classify

import (
	"fmt"

	"github.com/epicurve/epicurve/pkg/crash"
)

// lowestTelling is the lowest bit whose flip is taken for evidence. Below it
// the flipped address is within 16 MiB of the mapping that it would belong to,
// where stray pointers into neighbouring data are common too.
const lowestTelling = 24

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

// flippedTarget: one flipped bit would make the bad pc, or the non-canonical
// word at sp, an address of text in a mapped file.
func (v *view) flippedTarget() []string {
	bad := v.pc
	if v.pcRunnable() {
		top, ok := v.top()
		if !ok || v.abi.isCanonical(top) {
			return nil
		}
		bad = top
	}
	if v.placeOf(bad) != placeUnmapped {
		return nil
	}
	bit, n := v.oneBitFrom(bad, v.mappedText)
	if n != 1 {
		return nil
	}
	right := bad ^ 1<<bit
	return []string{fmt.Sprintf(
		"The bad address %#x differs in one bit (bit %d) from %s. Of its neighbours at one bit's distance from bit %d up only this one is text; for an unrelated address the chance of that is below 1 in 1000.",
		bad, bit, v.describe(right), lowestTelling)}
}

// flippedPointer: one flipped bit would make the faulting address, or the
// non-canonical register, an address in the stack or other usable memory.
func (v *view) flippedPointer() []string {
	bad, what := v.sig.Addr, "The faulting address"
	if name, ok := v.nonCanonicalRegister(); ok && v.generalProtection() {
		bad, _ = v.register(name)
		what = "Register " + name + ", with"
	} else if !v.sig.HasAddr || !v.kernelFault() || v.generalProtection() {
		return nil
	}
	if bad < nullPage || v.placeOf(bad) != placeUnmapped {
		return nil
	}
	bit, n := v.oneBitFrom(bad, v.mappedData)
	if n != 1 {
		return nil
	}
	return []string{fmt.Sprintf(
		"%s %#x differs in one bit (bit %d) from an address in usable memory (%s). Pointers with a tag in their upper bits, and stray pointers in a densely mapped process, can look alike.",
		what, bad, bit, v.wordKind(bad^1<<bit))}
}

// oneBitFrom counts the bits from lowestTelling up whose flip gives an address
// that fits, and returns the last of them. More than one hit means that the
// neighbourhood is so densely mapped that a hit tells nothing.
func (v *view) oneBitFrom(bad uint64, fits func(uint64) bool) (bit uint, hits int) {
	if v.abi.word != 8 || bad < nullPage {
		return 0, 0
	}
	for b := uint(lowestTelling); b < 64; b++ {
		if x := bad ^ 1<<b; x >= nullPage && fits(x) {
			bit = b
			hits++
		}
	}
	return bit, hits
}

func (v *view) mappedText(x uint64) bool {
	if _, ok := v.fileAt(x); !ok && v.f.HasFiles {
		return false
	}
	return v.returnAddress(x)
}

func (v *view) mappedData(x uint64) bool {
	seg, ok := v.segment(x)
	return ok && usable(seg)
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

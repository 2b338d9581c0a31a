package classify

import (
	"fmt"

	"github.com/epicurve/epicurve/pkg/crash"
)

// stackSigns are what the stack says about how control came to pc, on machines
// whose calls push a return address.
type stackSigns struct {
	popped     bool // the word below sp equals pc, as a return leaves it
	belowKnown bool
	top        uint64
	topKnown   bool
	topText    bool // the word at sp is a believable return address
	site       callBefore
}

func (v *view) stackSigns() stackSigns {
	var s stackSigns
	below, ok := v.below()
	s.belowKnown, s.popped = ok, ok && below == v.pc
	s.top, s.topKnown = v.top()
	s.topText = s.topKnown && v.returnAddress(s.top)
	if s.topText {
		s.site = v.callBefore(s.top)
	}
	return s
}

// arrivalByStack reads the four-row table of the x86 calling conventions:
//
//	                      sp mod 16  word below sp        word at sp
//	return to X           0          equals pc            usually data
//	misaligned return     8          equals pc            a true return address
//	call of X             8          equals pc by chance  text after an indirect call
//	tail jump to X        8          by chance            text, usually after a direct call
//
// On i386 a return leaves sp mod 16 = 0 as well and a call 12.
func (v *view) arrivalByStack() *transfer {
	s := v.stackSigns()
	skew := v.skew()
	if v.sp%v.abi.word != 0 {
		return v.unevenStack()
	}
	switch {
	case v.laxOutside():
		return v.arrivalLax(s)
	case skew == 0:
		return v.arrivalAligned(s)
	case skew == v.abi.entry:
		return v.arrivalAtEntry(s)
	case v.abi.strict:
		return v.shiftedReturn(s, crash.ConfidenceLikely)
	}
	return v.arrivalLax(s)
}

func (v *view) unevenStack() *transfer {
	t := transfer{how: howShifted, confidence: crash.ConfidenceLikely}
	return t.because(fmt.Sprintf(
		"sp is %#x, not a multiple of %d; calls, returns, pushes and pops move it by whole words only.", v.sp, v.abi.word))
}

// arrivalAligned: sp is where a return leaves it.
func (v *view) arrivalAligned(s stackSigns) *transfer {
	aligned := fmt.Sprintf("sp mod 16 is 0, as a return leaves it; a call or tail jump leaves %d.", v.abi.entry)
	switch {
	case s.topText && s.site.how == siteIndirect && s.site.fits(v.pc) && !s.popped:
		t := transfer{how: howCall, confidence: crash.ConfidenceLikely, caller: s.top}
		return t.because(s.describe(v), "sp mod 16 is 0, so the caller's stack was already off its alignment.")
	case !s.belowKnown:
		t := transfer{how: howReturn, confidence: crash.ConfidenceLikely}
		return t.because(aligned, "The stack is not at hand, so only the registers speak.")
	case s.popped && s.topText:
		t := transfer{how: howReturn, confidence: crash.ConfidenceLikely}
		return t.because(aligned, v.poppedReason(), fmt.Sprintf(
			"The word at sp, %#x, is text too; a call from code that does not keep the stack aligned would look alike.", s.top))
	case s.popped:
		t := transfer{how: howReturn, confidence: crash.ConfidenceCertain}
		return t.because(aligned, v.poppedReason())
	case s.topText:
		t := transfer{how: howTransfer, confidence: crash.ConfidenceAmbiguous, caller: s.top}
		return t.because(v.notPoppedReason(), s.describe(v),
			"sp mod 16 is 0, where a call would leave 8: the caller did not keep the stack aligned, or something wrote over the popped word.")
	default:
		t := transfer{how: howJump, confidence: crash.ConfidenceAmbiguous}
		return t.because(v.notPoppedReason(),
			"The word at sp is no return address, so no call led here: a jump that also set sp (longjmp, setcontext, a coroutine switch), or a return whose popped word was written over.")
	}
}

// arrivalAtEntry: sp is where a call or a tail jump leaves it.
func (v *view) arrivalAtEntry(s stackSigns) *transfer {
	entry := fmt.Sprintf("sp mod 16 is %d, as at the entry of a function; a return leaves 0.", v.abi.entry)
	switch {
	case s.topText && s.site.how == siteIndirect && s.site.fits(v.pc):
		return v.callSeen(s, entry)
	case s.popped && s.topText && (v.pc != 0):
		return v.shiftedReturn(s, crash.ConfidenceLikely)
	case s.popped && s.topText:
		return v.nullAtEntry(s, entry)
	case s.popped:
		return v.shiftedReturn(s, weaker(v.pc == 0 || !v.abi.strict))
	case s.topText:
		return v.callOrJump(s, entry)
	case !s.belowKnown || !s.topKnown:
		t := transfer{how: howTransfer, confidence: crash.ConfidenceAmbiguous}
		return t.because(entry, "The stack is not at hand; a misaligned return would leave the same registers.")
	default:
		t := transfer{how: howJump, confidence: crash.ConfidenceAmbiguous}
		return t.because(entry, v.notPoppedReason(), "The word at sp is no return address, so no call led here either.")
	}
}

// callSeen: the instruction before the return address is an indirect call that
// can have led to pc.
func (v *view) callSeen(s stackSigns, entry string) *transfer {
	t := transfer{how: howCall, confidence: crash.ConfidenceLikely, caller: s.top}
	left := s.site.weak && v.pc == 0
	switch {
	case left && s.popped:
		t.confidence = crash.ConfidenceAmbiguous
		return t.because(entry, s.describe(v),
			"Its register and the word below sp are both 0, and either can be left over: a null call, or a misaligned return or tail jump in a function that it called.")
	case left:
		return t.because(entry, s.describe(v), "Its register may have been left 0 by a function that it called and that jumped on; that is the less common reading.")
	case s.site.known:
		t.confidence = crash.ConfidenceCertain
	}
	return t.because(entry, s.describe(v))
}

// shiftedReturn: the popped word is pc although sp says "entry".
func (v *view) shiftedReturn(s stackSigns, c crash.Confidence) *transfer {
	t := transfer{how: howShifted, confidence: c}
	out := t.because(v.poppedReason(), fmt.Sprintf("sp mod 16 is %d after the pop, where a healthy return leaves 0: sp was off by a word.", v.skew()))
	switch {
	case s.topText:
		out.caller = s.top
		out.reasons = append(out.reasons, fmt.Sprintf("The word at sp, %s, is a return address: the one that should have been popped.", v.describe(s.top)))
		if s.site.how == siteUnknown {
			out.reasons = append(out.reasons, "A call through a bad pointer would show the same only if the word below sp equalled pc by chance.")
		}
	case c == crash.ConfidenceAmbiguous:
		out.reasons = append(out.reasons, "The word at sp is no return address; a jump over a stale word would look alike.")
	}
	return out
}

// laxOutside reports whether a stack frame further out, as far as frame pointers
// tell, is itself off the ABI's alignment: Go and some just-in-time compilers
// keep sp a multiple of 8 only, and what they call inherits it. Alignment then
// says nothing.
func (v *view) laxOutside() bool {
	if v.abi.arch != "amd64" || !v.regs.HasFP {
		return false
	}
	const depth = 8
	last := v.sp
	fp := v.regs.FP
	for range depth {
		if fp <= last || fp%8 != 0 || !v.sameStack(fp) {
			return false
		}
		ret, ok1 := v.word(fp + uint64(v.abi.frameReturn))
		next, ok2 := v.word(fp + uint64(v.abi.frameNext))
		if !ok1 || !ok2 || !v.returnAddress(ret) {
			return false
		}
		if fp%16 == 8 {
			return true
		}
		last, fp = fp, next
	}
	return false
}

// nullAtEntry: pc, the word below sp and sp's alignment fit a call of null, a
// tail jump to null and a misaligned return that popped zero alike.
func (v *view) nullAtEntry(s stackSigns, entry string) *transfer {
	t := transfer{how: howTransfer, confidence: crash.ConfidenceAmbiguous, caller: s.top}
	if s.site.how == siteDirect || (s.site.how == siteIndirect && s.site.known) {
		t.how = howJump // a call of null is ruled out by the call site
	}
	return t.because(entry, s.describe(v),
		"The word below sp is 0 as well: a stale zero before a null call or null jump, or a misaligned return that popped 0; registers and stack can't tell them apart.")
}

// callOrJump: a return is ruled out, the call site decides the rest.
func (v *view) callOrJump(s stackSigns, entry string) *transfer {
	t := transfer{how: howTransfer, confidence: crash.ConfidenceLikely, caller: s.top}
	switch {
	case s.site.how == siteDirect:
		t.how, t.confidence = howJump, crash.ConfidenceCertain
	case s.site.how == siteIndirect: // its target is another than pc
		t.how = howJump
	case s.site.how == siteUnknown && v.leftEpilogue() && v.runtimeCode(s.top):
		t.how = howJump
		return t.because(entry, v.notPoppedReason(), s.describe(v),
			"The word below sp is a register that an epilogue restores, and the C runtime calls only pointers it was given: a function that it called has jumped on. Without its text a null call can't be excluded.")
	}
	return t.because(entry, v.notPoppedReason(), s.describe(v))
}

// arrivalLax reads code that keeps sp a multiple of a word only, so that its
// alignment says nothing: old i386 code, Go.
func (v *view) arrivalLax(s stackSigns) *transfer {
	lax := fmt.Sprintf("sp mod 16 is %d, but the code does not keep the 16-byte alignment of the ABI, as sp or the stack frames further out show, so that alignment says nothing.", v.skew())
	t := transfer{how: howTransfer, confidence: crash.ConfidenceAmbiguous, caller: s.top}
	switch {
	case s.topText && s.site.how == siteIndirect && s.site.fits(v.pc):
		t.how, t.confidence = howCall, crash.ConfidenceLikely
		return t.because(lax, s.describe(v))
	case s.popped && s.topKnown && !s.topText:
		t = transfer{how: howReturn, confidence: crash.ConfidenceLikely}
		return t.because(lax, v.poppedReason(), "The word at sp is no return address, so no call led here.")
	case s.belowKnown && !s.popped && s.topText:
		t.confidence = crash.ConfidenceLikely
		return t.because(lax, v.notPoppedReason(), s.describe(v))
	}
	t.caller = 0
	return t.because(lax, "The words around sp fit a return as well as a call.")
}

// leftEpilogue reports whether the word below sp is the value of a register
// that epilogues restore: the trace of leave or of the last pop before a
// return or a tail jump.
func (v *view) leftEpilogue() bool {
	below, ok := v.below()
	if !ok || below == 0 {
		return false
	}
	for _, name := range v.abi.calleeSaved {
		if x, ok := v.register(name); ok && x == below {
			return true
		}
	}
	return false
}

// poppedZero reports whether the word below sp and a register that epilogues
// restore are both 0, which a pop of 0 explains as well as chance.
func (v *view) poppedZero() bool {
	below, ok := v.below()
	if !ok || below != 0 {
		return false
	}
	for _, name := range v.abi.calleeSaved {
		if x, ok := v.register(name); ok && x == 0 {
			return true
		}
	}
	return false
}

func (v *view) poppedReason() string {
	return fmt.Sprintf("The word just below sp, at %#x, equals pc %#x: a return has popped it.", v.sp-v.abi.word, v.pc)
}

func (v *view) notPoppedReason() string {
	return fmt.Sprintf("The word just below sp, at %#x, differs from pc %#x, so no return led here.", v.sp-v.abi.word, v.pc)
}

// describe says what is at sp.
func (s stackSigns) describe(v *view) string {
	if !s.topText {
		return "The word at sp is no return address."
	}
	at := fmt.Sprintf("The word at sp is the return address %s", v.describe(s.top))
	switch {
	case s.site.how == siteDirect:
		return at + ", after a direct call: that call went elsewhere, and what it called jumped on."
	case s.site.how == siteIndirect && s.site.known:
		return at + fmt.Sprintf(", after the indirect call %q, whose target was %#x.", s.site.text, s.site.target)
	case s.site.how == siteIndirect:
		return at + fmt.Sprintf(", after the indirect call %q.", s.site.text)
	}
	return at + "; its text is not at hand, so a call and a tail jump look alike."
}

func weaker(b bool) crash.Confidence {
	if b {
		return crash.ConfidenceAmbiguous
	}
	return crash.ConfidenceLikely
}

package classify

import (
	"fmt"

	"github.com/epicurve/epicurve/pkg/crash"
)

// how control came to a pc that is not code.
type how int

const (
	howUnknown  how = iota
	howReturn       // a return took pc from where a return takes it
	howShifted      // a return did, with sp off by a word
	howCall         // an indirect call
	howJump         // a jump: tail call, computed goto, longjmp, setcontext
	howTransfer     // a call or a jump; nothing tells which
)

// transfer is the reading of how control came to pc.
type transfer struct {
	how        how
	confidence crash.Confidence
	reasons    []string
	// caller is the return address that a call left, 0 when unknown.
	caller uint64
}

// because adds reasons.
func (t transfer) because(reasons ...string) *transfer {
	t.reasons = append(t.reasons, reasons...)
	return &t
}

// arrival says how control came to pc; nil when pc could run.
func (v *view) arrival() *transfer {
	if v.transfer != nil {
		return v.transfer
	}
	switch {
	case v.pcRunnable() || !v.faulted():
		return nil
	case v.spUnknown:
		t := transfer{how: howTransfer, confidence: crash.ConfidenceAmbiguous}
		v.transfer = t.because("The stack pointer is unknown, so a return, a call and a jump can't be told apart.")
	case v.stackLost():
		t := transfer{how: howJump, confidence: crash.ConfidenceAmbiguous}
		v.transfer = t.because(fmt.Sprintf(
			"sp is %#x, where no stack is mapped: neither a return nor a call leaves it so. A jump that also sets sp does, such as longjmp or setcontext with a bad buffer.", v.sp))
	case v.abi.x86():
		v.transfer = v.arrivalByStack()
	case v.abi.link:
		v.transfer = v.arrivalByLink()
	default:
		v.transfer = &transfer{how: howUnknown, confidence: crash.ConfidenceAmbiguous}
	}
	return v.transfer
}

// stackLost reports whether sp can't be that of a thread which has just
// returned or called: neither the word that a return pops nor the one that a
// call pushes is in memory that can be written. Without the program headers it
// is unknown.
func (v *view) stackLost() bool {
	return v.notStack(v.sp) && v.notStack(v.sp-v.abi.word)
}

// notStack reports whether no stack can stand at addr.
func (v *view) notStack(addr uint64) bool {
	switch v.placeOf(addr) {
	case placeUnknown:
		return false
	case placeData, placeText: // stacks can be executable
		seg, _ := v.segment(addr)
		return !seg.Writable()
	}
	return true
}

// faulted reports whether the thread stopped because of a bad address or a bad
// instruction fetch. A signal that was sent by raise or kill counts too: a
// handler that raises the signal again while it is blocked gives a core with
// the registers of the fault but the siginfo of the raise (kernel/signal.c,
// the pending signal is delivered after rt_sigreturn).
func (v *view) faulted() bool {
	switch v.sig.Number {
	case sigSEGV, sigBUS, sigILL:
		return true
	}
	return false
}

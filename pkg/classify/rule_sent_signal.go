package classify

import (
	"fmt"

	"github.com/epicurve/epicurve/pkg/crash"
)

func ruleSentSignal() Rule {
	return Rule{
		Name:    "sent_signal",
		Kinds:   []crash.Kind{crash.KindSentSignal},
		Decides: "Signals that a process sent, rather than the kernel for what the thread did.",
		Evidence: "si_code is 0 or negative; or the signal is one that no instruction raises. SIGABRT that a process sends to itself is left to the abort rule. " +
			"A fault signal that came with a pc where no code can run is left to the control-flow rules: a handler raised it again, and the registers are those of the fault.",
		Basis: []string{
			"include/uapi/asm-generic/siginfo.h (SI_USER, SI_TKILL and SI_FROMUSER: codes <= 0 come from user space)",
			"arch/x86/entry/entry_64.S (after syscall, rcx holds the return address)",
			"kernel/signal.c (a blocked signal stays pending until rt_sigreturn unblocks it)",
		},
		apply: (*view).sentSignal,
	}
}

func (v *view) sentSignal() (ruling, bool) {
	n := v.sig.Number
	r := ruling{kind: crash.KindSentSignal, confidence: crash.ConfidenceCertain, detail: SignalName(n)}
	switch {
	case !synchronous(n) && n != sigABRT:
		r.reasons = []string{v.sentReason()}
		return r, true
	case !v.sig.HasInfo || v.sig.Code > 0 || (n == sigABRT && v.sentBySelf()):
		return ruling{}, false
	case synchronous(n) && !v.pcRunnable():
		return ruling{}, false
	}
	r.reasons = []string{v.sentReason()}
	if synchronous(n) && v.sentBySelf() {
		r.reasons = append(r.reasons, v.selfSentReasons()...)
		if !v.afterSyscall() {
			r.confidence = crash.ConfidenceAmbiguous
			r.at = v.pc
			r.detail = ""
		}
	}
	return r, true
}

// sentBySelf reports whether the process sent the signal to itself.
func (v *view) sentBySelf() bool {
	return v.sig.Code <= 0 && v.sig.SenderPID != 0 && (v.sig.SenderPID == v.f.Process.PID || v.sig.SenderPID == v.f.Thread.ID)
}

// afterSyscall reports whether the thread stands right after a system call, as
// one that raised a signal for itself does. On x86-64 the syscall instruction
// copies the return address to rcx.
func (v *view) afterSyscall() bool {
	if v.abi.arch != "amd64" {
		return true
	}
	rcx, ok := v.register("rcx")
	return ok && rcx == v.pc
}

func (v *view) sentReason() string {
	name := SignalName(v.sig.Number)
	switch {
	case !v.sig.HasInfo:
		return fmt.Sprintf("No instruction raises %s, so something sent it; the core has no siginfo that tells who.", name)
	case v.sig.Code > 0:
		return fmt.Sprintf("The kernel sent %s (%s), as it does for a terminal's quit key or a resource limit; no instruction of the thread raised it.", name, codeName(v.sig.Number, v.sig.Code))
	case v.sentBySelf():
		return fmt.Sprintf("The process sent %s to itself (%s, pid %d).", name, codeName(v.sig.Number, v.sig.Code), v.sig.SenderPID)
	case v.sig.SenderPID == 0:
		return fmt.Sprintf("A process sent %s (%s); its pid shows as 0, as one outside of the pid namespace does.", name, codeName(v.sig.Number, v.sig.Code))
	}
	return fmt.Sprintf("Process %d of user %d sent %s (%s).", v.sig.SenderPID, v.sig.SenderUID, name, codeName(v.sig.Number, v.sig.Code))
}

func (v *view) selfSentReasons() []string {
	if v.afterSyscall() {
		return []string{"The thread stands after the system call that raised it. If a fatal signal handler did so, the context of the first fault was not found on the stack that the core holds."}
	}
	return []string{
		"The thread does not stand after a system call, so it did not raise the signal at this place.",
		"Two readings: a handler raised it while it was blocked, so that pc and sp are those of the first fault whose si_code and address are lost; or another thread of the process sent it.",
	}
}

package classify

import (
	"fmt"

	"github.com/epicurve/epicurve/pkg/crash"
)

func ruleBadSyscall() Rule {
	return Rule{
		Name:     "bad_syscall",
		Kinds:    []crash.Kind{crash.KindBadSyscall},
		Decides:  "SIGSYS: a system call that a seccomp filter refused.",
		Evidence: "The signal and its si_code.",
		Basis:    []string{"kernel/seccomp.c (SECCOMP_RET_TRAP, SECCOMP_RET_KILL: SIGSYS with SYS_SECCOMP)"},
		apply:    bySignal(sigSYS, crash.KindBadSyscall, "a system call was refused by a seccomp filter or is not implemented"),
	}
}

func ruleTrap() Rule {
	return Rule{
		Name:     "trap",
		Kinds:    []crash.Kind{crash.KindTrap},
		Decides:  "SIGTRAP: a breakpoint instruction or a trace trap without a debugger.",
		Evidence: "The signal and its si_code.",
		Basis:    []string{"arch/x86/kernel/traps.c (exc_int3: SI_KERNEL; exc_debug: TRAP_*)", "arch/arm64/kernel/debug-monitors.c (BRK: TRAP_BRKPT)"},
		apply:    bySignal(sigTRAP, crash.KindTrap, "a breakpoint instruction or trace trap was reached without a debugger"),
	}
}

func ruleArithmetic() Rule {
	return Rule{
		Name:     "arithmetic",
		Kinds:    []crash.Kind{crash.KindArithmetic},
		Decides:  "SIGFPE: integer division by zero or overflow, or an unmasked floating-point exception.",
		Evidence: "The signal and its si_code.",
		Basis:    []string{"arch/x86/kernel/traps.c (exc_divide_error: FPE_INTDIV; math_error)", "include/uapi/asm-generic/siginfo.h (FPE_*)"},
		apply:    bySignal(sigFPE, crash.KindArithmetic, "an arithmetic exception"),
	}
}

func ruleIllegalInstruction() Rule {
	return Rule{
		Name:     "illegal_instruction",
		Kinds:    []crash.Kind{crash.KindIllegalInstruction},
		Decides:  "SIGILL at an address where code can run: __builtin_trap, an instruction this CPU lacks, or a jump into the middle of code.",
		Evidence: "The signal and its si_code.",
		Basis:    []string{"arch/x86/kernel/traps.c (exc_invalid_op: ILL_ILLOPN)", "arch/arm64/kernel/traps.c (do_el0_undef: ILL_ILLOPC)"},
		apply:    bySignal(sigILL, crash.KindIllegalInstruction, "the processor refused the instruction at pc"),
	}
}

// bySignal decides by the signal alone; the place is pc.
func bySignal(signal int, kind crash.Kind, what string) func(*view) (ruling, bool) {
	return func(v *view) (ruling, bool) {
		if v.sig.Number != signal {
			return ruling{}, false
		}
		r := ruling{kind: kind, confidence: crash.ConfidenceCertain, at: v.pc}
		if v.sig.HasInfo {
			r.reasons = []string{fmt.Sprintf("%s with %s: %s.", SignalName(signal), codeName(signal, v.sig.Code), what)}
			return r, true
		}
		r.confidence = crash.ConfidenceLikely
		r.reasons = []string{fmt.Sprintf("%s: %s. The core has no siginfo, so that a kill from outside can't be excluded.", SignalName(signal), what)}
		return r, true
	}
}

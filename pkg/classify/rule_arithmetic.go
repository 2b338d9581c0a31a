package classify

import "github.com/epicurve/epicurve/pkg/crash"

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

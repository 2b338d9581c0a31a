package classify

import "github.com/epicurve/epicurve/pkg/crash"

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

package classify

import "github.com/epicurve/epicurve/pkg/crash"

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

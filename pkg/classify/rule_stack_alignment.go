package classify

import (
	"fmt"

	"github.com/epicurve/epicurve/pkg/crash"
)

func ruleStackAlignment() Rule {
	return Rule{
		Name:     "stack_alignment",
		Kinds:    []crash.Kind{crash.KindMisalignedStack},
		Decides:  "Faults at an address where code runs, with an sp that the machine never allows: AArch64 checks the alignment of sp at every access through it.",
		Evidence: "AArch64 and sp mod 16 is not 0, with SIGBUS or SIGSEGV. On x86-64, sp that is no multiple of 8.",
		Basis:    []string{"Arm ARM D1.3.10 (stack pointer alignment checking)", "arch/arm64/kernel/entry-common.c (el0_sp: SIGBUS, BUS_ADRALN)", "AAPCS64 6.4.5.1"},
		apply: func(v *view) (ruling, bool) {
			if (v.sig.Number != sigBUS && v.sig.Number != sigSEGV) || v.stackLost() {
				return ruling{}, false
			}
			uneven := v.abi.strict && v.sp%v.abi.word != 0
			if !uneven && (v.abi.arch != "arm64" || v.skew() == 0) {
				return ruling{}, false
			}
			return ruling{
				kind: crash.KindMisalignedStack, confidence: crash.ConfidenceLikely,
				reasons: []string{fmt.Sprintf("%s at %s with sp %#x, which is %d modulo %d; the machine demands 0.",
					SignalName(v.sig.Number), v.describe(v.pc), v.sp, v.skew(), v.abi.align)},
			}, true
		},
	}
}

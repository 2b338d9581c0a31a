package classify

import "github.com/epicurve/epicurve/pkg/crash"

func ruleShadowStack() Rule {
	return Rule{
		Name:     "shadow_stack",
		Kinds:    []crash.Kind{crash.KindBadReturn},
		Decides:  "Returns that the processor's shadow stack refused.",
		Evidence: "SIGSEGV with SEGV_CPERR: the return address on the stack differs from the one that the call left on the shadow stack.",
		Basis:    []string{"arch/x86/kernel/cet.c (exc_control_protection: SEGV_CPERR for user mode)", "arch/arm64/kernel/traps.c (do_el0_gcs)"},
		apply: func(v *view) (ruling, bool) {
			if v.sig.Number != sigSEGV || !v.sig.HasInfo || v.sig.Code != segvShadowErr {
				return ruling{}, false
			}
			return ruling{
				kind: crash.KindBadReturn, confidence: crash.ConfidenceCertain,
				reasons: []string{"The processor refused a return (SEGV_CPERR): the return address on the stack differs from that on the shadow stack."},
			}, true
		},
	}
}

package classify

import "github.com/epicurve/epicurve/pkg/crash"

func ruleReturnToNull() Rule {
	return Rule{
		Name:     "return_to_null",
		Kinds:    []crash.Kind{crash.KindReturnToNull},
		Decides:  "Function returns that popped zero as their address.",
		Evidence: "pc is 0; on x86 sp mod 16 is 0 and the word below sp is 0 (registers alone where the stack was not dumped); with a link register, that is 0 too.",
		Basis:    transferBasis,
		apply: func(v *view) (ruling, bool) {
			t := v.arrival()
			if t == nil || t.how != howReturn || v.pc != 0 {
				return ruling{}, false
			}
			return ruling{kind: crash.KindReturnToNull, confidence: t.confidence, reasons: append([]string{v.pcReason()}, t.reasons...)}, true
		},
	}
}

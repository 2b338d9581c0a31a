package classify

import "github.com/epicurve/epicurve/pkg/crash"

func ruleMisalignedReturn() Rule {
	return Rule{
		Name:     "misaligned_return",
		Kinds:    []crash.Kind{crash.KindMisalignedStack},
		Decides:  "Returns that took a word next to the true return address, because sp was off by a word.",
		Evidence: "pc can't run; the word below sp equals pc; sp mod 16 is 8 where a return leaves 0, and the word at sp is a return address. On machines with a link register sp is off its alignment. If pc is 0 a stale zero explains the same, and the finding is ambiguous.",
		Basis:    transferBasis,
		apply: func(v *view) (ruling, bool) {
			t := v.arrival()
			if t == nil || t.how != howShifted {
				return ruling{}, false
			}
			return ruling{kind: crash.KindMisalignedStack, confidence: t.confidence, reasons: append([]string{v.pcReason()}, t.reasons...)}, true
		},
	}
}

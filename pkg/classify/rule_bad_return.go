package classify

import "github.com/epicurve/epicurve/pkg/crash"

func ruleBadReturn() Rule {
	return Rule{
		Name:     "bad_return",
		Kinds:    []crash.Kind{crash.KindBadReturn, crash.KindReturnToNonexec},
		Decides:  "Function returns to another address than 0 where no code can run: return_to_nonexec where that is mapped without execute permission, bad_return elsewhere.",
		Evidence: "As for return_to_null, with pc other than 0; the program headers say what is mapped at pc.",
		Basis:    transferBasis,
		apply: func(v *view) (ruling, bool) {
			t := v.arrival()
			if t == nil || t.how != howReturn || v.pc == 0 {
				return ruling{}, false
			}
			r := ruling{kind: crash.KindBadReturn, confidence: t.confidence, reasons: append([]string{v.pcReason()}, t.reasons...)}
			if v.placeOf(v.pc) == placeData {
				r.kind = crash.KindReturnToNonexec
			}
			return r, true
		},
	}
}

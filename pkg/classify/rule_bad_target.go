package classify

import "github.com/epicurve/epicurve/pkg/crash"

func ruleBadTarget() Rule {
	return Rule{
		Name:    "bad_target",
		Kinds:   []crash.Kind{crash.KindNullCall, crash.KindNullJump, crash.KindBadCall},
		Decides: "Calls and jumps through a pointer that is null (null_call, null_jump) or leads where no code can run (bad_call).",
		Evidence: "pc can't run and no return led there. The instruction before the return address tells a call from a jump: an indirect call whose target was pc, or a direct call whose callee jumped on. " +
			"Without its text a call is the more common reading, unless an epilogue has left its trace below sp.",
		Basis: transferBasis,
		apply: func(v *view) (ruling, bool) {
			t := v.arrival()
			if t == nil {
				return ruling{}, false
			}
			r := ruling{kind: crash.KindNullCall, confidence: t.confidence, reasons: append([]string{v.pcReason()}, t.reasons...), at: t.caller}
			switch {
			case v.pc != 0:
				r.kind = crash.KindBadCall
			case t.how == howJump:
				r.kind = crash.KindNullJump
			}
			return r, true
		},
	}
}

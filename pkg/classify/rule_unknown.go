package classify

import (
	"fmt"

	"github.com/epicurve/epicurve/pkg/crash"
)

func ruleUnknown() Rule {
	return Rule{
		Name:     "unknown",
		Kinds:    []crash.Kind{crash.KindUnknown},
		Decides:  "What no other rule explains.",
		Evidence: "None; the reasons say what is known.",
		Basis:    []string{"None."},
		apply: func(v *view) (ruling, bool) {
			return ruling{
				kind: crash.KindUnknown, confidence: crash.ConfidenceAmbiguous, at: v.pc,
				reasons: []string{fmt.Sprintf("%s at %s fits no rule.", SignalName(v.sig.Number), v.describe(v.pc))},
			}, true
		},
	}
}

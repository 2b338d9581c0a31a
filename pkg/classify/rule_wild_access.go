package classify

import (
	"fmt"

	"github.com/epicurve/epicurve/pkg/crash"
)

func ruleWildAccess() Rule {
	return Rule{
		Name:     "wild_access",
		Kinds:    []crash.Kind{crash.KindWildAccess},
		Decides:  "Loads and stores at an address where nothing is mapped.",
		Evidence: "SIGSEGV at code that can run, with SEGV_MAPERR and si_addr of 64 KiB or more; without siginfo, what is left after the other rules.",
		Basis:    accessBasis,
		apply: func(v *view) (ruling, bool) {
			if v.sig.Number != sigSEGV || !v.kernelFault() {
				return ruling{}, false
			}
			r := ruling{kind: crash.KindWildAccess, confidence: crash.ConfidenceCertain, at: v.pc}
			if !v.sig.HasInfo {
				r.confidence = crash.ConfidenceAmbiguous
				r.reasons = []string{fmt.Sprintf("SIGSEGV at %s; the core has no siginfo, so neither address nor cause is known: a bad pointer, a null pointer or a forbidden write.", v.describe(v.pc))}
				return r, true
			}
			r.reasons = []string{fmt.Sprintf("SIGSEGV%s at %s: nothing is mapped there.", v.codeText(), v.describe(v.pc))}
			if v.sig.HasAddr && v.sig.Addr > ^uint64(nullPage) && v.abi.word == 8 {
				r.reasons = append(r.reasons, "The address lies just below zero: a null pointer minus an offset, or an error value such as MAP_FAILED taken for a pointer.")
			}
			return r, true
		},
	}
}

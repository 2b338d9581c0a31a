package classify

import (
	"fmt"

	"github.com/epicurve/epicurve/pkg/crash"
)

func ruleProtectionFault() Rule {
	return Rule{
		Name:     "protection_fault",
		Kinds:    []crash.Kind{crash.KindProtectionFault},
		Decides:  "Accesses that the mapping at the address forbids: writes to read-only memory, protection keys, memory tags, bounds.",
		Evidence: "SIGSEGV at code that can run, with SEGV_ACCERR or one of the codes for keys, tags and bounds.",
		Basis:    append([]string{"Documentation/core-api/protection-keys.rst", "Documentation/arch/arm64/memory-tagging-extension.rst"}, accessBasis...),
		apply: func(v *view) (ruling, bool) {
			if v.sig.Number != sigSEGV || !v.sig.HasInfo {
				return ruling{}, false
			}
			r := ruling{kind: crash.KindProtectionFault, confidence: crash.ConfidenceCertain, at: v.pc}
			var means string
			switch v.sig.Code {
			case segvAccErr:
				means = "the mapping there forbids the access"
			case segvPkuErr:
				means = "a protection key forbids it"
			case segvMTESync, segvMTEAsync:
				means = "the memory tag does not match the pointer's, as after use-after-free or overflow"
			case segvBoundErr:
				means = "a bounds check failed"
			case siKernel:
				r.confidence = crash.ConfidenceAmbiguous
				means = "the kernel gives no address"
			default:
				return ruling{}, false
			}
			r.reasons = []string{fmt.Sprintf("SIGSEGV%s at %s: %s.", v.codeText(), v.describe(v.pc), means)}
			if v.sig.HasAddr && v.sig.Code == segvAccErr {
				r.reasons = append(r.reasons, fmt.Sprintf("The address is %s.", v.where(v.sig.Addr)))
			}
			return r, true
		},
	}
}

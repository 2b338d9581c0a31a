package classify

import (
	"fmt"

	"github.com/epicurve/epicurve/pkg/crash"
)

// bySignal decides by the signal alone; the place is pc.
func bySignal(signal int, kind crash.Kind, what string) func(*view) (ruling, bool) {
	return func(v *view) (ruling, bool) {
		if v.sig.Number != signal {
			return ruling{}, false
		}
		r := ruling{kind: kind, confidence: crash.ConfidenceCertain, at: v.pc}
		if v.sig.HasInfo {
			r.reasons = []string{fmt.Sprintf("%s with %s: %s.", SignalName(signal), codeName(signal, v.sig.Code), what)}
			return r, true
		}
		r.confidence = crash.ConfidenceLikely
		r.reasons = []string{fmt.Sprintf("%s: %s. The core has no siginfo, so that a kill from outside can't be excluded.", SignalName(signal), what)}
		return r, true
	}
}

package classify

import "github.com/epicurve/epicurve/pkg/crash"

func ruleNoSignal() Rule {
	return Rule{
		Name:     "no_signal",
		Kinds:    []crash.Kind{crash.KindNoSignal},
		Decides:  "Snapshots of a living process: the core names no fatal signal.",
		Evidence: "pr_cursig is 0 and there is no siginfo of a fatal signal; or gcore wrote the file and the signal is one that only stops a process.",
		Basis:    []string{"gdb/linux-tdep.c (gcore writes the stop signal, 0 when none, into pr_cursig)", "include/linux/elfcore.h (pr_cursig)"},
		apply: func(v *view) (ruling, bool) {
			const sigSTOP, sigTSTP = 19, 20
			n := v.sig.Number
			stopped := v.f.Producer == "gcore" && (n == sigTRAP || n == sigINT || n == sigSTOP || n == sigTSTP)
			if n != 0 && !stopped {
				return ruling{}, false
			}
			return ruling{
				kind: crash.KindNoSignal, confidence: crash.ConfidenceCertain,
				reasons: []string{"The core names no fatal signal: a snapshot of a living process (gcore), not a crash."},
			}, true
		},
	}
}

package metrics

import (
	"slices"

	"github.com/epicurve/epicurve/pkg/crash"
)

// Labels is one series of the population. The zero value is not one; make it
// with [LabelsOf].
type Labels struct {
	Class      crash.Class `json:"class"`
	Kind       crash.Kind  `json:"kind"`
	Signal     string      `json:"signal"`
	Suppressed bool        `json:"suppressed,omitempty"`
}

const (
	// otherSignal stands for every signal that is not named for a kind.
	otherSignal = "other"
	// noSignal stands for the absence of a signal, as of a core taken from a
	// living process.
	noSignal = "none"
)

var (
	segvOrBus = []string{"SIGSEGV", "SIGBUS"}
	segvOnly  = []string{"SIGSEGV"}
)

// signalsOf lists the signals that a kind's series tell apart. All others are
// shown as "other": the record in the archive has the exact one.
func signalsOf(k crash.Kind) []string {
	switch k {
	case crash.KindAbort, crash.KindAssert, crash.KindUncaughtException, crash.KindHeapCorruption:
		return []string{"SIGABRT"}
	case crash.KindArithmetic:
		return []string{"SIGFPE"}
	case crash.KindIllegalInstruction:
		return []string{"SIGILL"}
	case crash.KindBusError:
		return []string{"SIGBUS"}
	case crash.KindTrap:
		return []string{"SIGTRAP"}
	case crash.KindBadSyscall:
		return []string{"SIGSYS"}
	case crash.KindOutOfMemory:
		return []string{"SIGKILL", "SIGABRT"}
	case crash.KindSentSignal, crash.KindUnknown:
		return []string{"SIGSEGV", "SIGBUS", "SIGABRT", "SIGILL", "SIGFPE", "SIGTRAP", "SIGSYS", "SIGQUIT"}
	case crash.KindReturnToNull, crash.KindMisalignedStack, crash.KindBadReturn, crash.KindReturnToNonexec,
		crash.KindBadCall, crash.KindNonCanonicalAccess:
		return []string{"SIGSEGV", "SIGBUS", "SIGILL"}
	case crash.KindNoSignal, crash.KindUnreadable:
		return []string{noSignal}
	case crash.KindNullCall, crash.KindNullJump, crash.KindNullDeref, crash.KindStackOverflow:
		return segvOnly
	default:
		return segvOrBus
	}
}

// LabelsOf returns the series that counts a record. Values outside of the
// closed sets fall to "other" and "unknown", never to a new series.
func LabelsOf(r *crash.Record) Labels {
	kind := r.Finding.Kind
	if !kind.Valid() {
		kind = crash.KindUnknown
	}
	class := r.Finding.Class
	if class != kind.Class() {
		class = kind.Class()
	}
	signal := r.Fault.Signal
	if signal == "" {
		signal = noSignal
	}
	if !slices.Contains(signalsOf(kind), signal) {
		signal = otherSignal
	}
	return Labels{class, kind, signal, r.Finding.SuppressedBy != ""}
}

// closedLabels lists every series of the population.
func closedLabels() []Labels {
	var all []Labels
	for _, k := range crash.Kinds() {
		for _, s := range append(slices.Clone(signalsOf(k)), otherSignal) {
			for _, suppressed := range []bool{false, true} {
				all = append(all, Labels{k.Class(), k, s, suppressed})
			}
		}
	}
	return all
}

package crash

import "slices"

// Class is the coarse diagnosis of a crash: the three buckets that separated
// two diseases in the case this product is built on. The set is closed.
type Class string

// The three classes.
const (
	// ReturnToNull is a function return that popped zero as its address.
	ReturnToNull Class = "return_to_null"
	// MisalignedStack is a stack pointer that is off by a word, so that
	// control flow or an aligned access went wrong.
	MisalignedStack Class = "misaligned_stack"
	// Other is every crash that is neither.
	Other Class = "other"
)

// Classes returns the closed set, in the order in which they are shown.
func Classes() []Class { return []Class{ReturnToNull, MisalignedStack, Other} }

// Valid reports whether c is a member of the closed set.
func (c Class) Valid() bool { return slices.Contains(Classes(), c) }

// Kind is the finer taxonomy within a class. The set is closed, so that it can
// be a metric label.
type Kind string

// The kinds. Which evidence leads to which is documented in docs/rules.md.
const (
	KindReturnToNull       Kind = "return_to_null"
	KindMisalignedStack    Kind = "misaligned_stack"
	KindNullCall           Kind = "null_call"
	KindNullJump           Kind = "null_jump"
	KindBadCall            Kind = "bad_call"
	KindBadReturn          Kind = "bad_return"
	KindReturnToNonexec    Kind = "return_to_nonexec"
	KindNullDeref          Kind = "null_deref"
	KindWildAccess         Kind = "wild_access"
	KindNonCanonicalAccess Kind = "non_canonical_access"
	KindProtectionFault    Kind = "protection_fault"
	KindStackOverflow      Kind = "stack_overflow"
	KindAbort              Kind = "abort"
	KindAssert             Kind = "assert"
	KindUncaughtException  Kind = "uncaught_exception"
	KindHeapCorruption     Kind = "heap_corruption"
	KindArithmetic         Kind = "arithmetic"
	KindIllegalInstruction Kind = "illegal_instruction"
	KindBusError           Kind = "bus_error"
	KindTrap               Kind = "trap"
	KindBadSyscall         Kind = "bad_syscall"
	KindSentSignal         Kind = "sent_signal"
	KindOutOfMemory        Kind = "out_of_memory"
	KindNoSignal           Kind = "no_signal"
	KindUnknown            Kind = "unknown"
	// KindUnreadable marks a file that is not a usable core; the reason is
	// in the record's reasons.
	KindUnreadable Kind = "unreadable"
)

// Kinds returns the closed set, in the order in which they are documented.
func Kinds() []Kind {
	return []Kind{
		KindReturnToNull, KindMisalignedStack, KindNullCall, KindNullJump, KindBadCall, KindBadReturn,
		KindReturnToNonexec, KindNullDeref, KindWildAccess, KindNonCanonicalAccess, KindProtectionFault,
		KindStackOverflow, KindAbort, KindAssert, KindUncaughtException, KindHeapCorruption, KindArithmetic,
		KindIllegalInstruction, KindBusError, KindTrap, KindBadSyscall, KindSentSignal, KindOutOfMemory,
		KindNoSignal, KindUnknown, KindUnreadable,
	}
}

// Valid reports whether k is a member of the closed set.
func (k Kind) Valid() bool { return slices.Contains(Kinds(), k) }

// Class returns the class that a kind belongs to.
func (k Kind) Class() Class {
	switch k {
	case KindReturnToNull:
		return ReturnToNull
	case KindMisalignedStack:
		return MisalignedStack
	default:
		return Other
	}
}

// ControlFlowCorrupt reports whether control flow itself was corrupt, so that
// the place of the crash is incidental and must not be part of its signature.
func (k Kind) ControlFlowCorrupt() bool {
	switch k {
	case KindReturnToNull, KindMisalignedStack, KindBadReturn, KindReturnToNonexec:
		return true
	default:
		return false
	}
}

// Confidence says how far the evidence settles a finding.
type Confidence string

// The confidences, from firm to open.
const (
	// ConfidenceCertain: the evidence in the core admits no other reading.
	ConfidenceCertain Confidence = "certain"
	// ConfidenceLikely: another reading is possible, but contrived.
	ConfidenceLikely Confidence = "likely"
	// ConfidenceAmbiguous: the evidence does not settle it; the alternatives
	// are in the reasons.
	ConfidenceAmbiguous Confidence = "ambiguous"
)

// Confidences returns the closed set.
func Confidences() []Confidence {
	return []Confidence{ConfidenceCertain, ConfidenceLikely, ConfidenceAmbiguous}
}

// Source says where a record came from.
type Source string

// The sources of records.
const (
	SourceCore      Source = "core"
	SourceKernelLog Source = "kernel_log"
	SourceJournal   Source = "journal"
	SourceLogFile   Source = "log_file"
	SourceImport    Source = "import"
	SourceWorkflow  Source = "workflow"
)

// TimeSource says what the time of a crash was taken from.
type TimeSource string

// The sources of a crash's time, from the most to the least trustworthy.
const (
	TimeFromCoreName       TimeSource = "core_name"
	TimeFromJournal        TimeSource = "journal"
	TimeFromLog            TimeSource = "log"
	TimeFromObjectMetadata TimeSource = "object_metadata"
	TimeFromMtime          TimeSource = "mtime"
	TimeFromReporter       TimeSource = "reporter"
)

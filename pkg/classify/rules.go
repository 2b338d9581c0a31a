package classify

import "github.com/epicurve/epicurve/pkg/crash"

// Version is the version of the rules and of the signatures they lead to. It
// grows by one with every change that can give an old core another class, kind
// or signature (docs/adr/0007-signature-versioning.md).
const Version = 1

// Rule decides one sort of crash.
type Rule struct {
	// Name is stable and lower case.
	Name string
	// Kinds are those that the rule can give.
	Kinds []crash.Kind
	// Decides says in one sentence which crashes are its own.
	Decides string
	// Evidence says what it looks at, and what it does where that is missing.
	Evidence string
	// Basis names the calling convention, processor manual or kernel source
	// that the rule rests on.
	Basis []string

	apply func(*view) (ruling, bool)
}

// ruling is what a rule decided.
type ruling struct {
	kind       crash.Kind
	confidence crash.Confidence
	reasons    []string
	// at is the address that names the place of the crash; 0 when the place
	// is incidental or unknown.
	at uint64
	// detail replaces the place in the signature where it is incidental, such
	// as the name of a sent signal.
	detail string
}

// Rules lists the rules in the order in which they are tried; the first that
// applies decides.
func Rules() []Rule {
	return []Rule{
		ruleNoSignal(),
		ruleSentSignal(),
		ruleAbort(),
		ruleBadSyscall(),
		ruleTrap(),
		ruleArithmetic(),
		ruleStackOverflow(),
		ruleMisalignedReturn(),
		ruleReturnToNull(),
		ruleBadReturn(),
		ruleBadTarget(),
		ruleIllegalInstruction(),
		ruleShadowStack(),
		ruleReturnAtText(),
		ruleNonCanonical(),
		ruleAlignedAccess(),
		ruleStackAlignment(),
		ruleBusError(),
		ruleNullDeref(),
		ruleProtectionFault(),
		ruleWildAccess(),
		ruleUnknown(),
	}
}

// Package classify turns the facts of a core file into a finding: class, kind,
// signature, confidence, and the reasons an engineer can paste into a ticket.
//
// One ordered list of rules ([Rules]) decides; the first rule that applies
// wins. A rule rests on a processor's calling convention or on what the Linux
// kernel is documented to do, and says so; docs/rules.md is generated from the
// rules themselves. No rule guesses: where the evidence does not settle a case,
// the finding's confidence is ambiguous and the other readings are among its
// reasons.
//
// The package reads nothing but the facts it is given. Text and symbols of
// binaries on disk come through [Binaries], which the caller implements.
package classify

package classify

import (
	"fmt"

	"golang.org/x/arch/x86/x86asm"

	"github.com/epicurve/epicurve/pkg/crash"
)

func ruleNonCanonical() Rule {
	return Rule{
		Name:     "non_canonical_access",
		Kinds:    []crash.Kind{crash.KindNonCanonicalAccess, crash.KindBadCall},
		Decides:  "Loads and stores through a non-canonical pointer; bad_call where the instruction at pc calls or jumps through it.",
		Evidence: "A #GP, and a register that holds a non-canonical value; with text at hand the operand of the instruction at pc decides.",
		Basis:    protectionBasis,
		apply:    (*view).nonCanonicalAccess,
	}
}

func (v *view) nonCanonicalAccess() (ruling, bool) {
	if !v.generalProtection() || v.abi.canonical == 0 {
		return ruling{}, false
	}
	what := fmt.Sprintf("A general protection fault (SI_KERNEL, no address) at %s.", v.describe(v.pc))
	r := ruling{kind: crash.KindNonCanonicalAccess, at: v.pc, confidence: crash.ConfidenceCertain, reasons: []string{what}}
	inst := v.atPC()
	if inst.known {
		return v.nonCanonicalOperand(r, inst)
	}
	name, found := v.nonCanonicalRegister()
	if !found {
		return ruling{}, false
	}
	x, _ := v.register(name)
	r.confidence = crash.ConfidenceLikely
	r.reasons = append(r.reasons, fmt.Sprintf("Register %s holds the non-canonical value %#x; without the text at pc, an access, call or jump through it is the plain reading.", name, x))
	return r, true
}

// nonCanonicalOperand decides with the instruction at pc.
func (v *view) nonCanonicalOperand(r ruling, inst instruction) (ruling, bool) {
	next := v.pc + uint64(inst.x86.Len)
	if m, ok := inst.memory(); ok {
		if addr, known := v.x86Address(m, next, 0); known && !v.abi.isCanonical(addr) {
			r.reasons = append(r.reasons, fmt.Sprintf("The instruction %q accesses the non-canonical address %#x.", assembly(inst.x86, v.pc), addr))
			return r, true
		}
	}
	arg, transfers := inst.transfers()
	if !transfers {
		return ruling{}, false
	}
	target, known := uint64(0), false
	switch a := arg.(type) {
	case x86asm.Reg:
		target, known = v.x86Register(a)
	case x86asm.Mem:
		if addr, ok := v.x86Address(a, next, 0); ok {
			target, known = v.word(addr)
		}
	}
	if known && v.abi.isCanonical(target) {
		return ruling{}, false
	}
	r.kind = crash.KindBadCall
	r.reasons = append(r.reasons, fmt.Sprintf("The instruction %q goes to a non-canonical address, which faults before it arrives.", assembly(inst.x86, v.pc)))
	return r, true
}

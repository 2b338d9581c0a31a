package classify

import (
	"fmt"
	"slices"

	"github.com/epicurve/epicurve/pkg/crash"
)

func ruleNullDeref() Rule {
	return Rule{
		Name:     "null_deref",
		Kinds:    []crash.Kind{crash.KindNullDeref},
		Decides:  "Loads and stores through a null pointer, or a null pointer plus an offset below 64 KiB.",
		Evidence: "SIGSEGV at code that can run, with si_addr below 64 KiB. Without siginfo: no register points to memory that could fault except those that are null or small, and the finding is at most likely.",
		Basis:    accessBasis,
		apply:    (*view).nullDeref,
	}
}

func (v *view) nullDeref() (ruling, bool) {
	if v.sig.Number != sigSEGV || !v.pcRunnable() {
		return ruling{}, false
	}
	r := ruling{kind: crash.KindNullDeref, confidence: crash.ConfidenceCertain, at: v.pc}
	switch {
	case !v.sig.HasInfo:
		return v.nullByElimination(r)
	case v.sig.Code != segvMapErr && v.sig.Code != segvAccErr, !v.sig.HasAddr, v.sig.Addr >= nullPage:
		return ruling{}, false
	case v.sig.Addr >= 4096:
		r.confidence = crash.ConfidenceLikely
	}
	r.reasons = []string{fmt.Sprintf("SIGSEGV%s at %s: an access through a null pointer%s.", v.codeText(), v.describe(v.pc), plusOffset(v.sig.Addr))}
	return r, true
}

func plusOffset(addr uint64) string {
	if addr == 0 {
		return ""
	}
	return fmt.Sprintf(" plus %#x", addr)
}

// nullByElimination: without an address, look at what the registers could have
// been the base of. If all that are not small point to memory that can be read
// and written, the one that faulted was null or small.
func (v *view) nullByElimination(r ruling) (ruling, bool) {
	small := false
	for i, x := range v.regs.Values {
		if i >= len(v.regs.Names) || !v.generalRegister(v.regs.Names[i]) {
			continue
		}
		if x < nullPage {
			small = true
			continue
		}
		seg, found := v.segment(x)
		if !found || (!usable(seg) && !seg.Executable()) {
			return ruling{}, false
		}
	}
	if !small {
		return ruling{}, false
	}
	r.confidence = crash.ConfidenceLikely
	r.reasons = []string{
		fmt.Sprintf("SIGSEGV at %s; the core has no siginfo, so the address is unknown.", v.describe(v.pc)),
		"Every register that is not small points to usable memory, so the access went through one that is null or nearly so; a write to read-only text can't be excluded.",
	}
	return r, true
}

// generalRegister reports whether an operand can name the register as a base.
func (v *view) generalRegister(name string) bool {
	switch v.abi.arch {
	case "arm64":
		return name != "pc" && name != "pstate" && name != "sp"
	case "amd64":
		return slices.Contains(addressRegisters, name)
	case "386":
		switch name {
		case "eax", "ebx", "ecx", "edx", "esi", "edi", "ebp":
			return true
		}
		return false
	case "riscv64", "riscv":
		return name != "pc"
	case "arm":
		return name != "pc" && name != "cpsr" && name != "orig_r0"
	}
	return false
}

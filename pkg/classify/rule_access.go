package classify

import (
	"fmt"
	"slices"

	"github.com/epicurve/epicurve/pkg/crash"
)

var accessBasis = []string{
	"include/uapi/asm-generic/siginfo.h (SEGV_MAPERR: nothing mapped; SEGV_ACCERR: permission)",
	"mm/Kconfig and Documentation/admin-guide/sysctl/vm.rst (mmap_min_addr: 64 KiB in distributions)",
}

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

func ruleUnknown() Rule {
	return Rule{
		Name:     "unknown",
		Kinds:    []crash.Kind{crash.KindUnknown},
		Decides:  "What no other rule explains.",
		Evidence: "None; the reasons say what is known.",
		Basis:    []string{"None."},
		apply: func(v *view) (ruling, bool) {
			return ruling{
				kind: crash.KindUnknown, confidence: crash.ConfidenceAmbiguous, at: v.pc,
				reasons: []string{fmt.Sprintf("%s at %s fits no rule.", SignalName(v.sig.Number), v.describe(v.pc))},
			}, true
		},
	}
}

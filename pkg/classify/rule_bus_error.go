package classify

import (
	"fmt"

	"github.com/epicurve/epicurve/pkg/crash"
)

func ruleBusError() Rule {
	return Rule{
		Name:     "bus_error",
		Kinds:    []crash.Kind{crash.KindBusError},
		Decides:  "SIGBUS: access beyond the end of a mapped file, a failed read of its page, an alignment check, or a hardware memory error.",
		Evidence: "The signal and its si_code.",
		Basis:    []string{"mm/filemap.c (VM_FAULT_SIGBUS beyond the end of file)", "mm/memory-failure.c (BUS_MCEERR_AR, BUS_MCEERR_AO)", "include/uapi/asm-generic/siginfo.h (BUS_*)"},
		apply: func(v *view) (ruling, bool) {
			if v.sig.Number != sigBUS {
				return ruling{}, false
			}
			r := ruling{kind: crash.KindBusError, confidence: crash.ConfidenceCertain, at: v.pc}
			r.reasons = []string{fmt.Sprintf("SIGBUS%s at %s%s", v.codeText(), v.describe(v.pc), v.busMeaning())}
			return r, true
		},
	}
}

// codeText prints ", BUS_ADRERR, address 0x…" as far as siginfo tells.
func (v *view) codeText() string {
	if !v.sig.HasInfo {
		return " (without siginfo)"
	}
	s := " with " + codeName(v.sig.Number, v.sig.Code)
	if v.sig.HasAddr {
		s += fmt.Sprintf(" for address %#x", v.sig.Addr)
	}
	return s
}

func (v *view) busMeaning() string {
	if !v.sig.HasInfo {
		return "."
	}
	switch v.sig.Code {
	case busAlign:
		return ": the access was not aligned as the machine demands."
	case busAddr:
		return ": there is no page behind the address, as beyond the end of a mapped file, on a full file system or after a failed read."
	case busObject:
		return ": the object behind the address failed."
	case busMCEAction, busMCEOption:
		return ": the kernel reports a hardware memory error."
	case siKernel:
		return ": a stack segment fault, which a non-canonical address through sp or the frame pointer raises."
	}
	return "."
}

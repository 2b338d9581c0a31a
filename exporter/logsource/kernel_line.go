package logsource

import (
	"debug/elf"
	"regexp"
	"strconv"
	"strings"

	"github.com/epicurve/epicurve/pkg/crash"
)

// The lines that x86-64 kernels print for a fatal signal of user space, when
// debug.exception-trace is 1 (the default) and the process has no handler:
//
//	NAME[TID]: segfault at ADDR ip PC sp SP error CODE in MODULE[…] likely on CPU n (core n, socket n)
//	traps: NAME[TID] general protection fault ip:PC sp:SP error:CODE in MODULE[…]
//	traps: NAME[TID] trap invalid opcode ip:PC sp:SP error:CODE in MODULE[…]
//
// From arch/x86/mm/fault.c (show_signal_msg), arch/x86/kernel/traps.c
// (show_signal) and mm/memory.c (print_vma_addr). At most 10 of each every 5
// seconds are printed; "N callbacks suppressed" tells how many were not.
var (
	segfaultLine = regexp.MustCompile(`^(.{0,15})\[(\d+)\]: segfault at ([0-9a-f]+) ip ([0-9a-f]+) sp ([0-9a-f]+) error ([0-9a-f]+)(.*)$`)
	trapLine     = regexp.MustCompile(`^traps: (.{0,15})\[(\d+)\] (general protection fault|general protection|trap [a-z0-9 ]+?|alignment check|stack segment)(?: fault)? ip:([0-9a-f]+) sp:([0-9a-f]+) error:([0-9a-f]+)(.*)$`)
	moduleTail   = regexp.MustCompile(` in (.+)\[(?:([0-9a-f]+),)?([0-9a-f]+)\+([0-9a-f]+)\]`)
	cpuTail      = regexp.MustCompile(` likely on CPU (\d+)`)
	suppressed   = regexp.MustCompile(`^(?:show_signal_msg|show_signal|force_sig_info_fault|traps?): (\d+) callbacks suppressed$`)
)

// Bits of the page fault error code (arch/x86/include/asm/trap_pf.h).
const (
	faultProtection = 1 << 0 // a protection fault, else the page was not there
	faultReserved   = 1 << 3
	faultProtKey    = 1 << 5
)

// Values of si_code (include/uapi/asm-generic/siginfo.h).
const (
	segvMapErr = 1
	segvAccErr = 2
	segvPKUErr = 4
	siKernel   = 128
	illIllOpn  = 2
	fpeIntDiv  = 1
	signalIll  = 4
	signalTrap = 5
	signalBus  = 7
	signalFPE  = 8
	signalSegv = 11
	busAdrAln  = 1
)

// ParseKernel reads the text of one kernel log record. ok is false when it is
// not about a crash.
func ParseKernel(text string) (e Event, ok bool) {
	if m := segfaultLine.FindStringSubmatch(text); m != nil {
		code := hexadecimal(m[6])
		e = Event{
			Comm: m[1], TID: decimal(m[2]), Addr: hexadecimal(m[3]), HasAddr: true, PC: hexadecimal(m[4]), SP: hexadecimal(m[5]),
			Signal: signalSegv, Code: pageFaultCode(code), HasCode: code&faultReserved == 0,
		}
		e.tail(m[7])
		return e, true
	}
	m := trapLine.FindStringSubmatch(text)
	if m == nil {
		return Event{}, false
	}
	e = Event{Comm: m[1], TID: decimal(m[2]), PC: hexadecimal(m[4]), SP: hexadecimal(m[5])}
	e.trap(m[3])
	e.tail(m[7])
	return e, true
}

// pageFaultCode is the si_code that the kernel gives with an error code.
func pageFaultCode(code uint64) int {
	switch {
	case code&faultProtKey != 0:
		return segvPKUErr
	case code&faultProtection != 0:
		return segvAccErr
	default:
		return segvMapErr
	}
}

// trap sets signal and si_code of a trap by the name that the kernel gives it
// (arch/x86/kernel/traps.c).
func (e *Event) trap(name string) {
	switch name = strings.TrimPrefix(name, "trap "); {
	case strings.HasPrefix(name, "general protection"):
		e.Signal, e.Code, e.HasCode = signalSegv, siKernel, true
	case name == "invalid opcode":
		e.Signal, e.Code, e.HasCode = signalIll, illIllOpn, true
		e.Addr, e.HasAddr = e.PC, true
	case name == "divide error":
		e.Signal, e.Code, e.HasCode = signalFPE, fpeIntDiv, true
		e.Addr, e.HasAddr = e.PC, true
	case name == "int3":
		e.Signal, e.Code, e.HasCode = signalTrap, siKernel, true
	case name == "alignment check":
		e.Signal, e.Code, e.HasCode = signalBus, busAdrAln, true
	case name == "stack segment":
		e.Signal, e.Code, e.HasCode = signalBus, siKernel, true
	default:
		e.Signal = signalSegv
	}
}

// tail reads what follows the registers.
func (e *Event) tail(text string) {
	e.Source, e.Machine = crash.SourceKernelLog, elf.EM_X86_64
	if m := cpuTail.FindStringSubmatch(text); m != nil {
		e.CPU = m[1]
	}
	m := moduleTail.FindStringSubmatch(text)
	if m == nil {
		return
	}
	start := hexadecimal(m[3])
	mod := &Module{Name: m[1], Start: start, End: start + hexadecimal(m[4])}
	if m[2] != "" && e.PC >= start { // the offset of pc in the file
		if at := hexadecimal(m[2]); at >= e.PC-start {
			mod.Offset, mod.HasOffset = at-(e.PC-start), true
		}
	}
	e.Module = mod
}

// Unprinted reads how many crashes the kernel did not print because too many
// came at once; 0 when the text is not about that.
func Unprinted(text string) int64 {
	m := suppressed.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	return decimal(m[1])
}

func hexadecimal(s string) uint64 {
	v, err := strconv.ParseUint(s, 16, 64)
	if err != nil {
		return 0
	}
	return v
}

func decimal(s string) int64 {
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return v
}

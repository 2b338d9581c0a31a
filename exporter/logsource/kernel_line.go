package logsource

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/epicurve/epicurve/pkg/crash"
)

// The lines that x86 kernels print for a fatal signal of user space, when
// debug.exception-trace is 1 (the default) and the process has no handler:
//
//	NAME[TID]: segfault at ADDR ip PC sp SP error CODE in MODULE[…] likely on CPU n (core n, socket n)
//	traps: NAME[TID] general protection fault ip:PC sp:SP error:CODE in MODULE[…]
//	traps: NAME[TID] trap invalid opcode ip:PC sp:SP error:CODE in MODULE[…]
//	NAME[TID] control protection ip:PC sp:SP ssp:SSP error:CODE(near ret) in MODULE[…]
//
// From arch/x86/mm/fault.c (show_signal_msg), arch/x86/kernel/traps.c
// (show_signal), arch/x86/kernel/cet.c (do_user_cp_fault) and mm/memory.c
// (print_vma_addr). At most 10 of each every 5 seconds are printed; "N callbacks
// suppressed" tells how many were not.
//
// PowerPC prints one line as well (arch/powerpc/kernel/traps.c, show_signal_msg):
//
//	NAME[TID]: segfault (11) at ADDR nip PC lr LR code CODE in MODULE[…]
//	NAME[TID]: unhandled signal 11 at ADDR nip PC lr LR code CODE      (before 4.19)
var (
	segfaultLine = regexp.MustCompile(`^(?s)(.{0,15})\[(\d+)\]: segfault at ([0-9a-f]+) ip ([0-9a-f]+) sp ([0-9a-f]+) error ([0-9a-f]+)(.*)$`)
	trapLine     = regexp.MustCompile(`^(?s)traps: (.{0,15})\[(\d+)\] (general protection fault|general protection|trap [a-z0-9 /]+?|alignment check|stack segment)(?: fault)? ip:([0-9a-f]+) sp:([0-9a-f]+) error:([0-9a-f]+)(.*)$`)
	controlLine  = regexp.MustCompile(`^(?s)(?:traps: )?(.{0,15})\[(\d+)\] control protection ip:([0-9a-f]+) sp:([0-9a-f]+) ssp:[0-9a-f]+ error:[0-9a-f]+\([^)]*\)(.*)$`)
	powerLine    = regexp.MustCompile(`^(?s)(.{0,15})\[(\d+)\]: (?:[a-z ]+ \((\d+)\)|unhandled signal (\d+)) at ([0-9a-f]+) nip ([0-9a-f]+) lr ([0-9a-f]+) code ([0-9a-f]+)(.*)$`)
	moduleTail   = regexp.MustCompile(` in (.+)\[(?:([0-9a-f]+),)?([0-9a-f]+)\+([0-9a-f]+)\]`)
	cpuTail      = regexp.MustCompile(` likely on CPU (\d+)`)
	suppressed   = regexp.MustCompile(`^(?:show_signal_msg|show_signal|force_sig_info_fault|arm64_show_signal|do_trap|do_user_cp_fault|traps?): (\d+) callbacks suppressed$`)
)

// Bits of the page fault error code (arch/x86/include/asm/trap_pf.h).
const (
	faultProtection = 1 << 0 // a protection fault, else the page was not there
	faultReserved   = 1 << 3
	faultProtKey    = 1 << 5
)

// Numbers of signals (include/uapi/asm-generic/signal.h) and values of si_code
// (include/uapi/asm-generic/siginfo.h).
const (
	signalIll  = 4
	signalTrap = 5
	signalBus  = 7
	signalFPE  = 8
	signalKill = 9
	signalSegv = 11

	siKernel   = 128
	segvMapErr = 1
	segvAccErr = 2
	segvPKUErr = 4
	segvCPErr  = 10
	illIllOpc  = 1
	illIllOpn  = 2
	fpeIntDiv  = 1
	busAdrAln  = 1
	busAdrErr  = 2
)

// parseLine reads the text of a kernel log record that tells of a crash by
// itself. ok is false when it does not.
func parseLine(text string) (e Event, ok bool) {
	if m := segfaultLine.FindStringSubmatch(text); m != nil {
		e = ofThread(m[1], m[2], "amd64")
		e.Signal = signalSegv
		e.Addr, e.PC, e.SP = address(m[3]), address(m[4]), address(m[5])
		if code := address(m[6]).Value; code&faultReserved == 0 {
			e.Code = crash.Some(pageFaultCode(code))
		}
		e.tail(m[7])
		return e, true
	}
	if m := trapLine.FindStringSubmatch(text); m != nil {
		e = ofThread(m[1], m[2], "amd64")
		e.PC, e.SP = address(m[4]), address(m[5])
		e.trap(m[3])
		e.tail(m[7])
		return e, true
	}
	if m := controlLine.FindStringSubmatch(text); m != nil {
		e = ofThread(m[1], m[2], "amd64")
		e.Signal, e.Code = signalSegv, crash.Some(int64(segvCPErr))
		e.PC, e.SP = address(m[3]), address(m[4])
		e.tail(m[5])
		return e, true
	}
	if m := powerLine.FindStringSubmatch(text); m != nil {
		e = ofThread(m[1], m[2], "ppc64le")
		e.Signal = int(decimal(m[3] + m[4]))
		e.Addr, e.PC, e.LR = address(m[5]), address(m[6]), address(m[7])
		e.Code = crash.Some(int64(address(m[8]).Value & 0xffff)) //nolint:gosec // 16 bits; older kernels print their own bits above
		e.tail(m[9])
		e.Key = text // without a stack pointer, what is there must tell it apart
		return e, true
	}
	return Event{}, false
}

func ofThread(comm, tid, arch string) Event {
	return Event{Source: crash.SourceKernelLog, Comm: comm, TID: decimal(tid), HostIDs: true, Arch: arch}
}

// pageFaultCode is the si_code that the kernel gives with an error code.
func pageFaultCode(code uint64) int64 {
	switch {
	case code&faultProtKey != 0:
		return segvPKUErr
	case code&faultProtection != 0:
		return segvAccErr
	default:
		return segvMapErr
	}
}

// traps are the signal and si_code of x86's traps by the names that the kernel
// gives them (arch/x86/kernel/traps.c).
var traps = map[string]struct {
	signal int
	code   int64
	atPC   bool // si_addr is pc
}{
	"general protection":          {signalSegv, siKernel, false},
	"general protection fault":    {signalSegv, siKernel, false},
	"invalid opcode":              {signalIll, illIllOpn, true},
	"divide error":                {signalFPE, fpeIntDiv, true},
	"int3":                        {signalTrap, siKernel, false},
	"alignment check":             {signalBus, busAdrAln, false},
	"stack segment":               {signalBus, siKernel, false},
	"segment not present":         {signalBus, siKernel, false},
	"overflow":                    {signalSegv, siKernel, false},
	"bounds":                      {signalSegv, siKernel, false},
	"invalid TSS":                 {signalSegv, siKernel, false},
	"coprocessor segment overrun": {signalFPE, siKernel, false},
}

func (e *Event) trap(name string) {
	t, ok := traps[strings.TrimPrefix(name, "trap ")]
	if !ok {
		e.Signal = signalSegv
		return
	}
	e.Signal, e.Code = t.signal, crash.Some(t.code)
	if t.atPC {
		e.Addr = e.PC
	}
}

// tail reads what follows the registers.
func (e *Event) tail(text string) {
	if m := cpuTail.FindStringSubmatch(text); m != nil {
		e.CPU = m[1]
	}
	m := moduleTail.FindStringSubmatch(text)
	if m == nil {
		return
	}
	start := address(m[3]).Value
	mod := &Module{Name: m[1], Start: start, End: start + address(m[4]).Value}
	if pc := e.PC.Value; m[2] != "" && e.PC.Known && pc >= start { // the offset of pc in the file
		if at := address(m[2]).Value; at >= pc-start {
			mod.Offset, mod.HasOffset = at-(pc-start), true
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

// address reads hexadecimal digits with or without 0x; what is none is unknown.
func address(s string) crash.Optional[uint64] {
	v, err := strconv.ParseUint(strings.TrimPrefix(strings.ToLower(s), "0x"), 16, 64)
	if err != nil {
		return crash.Optional[uint64]{}
	}
	return crash.Some(v)
}

func decimal(s string) int64 {
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return v
}

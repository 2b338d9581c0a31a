package classify

import (
	"debug/elf"
	"fmt"
	"strings"

	"github.com/epicurve/epicurve/pkg/corefile"
	"github.com/epicurve/epicurve/pkg/crash"
)

// LogFacts is what a kernel or journal line tells of a crash that left no core.
// Zero values mean unknown.
type LogFacts struct {
	Executable string // base name or path
	// Arch is Go's name of the machine; "" means amd64, whose kernel is the
	// one that logs "segfault at".
	Arch   string
	Signal int // 0 when only Trap is known
	// Code is si_code where the log prints or implies it; else it is inferred
	// from ErrorCode, as far as that tells.
	Code crash.Optional[int64]
	// Trap is the text of "traps: NAME[PID] TRAP ip:… sp:…" or "trap TRAP",
	// such as "general protection fault", "divide error", "invalid opcode".
	Trap string
	IP   crash.Optional[uint64]
	SP   crash.Optional[uint64]
	LR   crash.Optional[uint64] // machines with a link register
	Addr crash.Optional[uint64] // "segfault at ADDR"
	// ErrorCode is the page fault's error code on x86, "error N" with N in
	// hex: bit 0 protection, 1 write, 2 user, 4 instruction fetch
	// (arch/x86/include/asm/trap_pf.h).
	ErrorCode crash.Optional[uint64]
	// Module and what follows are the "in NAME[START+SIZE]" of the line;
	// FileOffset is the offset of ip into that file, which kernels since 6.11
	// print first: "in NAME[OFFSET,START+SIZE]" (mm/memory.c, print_vma_addr).
	Module      string
	ModuleStart uint64
	ModuleSize  uint64
	FileOffset  crash.Optional[uint64]
	// OutOfMemory is set for the victims of the OOM killer.
	OutOfMemory bool
	PID         int64
}

// Bits of the page fault error code on x86.
const (
	faultProtection = 1 << 0
	faultFetch      = 1 << 4
)

// FromLog rules on a crash that is known from a log line only, by the same
// rules as a core with nothing but a program counter, a stack pointer and a
// signal. It fills what [Record] fills, but for id and source, which are the
// caller's, and it is never certain of what only a stack could settle.
func FromLog(l LogFacts) crash.Record {
	f := l.facts()
	v := newView(f, Options{})
	v.log, v.spUnknown = true, !l.SP.Known
	var rule Rule
	var r ruling
	if l.OutOfMemory {
		rule, r = Rule{Name: "out_of_memory"}, ruling{kind: crash.KindOutOfMemory, confidence: crash.ConfidenceCertain, reasons: []string{"The kernel log names the process as a victim of the OOM killer (mm/oom_kill.c)."}}
	} else if !l.IP.Known && (f.Signal.Number == sigSEGV || f.Signal.Number == sigBUS) {
		rule, r = Rule{Name: "signal_only"}, ruling{kind: crash.KindUnknown, confidence: crash.ConfidenceAmbiguous, reasons: []string{fmt.Sprintf("The log tells of %s, but neither program counter nor address.", SignalName(f.Signal.Number))}}
	} else if l.silentOfAddress(v) {
		rule, r = Rule{Name: "no_address"}, ruling{kind: crash.KindUnknown, confidence: crash.ConfidenceAmbiguous, at: v.pc, reasons: []string{fmt.Sprintf("The log tells of %s at %s, but not which address was accessed: null, wild and protected memory all look like this.", SignalName(f.Signal.Number), v.describe(v.pc))}}
	} else {
		rule, r = v.decide()
	}
	if r.confidence == crash.ConfidenceCertain && r.kind != crash.KindOutOfMemory {
		r.confidence = crash.ConfidenceLikely
	}
	v.notes = append(v.notes, "Known from a log line only; there is no core.")
	rec := crash.Record{
		SchemaVersion: crash.SchemaVersion, ClassifierVersion: Version,
		Finding: crash.Finding{
			Class: r.kind.Class(), Kind: r.kind, Confidence: r.confidence,
			Signature: v.signature(r), Caller: v.caller(r.kind), Reasons: v.reasons(rule, r),
		},
		Process: crash.Process{Executable: v.executable()},
	}
	rec.Fault = crash.Fault{Signal: SignalName(f.Signal.Number), Arch: v.abi.arch, PC: l.IP, SP: l.SP, LR: l.LR, Addr: l.Addr}
	if l.Code.Known {
		rec.Fault.Code = l.Code
	}
	if f.Signal.Number != 0 {
		rec.Fault.SignalNum = crash.Some(int64(f.Signal.Number))
	}
	if s, ok := v.siteOf(v.pc); ok {
		rec.Fault.Module = s.module
	}
	if l.PID != 0 {
		rec.Process.PID = crash.Some(l.PID)
	}
	return rec
}

// silentOfAddress reports whether code that could run faulted at an address that
// the log does not tell, so that nothing says what kind of access it was.
func (l LogFacts) silentOfAddress(v *view) bool {
	n := v.sig.Number
	return (n == sigSEGV || n == sigBUS) && !l.Addr.Known && l.Trap == "" && v.pc >= nullPage &&
		(!l.Code.Known || l.Code.Value == segvMapErr || l.Code.Value == segvAccErr) && v.kernelFault()
}

// facts states the log line as the facts of a core that holds nothing else.
func (l LogFacts) facts() *corefile.Facts {
	f := &corefile.Facts{Machine: machineOf(l.Arch), Class: elf.ELFCLASS64, Size: -1}
	switch l.Arch {
	case "386", "arm", "ppc":
		f.Class = elf.ELFCLASS32
	}
	f.Process.Name = moduleName(l.Executable)
	f.Thread.Registers = corefile.Registers{PC: l.IP.Value, SP: l.SP.Value, LR: l.LR.Value, HasLR: l.LR.Known}
	f.Signal = l.signal()
	f.HasFiles = true
	if l.Module != "" && l.ModuleSize != 0 && l.ModuleStart+l.ModuleSize > l.ModuleStart {
		m := corefile.MappedFile{Start: l.ModuleStart, End: l.ModuleStart + l.ModuleSize, Path: l.Module}
		if into := l.IP.Value - m.Start; l.FileOffset.Known && l.FileOffset.Value >= into {
			m.Offset = l.FileOffset.Value - into
		}
		f.Files = []corefile.MappedFile{m}
	}
	return f
}

func machineOf(arch string) elf.Machine {
	switch arch {
	case "", "amd64":
		return elf.EM_X86_64
	case "386":
		return elf.EM_386
	case "arm64":
		return elf.EM_AARCH64
	case "riscv64":
		return elf.EM_RISCV
	case "ppc64", "ppc64le":
		return elf.EM_PPC64
	case "ppc":
		return elf.EM_PPC
	case "s390x":
		return elf.EM_S390
	case "arm":
		return elf.EM_ARM
	case "loong64":
		return elf.EM_LOONGARCH
	}
	return elf.EM_NONE
}

// trapSignals are the signals of x86's traps by the names that the kernel logs
// (arch/x86/kernel/traps.c).
var trapSignals = []struct {
	text         string
	signal, code int
}{
	{"general protection", sigSEGV, siKernel},
	{"stack segment", sigBUS, siKernel},
	{"divide error", sigFPE, 1},
	{"invalid opcode", sigILL, 2},
	{"int3", sigTRAP, siKernel},
	{"alignment check", sigBUS, busAlign},
	{"control protection", sigSEGV, segvShadowErr},
	{"bounds", sigSEGV, siKernel},
	{"overflow", sigSEGV, siKernel},
}

// signal states the line's signal as siginfo would.
func (l LogFacts) signal() corefile.Signal {
	for _, t := range trapSignals {
		if l.Trap != "" && strings.Contains(l.Trap, t.text) {
			return corefile.Signal{Number: t.signal, Code: t.code, HasInfo: true}
		}
	}
	s := corefile.Signal{Number: l.Signal}
	if s.Number == 0 && l.Addr.Known {
		s.Number = sigSEGV
	}
	if l.Code.Known {
		s.HasInfo, s.Code = true, int(l.Code.Value)
		s.HasAddr, s.Addr = l.Addr.Known, l.Addr.Value
		return s
	}
	if l.Addr.Known && s.Number == sigSEGV {
		s.HasInfo, s.HasAddr, s.Addr, s.Code = true, true, l.Addr.Value, segvMapErr
		if l.ErrorCode.Known && l.ErrorCode.Value&faultProtection != 0 {
			s.Code = segvAccErr
		}
		if l.ErrorCode.Known && l.ErrorCode.Value&faultFetch != 0 && !l.IP.Known {
			s.Code = segvMapErr
		}
	}
	return s
}

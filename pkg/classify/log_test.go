package classify

import (
	"testing"

	"github.com/epicurve/epicurve/pkg/crash"
)

// TestFromLog: lines as kernels print them, taken apart.
func TestFromLog(t *testing.T) {
	at := crash.Some[uint64]
	const likely, open, sure = crash.ConfidenceLikely, crash.ConfidenceAmbiguous, crash.ConfidenceCertain
	for _, c := range []struct {
		name string
		log  LogFacts
		kind crash.Kind
		conf crash.Confidence
		sig  string
	}{
		{"segfault at 0 ip 0 sp …e0 error 14", LogFacts{Executable: "leafd", Addr: at(0), IP: at(0), SP: at(0x7ffd77e22ee0), ErrorCode: at(0x14)}, crash.KindReturnToNull, likely, "return_to_null in leafd"},
		{"segfault at 0 ip 0 sp …e8 error 14", LogFacts{Executable: "leafd", Addr: at(0), IP: at(0), SP: at(0x7ffd77e22ee8), ErrorCode: at(0x14)}, crash.KindNullCall, open, "null_call in leafd"},
		{"segfault at 0 ip 0, no sp", LogFacts{Executable: "leafd", Addr: at(0), IP: at(0)}, crash.KindNullCall, open, "null_call in leafd"},
		{"segfault at 2a ip 2a", LogFacts{Executable: "leafd", Addr: at(0x2a), IP: at(0x2a), SP: at(0x7ffd77e22ee0), ErrorCode: at(0x14)}, crash.KindBadReturn, likely, "bad_return in leafd"},
		{"segfault at 8 ip text error 4, kernel 6.12", LogFacts{
			Executable: "/srv/leafd", Addr: at(8), IP: at(0x555555556200), SP: at(0x7ffd77e22ee8), ErrorCode: at(4),
			Module: "leafd", ModuleStart: 0x555555556000, ModuleSize: 0x2000, FileOffset: at(0x1200),
		}, crash.KindNullDeref, likely, "null_deref at leafd+0x1200"},
		{"segfault at rodata error 7", LogFacts{Executable: "leafd", Addr: at(0x555555559000), IP: at(0x555555556200), SP: at(0x7ffd77e22ee8), ErrorCode: at(7)}, crash.KindProtectionFault, likely, "protection_fault in leafd"},
		{"segfault at wild error 4", LogFacts{Executable: "leafd", Addr: at(0x123456789000), IP: at(0x555555556200), SP: at(0x7ffd77e22ee8), ErrorCode: at(4)}, crash.KindWildAccess, likely, "wild_access in leafd"},
		{"general protection fault", LogFacts{Executable: "leafd", Trap: "general protection fault", IP: at(0x555555556200), SP: at(0x7ffd77e22ee8)}, crash.KindProtectionFault, open, "protection_fault in leafd"},
		{"divide error", LogFacts{Executable: "leafd", Trap: "divide error", IP: at(0x555555556200), SP: at(0x7ffd77e22ee8)}, crash.KindArithmetic, likely, ""},
		{"invalid opcode", LogFacts{Executable: "leafd", Trap: "invalid opcode", IP: at(0x555555556200)}, crash.KindIllegalInstruction, likely, ""},
		{"int3", LogFacts{Executable: "leafd", Trap: "int3", IP: at(0x555555556200)}, crash.KindTrap, likely, ""},
		{"out of memory", LogFacts{Executable: "leafd", OutOfMemory: true, PID: 5}, crash.KindOutOfMemory, sure, "out_of_memory in leafd"},
		{"signal 6 only", LogFacts{Executable: "leafd", Signal: sigABRT}, crash.KindAbort, likely, "abort in leafd"},
		{"signal 11 only", LogFacts{Executable: "leafd", Signal: sigSEGV}, crash.KindUnknown, open, "unknown in leafd"},
		{"arm64, no address", LogFacts{Executable: "leafd", Arch: "arm64", Signal: sigSEGV, Code: crash.Some(int64(1)), IP: at(0xaaaad8a9473c), SP: at(0x7ffd77e22ee0)}, crash.KindUnknown, open, ""},
		{"si_code printed", LogFacts{Executable: "leafd", Signal: sigSEGV, Code: crash.Some(int64(2)), Addr: at(0x555555559000), IP: at(0x555555556200)}, crash.KindProtectionFault, likely, ""},
		{"sent by kill, from a handler's log", LogFacts{Executable: "leafd", Signal: sigSEGV, Code: crash.Some(int64(0)), IP: at(0x555555556200)}, crash.KindSentSignal, likely, ""},
		{"general protection by code", LogFacts{Executable: "leafd", Signal: sigSEGV, Code: crash.Some(int64(siKernel)), IP: at(0x555555556200), SP: at(0x7ffd77e22ee8)}, crash.KindProtectionFault, open, ""},
		{"arm64, pc and lr 0", LogFacts{Executable: "leafd", Arch: "arm64", Signal: sigSEGV, IP: at(0), SP: at(0x7ffd77e22ee0), LR: at(0)}, crash.KindReturnToNull, likely, "return_to_null in leafd"},
		{"arm64, pc 0, no lr", LogFacts{Executable: "leafd", Arch: "arm64", Signal: sigSEGV, IP: at(0), SP: at(0x7ffd77e22ee0)}, crash.KindNullCall, open, "null_call in leafd"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := FromLog(c.log).Finding
			if got.Kind != c.kind || got.Confidence != c.conf || got.Class != c.kind.Class() {
				t.Errorf("got %s, %s; want %s, %s\n%q", got.Kind, got.Confidence, c.kind, c.conf, got.Reasons)
			}
			if c.sig != "" && got.Signature != c.sig {
				t.Errorf("signature %q, want %q", got.Signature, c.sig)
			}
		})
	}
}

// checkLog feeds arbitrary facts of a log line.
func checkLog(t *testing.T, data []byte) {
	t.Helper()
	m := &made{data}
	some := func() crash.Optional[uint64] {
		return crash.Optional[uint64]{Value: m.address(), Known: m.byte()%4 != 0}
	}
	arches := []string{"", "386", "arm64", "riscv64", "mips", "arm"}
	l := LogFacts{Arch: arches[int(m.byte())%len(arches)], Signal: int(m.byte()) % 70, IP: some(), SP: some(), LR: some(), Addr: some(), ErrorCode: some(), FileOffset: some()}
	l.OutOfMemory = m.byte()%16 == 1
	l.ModuleStart, l.ModuleSize = m.address(), m.word()
	l.Trap = trapSignals[int(m.byte())%len(trapSignals)].text[:int(m.byte())%4]
	l.Module, l.Executable = string(m.b), string(m.b)
	rec := FromLog(l)
	checkClosed(t, rec.Finding)
	if rec.Finding.Confidence == crash.ConfidenceCertain && rec.Finding.Kind != crash.KindOutOfMemory {
		t.Errorf("certain of %s from a log line", rec.Finding.Kind)
	}
}

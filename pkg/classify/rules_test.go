package classify

import (
	"strings"
	"testing"

	"github.com/epicurve/epicurve/pkg/corefile"
	"github.com/epicurve/epicurve/pkg/crash"
)

// Instructions that end at a return address.
var (
	callDirect = []byte{0xe8, 0x00, 0x01, 0x00, 0x00}             // call +0x100, within the text
	callRax    = []byte{0xff, 0xd0}                               // call *%rax
	loadCall   = []byte{0x48, 0x8b, 0x44, 0x24, 0x08, 0xff, 0xd0} // mov 8(%rsp),%rax; call *%rax
	nops       = []byte{0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90}
)

// before puts an instruction so that it ends at ret, with nops before it.
func (s *stage) before(ret uint64, inst []byte) *stage {
	s.code(ret-9, nops...)
	return s.code(ret-uint64(len(inst)), inst...)
}

// TestRules holds every row of the calling conventions' tables, and for each
// rule what it decides and what it must leave open.
func TestRules(t *testing.T) {
	const sure, likely, open = crash.ConfidenceCertain, crash.ConfidenceLikely, crash.ConfidenceAmbiguous
	for _, c := range []struct {
		name string
		s    *stage
		kind crash.Kind
		conf crash.Confidence
		sig  string
	}{
		// The table of the x86-64 calling convention, pc not executable.
		{"return to null", newStage().regs(0, spHome).stack(spHome-8, 0, 1), crash.KindReturnToNull, sure, "return_to_null in leafd"},
		{"return to null over a text word", newStage().regs(0, spHome).stack(spHome-8, 0, retExe), crash.KindReturnToNull, likely, "return_to_null in leafd"},
		{"return to null, no stack dumped", newStage().regs(0, spHome), crash.KindReturnToNull, likely, "return_to_null in leafd"},
		{"return to small", newStage().regs(0x2a, spHome).stack(spHome-8, 0x2a, 1), crash.KindBadReturn, sure, "bad_return in leafd"},
		{"return to heap", newStage().regs(heapAt+16, spHome).stack(spHome-8, heapAt+16, 1), crash.KindReturnToNonexec, sure, "return_to_nonexec in leafd"},
		{"return to unmapped", newStage().regs(0x123456789000, spHome).stack(spHome-8, 0x123456789000, 1), crash.KindBadReturn, sure, "bad_return in leafd"},
		{"misaligned return", newStage().regs(0x2a, spHome+8).stack(spHome, 0x2a, retExe), crash.KindMisalignedStack, likely, "misaligned_stack in leafd"},
		{"misaligned return that popped 0 or a null call", newStage().regs(0, spHome+8).stack(spHome, 0, retExe), crash.KindNullCall, open, "null_call at leafd+0x1134 (build 1a2b3c4d)"},
		{"call of null, text unknown", newStage().regs(0, spHome+8).stack(spHome, 7, retExe), crash.KindNullCall, likely, "null_call at leafd+0x1134 (build 1a2b3c4d)"},
		{"call of null, stale zero, call through rax before", newStage().regs(0, spHome+8).stack(spHome, 0, retExe).before(retExe, callRax), crash.KindNullCall, open, ""},
		{"call of null, call through rax before", newStage().regs(0, spHome+8).stack(spHome, 7, retExe).before(retExe, callRax), crash.KindNullCall, likely, ""},
		{"call of null, call through rbx before", newStage().regs(0, spHome+8).stack(spHome, 0, retExe).before(retExe, []byte{0xff, 0xd3}), crash.KindNullCall, sure, ""},
		{"call of null, loaded from a slot that is null", newStage().regs(0, spHome+8).stack(spHome, 7, retExe, 1, 0).before(retExe, loadCall), crash.KindNullCall, sure, ""},
		{"tail jump to null: call of a slot that is not null", newStage().regs(0, spHome+8).stack(spHome, 7, retExe, 1, exeText+0x40).before(retExe, loadCall), crash.KindNullJump, likely, ""},
		{"indirect call before, but of another target", newStage().regs(0, spHome+8).stack(spHome, 0, retExe).before(retExe, callRax).reg("rax", exeText+0x40), crash.KindNullJump, open, ""},
		{"tail jump to null: direct call before", newStage().regs(0, spHome+8).stack(spHome, 7, retExe).before(retExe, callDirect), crash.KindNullJump, sure, ""},
		{"stale zero, direct call before", newStage().regs(0, spHome+8).stack(spHome, 0, retExe).before(retExe, callDirect), crash.KindNullJump, open, ""},
		{"call of heap", newStage().regs(heapAt, spHome+8).stack(spHome, 7, retExe), crash.KindBadCall, likely, "bad_call at leafd+0x1134 (build 1a2b3c4d)"},
		{"call of heap, stale pointer, indirect call before", newStage().regs(heapAt, spHome+8).stack(spHome, heapAt, retExe).before(retExe, callRax).reg("rax", heapAt), crash.KindBadCall, sure, ""},
		{"no word fits", newStage().regs(0, spHome+8).stack(spHome, 7, 9), crash.KindNullJump, open, "null_jump in leafd"},
		{"word under an aligned sp differs", newStage().regs(0, spHome).stack(spHome-8, 7, 9), crash.KindNullJump, open, "null_jump in leafd"},
		{"null call from a misaligned caller", newStage().regs(0, spHome).stack(spHome-8, 7, retExe), crash.KindNullCall, open, ""},
		{"registers only, as after a call", newStage().regs(0, spHome+8), crash.KindNullCall, open, "null_call in leafd"},
		{"sp of no whole word", newStage().regs(0, spHome+3), crash.KindMisalignedStack, likely, "misaligned_stack in leafd"},
		{"vsyscall is no return address", newStage().regs(0, spHome+8).stack(spHome, 7, 0xffffffffff600400), crash.KindNullJump, open, "null_jump in leafd"},

		{"longjmp through a zeroed buffer", newStage().regs(0, 0), crash.KindNullJump, open, "null_jump in leafd"},
		{"longjmp through garbage", newStage().regs(0x123456789000, 0x334455667703), crash.KindBadCall, open, "bad_call in leafd"},
		{"fault with sp nowhere", newStage().regs(exeText+0x200, 0x334455667703).signal(sigSEGV, segvMapErr, 0x334455667703), crash.KindWildAccess, sure, ""},

		{"return to null in code that keeps 8 bytes, as Go", newStage().regs(0, spHome+8).reg("rbp", spHome+24).stack(spHome, 0, 1, 2, spHome+64, retExe), crash.KindReturnToNull, likely, ""},
		{"call of null in code that keeps 8 bytes", newStage().regs(0, spHome).reg("rbp", spHome+24).stack(spHome-8, 7, retExe, 2, 3, spHome+64, retExe), crash.KindNullCall, likely, ""},
		{"either in code that keeps 8 bytes", newStage().regs(0, spHome).reg("rbp", spHome+24).stack(spHome-8, 0, retExe, 2, 3, spHome+64, retExe), crash.KindNullCall, open, ""},

		// i386: a return leaves sp mod 16 = 0, a call 12.
		{"i386 return to null", newStage().on386().regs(0, 0xffffe000).stack(0xffffe000-4, 0, 1), crash.KindReturnToNull, sure, ""},
		{"i386 call of null", newStage().on386().regs(0, 0xffffe00c).stack(0xffffe008, 5, retExe&0xffffffff), crash.KindNullCall, likely, ""},
		{"i386 code that keeps 4 bytes", newStage().on386().regs(0, 0xffffe004).stack(0xffffe000, 0, 1), crash.KindReturnToNull, likely, ""},
		{"i386 code that keeps 4 bytes, call", newStage().on386().regs(0, 0xffffe008).stack(0xffffe004, 5, retExe&0xffffffff), crash.KindNullCall, likely, ""},
		{"i386 code that keeps 4 bytes, both", newStage().on386().regs(0, 0xffffe008).stack(0xffffe004, 0, retExe&0xffffffff), crash.KindNullCall, open, ""},

		// AArch64: nothing is popped.
		{"arm64 return to null", newStage().onARM64(0).regs(0, spHome), crash.KindReturnToNull, likely, ""},
		{"arm64 return to null through a saved lr", newStage().onARM64(0).reg("x29", spHome+64).regs(0, spHome).stack(spHome-32, spHome+64, 0, 1, 1), crash.KindReturnToNull, sure, ""},
		{"arm64 call of null", newStage().onARM64(retExe).regs(0, spHome), crash.KindNullCall, likely, "null_call at leafd+0x1134 (build 1a2b3c4d)"},
		{"arm64 call of null, blr x3", newStage().onARM64(retExe).regs(0, spHome).code(retExe-4, 0x60, 0x00, 0x3f, 0xd6), crash.KindNullCall, sure, ""},
		{"arm64 jump to null, bl before", newStage().onARM64(retExe).regs(0, spHome).code(retExe-4, 0x10, 0x00, 0x00, 0x94), crash.KindNullJump, sure, ""},
		{"arm64 jump to null after an epilogue", newStage().onARM64(retExe).reg("x29", spHome+64).regs(0, spHome).stack(spHome-32, spHome+64, retExe, 1, 1), crash.KindNullJump, likely, ""},
		{"arm64 return to heap", newStage().onARM64(heapAt).regs(heapAt, spHome), crash.KindReturnToNonexec, likely, ""},
		{"arm64 shifted sp", newStage().onARM64(spHome).regs(spHome, spHome+8), crash.KindMisalignedStack, likely, "misaligned_stack in leafd"},
		{"arm64 sp alignment fault", newStage().onARM64(retExe).regs(exeText+0x40, spHome+8).signal(sigBUS, busAlign, spHome+8), crash.KindMisalignedStack, likely, ""},
		{"arm64 longjmp through a zeroed buffer", newStage().onARM64(0).regs(0, 0), crash.KindNullJump, open, ""},
		{"arm64 neither", newStage().onARM64(heapAt).regs(0, spHome), crash.KindNullCall, open, "null_call in leafd"},

		// General protection faults: pc in text, SI_KERNEL, no address.
		{"return to non-canonical", newStage().regs(exeText+0x200, spHome+8).stack(spHome, spHome+64, 0x4141414141414141).reg("rbp", spHome+64).signal(sigSEGV, siKernel, 0), crash.KindBadReturn, likely, "bad_return in leafd"},
		{"return to non-canonical, ret at pc", newStage().regs(exeText+0x200, spHome+8).stack(spHome, 1, 0x4141414141414141).code(exeText+0x200, 0xc3).signal(sigSEGV, siKernel, 0), crash.KindBadReturn, sure, ""},
		{"misaligned return to non-canonical", newStage().regs(exeText+0x200, spHome).stack(spHome-8, 77, 0x4141414141414141, retExe).reg("rbx", 77).reg("rdi", 0x4141414141414141).signal(sigSEGV, siKernel, 0), crash.KindMisalignedStack, likely, "misaligned_stack in leafd"},
		{"the same, with a register that popped 0", newStage().regs(exeText+0x200, spHome).stack(spHome-8, 0, 0x4141414141414141, retExe).reg("rdi", 0x4141414141414141).signal(sigSEGV, siKernel, 0), crash.KindMisalignedStack, open, ""},
		{"bogus word at sp and a bogus register", newStage().regs(exeText+0x200, spHome+8).stack(spHome, 1, 0x4141414141414141).reg("rdi", 0x4242424242424242).signal(sigSEGV, siKernel, 0), crash.KindBadReturn, open, ""},
		{"spilled bogus pointer", newStage().regs(exeText+0x200, spHome).stack(spHome-8, 1, 0x4141414141414141).reg("rdi", 0x4141414141414141).signal(sigSEGV, siKernel, 0), crash.KindNonCanonicalAccess, likely, "non_canonical_access at leafd+0x1200 (build 1a2b3c4d)"},
		{"access through a bogus register", newStage().regs(exeText+0x200, spHome+8).stack(spHome, 1, retExe).reg("rax", 0xdead4141deadbeef).signal(sigSEGV, siKernel, 0), crash.KindNonCanonicalAccess, likely, ""},
		{"access through a bogus register, load at pc", newStage().regs(exeText+0x200, spHome+8).reg("rax", 0xdead4141deadbeef).code(exeText+0x200, 0x8b, 0x00).signal(sigSEGV, siKernel, 0), crash.KindNonCanonicalAccess, sure, ""},
		{"call of a bogus register, call at pc", newStage().regs(exeText+0x200, spHome).reg("rax", 0xdead4141deadbeef).code(exeText+0x200, 0xff, 0xd0).signal(sigSEGV, siKernel, 0), crash.KindBadCall, sure, ""},
		{"movaps with sp off", newStage().regs(exeText+0x200, spHome+8).stack(spHome, 1, 0).signal(sigSEGV, siKernel, 0), crash.KindMisalignedStack, likely, "misaligned_stack in leafd"},
		{"sp off by 8, but at the entry of a leaf function", newStage().regs(exeText+0x200, spHome+8).stack(spHome, 1, retExe).reg("rdi", heapAt+8).signal(sigSEGV, siKernel, 0), crash.KindMisalignedStack, open, ""},
		{"the same, but no register points to misaligned memory", newStage().regs(exeText+0x200, spHome+8).stack(spHome, 1, retExe).reg("rdi", heapAt).signal(sigSEGV, siKernel, 0), crash.KindMisalignedStack, likely, ""},
		{"movaps (rsp) at pc", newStage().regs(exeText+0x200, spHome+8).code(exeText+0x200, 0x0f, 0x29, 0x04, 0x24).signal(sigSEGV, siKernel, 0), crash.KindMisalignedStack, sure, ""},
		{"movaps (rax) at pc", newStage().regs(exeText+0x200, spHome).reg("rax", heapAt+8).code(exeText+0x200, 0x0f, 0x29, 0x00).signal(sigSEGV, siKernel, 0), crash.KindProtectionFault, sure, ""},
		{"hlt at pc", newStage().regs(exeText+0x200, spHome+8).code(exeText+0x200, 0xf4).signal(sigSEGV, siKernel, 0), crash.KindProtectionFault, sure, ""},
		{"nothing odd, sp aligned", newStage().regs(exeText+0x200, spHome).stack(spHome-8, 1, 0).signal(sigSEGV, siKernel, 0), crash.KindProtectionFault, open, ""},
		{"stack segment fault", newStage().signal(sigBUS, siKernel, 0).stack(spHome, 1), crash.KindBusError, sure, ""},
		{"shadow stack", newStage().signal(sigSEGV, segvShadowErr, 0), crash.KindBadReturn, sure, "bad_return in leafd"},

		// Accesses.
		{"null read", newStage(), crash.KindNullDeref, sure, "null_deref at leafd+0x1200 (build 1a2b3c4d)"},
		{"null plus offset", newStage().signal(sigSEGV, segvMapErr, 0x118), crash.KindNullDeref, sure, ""},
		{"null plus a large offset", newStage().signal(sigSEGV, segvMapErr, 0x8000), crash.KindNullDeref, likely, ""},
		{"wild", newStage().signal(sigSEGV, segvMapErr, 0x123456789000), crash.KindWildAccess, sure, "wild_access at leafd+0x1200 (build 1a2b3c4d)"},
		{"kernel address", newStage().signal(sigSEGV, segvMapErr, 0xffff800000001000), crash.KindWildAccess, sure, ""},
		{"write to rodata", newStage().signal(sigSEGV, segvAccErr, exeData+8), crash.KindProtectionFault, sure, ""},
		{"protection key", newStage().signal(sigSEGV, segvPkuErr, heapAt), crash.KindProtectionFault, sure, ""},
		{"just below the stack", newStage().regs(exeText+0x200, stackLow+8).signal(sigSEGV, segvMapErr, stackLow-8), crash.KindStackOverflow, sure, "stack_overflow at leafd+0x1200 (build 1a2b3c4d)"},
		{"sp below the stack", newStage().regs(exeText+0x200, stackLow-0x100).signal(sigSEGV, segvMapErr, stackLow-0x108), crash.KindStackOverflow, sure, ""},
		{"far from sp", newStage().regs(exeText+0x200, spHome).signal(sigSEGV, segvMapErr, stackLow-8), crash.KindWildAccess, sure, ""},
		{"no room for a signal frame", newStage().regs(exeText+0x200, stackLow-16).signal(sigSEGV, siKernel, 0), crash.KindStackOverflow, likely, ""},

		// Signals that speak for themselves.
		{"abort", newStage().regs(libcText+0x90, spHome).stack(spHome, 0, libcText+0x50, retExe).sent(sigABRT, siTkill, 100), crash.KindAbort, sure, "abort at leafd+0x1134 (build 1a2b3c4d)"},
		{"abort from outside", newStage().sent(sigABRT, siUser, 7), crash.KindSentSignal, sure, "sent_signal SIGABRT in leafd"},
		{"quit", newStage().sent(sigQUIT, siUser, 7), crash.KindSentSignal, sure, "sent_signal SIGQUIT in leafd"},
		{"quit key", newStage().signal(sigQUIT, siKernel, 0), crash.KindSentSignal, sure, "sent_signal SIGQUIT in leafd"},
		{"killed by SIGSEGV", newStage().sent(sigSEGV, siUser, 7), crash.KindSentSignal, sure, "sent_signal SIGSEGV in leafd"},
		{"raised at another place", newStage().sent(sigSEGV, siTkill, 100), crash.KindSentSignal, open, "sent_signal at leafd+0x1200 (build 1a2b3c4d)"},
		{"raised at pc", newStage().sent(sigSEGV, siTkill, 100).reg("rcx", exeText+0x200), crash.KindSentSignal, sure, "sent_signal SIGSEGV in leafd"},
		{"raised again by a handler, pc null", newStage().regs(0, spHome).stack(spHome-8, 0, 1).sent(sigSEGV, siTkill, 100), crash.KindReturnToNull, sure, ""},
		{"fpe", newStage().signal(sigFPE, 1, exeText+0x200), crash.KindArithmetic, sure, "arithmetic at leafd+0x1200 (build 1a2b3c4d)"},
		{"ill", newStage().signal(sigILL, 2, exeText+0x200), crash.KindIllegalInstruction, sure, ""},
		{"trap", newStage().signal(sigTRAP, siKernel, 0), crash.KindTrap, sure, ""},
		{"sys", newStage().signal(sigSYS, 1, 0), crash.KindBadSyscall, sure, ""},
		{"bus", newStage().signal(sigBUS, busAddr, heapAt), crash.KindBusError, sure, ""},
		{"snapshot", newStage().sent(0, 0, 0), crash.KindNoSignal, sure, "no_signal in leafd"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Classify(c.s.facts, Options{})
			if got.Kind != c.kind || got.Confidence != c.conf || got.Class != c.kind.Class() {
				t.Errorf("got %s, %s, %s; want %s, %s", got.Class, got.Kind, got.Confidence, c.kind, c.conf)
			}
			if c.sig != "" && got.Signature != c.sig {
				t.Errorf("signature %q, want %q", got.Signature, c.sig)
			}
			if t.Failed() {
				t.Log(strings.Join(got.Reasons, "\n"))
			}
		})
	}
}

// TestNeverNullReturnWhenOpen: whatever stands around sp, a core whose evidence
// is open is not called return_to_null.
func TestNeverNullReturnWhenOpen(t *testing.T) {
	words := []uint64{0, 1, retExe, retLibc, heapAt, spHome}
	for _, sp := range []uint64{spHome, spHome + 8} {
		for _, below := range words {
			for _, top := range words {
				got := Classify(newStage().regs(0, sp).stack(sp-8, below, top).facts, Options{})
				isReturn := got.Kind == crash.KindReturnToNull
				if isReturn != (sp == spHome && below == 0) {
					t.Errorf("sp mod 16 = %d, below %#x, top %#x: %s", sp%16, below, top, got.Kind)
				}
				if isReturn && got.Confidence == crash.ConfidenceAmbiguous {
					t.Errorf("below %#x, top %#x: return_to_null, but ambiguous", below, top)
				}
			}
		}
	}
}

// TestRecovered: the context that a handler interrupted is what is classified.
func TestRecovered(t *testing.T) {
	s := newStage().regs(libcText+0x90, spHome).sent(sigABRT, siTkill, 100)
	inner := newStage().regs(0, spHome+256)
	s.stack(spHome+256-8, 0, 1)
	s.facts.Recovered = &corefile.Recovered{Registers: inner.facts.Thread.Registers, Signal: inner.facts.Signal, FrameAddr: spHome + 64}
	got := Classify(s.facts, Options{})
	if got.Kind != crash.KindReturnToNull {
		t.Errorf("kind %s, want return_to_null", got.Kind)
	}
	if !strings.Contains(got.Reasons[0], "recovered from the signal frame at 0x7fffffffe040") {
		t.Errorf("first reason %q does not tell of the recovery", got.Reasons[0])
	}
	s.facts.Recovered.Signal = corefile.Signal{Number: 10, HasInfo: true} // SIGUSR1: an ordinary handler called abort
	if got := Classify(s.facts, Options{}); got.Kind != crash.KindAbort {
		t.Errorf("abort within the handler of an ordinary signal: kind %s, want abort", got.Kind)
	}
}

// TestNil: no facts are no crash of the classifier.
func TestNil(t *testing.T) {
	if got := Classify(nil, Options{}); !got.Kind.Valid() || !got.Class.Valid() {
		t.Errorf("got %+v", got)
	}
	if r := Record(&corefile.Facts{}, Options{}); r.ID.IsZero() || r.Source != crash.SourceCore {
		t.Errorf("got %+v", r)
	}
}

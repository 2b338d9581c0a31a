package crashlab

import "github.com/epicurve/epicurve/pkg/crash"

// refined is a kind of abort that a classifier may call just that, because the
// evidence is text in a library's memory.
func refined(kind crash.Kind) Want { return want(kind, crash.KindAbort) }

// endModes end in abort, for a reason.
func endModes() []Mode {
	return []Mode{
		{Name: "abort_static", Summary: "calls abort, statically linked", Program: "abort.c", Args: []string{"abort"}, Flags: static, Want: want(crash.KindAbort)},
		{Name: "assert", Summary: "an assertion fails", Program: "abort.c", Args: []string{"assert"}, Want: refined(crash.KindAssert)},
		{Name: "double_free", Summary: "frees twice", Program: "abort.c", Args: []string{"double_free"}, Flags: optimised, Want: refined(crash.KindHeapCorruption)},
		{Name: "heap_overflow", Summary: "writes over the next heap chunk's header", Program: "abort.c", Args: []string{"heap_overflow"}, Want: refined(crash.KindHeapCorruption)},
		{Name: "stack_protector", Summary: "the stack protector finds an overrun", Program: "abort.c", Args: []string{"stack_protector"}, Flags: []string{"-O1", "-fstack-protector-all"}, Want: want(crash.KindAbort)},
		{Name: "fortify", Summary: "a fortified strcpy finds an overrun", Program: "abort.c", Args: []string{"fortify"}, Flags: []string{"-O2", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"}, Want: want(crash.KindAbort)},
		{Name: "throw_uncaught", Summary: "an exception that nobody catches", Program: "throw.cpp", Args: []string{"uncaught"}, Flags: optimised, Want: refined(crash.KindUncaughtException)},
		{Name: "throw_noexcept", Summary: "an exception leaves a noexcept function", Program: "throw.cpp", Args: []string{"noexcept"}, Flags: optimised, Want: refined(crash.KindUncaughtException)},
		{Name: "throw_destructor", Summary: "a destructor throws while another exception unwinds", Program: "throw.cpp", Args: []string{"destructor"}, Want: refined(crash.KindUncaughtException)},
		{Name: "throw_rethrow", Summary: "rethrows with no exception at hand", Program: "throw.cpp", Args: []string{"rethrow"}, Want: refined(crash.KindUncaughtException)},
		{Name: "pure_virtual", Summary: "a constructor calls a pure virtual method", Program: "throw.cpp", Args: []string{"pure_virtual"}, Want: want(crash.KindAbort, crash.KindUncaughtException)},
	}
}

// signalModes die of signals that are not page faults.
func signalModes() []Mode {
	sent := want(crash.KindSentSignal)
	return []Mode{
		{Name: "divide_o2", Summary: "divides by zero", Program: "signal.c", Args: []string{"divide"}, Flags: optimised, Want: want(crash.KindArithmetic)},
		{Name: "divide_overflow", Summary: "divides INT_MIN by -1", Program: "signal.c", Args: []string{"divide_overflow"}, Want: want(crash.KindArithmetic)},
		{Name: "illegal", Summary: "an undefined instruction", Program: "signal.c", Args: []string{"illegal"}, Flags: optimised, Want: want(crash.KindIllegalInstruction)},
		{Name: "breakpoint", Summary: "a breakpoint without a debugger", Program: "signal.c", Args: []string{"breakpoint"}, Flags: optimised, Want: want(crash.KindTrap)},
		{Name: "step", Summary: "the trap flag without a debugger", Program: "signal.c", Args: []string{"step"}, Want: want(crash.KindTrap)},
		withText(Mode{
			Name: "hlt", Summary: "an instruction for kernels only", Program: "signal.c", Args: []string{"hlt"},
			Want: want(crash.KindProtectionFault, crash.KindIllegalInstruction, crash.KindUnknown).noted("#GP: SIGSEGV with SI_KERNEL and no address, like a non-canonical access, which it is not"),
		}),
		withText(Mode{
			Name: "sse_heap_leaf", Summary: "an aligned store to a misaligned heap address in a leaf function, where sp mod 16 is 8 by right", Program: "signal.c", Args: []string{"sse_heap_leaf"},
			Want: want(crash.KindProtectionFault, crash.KindWildAccess, crash.KindNonCanonicalAccess, crash.KindUnknown).noted("the instruction does not use the stack pointer; the text is dumped"),
		}),
		{Name: "align", Summary: "a misaligned access under the alignment-check flag", Program: "signal.c", Args: []string{"align"}, Flags: optimised, Want: want(crash.KindBusError)},
		{Name: "bus_o2", Summary: "reads a mapping behind the end of its file", Program: "signal.c", Args: []string{"bus"}, Flags: optimised, Want: want(crash.KindBusError)},
		{Name: "bad_syscall", Summary: "a seccomp filter forbids the system call", Program: "signal.c", Args: []string{"bad_syscall"}, Want: want(crash.KindBadSyscall)},
		{Name: "raise_segv", Summary: "raises SIGSEGV itself", Program: "signal.c", Args: []string{"raise", "11"}, Want: sent},
		{Name: "kill_bus", Summary: "sends SIGBUS to itself", Program: "signal.c", Args: []string{"kill", "7"}, Flags: optimised, Want: sent},
		{Name: "queue_segv", Summary: "queues SIGSEGV with a value to itself", Program: "signal.c", Args: []string{"queue", "11"}, Want: sent},
		{Name: "peer_segv", Summary: "another process sends SIGSEGV", Program: "signal.c", Args: []string{"peer", "11"}, Flags: optimised, Want: sent},
		{Name: "peer_quit", Summary: "another process sends SIGQUIT", Program: "signal.c", Args: []string{"peer", "3"}, Want: sent},
		{Name: "peer_abrt", Summary: "another process sends SIGABRT", Program: "signal.c", Args: []string{"peer", "6"}, Want: sent},
	}
}

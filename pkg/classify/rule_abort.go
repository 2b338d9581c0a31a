package classify

import (
	"fmt"
	"strings"

	"github.com/epicurve/epicurve/pkg/crash"
)

func ruleAbort() Rule {
	return Rule{
		Name:    "abort",
		Kinds:   []crash.Kind{crash.KindAbort, crash.KindAssert, crash.KindUncaughtException, crash.KindHeapCorruption},
		Decides: "SIGABRT that the process raised for itself.",
		Evidence: "The signal, and si_code with the sender's pid where there is siginfo. Finer kinds need the name of a function among the callers (assert, the C++ runtime's terminate or throw, the allocator), " +
			"hence symbols of a binary with the same build id. The place is the first caller outside of the C and C++ runtime.",
		Basis: []string{
			"POSIX abort(): SIGABRT is raised as by raise()", "glibc stdlib/abort.c, assert/assert.c (__assert_fail), malloc/malloc.c (malloc_printerr)",
			"Itanium C++ ABI, exception handling 2.4 (__cxa_throw calls std::terminate when no handler is found)",
		},
		apply: (*view).abort,
	}
}

func (v *view) abort() (ruling, bool) {
	if v.sig.Number != sigABRT {
		return ruling{}, false
	}
	r := ruling{kind: crash.KindAbort, confidence: crash.ConfidenceCertain, reasons: []string{"The process raised SIGABRT for itself, as abort() does."}}
	if !v.sig.HasInfo {
		r.confidence = crash.ConfidenceLikely
		r.reasons = []string{"The signal is SIGABRT; the core has no siginfo, so that a kill from outside can't be excluded."}
	}
	sites := v.callers()
	for _, c := range sites {
		if kind, why := abortKind(v.symbol(c.site)); kind != "" {
			r.kind = kind
			r.reasons = append(r.reasons, fmt.Sprintf("%s among the callers: %s.", v.name(c.site), why))
			break
		}
	}
	if c, ok := firstOutside(sites); ok {
		r.at = c.addr
		if r.kind == crash.KindAbort && throughCxxRuntime(sites) {
			r.reasons = append(r.reasons, "The C++ runtime called abort: std::terminate (an uncaught exception, a throw through noexcept, a pure virtual call) or a failed check of the library.")
		}
	} else if len(sites) == 0 || !v.runtimeCode(v.pc) {
		r.at = v.pc
	}
	return r, true
}

// abortKind tells why abort was called from the name of a caller.
func abortKind(symbol string) (crash.Kind, string) {
	switch strings.TrimPrefix(symbol, "__libc_") {
	case "__assert_fail", "__assert", "__assert_perror_fail", "__assert_rtn", "__assert2", "g_assertion_message", "g_assertion_message_expr", "_ZSt21__glibcxx_assert_failPKciS0_S0_":
		return crash.KindAssert, "an assertion failed"
	case "__cxa_throw", "__cxa_rethrow", "_Unwind_RaiseException", "_ZSt17rethrow_exceptionNSt15__exception_ptr13exception_ptrE":
		return crash.KindUncaughtException, "an exception was thrown that nothing catches"
	case "free", "cfree", "realloc", "malloc", "calloc", "memalign", "posix_memalign", "aligned_alloc", "malloc_printerr", "munmap_chunk", "_int_free", "_int_malloc":
		return crash.KindHeapCorruption, "the allocator found its heap corrupt"
	case "__fortify_fail", "__chk_fail", "__stack_chk_fail":
		return crash.KindAssert, "a hardening check of the C library failed"
	}
	return "", ""
}

// symbol returns the linker name of the function at a site, "" when unknown.
func (v *view) symbol(s site) string {
	if v.opt.Binaries == nil || s.buildID == "" {
		return ""
	}
	name, _, ok := v.opt.Binaries.Symbol(s.path, s.buildID, s.file)
	if !ok {
		return ""
	}
	return name
}

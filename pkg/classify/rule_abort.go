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
		Evidence: "The signal, and si_code with the sender's pid where there is siginfo. Finer kinds come from the names of the callers, where symbols and call frame information of binaries with the same build id are at hand; " +
			"else from fixed phrases in the memory that the stack points to (the text of an assertion, of the allocator), or from a C++ exception there while the C++ runtime called abort. The place is the first caller outside of the C and C++ runtime.",
		Basis: []string{
			"POSIX abort(): SIGABRT is raised as by raise()", "glibc stdlib/abort.c, assert/assert.c (__assert_fail), malloc/malloc.c (malloc_printerr)",
			"Itanium C++ ABI, exception handling 2.2.1 (exception class) and 2.4 (__cxa_throw calls std::terminate when no handler is found)",
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
	if kind, why := v.abortCause(sites); kind != "" {
		r.kind = kind
		r.reasons = append(r.reasons, why)
	}
	if c, ok := v.firstOutside(sites); ok {
		r.at = c.addr
		if r.kind == crash.KindAbort && throughCxxRuntime(sites) {
			r.reasons = append(r.reasons, "The C++ runtime called abort: std::terminate (an uncaught exception, a throw through noexcept, a pure virtual call) or a failed check of the library.")
		}
	} else if len(sites) == 0 || !v.runtimeCode(v.pc) {
		r.at = v.pc
	}
	return r, true
}

// abortCause tells why abort was called: from the name of a caller, where call
// frame information makes sure of the callers; from what the library wrote to
// memory; from a C++ exception that the stack points to while the C++ runtime
// is what called abort.
func (v *view) abortCause(sites []callSite) (crash.Kind, string) {
	for _, c := range sites {
		name, _ := v.symbol(c.site)
		if kind, why := abortKind(name); kind != "" && v.unwound {
			return kind, fmt.Sprintf("%s is among the callers: %s.", v.name(c.site), why)
		}
	}
	if kind, means, phrase := v.lastWord(); kind != "" {
		return kind, fmt.Sprintf("The phrase %q stands in memory that the stack points to: %s.", phrase, means)
	}
	if throughCxxRuntime(sites) && v.exceptionThrown() {
		return crash.KindUncaughtException, "The C++ runtime called abort, and the stack points to a C++ exception: one that nothing catches, or that may not leave where it was thrown."
	}
	return "", ""
}

// abortKind tells why abort was called from the linker name of a caller.
func abortKind(symbol string) (crash.Kind, string) {
	switch bare(symbol) {
	case "__assert_fail", "__assert_fail_base", "__assert", "__assert_perror_fail", "__assert_rtn", "__assert2",
		"g_assertion_message", "g_assertion_message_expr", "_ZSt21__glibcxx_assert_failPKciS0_S0_":
		return crash.KindAssert, "an assertion failed"
	case "__cxa_throw", "__cxa_rethrow", "_Unwind_RaiseException", "_Unwind_Resume_or_Rethrow", "_ZSt17rethrow_exceptionNSt15__exception_ptr13exception_ptrE":
		return crash.KindUncaughtException, "an exception was thrown that nothing catches"
	case "free", "cfree", "realloc", "malloc", "calloc", "memalign", "posix_memalign", "aligned_alloc",
		"malloc_printerr", "munmap_chunk", "_int_free", "_int_malloc", "_int_realloc", "malloc_consolidate", "unlink_chunk":
		return crash.KindHeapCorruption, "the allocator found its heap corrupt"
	case "__fortify_fail", "__chk_fail", "__stack_chk_fail":
		return crash.KindAbort, "a hardening check failed (an overrun of a buffer or of the stack guard)"
	}
	return "", ""
}

// bare strips what compilers and glibc put around a name: the prefixes of
// internal aliases, and the suffixes of parts and clones.
func bare(symbol string) string {
	symbol = strings.TrimPrefix(symbol, "__GI_")
	symbol = strings.TrimPrefix(symbol, "__libc_")
	if i := strings.IndexByte(symbol, '.'); i > 0 && !strings.HasPrefix(symbol, "runtime.") {
		symbol = symbol[:i]
	}
	switch symbol {
	case "__free", "__malloc", "__realloc", "__calloc":
		return symbol[2:]
	}
	return symbol
}

// plumbing are functions that only carry an abort out, by linker name; with
// those of abortKind they are passed over when the place of an abort is named.
// They matter where the runtime is linked into the program.
var plumbing = map[string]bool{
	"__pthread_kill_implementation": true, "__pthread_kill_internal": true, "pthread_kill": true, "__pthread_kill": true,
	"raise": true, "gsignal": true, "abort": true, "message": true, "fatal": true, "__libc_message": true,
	"_ZN9__gnu_cxx27__verbose_terminate_handlerEv": true, "_ZN10__cxxabiv111__terminateEPFvvE": true, "_ZSt9terminatev": true,
	"_ZSt10unexpectedv": true, "__cxa_call_terminate": true, "__clang_call_terminate": true, "__gxx_personality_v0": true, "__cxa_pure_virtual": true,
	"rust_panic": true, "__rust_start_panic": true, "__rust_abort": true,
}

// carriesAbort reports whether a function only carries an abort out.
func carriesAbort(symbol string) bool {
	if kind, _ := abortKind(symbol); kind != "" {
		return true
	}
	return strings.HasPrefix(symbol, "runtime.") || plumbing[symbol] || plumbing[bare(symbol)] || strings.Contains(symbol, "9panicking") || strings.Contains(symbol, "rust_begin_unwind")
}

// firstOutside returns the first caller outside of the runtime, by module and,
// where symbols are at hand, by function.
func (v *view) firstOutside(sites []callSite) (callSite, bool) {
	for _, c := range sites {
		if runtimeModule(c.site.module) {
			continue
		}
		if name, _ := v.symbol(c.site); name == "" || !carriesAbort(name) {
			return c, true
		}
	}
	return callSite{}, false
}

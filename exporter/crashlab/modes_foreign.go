package crashlab

import (
	"fmt"
	"strings"

	"github.com/epicurve/epicurve/pkg/crash"
)

// goAlignment is why sp mod 16 says little about Go code.
const goAlignment = "Go aligns its stack to 8 bytes, not 16, so that sp mod 16 alone tells nothing"

// foreignModes are other machines and languages.
func foreignModes() []Mode {
	i386 := func(name, summary, program string, w Want, args ...string) Mode {
		return Mode{Name: "i386_" + name, Summary: "i386: " + summary, Program: program, Args: args, Flags: optimised, Toolchain: I386, Want: w}
	}
	arm64 := func(name, summary string, number int, w Want) Mode {
		return Mode{Name: "arm64_" + name, Summary: "aarch64: " + summary, Program: "arm64.S", Flags: []string{fmt.Sprintf("-DCRASH=%d", number)}, Toolchain: ARM64, Take: Take{Producer: Qemu}, Want: w}
	}
	golang := func(name, summary string) Mode {
		return Mode{
			Name: "go_" + name, Summary: "Go: " + summary, Program: goProgram, Args: []string{name}, Flags: []string{"-ldflags=-s -w"}, Toolchain: GoTool,
			Take: Take{Env: []string{"GOTRACEBACK=crash", "GOMAXPROCS=2"}},
			Want: want(crash.KindAbort, crash.KindUncaughtException).noted("the Go runtime ends with SIGABRT, whatever went wrong first"),
		}
	}
	bare := func(goarch, name, summary string, w Want) Mode {
		return Mode{
			Name: goarch + "_" + name, Summary: goarch + ": " + summary, Program: goBareBone, Args: []string{name}, Flags: []string{"-ldflags=-s -w"}, Toolchain: GoTool, GOARCH: goarch,
			Take: Take{Producer: Qemu, Env: []string{"GOMAXPROCS=1", "GOGC=off"}}, Want: w,
		}
	}
	native := func(name, summary string, w Want, more ...string) Mode {
		return Mode{
			Name: "go_bare_" + name, Summary: "Go, without the runtime's handlers: " + summary, Program: goBareBone,
			Args: append([]string{strings.TrimSuffix(name, "_shifted")}, more...), Flags: []string{"-ldflags=-s -w"}, Toolchain: GoTool, Want: w.noted(goAlignment),
		}
	}
	rust := func(name, summary string, w Want) Mode {
		return Mode{Name: "rust_" + name, Summary: "Rust: " + summary, Program: "rustcrash.rs", Args: []string{name}, Flags: []string{"-Cpanic=abort", "-Copt-level=2", "-Cstrip=symbols"}, Toolchain: Rust, Want: w}
	}
	null := want(crash.KindReturnToNull)
	unsettled := null.noted(goAlignment)
	unsettled.Accept = []string{string(crash.MisalignedStack)}
	return []Mode{
		i386("return_null", "returns to 0", "return.c", null, "to", "null"),
		i386("smash_zero", "a loop writes zeros over the stack frame", "return.c", null, "smash", "0"),
		i386("return_heap", "returns to the heap", "return.c", want(crash.KindReturnToNonexec), "to", "heap"),
		i386("return_unmapped", "returns to an unmapped address", "return.c", want(crash.KindBadReturn), "to", "unmapped"),
		i386("call_null", "calls a null function pointer", "call.c", want(crash.KindNullCall), "call", "null"),
		i386("call_unmapped", "calls an unmapped address", "call.c", want(crash.KindBadCall), "call", "unmapped"),
		i386("jump_null", "jumps to a null function pointer in tail position", "call.c", want(crash.KindNullJump, crash.KindNullCall).noted(textNotDumped), "jump", "null"),
		i386("field_of_null", "reads a field of a null object", "access.c", want(crash.KindNullDeref), "field", "null"),
		i386("write_rodata", "writes constant data", "access.c", want(crash.KindProtectionFault), "write", "rodata"),
		i386("overflow", "recurses for ever", "overflow.c", want(crash.KindStackOverflow), "main"),
		i386("abort", "calls abort", "abort.c", want(crash.KindAbort), "abort"),
		i386("threads_return", "one of 3 threads returns to 0", "threads.c", null, "3", "1", "return"),
		i386("reraise_return", "returns to 0; the handler raises and dies there", "handler.c", null.noted(throughHandler), "raise", "nodefer", "return"),

		arm64("return_null", "returns to 0", 0, null),
		arm64("call_null", "calls null", 1, want(crash.KindNullCall)),
		arm64("jump_null", "jumps to null in tail position", 2, want(crash.KindNullJump, crash.KindNullCall)),
		arm64("field_of_null", "reads a field of a null object", 3, want(crash.KindNullDeref)),
		arm64("misaligned", "sp is off by 8", 4, want(crash.KindMisalignedStack)),
		arm64("call_unmapped", "calls an unmapped address", 5, want(crash.KindBadCall)),
		arm64("return_flip37", "bit 37 of the return address is flipped", 6, want(crash.KindBadReturn)),
		arm64("return_stack", "returns to the stack", 7, want(crash.KindReturnToNonexec)),
		arm64("illegal", "an undefined instruction", 8, want(crash.KindIllegalInstruction)),
		arm64("breakpoint", "a breakpoint without a debugger", 9, want(crash.KindTrap)),
		arm64("write_null_leaf", "a leaf function writes null", 10, want(crash.KindNullDeref)),

		bare("arm", "return", "returns to 0", null),
		bare("ppc64le", "return", "returns to 0", unsettled),
		bare("s390x", "return", "returns to 0", null),

		native("return", "returns to 0", null),
		native("return_shifted", "returns to 0 from a stack that is a word lower", null, "shifted"),
		native("call", "calls null", want(crash.KindNullCall, crash.KindNullJump)),
		native("call_shifted", "calls null on a stack that is a word lower", want(crash.KindNullCall, crash.KindNullJump), "shifted"),
		native("read", "reads null", want(crash.KindNullDeref)),

		golang("panic", "a panic"),
		golang("nil_read", "a field of a nil pointer"),
		golang("nil_call", "a call of a nil function"),
		golang("stack", "recursion for ever"),

		rust("panic", "a panic that aborts", want(crash.KindAbort, crash.KindUncaughtException)),
		rust("null_read", "reads null; the runtime's handler restores the default and returns", want(crash.KindNullDeref)),
		rust("null_call", "calls null; the runtime's handler restores the default and returns", want(crash.KindNullCall)),
		rust("overflow", "a thread recurses for ever; the runtime's handler aborts", want(crash.KindStackOverflow, crash.KindAbort).noted(throughHandler)),
	}
}

package classify

import "github.com/epicurve/epicurve/pkg/crash"

func ruleBadSyscall() Rule {
	return Rule{
		Name:     "bad_syscall",
		Kinds:    []crash.Kind{crash.KindBadSyscall},
		Decides:  "SIGSYS: a system call that a seccomp filter refused.",
		Evidence: "The signal and its si_code.",
		Basis:    []string{"kernel/seccomp.c (SECCOMP_RET_TRAP, SECCOMP_RET_KILL: SIGSYS with SYS_SECCOMP)"},
		apply:    bySignal(sigSYS, crash.KindBadSyscall, "a system call was refused by a seccomp filter or is not implemented"),
	}
}

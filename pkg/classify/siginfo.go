package classify

import "strconv"

// Signal numbers and codes of Linux on the architectures we read (include/uapi/
// asm-generic/signal.h and siginfo.h; MIPS, Alpha and SPARC number differently
// and are not read).
const (
	sigHUP  = 1
	sigINT  = 2
	sigQUIT = 3
	sigILL  = 4
	sigTRAP = 5
	sigABRT = 6
	sigBUS  = 7
	sigFPE  = 8
	sigKILL = 9
	sigSEGV = 11
	sigSYS  = 31

	siUser   = 0
	siKernel = 0x80
	siTkill  = -6

	segvMapErr    = 1
	segvAccErr    = 2
	segvBoundErr  = 3
	segvPkuErr    = 4
	segvMTEAsync  = 8
	segvMTESync   = 9
	segvShadowErr = 10

	busAlign     = 1
	busAddr      = 2
	busObject    = 3
	busMCEAction = 4
	busMCEOption = 5
)

var signalNames = [...]string{
	"", "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL",
	"SIGUSR1", "SIGSEGV", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGCHLD", "SIGCONT",
	"SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF",
	"SIGWINCH", "SIGIO", "SIGPWR", "SIGSYS",
}

// SignalName returns the name of a signal ("SIGSEGV"), "SIGRTMIN+n" for the
// real-time ones, "" for 0 and "SIG<n>" for numbers that Linux does not have.
func SignalName(n int) string {
	switch {
	case n == 0:
		return ""
	case n > 0 && n < len(signalNames):
		return signalNames[n]
	case n >= 32 && n <= 64:
		if n == 32 {
			return "SIGRTMIN"
		}
		return "SIGRTMIN+" + strconv.Itoa(n-32)
	}
	return "SIG" + strconv.Itoa(n)
}

// synchronous reports whether the signal is one that the kernel raises for what
// the thread itself did.
func synchronous(n int) bool {
	switch n {
	case sigSEGV, sigBUS, sigILL, sigFPE, sigTRAP, sigSYS:
		return true
	}
	return false
}

var codeNames = map[int]map[int]string{
	sigSEGV: {1: "SEGV_MAPERR", 2: "SEGV_ACCERR", 3: "SEGV_BNDERR", 4: "SEGV_PKUERR", 8: "SEGV_MTEAERR", 9: "SEGV_MTESERR", 10: "SEGV_CPERR"},
	sigBUS:  {1: "BUS_ADRALN", 2: "BUS_ADRERR", 3: "BUS_OBJERR", 4: "BUS_MCEERR_AR", 5: "BUS_MCEERR_AO"},
	sigFPE:  {1: "FPE_INTDIV", 2: "FPE_INTOVF", 3: "FPE_FLTDIV", 4: "FPE_FLTOVF", 5: "FPE_FLTUND", 6: "FPE_FLTRES", 7: "FPE_FLTINV", 8: "FPE_FLTSUB"},
	sigILL:  {1: "ILL_ILLOPC", 2: "ILL_ILLOPN", 3: "ILL_ILLADR", 4: "ILL_ILLTRP", 5: "ILL_PRVOPC", 6: "ILL_PRVREG", 7: "ILL_COPROC", 8: "ILL_BADSTK"},
	sigTRAP: {1: "TRAP_BRKPT", 2: "TRAP_TRACE", 3: "TRAP_BRANCH", 4: "TRAP_HWBKPT", 5: "TRAP_UNK", 6: "TRAP_PERF"},
	sigSYS:  {1: "SYS_SECCOMP", 2: "SYS_USER_DISPATCH"},
}

var commonCodes = map[int]string{
	0: "SI_USER", -1: "SI_QUEUE", -2: "SI_TIMER", -3: "SI_MESGQ", -4: "SI_ASYNCIO", -5: "SI_SIGIO", -6: "SI_TKILL", 0x80: "SI_KERNEL",
}

// codeName prints an si_code by its name where it has one.
func codeName(signal, code int) string {
	if s, ok := codeNames[signal][code]; ok {
		return s
	}
	if s, ok := commonCodes[code]; ok {
		return s
	}
	return "si_code " + strconv.Itoa(code)
}

package logsource

import (
	"regexp"
	"slices"
	"strings"
)

// Reports of the usual handlers. Log prefixes (times, thread names, what a
// container runtime puts before a line) may stand before them.
var builtins = []*Pattern{
	{
		// folly/debugging/symbolizer/SignalHandler.cpp (dumpTimeInfo, dumpSignalInfo, dumpStackTrace):
		//	*** Aborted at 1447284014 (Unix time, try 'date -d @1447284014') ***
		//	*** Signal 11 (SIGSEGV) (0x8) received by PID 1234 (pthread TID 0x7f…) (linux TID 1240) (code: address not mapped to object), stack trace: ***
		//	    @ 0000000000a1b2c3 folly::symbolizer::(anonymous namespace)::signalHandler(int, siginfo_t*, void*)
		Name: "folly", hint: "*** Aborted at ",
		Start: expressions(`\*\*\* Aborted at (?P<time>\d+) \(Unix time`),
		Lines: expressions(
			`\*\*\* Signal (?P<signal>\d+) \(\w+\) \((?P<addr>0x[0-9a-fA-F]+)\) received by PID (?P<pid>\d+)(?: \(pthread TID 0x[0-9a-f]+\))?(?: \(linux TID (?P<tid>\d+)\))?(?: \(maybe from PID \d+, UID \d+\))?(?: \(code: (?P<code>[^)]*)\))?`,
			`^.{0,80}?@ +(?:0x)?(?P<frame>[0-9a-f]{6,16} .*)$`),
		finish: follyPC,
	},
	{
		// google-glog: src/signalhandler.cc (DumpTimeInfo, DumpSignalInfo):
		//	*** Aborted at 1400000000 (unix time) try "date -d @1400000000" if you are using GNU date ***
		//	PC: @           0x40f0e4 main
		//	*** SIGSEGV (@0x8) received by PID 1234 (TID 0x7f…) from PID 8; stack trace: ***
		Name: "glog", hint: "*** Aborted at ",
		Start: expressions(`\*\*\* Aborted at (?P<time>\d+) \(unix time\)`),
		Lines: expressions(
			`PC: @ +(?P<pc>0x[0-9a-f]+)`,
			`\*\*\* (?P<signal>SIG[A-Z]+) \(@(?P<addr>0x[0-9a-f]+)\) received by PID (?P<pid>\d+)(?: \(TID (?P<tid>\d+)\))?`),
		End: regexp.MustCompile(`\*\*\* SIG[A-Z]+ \(@0x[0-9a-f]+\) received by PID `),
	},
	{
		// absl/debugging/failure_signal_handler.cc (WriteFailureInfo, WriteStackTrace):
		//	*** SIGSEGV received at time=1565926927 on cpu 3 ***
		//	PC: @     0x55d14a5b3e2a  (unknown)  main
		Name: "abseil", hint: " received at time=",
		Start: expressions(`\*\*\* (?P<signal>SIG[A-Z]+) received at time=(?P<time>\d+)(?: on cpu (?P<cpu>\d+))? \*\*\*`),
		Lines: expressions(`PC: @ +(?P<pc>0x[0-9a-f]+)`),
		End:   regexp.MustCompile(`PC: @ `),
	},
	{
		// Go: runtime/panic.go (printpanics), runtime/signal_unix.go (sighandler),
		// runtime/signal_amd64.go and signal_arm64.go (dumpregs). SIGQUIT asks for a
		// trace, and stands before those of further threads.
		//	[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x45a1c3]
		//	SIGSEGV: segmentation violation
		//	PC=0x45a1c3 m=0 sigcode=1 addr=0x0
		//	rip    0x45a1c3
		Name: "go", hint: "SIG",
		Start: expressions(
			`\[signal (?P<signal>SIG[A-Z]+)(?:: [a-z ]+)? code=(?P<code>0x[0-9a-f]+) addr=(?P<addr>0x[0-9a-f]+) pc=(?P<pc>0x[0-9a-f]+)\]`,
			`(?:^|\s)(?P<signal>SIG(?:SEGV|BUS|ABRT|ILL|FPE|TRAP|SYS)): [a-z ]+(?:\r)?$`),
		Lines: expressions(
			`(?:^|\s)PC=(?P<pc>0x[0-9a-f]+) m=-?\d+ sigcode=(?P<code>-?\d+)(?: addr=(?P<addr>0x[0-9a-f]+))?`,
			`(?:^|\s)(?:rip|pc) {2,}(?P<frame>0x[0-9a-f]+)$`,
			`(?:^|\s)(?:rsp|sp) {2,}(?P<sp>0x[0-9a-f]+)$`,
			`(?:^|\s)lr {2,}(?P<lr>0x[0-9a-f]+)$`),
		MaxLines: 2000,
		finish:   goRegisters,
	},
	{
		// HotSpot: src/hotspot/share/utilities/vmError.cpp, on standard output:
		//	#  SIGSEGV (0xb) at pc=0x00007f0000001234, pid=1234, tid=1240
		Name: "java", hint: " at pc=",
		Start: expressions(`#\s+(?P<signal>SIG[A-Z]+) \(0x[0-9a-f]+\) at pc=(?P<pc>0x[0-9a-f]+), pid=(?P<pid>\d+), tid=(?P<tid>\d+)?`),
	},
	{
		// Breakpad: src/processor/stackwalk_common.cc (PrintProcessState), which
		// prints the thread that crashed first:
		//	Crash reason:  SIGSEGV /SEGV_MAPERR
		//	Crash address: 0x8
		//	    rsp = 0x00007ffd4a2c1e30   rip = 0x0000000000400b0d
		Name: "breakpad", hint: "Crash reason:",
		Start: expressions(`Crash reason:\s+(?P<signal>SIG[A-Z]+)(?:\s*/\s*(?P<code>[A-Z_0-9a-fx]+))?`),
		Lines: expressions(
			`Crash address:\s+(?P<addr>0x[0-9a-f]+)`,
			`\b(?:rip|eip|pc) = (?P<pc>0x[0-9a-f]+)`,
			`\b(?:rsp|esp|sp) = (?P<sp>0x[0-9a-f]+)`,
			`\blr = (?P<lr>0x[0-9a-f]+)`),
		End: regexp.MustCompile(`^\s*1  |^Thread \d+\s*$|^Loaded modules:`),
	},
}

func expressions(texts ...string) []*regexp.Regexp {
	all := make([]*regexp.Regexp, len(texts))
	for i, t := range texts {
		all[i] = regexp.MustCompile(t)
	}
	return all
}

// BuiltinPatterns lists the names of the built-in patterns.
func BuiltinPatterns() []string {
	names := make([]string, len(builtins))
	for i, p := range builtins {
		names[i] = p.Name
	}
	return names
}

// BuiltinPattern returns a built-in pattern by its name, nil for none.
func BuiltinPattern(name string) *Pattern {
	i := slices.IndexFunc(builtins, func(p *Pattern) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	return builtins[i]
}

// follyPC takes the program counter from a trace that begins in the handler:
// after it stands the kernel's return trampoline, and then the code that was
// interrupted. A trace that begins otherwise does not tell.
func follyPC(values map[string]string, frames []string) {
	if len(frames) < 3 || !strings.Contains(frames[0], "ignalHandler") {
		return
	}
	if at, _, ok := strings.Cut(frames[2], " "); ok {
		values["pc"] = at
	}
}

// goRegisters drops a stack pointer of another thread: registers belong to the
// crash when their program counter is its.
func goRegisters(values map[string]string, frames []string) {
	pc := address(values["pc"])
	if len(frames) == 0 || (pc.Known && address(frames[0]) != pc) {
		delete(values, "sp")
		delete(values, "lr")
	}
}

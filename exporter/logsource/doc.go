// Package logsource finds crashes that left no core: in the kernel log, and in
// log files of programs whose fatal-signal handlers print registers. The lines
// it has read lately also serve as evidence for false-positive filters.
//
// A line knows little: program counter, stack pointer, address, sometimes the
// mapping at pc. The classifier is given exactly that, so that its confidence is
// honest. What the kernel prints, and when it prints nothing (rate limit,
// kernel.print-fatal-signals, debug.exception-trace), is documented with the
// parsers.
package logsource

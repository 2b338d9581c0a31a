package crashlab

import "github.com/epicurve/epicurve/pkg/crash"

// takeModes are crashes whose core file is special: filtered, cut, or written
// by gdb.
func takeModes() []Mode {
	null := want(crash.KindReturnToNull)
	cut := func(name, summary string, bytes int64, w Want) Mode {
		return Mode{Name: name, Summary: summary, Program: "return.c", Args: []string{"to", "null"}, Flags: optimised, Take: Take{Cut: bytes, CutShort: true}, Want: w}
	}
	limited := func(name, summary string, bytes int64, program string, args []string, w Want) Mode {
		return Mode{Name: name, Summary: summary, Program: program, Args: args, Flags: optimised, Take: Take{Limit: bytes}, Want: w}
	}
	filtered := func(name, filter, program string, args []string, w Want) Mode {
		return Mode{Name: name, Summary: "coredump_filter " + filter, Program: program, Args: args, Flags: optimised, Take: Take{Filter: filter}, Want: w}
	}
	truncated := Want{Class: Unreadable, Kind: "truncated"}
	// Without the stack, a return to 0 and a call of 0 differ in sp mod 16 only.
	bare := null.noted("no memory in the core, registers only")
	return []Mode{
		filtered("filter00_call", "0x00", "call.c", []string{"call", "null"}, want(crash.KindNullCall, crash.KindNullJump).noted("no memory in the core, registers only")),
		filtered("filter00_read", "0x00", "access.c", []string{"read", "null"}, want(crash.KindNullDeref)),
		filtered("filter23_return", "0x23", "return.c", []string{"to", "null"}, null),
		withText(filtered("filter37_call", "0x37", "call.c", []string{"call", "null"}, want(crash.KindNullCall))),
		limited("limit4k_call", "ulimit -c: 4 KiB", 4<<10, "call.c", []string{"call", "null"}, want(crash.KindNullCall, crash.KindNullJump).noted("cut; registers only")),
		limited("limit8k_return", "ulimit -c: 8 KiB", 8<<10, "return.c", []string{"to", "null"}, bare),
		limited("limit64k_read", "ulimit -c: 64 KiB", 64<<10, "access.c", []string{"read", "null"}, want(crash.KindNullDeref)),
		cut("cut_0", "nothing is left", 0, Want{Class: Unreadable, Kind: "empty"}),
		cut("cut_40", "cut inside the ELF header", 40, truncated.noted("cut inside the ELF header")),
		cut("cut_700", "cut inside the program headers", 700, truncated.noted("cut inside the program headers")),
		cut("cut_64k", "cut inside the dumped memory", 64<<10, bare.noted("the notes are whole; the stack is cut off")),
		{Name: "gcore_single", Summary: "gcore of a process that sleeps", Program: "threads.c", Args: []string{"0", "-1", "snapshot"}, Flags: optimised, Take: Take{Producer: Gcore}, Want: want(crash.KindNoSignal)},
		{Name: "gcore_threads3", Summary: "gcore of a process of 4 threads", Program: "threads.c", Args: []string{"3", "1", "snapshot"}, Flags: optimised, Take: Take{Producer: Gcore}, Want: want(crash.KindNoSignal)},
		{Name: "gdb_return", Summary: "gdb writes the core at the fault", Program: "return.c", Args: []string{"to", "null"}, Flags: optimised, Take: Take{Producer: GDB}, Want: null},
		{Name: "gdb_threads_read", Summary: "gdb writes the core at a thread's fault", Program: "threads.c", Args: []string{"3", "1", "read"}, Flags: optimised, Take: Take{Producer: GDB}, Want: want(crash.KindNullDeref)},
	}
}

// withText lets the core hold the program's text as well; a static program
// keeps the whole C library from being dumped with it.
func withText(m Mode) Mode {
	m.Flags, m.Take.Filter = static, "0x37"
	if m.Want.Note == "" {
		m.Want.Note = "the program's text is in the core"
	}
	return m
}

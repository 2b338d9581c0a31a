package logsource

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/epicurve/epicurve/pkg/crash"
)

// arm64 and RISC-V print a headline and then the registers, a record for each
// line (arch/arm64/kernel/traps.c, arm64_show_signal; arch/riscv/kernel/traps.c,
// do_trap):
//
//	NAME[TID]: unhandled exception: DABT (lower EL), ESR 0x92000046, level 2 translation fault in MODULE[…]
//	NAME[TID]: unhandled level 3 translation fault (11) at 0x00000028, esr 0x92000007      (before 4.18)
//	NAME[TID]: unhandled signal 11 code 0x1 at 0x0000000000000008 in MODULE[…]             (RISC-V)
//	CPU: 3 PID: 1657 Comm: NAME …
//	pc : 0000aaaad8a9473c
//	lr : 0000aaaad8a95b90
//	sp : 0000ffffcd913020
//	epc : 0000003faee8d1aa ra : 0000003faf093baa sp : 0000003faae67fc0                     (RISC-V)
//
// The line after the headline names the thread again; the registers do not. With
// CONFIG_PRINTK_CALLER every record names its thread, and blocks of several
// threads that are printed at the same time are told apart; without it, they are
// told apart as long as a register line follows the "CPU:" line of its thread.
var (
	arm64Line    = regexp.MustCompile(`^(?s)(.{0,15})\[(\d+)\]: unhandled exception: (?:([^,]*), ESR 0x[0-9a-f]+, )?(.*)$`)
	oldArm64Line = regexp.MustCompile(`^(?s)(.{0,15})\[(\d+)\]: unhandled (.+?) \((\d+)\) at 0x([0-9a-f]+), esr 0x[0-9a-f]+(.*)$`)
	riscvLine    = regexp.MustCompile(`^(?s)(.{0,15})\[(\d+)\]: unhandled signal (\d+) code 0x([0-9a-f]+) at 0x([0-9a-f]+)(.*)$`)
	cpuLine      = regexp.MustCompile(`^CPU: (\d+) (?:UID: \d+ )?PID: (\d+) Comm: `)
	pcField      = regexp.MustCompile(`(?:^|[ \t])s?e?pc ?: (?:\[<)?([0-9a-f]{8,16})`)
	lrField      = regexp.MustCompile(`(?:^|[ \t])(?:lr|ra) ?: (?:\[<)?([0-9a-f]{8,16})`)
	spField      = regexp.MustCompile(`(?:^|[ \t])sp ?: (?:\[<)?([0-9a-f]{8,16})`)

	oomVictim = regexp.MustCompile(`^oom-kill:.*,task_memcg=(.*?),task=.*,pid=(\d+),uid=\d+$`)
	oomKill   = regexp.MustCompile(`(?:^|: )Killed process (\d+) \((.{0,15})\),? (?:UID \d+,? )?total-vm:`)
)

// KernelParser turns the records of a kernel log, in their order, into crashes.
// The zero value is ready.
type KernelParser struct {
	open   []*kernelBlock
	cgroup map[int64]string // of the OOM killer's next victims
}

// kernelBlock is a crash whose registers are still to come.
type kernelBlock struct {
	e      Event
	caller string
	lines  int
	named  bool // the last "CPU:" line named its thread
	fetch  bool // the fault was at fetching an instruction
}

// maxBlockLines is how far behind its headline a register is looked for: old
// kernels print the page tables in between. maxOpenBlocks bounds the blocks
// that are open at a time.
const (
	maxBlockLines = 48
	maxOpenBlocks = 16
)

// Parse takes a record and returns the crashes that are complete with it.
// caller is what the record says of its printer, "" for nothing.
func (p *KernelParser) Parse(l Line, caller string) []Event {
	if e, ok := p.oom(l); ok {
		return []Event{e}
	}
	if e, ok := parseLine(l.Text); ok {
		e.Time = l.Time
		return []Event{e}
	}
	if e, fetch, ok := headline(l.Text); ok {
		e.Time = l.Time
		done := p.bound(e.TID)
		for _, b := range p.open {
			b.named = false
		}
		p.open = append(p.open, &kernelBlock{e: e, caller: caller, named: true, fetch: fetch})
		return done
	}
	return p.registers(l.Text, caller)
}

// bound makes room for another block. A block of the same thread, and the
// oldest of too many, are complete as they are.
func (p *KernelParser) bound(tid int64) []Event {
	var done []Event
	kept := p.open[:0]
	for i, b := range p.open {
		if b.e.TID == tid || len(p.open)-i >= maxOpenBlocks {
			done = append(done, b.e)
			continue
		}
		kept = append(kept, b)
	}
	p.open = kept
	return done
}

// registers fills the blocks that a line belongs to.
func (p *KernelParser) registers(text, caller string) []Event {
	if len(p.open) == 0 {
		return nil
	}
	if m := cpuLine.FindStringSubmatch(text); m != nil {
		for _, b := range p.open {
			if b.named = b.e.TID == decimal(m[2]); b.named {
				b.e.CPU = m[1]
			}
		}
	}
	var done []Event
	kept := p.open[:0]
	for _, b := range p.open {
		b.lines++
		if (caller != "" && caller == b.caller) || (caller == "" && b.named) {
			b.fill(text)
		}
		if b.complete() || b.lines >= maxBlockLines {
			done = append(done, b.e)
			continue
		}
		kept = append(kept, b)
	}
	p.open = kept
	return done
}

func (b *kernelBlock) fill(text string) {
	for _, f := range []struct {
		re    *regexp.Regexp
		value *crash.Optional[uint64]
	}{{pcField, &b.e.PC}, {lrField, &b.e.LR}, {spField, &b.e.SP}} {
		if m := f.re.FindStringSubmatch(text); m != nil && !f.value.Known {
			*f.value = address(m[1])
		}
	}
	if b.fetch {
		b.e.Addr = b.e.PC // an instruction abort is about pc itself
	}
}

func (b *kernelBlock) complete() bool { return b.e.PC.Known && b.e.SP.Known }

// Flush returns the crashes whose registers did not come. Call it when the log
// has been silent for a while.
func (p *KernelParser) Flush() []Event {
	var done []Event
	for _, b := range p.open {
		done = append(done, b.e)
	}
	p.open = nil
	return done
}

// Open reports whether registers are still to come.
func (p *KernelParser) Open() bool { return len(p.open) > 0 }

// headline reads the first line of a block; fetch is true when it tells of a
// fault at fetching an instruction.
func headline(text string) (e Event, fetch, ok bool) {
	if m := oldArm64Line.FindStringSubmatch(text); m != nil {
		e = ofThread(m[1], m[2], "arm64")
		e.Signal, e.Addr = int(decimal(m[4])), address(m[5])
		_, e.Code = arm64Signal(m[3])
		e.tail(m[6])
		e.Key = text
		return e, false, true
	}
	if m := arm64Line.FindStringSubmatch(text); m != nil {
		e = ofThread(m[1], m[2], "arm64")
		what := m[4]
		if at := moduleTail.FindStringIndex(what); at != nil {
			e.tail(what[at[0]:])
			what = what[:at[0]]
		}
		e.Signal, e.Code = arm64Signal(what)
		e.Key = text
		return e, strings.HasPrefix(m[3], "IABT"), true
	}
	if m := riscvLine.FindStringSubmatch(text); m != nil {
		e = ofThread(m[1], m[2], "riscv64")
		e.Signal, e.Addr = int(decimal(m[3])), address(m[5])
		e.Code = crash.Some(int64(address(m[4]).Value & 0xffff)) //nolint:gosec // 16 bits; older kernels print their own bits above
		e.tail(m[6])
		e.Key = text
		return e, false, true
	}
	return Event{}, false, false
}

// arm64Signal gives signal and si_code of a fault by the name that the kernel
// gives it (arch/arm64/mm/fault.c, fault_info; arch/arm64/kernel/traps.c).
func arm64Signal(what string) (signal int, code crash.Optional[int64]) {
	what = strings.ToLower(what)
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(what, p) {
				return true
			}
		}
		return false
	}
	switch {
	case has("alignment"):
		return signalBus, crash.Some(int64(busAdrAln))
	case has("translation fault", "address size fault"):
		return signalSegv, crash.Some(int64(segvMapErr))
	case has("permission fault", "access flag fault"):
		return signalSegv, crash.Some(int64(segvAccErr))
	case has("external abort", "parity", "ecc"):
		return signalBus, crash.Optional[int64]{}
	case has("undefined instruction", "undefinstr"):
		return signalIll, crash.Some(int64(illIllOpc))
	case has("branch target", "bti", "pointer auth", "pac"):
		return signalIll, crash.Some(int64(illIllOpn))
	case has("brk", "breakpoint", "debug"):
		return signalTrap, crash.Optional[int64]{}
	}
	return signalSegv, crash.Optional[int64]{}
}

// oom reads the kill of the OOM killer (mm/oom_kill.c, __oom_kill_process). The
// line before it, of dump_oom_victim, names the victim's cgroup.
func (p *KernelParser) oom(l Line) (Event, bool) {
	if m := oomVictim.FindStringSubmatch(l.Text); m != nil {
		if p.cgroup == nil || len(p.cgroup) > maxOpenBlocks {
			p.cgroup = make(map[int64]string)
		}
		p.cgroup[decimal(m[2])] = m[1]
		return Event{}, false
	}
	m := oomKill.FindStringSubmatch(l.Text)
	if m == nil {
		return Event{}, false
	}
	pid := decimal(m[1])
	e := Event{
		Source: crash.SourceKernelLog, Time: l.Time, PID: pid, HostIDs: true, Comm: m[2], Exe: m[2],
		Signal: signalKill, OutOfMemory: true, Cgroup: p.cgroup[pid],
		Key: fmt.Sprintf("oom %d %s", pid, l.Text),
	}
	delete(p.cgroup, pid)
	return e, true
}

package logsource

import (
	"time"

	"github.com/epicurve/epicurve/pkg/classify"
	"github.com/epicurve/epicurve/pkg/crash"
)

// Event is one crash as a log tells it. What is not known is zero or unknown.
type Event struct {
	Source crash.Source
	Time   time.Time
	// Key tells this sighting from every other of its source, where Source,
	// Boot, TID, PC and SP alone do not; "" where they do.
	Key string
	// Boot is the boot of the crash in the form of
	// /proc/sys/kernel/random/boot_id; "" is the present one.
	Boot string
	// PID and TID are ids of the process and the crashing thread, 0 for not
	// known. HostIDs is true when they are those of the initial pid namespace.
	PID, TID int64
	HostIDs  bool
	Comm     string // name of the thread, at most 15 bytes
	Exe      string // base name of the executable

	Arch    string // Go's name of the machine
	Signal  int
	Code    crash.Optional[int64] // si_code as far as the log implies it
	Addr    crash.Optional[uint64]
	PC      crash.Optional[uint64]
	SP      crash.Optional[uint64]
	LR      crash.Optional[uint64]
	CPU     string // that took the fault
	Module  *Module
	BuildID string
	// OutOfMemory is set for a victim of the OOM killer.
	OutOfMemory bool

	Cgroup string // path of the process's cgroup
	Unit   string // systemd unit of the process

	// Feed and Before say where the log stood before this event: a reader of
	// that feed that begins there finds the event again.
	Feed   string
	Before Position
}

// Module is the mapping that holds pc.
type Module struct {
	Name       string
	Start, End uint64
	// Offset of the mapping in its file; HasOffset is false for kernels
	// before 6.4, which do not print it.
	Offset    uint64
	HasOffset bool
}

// LogFacts returns what the log tells in the form that the classifier takes.
// Everything else (memory, other registers, mappings) stays unknown.
func (e *Event) LogFacts() classify.LogFacts {
	l := classify.LogFacts{
		Executable: e.Exe, Arch: e.Arch, Signal: e.Signal, Code: e.Code,
		IP: e.PC, SP: e.SP, LR: e.LR, Addr: e.Addr, OutOfMemory: e.OutOfMemory, PID: e.PID,
	}
	if l.Executable == "" {
		l.Executable = e.Comm
	}
	if m := e.Module; m != nil {
		l.Module, l.ModuleStart, l.ModuleSize = m.Name, m.Start, m.End-m.Start
		if into := e.PC.Value - m.Start; m.HasOffset && e.PC.Known && e.PC.Value >= m.Start {
			l.FileOffset = crash.Some(m.Offset + into)
		}
	}
	return l
}

// Line is one line of a log.
type Line struct {
	Log  string // "kernel", "journal", or the name of a log file
	Time time.Time
	// Undated is set when Time is only when the line was read; the text may
	// tell better.
	Undated bool
	Text    string
}

// Sink takes what a log tells. Its methods may block; a log is read later then.
type Sink interface {
	// Line takes a line, as evidence for filters.
	Line(l Line)
	// Crash takes a crash.
	Crash(e Event)
	// Moved reports how far a feed was read: a reader that begins there finds
	// everything that was not passed on yet.
	Moved(feed string, p Position)
	// Trouble counts something that may have cost a crash, or would have; what
	// is one of Troubles.
	Trouble(source crash.Source, what string)
}

// The troubles.
const (
	// TroubleOverwritten: the kernel overwrote records before they were read.
	TroubleOverwritten = "overwritten"
	// TroubleForged: an entry claims to be of systemd-coredump, but is not.
	TroubleForged = "forged"
	// TroubleMalformed: an entry, or a value in it, cannot be read.
	TroubleMalformed = "malformed"
	// TroubleCut: a block of lines was longer than its bound, or its log ended.
	TroubleCut = "cut"
	// TroubleLost: a log file was replaced, and what was written to it before
	// is not to be found.
	TroubleLost = "lost"
	// TroubleReader: the log could not be read and is tried again.
	TroubleReader = "unreadable"
)

// Troubles lists the closed set.
func Troubles() []string {
	return []string{TroubleOverwritten, TroubleForged, TroubleMalformed, TroubleCut, TroubleLost, TroubleReader}
}

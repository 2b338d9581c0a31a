package logsource

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
)

// JournalFeed names the journal.
const JournalFeed = "journal"

// coredumpMessage is the MESSAGE_ID of systemd-coredump's entries
// (SD_MESSAGE_COREDUMP in src/systemd/sd-messages.h).
const coredumpMessage = "fc2e22bc6ee647b6b90729ab34a250b1"

// journalFields are the fields that are asked for and kept. Not among them, and
// never read, are COREDUMP_CMDLINE, COREDUMP_ENVIRON, COREDUMP_OPEN_FDS and the
// core itself (COREDUMP, with Storage=journal).
var journalFields = []string{
	"MESSAGE", "MESSAGE_ID", "COREDUMP_PID", "COREDUMP_TID", "COREDUMP_SIGNAL", "COREDUMP_CODE", "COREDUMP_TIMESTAMP",
	"COREDUMP_COMM", "COREDUMP_EXE", "COREDUMP_CGROUP", "COREDUMP_UNIT", "COREDUMP_PACKAGE_JSON", "COREDUMP_FILENAME",
	"_UID", "_SYSTEMD_UNIT", "_SOURCE_REALTIME_TIMESTAMP", "_TRANSPORT", "SYSLOG_IDENTIFIER", "PRIORITY",
}

// alwaysPrinted are fields that journalctl prints whatever is asked for.
var alwaysPrinted = []string{"__CURSOR", "__REALTIME_TIMESTAMP", "_BOOT_ID", "_MACHINE_ID"}

// maxField bounds the bytes kept of a field; the stack trace in MESSAGE is the
// only long one.
const maxField = 64 << 10

// Entry is a journal entry: the fields of journalFields and alwaysPrinted.
type Entry map[string]string

// keptField reports whether a field is kept.
func keptField(name string) bool {
	return slices.Contains(journalFields, name) || slices.Contains(alwaysPrinted, name)
}

// keep puts a field of an entry in, cut to its bound. A repeated field keeps its
// first value.
func (j Entry) keep(name, value string) {
	if _, have := j[name]; have || !keptField(name) {
		return
	}
	j[name] = value[:min(len(value), maxField)]
}

// Cursor names the entry.
func (j Entry) Cursor() string { return j["__CURSOR"] }

// IsCoredump reports whether the entry is of systemd-coredump.
func (j Entry) IsCoredump() bool { return j["MESSAGE_ID"] == coredumpMessage }

// systemUsers are below this uid (SYSTEM_UID_MAX, as distributions build systemd).
const systemUsers = 1000

// Forged reports whether an entry that claims to be of systemd-coredump is of
// somebody else: any process may write any field whose name has no leading
// underscore. systemd-coredump runs as a unit of its own, for crashes of system
// users also as one of them.
func (j Entry) Forged() bool {
	if strings.HasPrefix(j["_SYSTEMD_UNIT"], "systemd-coredump@") {
		return false
	}
	uid, err := strconv.ParseUint(j["_UID"], 10, 32)
	return err != nil || uid >= systemUsers
}

// Time is when the entry was made.
func (j Entry) Time() time.Time {
	for _, f := range []string{"_SOURCE_REALTIME_TIMESTAMP", "__REALTIME_TIMESTAMP"} {
		if us := decimal(j[f]); us > 0 {
			return time.UnixMicro(us).UTC()
		}
	}
	return time.Time{}
}

// Line is the entry as evidence for filters.
func (j Entry) Line() Line {
	log := JournalFeed
	if j["_TRANSPORT"] == "kernel" {
		log = KernelFeed
	}
	text, _, _ := strings.Cut(j["MESSAGE"], "\n")
	return Line{Log: log, Time: j.Time(), Text: text}
}

// firstFrame is the innermost frame of the first thread, which is the one that
// crashed (src/shared/elf-util.c, frame_callback):
//
//	Stack trace of thread 588797:
//	#0  0x000070ef250faf07 clock_nanosleep (libc.so.6 + 0xdef07)
var firstFrame = regexp.MustCompile(`Stack trace of thread (\d+):\n\s*#0 +0x([0-9a-f]+) \S.* \((.+?)(?: \+ 0x([0-9a-f]+))?\)(?:\n|$)`)

// architecture is the last line of the message (src/coredump/coredump.c).
var architecture = regexp.MustCompile(`ELF object binary architecture: (.+)`)

// architectures are Go's names for elfutils' (backends/*_init.c).
var architectures = map[string]string{
	"AMD x86-64": "amd64", "Intel 80386": "386", "AARCH64": "arm64", "ARM": "arm", "RISC-V": "riscv64", "PowerPC 64-bit": "ppc64le", "IBM S/390": "s390x",
}

// Event reads systemd-coredump's entry of a crash. The program counter comes
// from the stack trace in the message, where systemd-coredump could make one.
func (j Entry) Event() (Event, error) {
	pid, us := decimal(j["COREDUMP_PID"]), decimal(j["COREDUMP_TIMESTAMP"])
	switch {
	case pid <= 0:
		return Event{}, fmt.Errorf("journal entry %.120q: COREDUMP_PID is %.40q, want a process id", j.Cursor(), j["COREDUMP_PID"])
	case us <= 0:
		return Event{}, fmt.Errorf("journal entry %.120q: COREDUMP_TIMESTAMP is %.40q, want microseconds", j.Cursor(), j["COREDUMP_TIMESTAMP"])
	}
	e := Event{
		Source: crash.SourceJournal, Time: time.UnixMicro(us).UTC(), Boot: dashed(j["_BOOT_ID"]), PID: pid, TID: decimal(j["COREDUMP_TID"]), HostIDs: true,
		Exe: base(j["COREDUMP_EXE"]), Comm: j["COREDUMP_COMM"], Signal: int(decimal(j["COREDUMP_SIGNAL"])),
		Cgroup: j["COREDUMP_CGROUP"], Unit: j["COREDUMP_UNIT"], Arch: "amd64",
		Key: fmt.Sprintf("%d %d %s", pid, us, j["COREDUMP_SIGNAL"]),
	}
	if e.Exe == "" {
		e.Exe = e.Comm
	}
	if code, err := strconv.ParseInt(j["COREDUMP_CODE"], 10, 32); err == nil {
		e.Code = crash.Some(code)
	}
	if m := architecture.FindStringSubmatch(j["MESSAGE"]); m != nil {
		if e.Arch = architectures[m[1]]; e.Arch == "" {
			e.Arch = "unknown"
		}
	}
	if m := firstFrame.FindStringSubmatch(j["MESSAGE"]); m != nil {
		e.frame(m)
	}
	return e, nil
}

// frame takes the program counter from the innermost frame. The thread's id in
// the trace is that of its own pid namespace; it is the host's in the process
// that crashed by its first thread.
func (e *Event) frame(m []string) {
	e.PC = address(m[2])
	if decimal(m[1]) == e.PID {
		e.TID = e.PID
	}
	if into := address(m[4]); into.Known && e.PC.Known && e.PC.Value >= into.Value {
		// The frame tells the distance to the module's start, not its size.
		start := e.PC.Value - into.Value
		e.Module = &Module{Name: base(m[3]), Start: start, End: e.PC.Value + 1, HasOffset: true}
	}
}

func base(p string) string {
	if p == "" {
		return ""
	}
	return path.Base(p)
}

// dashed gives 32 hex digits the form of /proc/sys/kernel/random/boot_id.
func dashed(id string) string {
	if len(id) != 32 {
		return id
	}
	return id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:]
}

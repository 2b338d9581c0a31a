package pipeline

import (
	"slices"
	"time"

	"github.com/epicurve/epicurve/exporter/annotate"
	"github.com/epicurve/epicurve/exporter/logsource"
	"github.com/epicurve/epicurve/pkg/classify"
	"github.com/epicurve/epicurve/pkg/crash"
)

// idOf names the crash of an event. What the kernel printed with its registers
// is named by what its core knows too (see joinID), everything else by its place
// in its log or journal.
func (l *Logs) idOf(e *logsource.Event) crash.ID {
	boot := e.Boot
	if boot == "" {
		boot = l.Machine.Host.BootID
	}
	if e.Source == crash.SourceKernelLog && e.TID > 0 && e.PC.Known && e.SP.Known {
		return joinID(boot, e.TID, e.PC.Value, e.SP.Value)
	}
	h := crash.NewHasher(string(e.Source))
	if e.Source == crash.SourceLogFile { // read again after a reboot it must be the same
		boot = l.Machine.Host.ID
	}
	h.Add("boot", []byte(boot))
	if e.Source == crash.SourceLogFile {
		h.Add("feed", []byte(e.Feed))
	}
	h.Add("key", []byte(e.Key))
	return h.ID()
}

// record makes the record of a crash from what a log tells.
func (l *Logs) record(id crash.ID, e *logsource.Event) crash.Record {
	r := classify.FromLog(e.LogFacts())
	r.ID, r.Source = id, e.Source
	r.Time, r.TimeSource = e.Time.UTC().Truncate(time.Microsecond), crash.TimeFromLog
	if e.Source == crash.SourceJournal {
		r.TimeSource = crash.TimeFromJournal
	}
	r.Host.BootID = e.Boot
	if e.TID > 0 {
		r.Fault.ThreadID = crash.Some(e.TID)
	}
	r.Fault.ThreadName = e.Comm
	r.Process.BuildID = e.BuildID
	if r.Process.Executable == "" {
		r.Process.Executable = e.Comm
	}
	r.Host.CPU = e.CPU
	l.Machine.Annotate(&r)
	bound(&r)
	return r
}

// together makes one record of what several logs tell of one crash. The one that
// knows most of the registers is the first; the others fill in what it does not
// know.
func (l *Logs) together(group []*held) (first *held, r crash.Record) {
	ordered := slices.Clone(group)
	slices.SortStableFunc(ordered, func(a, b *held) int { return worth(&b.event) - worth(&a.event) })
	first = ordered[0]
	e := first.event
	for _, h := range ordered[1:] {
		fill(&e, &h.event)
	}
	r = l.record(first.id, &e)
	l.Services.Annotate(&r)
	l.origin(&r, &e)
	l.Filters.Annotate(&r)
	bound(&r)
	return first, r
}

// worth orders events by how much they tell of the registers.
func worth(e *logsource.Event) int {
	n := 0
	for _, known := range []bool{e.PC.Known, e.SP.Known, e.Addr.Known, e.LR.Known} {
		if known {
			n += 2
		}
	}
	if e.Source == crash.SourceKernelLog {
		n++ // the registers of the fault itself
	}
	return n
}

// fill adds to an event what another tells of the same crash. Registers are not
// mixed: they would be of different moments.
func fill(e, o *logsource.Event) {
	text := func(to *string, from string) {
		if *to == "" {
			*to = from
		}
	}
	text(&e.Boot, o.Boot)
	text(&e.Exe, o.Exe)
	text(&e.Comm, o.Comm)
	text(&e.CPU, o.CPU)
	text(&e.Cgroup, o.Cgroup)
	text(&e.Unit, o.Unit)
	text(&e.BuildID, o.BuildID)
	if e.PID == 0 && (o.HostIDs || !e.HostIDs) {
		e.PID = o.PID
	}
	if e.TID == 0 && (o.HostIDs || !e.HostIDs) {
		e.TID = o.TID
	}
	if e.Signal == 0 {
		e.Signal, e.Code = o.Signal, o.Code
	}
	if !e.PC.Known {
		e.PC, e.SP, e.LR, e.Module = o.PC, o.SP, o.LR, o.Module
	}
	if !e.Addr.Known && o.Addr.Known && e.Signal == o.Signal && (!e.Code.Known || e.Code == o.Code) {
		e.Addr, e.Code = o.Addr, o.Code
	}
}

// origin writes where the process ran, by its cgroup.
func (l *Logs) origin(r *crash.Record, e *logsource.Event) {
	if e.Cgroup == "" || l.Origins == nil {
		return
	}
	l.Origins.OfCgroup(e.Cgroup).Annotate(r)
}

// journalWait is how long after its last write a core that systemd-coredump
// stored waits for its entry in the journal, which is written just after it and
// names the cgroup of the process.
const journalWait = 2 * time.Second

// awaits reports whether the journal is about to tell of the crash of a core
// with this name, last written to at a time.
func (l *Logs) awaits(name annotate.CoreName, written time.Time) bool {
	if l == nil || !l.Journal || !name.HostPID || name.BootID == "" || time.Since(written) > journalWait {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return !slices.ContainsFunc(l.held, func(h *held) bool {
		return h.seen.Source == crash.SourceJournal && h.seen.PID == name.PID && h.seen.Boot == name.BootID
	})
}

// Witnesses are what logs tell of the crash of a core, and whether the core's ids
// are those of the initial pid namespace.
type Witnesses struct {
	held    []*held
	hostIDs bool
}

// Complete adds to the record of a core what logs tell of its crash: the CPU,
// the container and the unit. hostIDs is true when the record's process and
// thread are those of the initial pid namespace. The result is for Told and
// Settle.
func (l *Logs) Complete(r *crash.Record, hostIDs bool) Witnesses {
	w := Witnesses{hostIDs: hostIDs}
	if l == nil {
		return w
	}
	s := sightingOf(r)
	s.Host = hostIDs
	l.mu.Lock()
	defer l.mu.Unlock()
	w.held = l.gather(&counted{Joins: joinIDs(r), Seen: []sighting{s}})
	for _, h := range w.held {
		if r.Host.CPU == "" {
			r.Host.CPU = h.event.CPU
		}
		l.origin(r, &h.event)
	}
	return w
}

// Told is what a committer is to know beside the record.
func (w Witnesses) Told() Told {
	t := Told{HostIDs: w.hostIDs}
	for _, h := range w.held {
		t.Joined = append(t.Joined, Joined{h.id, h.seen})
	}
	return t
}

// Settle takes out of those held what was counted with a core.
func (l *Logs) Settle(w Witnesses) {
	if l == nil || len(w.held) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, h := range w.held {
		if slices.Contains(l.held, h) {
			l.Observer.LogCrash(h.seen.Source, "joined")
		}
	}
	l.drop(w.held)
}

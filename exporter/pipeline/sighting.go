package pipeline

import (
	"slices"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
)

// sighting is what one source knows of a crash, as far as it serves to tell
// whether another source means the same one.
type sighting struct {
	Source crash.Source           `json:"source"`
	Boot   string                 `json:"boot,omitempty"`
	PID    int64                  `json:"pid,omitempty"`
	TID    int64                  `json:"tid,omitempty"`
	Host   bool                   `json:"host,omitempty"`  // PID and TID are those of the initial pid namespace
	Names  []string               `json:"names,omitempty"` // of executable and thread, cut as the kernel cuts them
	Signal int64                  `json:"signal,omitempty"`
	PC     crash.Optional[uint64] `json:"pc"`
	SP     crash.Optional[uint64] `json:"sp"`
	Time   time.Time              `json:"time"`
	Late   bool                   `json:"late,omitempty"` // Time is when a dump of any length ended
}

// commLength is the length to which the kernel cuts names of threads
// (TASK_COMM_LEN, without the NUL).
const commLength = 15

func sightingOf(r *crash.Record) sighting {
	s := sighting{
		Source: r.Source, Boot: r.Host.BootID, Signal: r.Fault.SignalNum.Value, PC: r.Fault.PC, SP: r.Fault.SP,
		PID: max(0, r.Process.PID.Value), TID: max(0, r.Fault.ThreadID.Value), Time: r.Time, Late: r.TimeSource == crash.TimeFromMtime,
		// A program knows the ids of its own namespace, and so does a core.
		Host: r.Source == crash.SourceKernelLog || r.Source == crash.SourceJournal,
	}
	for _, name := range []string{r.Process.Executable, r.Fault.ThreadName} {
		if name != "" && !slices.Contains(s.Names, cutName(name)) {
			s.Names = append(s.Names, cutName(name))
		}
	}
	return s
}

func cutName(name string) string { return name[:min(len(name), commLength)] }

const (
	// joinWithin is how far apart two sources may date one crash. A pid is
	// not used again so soon.
	joinWithin = time.Minute
	// dumpWithin is how long the dump of a core may have taken whose name
	// does not tell when the crash was.
	dumpWithin = 15 * time.Minute
)

// How firmly two sightings are of one crash.
const (
	never    = iota // they contradict each other
	apart           // nothing speaks for it
	likeName        // the same program at that time, and nothing better is known
	likeRegs        // the same program counter and stack pointer
	sameID          // the same process or thread
)

// alike says how firmly two sightings are of one crash. Two of one source never
// are: each source tells of a crash once.
func (s *sighting) alike(o *sighting) int {
	switch {
	case s.Source == o.Source, s.Boot != "" && o.Boot != "" && s.Boot != o.Boot, s.otherIDs(o):
		return never
	case s.between(o, crash.SourceCore, crash.SourceKernelLog) && s.otherRegisters(o):
		return never // the kernel prints the registers that it dumps
	case !s.near(o):
		return apart
	case s.sharesID(o) && (s.Host && o.Host || s.sharesName(o, true)):
		return sameID
	case s.sameRegisters(o):
		return likeRegs
	case s.hasID() && o.hasID():
		return apart
	case s.sharesName(o, false):
		return likeName
	}
	return apart
}

// near reports whether the times agree. A time of zero agrees with all.
func (s *sighting) near(o *sighting) bool {
	if s.Time.IsZero() || o.Time.IsZero() {
		return true
	}
	early, late := s, o // the one whose time may be late comes second
	if s.Late {
		early, late = o, s
	}
	behind := late.Time.Sub(early.Time)
	if late.Late {
		return behind <= dumpWithin && behind >= -joinWithin
	}
	return behind.Abs() <= joinWithin
}

func (s *sighting) between(o *sighting, a, b crash.Source) bool {
	return (s.Source == a && o.Source == b) || (s.Source == b && o.Source == a)
}

// otherIDs reports whether the sightings are of different processes or threads.
func (s *sighting) otherIDs(o *sighting) bool {
	differ := func(a, b int64) bool { return a != 0 && b != 0 && a != b }
	return s.Host && o.Host && (differ(s.PID, o.PID) || differ(s.TID, o.TID))
}

func (s *sighting) hasID() bool { return s.PID != 0 || s.TID != 0 }

// ids are those that are known, each once.
func (s *sighting) ids() []int64 {
	var ids []int64
	for _, id := range []int64{s.PID, s.TID} {
		if id != 0 && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

func (s *sighting) sharesID(o *sighting) bool {
	return slices.ContainsFunc(s.ids(), func(id int64) bool { return slices.Contains(o.ids(), id) })
}

// sharesName reports whether a name is known of both and is the same; unknown is
// the answer when one has none.
func (s *sighting) sharesName(o *sighting, unknown bool) bool {
	if len(s.Names) == 0 || len(o.Names) == 0 {
		return unknown
	}
	return slices.ContainsFunc(s.Names, func(name string) bool { return slices.Contains(o.Names, name) })
}

// sameRegisters reports whether what is known of both is the same and tells
// something: addresses are randomised for each process, so that two crashes of
// one program differ in them, unless the one was forked from the other. The
// journal and programs know no stack pointer; a program counter alone is as good
// when the signal is the same too.
func (s *sighting) sameRegisters(o *sighting) bool {
	if s.otherRegisters(o) || !s.PC.Known || !o.PC.Known {
		return false
	}
	if s.SP.Known && o.SP.Known {
		return s.SP.Value != 0
	}
	return s.PC.Value != 0 && s.Signal == o.Signal && s.sharesName(o, true)
}

func (s *sighting) otherRegisters(o *sighting) bool {
	return (s.PC.Known && o.PC.Known && s.PC != o.PC) || (s.SP.Known && o.SP.Known && s.SP != o.SP)
}

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
	IDs    []int64                `json:"ids,omitempty"` // of the process and its thread
	TID    int64                  `json:"tid,omitempty"`
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
		TID: r.Fault.ThreadID.Value, Time: r.Time, Late: r.TimeSource == crash.TimeFromMtime,
	}
	for _, id := range []int64{r.Process.PID.Value, r.Fault.ThreadID.Value} {
		if id > 0 && !slices.Contains(s.IDs, id) {
			s.IDs = append(s.IDs, id)
		}
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
	apart    = iota
	likeName // the same program at that time, and nothing better is known
	likeRegs // the same program counter and stack pointer
	sameID   // the same process or thread
)

// alike says how firmly two sightings are of one crash. Two of one source never
// are: each source tells of a crash once.
func (s *sighting) alike(o *sighting) int {
	if s.Source == o.Source || (s.Boot != "" && o.Boot != "" && s.Boot != o.Boot) || !s.near(o) {
		return apart
	}
	regs := s.sameRegisters(o)
	switch {
	case s.between(o, crash.SourceCore, crash.SourceKernelLog) && s.otherRegisters(o):
		return apart // the kernel prints the registers that it dumps
	case s.sharesID(o) && (s.hostIDs() && o.hostIDs() || s.sharesName(o, true)):
		return sameID
	case regs && (!s.hostIDs() || !o.hostIDs() || s.TID == 0 || o.TID == 0 || s.TID == o.TID):
		return likeRegs
	case len(s.IDs) > 0 && len(o.IDs) > 0:
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

// hostIDs reports whether the ids are those of the initial pid namespace. A core
// and a program know those of their own only.
func (s *sighting) hostIDs() bool {
	return s.Source == crash.SourceKernelLog || s.Source == crash.SourceJournal
}

func (s *sighting) sharesID(o *sighting) bool {
	return slices.ContainsFunc(s.IDs, func(id int64) bool { return slices.Contains(o.IDs, id) })
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

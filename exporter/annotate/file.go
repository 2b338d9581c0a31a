package annotate

import (
	"path/filepath"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
)

// Names reads the names of core files. Make one with [NewNames].
type Names struct{ patterns []*NamePattern }

// NewNames returns a reader for systemd-coredump's names, the kernel's present
// core_pattern below roots, and further patterns of the same form.
func NewNames(roots Roots, further []string) (*Names, error) {
	roots = roots.withDefaults()
	n := &Names{}
	for _, text := range append(further, firstLine(filepath.Join(roots.Proc, "sys/kernel/core_pattern"))) {
		p, err := ParsePattern(text)
		if err != nil {
			return nil, err
		}
		if p != nil {
			n.patterns = append(n.patterns, p)
		}
	}
	return n, nil
}

// Read returns what a base name tells; the first pattern that made it decides.
func (n *Names) Read(name string) CoreName {
	if c, ok := MatchSystemd(name); ok {
		return c
	}
	for _, p := range n.patterns {
		if c, ok := p.Match(name); ok {
			return c
		}
	}
	return CoreName{}
}

// maxLate bounds how much later than the last write to a core its name may put
// the crash. It may be any time earlier (a dump takes minutes, a copy can be
// months old), but nothing is written before it happened; a day allows for
// clocks that were stepped.
const maxLate = 24 * time.Hour

// Annotate writes what is known from a core's name, extended attributes and
// last write into a record. A time in the name that lies after the last write (beyond clock
// steps) is no time of this crash, and is passed over.
func (n *Names) Annotate(r *crash.Record, path string, beside CoreName, modified time.Time) {
	name := n.Read(filepath.Base(path))
	if !beside.Time.IsZero() {
		beside.BootID, beside.CPU = name.BootID, name.CPU
		name = beside
	}
	r.Time, r.TimeSource = modified.UTC(), crash.TimeFromMtime
	if !name.Time.IsZero() && name.Time.Before(modified.Add(maxLate)) {
		r.Time, r.TimeSource = name.Time, crash.TimeFromCoreName
	}
	r.Time = r.Time.Truncate(time.Microsecond)
	if r.Host.CPU == "" {
		r.Host.CPU = name.CPU
	}
	if r.Host.BootID == "" {
		r.Host.BootID = name.BootID
	}
	if r.Process.Executable == "" {
		r.Process.Executable = name.Exe
	}
	// In a container the core knows the pid of the container's namespace only.
	if name.PID > 0 && (name.HostPID || !r.Process.PID.Known) {
		r.Process.PID = crash.Some(name.PID)
	}
}

// NamesOf returns a reader for systemd-coredump's names and the given patterns,
// without asking this machine: the cores are of others.
func NamesOf(patterns []string) (*Names, error) {
	n := &Names{}
	for _, text := range patterns {
		p, err := ParsePattern(text)
		if err != nil {
			return nil, err
		}
		if p != nil {
			n.patterns = append(n.patterns, p)
		}
	}
	return n, nil
}

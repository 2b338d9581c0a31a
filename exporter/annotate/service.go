package annotate

import (
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/epicurve/epicurve/pkg/crash"
)

// Service is a program whose crashes belong to a service, and whose running
// time is counted as exposure.
type Service struct {
	Name    string
	Version string // "" when the build id has to do
	// Executable is a pattern (path.Match) of the whole path of the
	// executable, or of its base name when it holds no slash.
	Executable string
}

// matches reports whether an executable, by path or base name, is the service's.
func (s *Service) matches(executable string) bool {
	pattern := s.Executable
	if !strings.Contains(pattern, "/") {
		executable = path.Base(executable)
	} else if !strings.Contains(executable, "/") {
		pattern = path.Base(pattern) // a core tells the base name only
	}
	ok, err := path.Match(pattern, executable)
	return ok && err == nil
}

// Services are the watched services, the first that matches decides.
type Services []Service

// Annotate writes the service into a record whose executable is known.
func (ss Services) Annotate(r *crash.Record) {
	if s := ss.find(r.Process.Executable); s != nil && r.Process.ServiceName == "" {
		r.Process.ServiceName, r.Process.ServiceVersion = s.Name, s.Version
	}
}

func (ss Services) find(executable string) *Service {
	if executable == "" {
		return nil
	}
	for i := range ss {
		if ss[i].matches(executable) {
			return &ss[i]
		}
	}
	return nil
}

// maxBuilds bounds the builds of one look, so that a host that starts endless
// new executables cannot make endless exposure.
const maxBuilds = 256

// Running looks which builds of the services have a process now. It needs
// CAP_SYS_PTRACE to see the executables of other users (proc(5), /proc/pid/exe);
// those it may not see do not count.
func (ss Services) Running(roots Roots) []crash.ExposedBuild {
	if len(ss) == 0 {
		return nil
	}
	roots = roots.withDefaults()
	entries, err := os.ReadDir(roots.Proc)
	if err != nil {
		return nil
	}
	found := make(map[crash.ExposedBuild]bool)
	var builds []crash.ExposedBuild
	for _, e := range entries {
		if _, err := strconv.Atoi(e.Name()); err != nil || len(builds) == maxBuilds {
			continue
		}
		b, ok := ss.buildOf(filepath.Join(roots.Proc, e.Name(), "exe"))
		if ok && !found[b] {
			found[b] = true
			builds = append(builds, b)
		}
	}
	return builds
}

// buildOf identifies what a process runs; the link leads to the very file, even
// when another has taken its path since.
func (ss Services) buildOf(link string) (crash.ExposedBuild, bool) {
	target, err := os.Readlink(link)
	if err != nil {
		return crash.ExposedBuild{}, false
	}
	s := ss.find(strings.TrimSuffix(target, " (deleted)"))
	if s == nil {
		return crash.ExposedBuild{}, false
	}
	b := crash.ExposedBuild{ServiceName: s.Name, ServiceVersion: s.Version}
	if f, err := os.Open(link); err == nil {
		b.BuildID = BuildID(f)
		f.Close()
	}
	return b, true
}

package annotate

import (
	"os"
	"path/filepath"
)

// Roots are the places in which the machine is described.
type Roots struct {
	Proc string // default /proc
	Sys  string // default /sys
	Etc  string // default /etc
	Var  string // default /var
	Run  string // default /run

	under bool // the host's tree is mounted somewhere
}

// RootsUnder returns the places of a host whose filesystem is mounted at dir,
// such as /host in a container; "" is this very system. proc and sys are taken
// from there only when they are mounted there too.
func RootsUnder(dir string) Roots {
	r := Roots{}
	if dir == "" || filepath.Clean(dir) == "/" {
		return r.withDefaults()
	}
	r = Roots{Etc: filepath.Join(dir, "etc"), Var: filepath.Join(dir, "var"), Run: filepath.Join(dir, "run"), under: true}
	if proc := filepath.Join(dir, "proc"); exists(filepath.Join(proc, "stat")) {
		r.Proc = proc
	}
	if sys := filepath.Join(dir, "sys"); exists(filepath.Join(sys, "devices")) {
		r.Sys = sys
	}
	return r.withDefaults()
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func (r Roots) withDefaults() Roots {
	for _, place := range []struct {
		at       *string
		standard string
	}{{&r.Proc, "/proc"}, {&r.Sys, "/sys"}, {&r.Etc, "/etc"}, {&r.Var, "/var"}, {&r.Run, "/run"}} {
		if *place.at == "" {
			*place.at = place.standard
		}
	}
	return r
}

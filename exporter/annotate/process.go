package annotate

import (
	"path/filepath"
	"strconv"
	"strings"
)

// process is what /proc tells of a process that is dumping core.
type process struct {
	pid    int64
	inner  int64 // its pid in its own pid namespace
	comm   string
	cgroup Cgroup
}

// readDumping reads a process while its core is being written. ok is false for
// every other process: for one that took the pid since, and for one that a
// planted file names. Kernels before 4.15 do not say who dumps core; there the
// name has to do, which the caller compares with the core's.
func readDumping(roots Roots, pid int64) (p process, ok bool) {
	if pid <= 0 {
		return process{}, false
	}
	dir := filepath.Join(roots.Proc, strconv.FormatInt(pid, 10))
	text, err := readSmall(filepath.Join(dir, "status"))
	if err != nil {
		return process{}, false
	}
	p = process{pid: pid, inner: pid}
	dumping := true
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		value = strings.TrimSpace(value)
		switch name {
		case "Name":
			p.comm = unescapeStatus(value)
		case "NSpid": // the last is that of the innermost namespace
			if fields := strings.Fields(value); len(fields) > 0 {
				p.inner = number(fields[len(fields)-1])
			}
		case "State":
			if strings.HasPrefix(value, "Z") || strings.HasPrefix(value, "X") { // it has just finished
				return p.withCgroup(dir)
			}
		case "CoreDumping":
			dumping = value == "1"
		}
	}
	if !dumping {
		return process{}, false
	}
	return p.withCgroup(dir)
}

func (p process) withCgroup(dir string) (process, bool) {
	text, err := readSmall(filepath.Join(dir, "cgroup"))
	if err != nil {
		return process{}, false
	}
	p.cgroup = ParseCgroup(string(text))
	return p, true
}

// unescapeStatus undoes what the kernel does to a name in /proc/pid/status
// (fs/proc/array.c, proc_task_name): newline and backslash are escaped.
func unescapeStatus(s string) string {
	return strings.NewReplacer(`\n`, "\n", `\\`, `\`).Replace(s)
}

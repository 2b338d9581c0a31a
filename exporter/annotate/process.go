package annotate

import (
	"path/filepath"
	"strconv"
	"strings"
)

// process is what /proc tells of a process.
type process struct {
	pid    int64
	inner  int64 // its pid in its own pid namespace
	uid    int64 // effective user, who owns the core that it leaves
	comm   string
	cgroup Cgroup
}

// is reports whether a core that tells a pid and a name, and belongs to a user,
// can be that of the process. Cores of set-uid programs, and those that
// systemd-coredump stores, belong to root.
func (p *process) is(pid int64, comm string, owner uint32) bool {
	return p.comm == comm && (pid == p.inner || pid == p.pid) && (owner == 0 || int64(owner) == p.uid)
}

// readProcess reads a process. ending is true while its core is being written
// and after that, until its parent has taken note of its end; kernels before
// 4.15 do not say who dumps core, and known is then false.
func readProcess(roots Roots, pid int64) (p process, ending, known, ok bool) {
	if pid <= 0 {
		return process{}, false, false, false
	}
	dir := filepath.Join(roots.Proc, strconv.FormatInt(pid, 10))
	text, err := readSmall(filepath.Join(dir, "status"))
	if err != nil {
		return process{}, false, false, false
	}
	p = process{pid: pid, inner: pid}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch name {
		case "Name":
			p.comm = unescapeStatus(value)
		case "Uid": // real, effective, saved, filesystem
			if fields := strings.Fields(value); len(fields) == 4 {
				p.uid = number(fields[1])
			}
		case "NSpid": // the last is that of the innermost namespace
			if fields := strings.Fields(value); len(fields) > 0 {
				p.inner = number(fields[len(fields)-1])
			}
		case "State":
			if strings.HasPrefix(value, "Z") || strings.HasPrefix(value, "X") {
				ending, known = true, true
			}
		case "CoreDumping":
			ending, known = ending || value == "1", true
		}
	}
	text, err = readSmall(filepath.Join(dir, "cgroup"))
	if err != nil {
		return process{}, false, false, false
	}
	p.cgroup = ParseCgroup(string(text))
	return p, ending, known, true
}

// readEnding reads a process while its core is being written or right after. ok
// is false for every other process: for one that took the pid since, and for one
// that a planted file names.
func readEnding(roots Roots, pid int64) (process, bool) {
	p, ending, known, ok := readProcess(roots, pid)
	return p, ok && (ending || !known)
}

// unescapeStatus undoes what the kernel does to a name in /proc/pid/status
// (fs/proc/array.c, proc_task_name): newline and backslash are escaped.
func unescapeStatus(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	return strings.NewReplacer(`\n`, "\n", `\\`, `\`).Replace(s)
}

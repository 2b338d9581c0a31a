package annotate

import (
	"regexp"
	"strings"
)

// Names of cgroups of containers, as their drivers make them:
//
//	…/kubepods-burstable-pod0123_…_cdef.slice/cri-containerd-<64 hex>.scope   systemd driver
//	…/kubepods-pod0123_…_cdef.slice/crio-<64 hex>.scope                       CRI-O
//	…/kubepods/burstable/pod01234567-…/<64 hex>                               cgroupfs driver
//	…/kubepods-besteffort-pod….slice:cri-containerd:<64 hex>                  the one given the other's path
//	…/docker-<64 hex>.scope, …/docker/<64 hex>, …/libpod-<64 hex>.scope
//
// A process may stand deeper, as in …/docker-<64 hex>.scope/init.scope, and
// containers may be nested: the innermost is its own. conmon watches a
// container from outside; its cgroup is not the container's.
var (
	containerName = regexp.MustCompile(`^(?:.*[-:])?([0-9a-f]{64})(?:\.scope)?$`)
	monitorName   = regexp.MustCompile(`^(?:crio|libpod)-conmon-[0-9a-f]{64}(?:\.scope)?$`)
	podName       = regexp.MustCompile(`(?:^|-)pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?$`)
)

// Cgroup is what the path of a process's cgroup tells. Unknown parts are "".
type Cgroup struct {
	Container string // id of the container
	Pod       string // uid of the Kubernetes pod
	Unit      string // systemd unit, of a process that is in no container
}

// ParseCgroup reads the text of /proc/pid/cgroup, lines "hierarchy:controllers:path"
// (cgroups(7)), or a path alone, such as journald's COREDUMP_CGROUP. Of several
// hierarchies (cgroup v1) the first that names a container decides.
func ParseCgroup(text string) Cgroup {
	var unit string
	for line := range strings.Lines(text) {
		path := strings.TrimSpace(line)
		if parts := strings.SplitN(path, ":", 3); len(parts) == 3 && !strings.HasPrefix(path, "/") {
			path = parts[2]
		}
		c := parsePath(strings.TrimSuffix(path, " (deleted)")) // the cgroup was removed meanwhile
		if c.Container != "" || c.Pod != "" {
			return c
		}
		if unit == "" {
			unit = c.Unit
		}
	}
	return Cgroup{Unit: unit}
}

func parsePath(path string) Cgroup {
	var c Cgroup
	for element := range strings.SplitSeq(path, "/") {
		if monitorName.MatchString(element) {
			continue
		}
		slice, _, _ := strings.Cut(element, ":")
		if m := podName.FindStringSubmatch(slice); m != nil {
			c.Pod, c.Container = strings.ReplaceAll(m[1], "_", "-"), "" // of a cluster within a container
		}
		if m := containerName.FindStringSubmatch(element); m != nil {
			c.Container = m[1]
		}
		if strings.HasSuffix(element, ".service") && !strings.HasPrefix(element, "user@") {
			c.Unit = element
		}
	}
	if c.Container != "" || c.Pod != "" {
		c.Unit = ""
	}
	return c
}

// serviceOfUnit returns the name of the service that a unit runs: without its
// suffix, and without the instance of a template, since web@1 and web@2 are one
// service.
func serviceOfUnit(unit string) string {
	name := strings.TrimSuffix(unescape(unit), ".service")
	name, _, _ = strings.Cut(name, "@")
	return name
}

package annotate

import (
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/epicurve/epicurve/pkg/crash"
)

// Names of cgroups of containers, as systemd and cgroupfs drivers make them:
//
//	…/kubepods-burstable-pod0123_…_cdef.slice/cri-containerd-<64 hex>.scope
//	…/kubepods/burstable/pod01234567-…/<64 hex>
//	…/docker-<64 hex>.scope
var (
	containerID = regexp.MustCompile(`(?:^|[-/:])([0-9a-f]{64})(?:\.scope)?$`)
	podUID      = regexp.MustCompile(`[-/]pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?/`)
)

// ParseCgroup reads the text of /proc/pid/cgroup: lines "hierarchy:controllers:path".
// What is no container gives "".
func ParseCgroup(text string) (container, pod string) {
	for line := range strings.Lines(text) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) < 3 {
			continue
		}
		if m := containerID.FindStringSubmatch(parts[2]); m != nil {
			container = m[1]
		}
		if m := podUID.FindStringSubmatch(parts[2]); m != nil {
			pod = strings.ReplaceAll(m[1], "_", "-")
		}
	}
	return container, pod
}

// ContainerOf finds the container of a process that still exists, as a process
// does while its core is being written. comm is the name that the core has for
// it (15 bytes at most): a process of another name has taken the pid since. The
// cgroup decides, never a host name; namespace and pod come from the names that
// the kubelet gives to log files on this node.
func ContainerOf(roots Roots, pid int64, comm string) crash.Container {
	roots = roots.withDefaults()
	dir := filepath.Join(roots.Proc, strconv.FormatInt(pid, 10))
	if pid <= 0 || comm == "" || firstLine(filepath.Join(dir, "comm")) != comm {
		return crash.Container{}
	}
	text, err := readSmall(filepath.Join(dir, "cgroup"))
	if err != nil {
		return crash.Container{}
	}
	id, pod := ParseCgroup(string(text))
	c := crash.Container{ID: id}
	if pod == "" {
		return c
	}
	c.Namespace, c.Pod = podOf(roots, id, pod)
	return c
}

// podOf finds namespace and name of a pod below /var/log: by the container in
// containers/POD_NAMESPACE_CONTAINER-ID.log, else by the pod in
// pods/NAMESPACE_POD_UID (kubernetes: pkg/kubelet/kuberuntime/legacy.go, logs.go).
// None of the three names can hold an underscore.
func podOf(roots Roots, id, uid string) (namespace, pod string) {
	logs := filepath.Join(roots.Var, "log")
	if id != "" {
		if found, err := filepath.Glob(filepath.Join(logs, "containers", "*-"+id+".log")); err == nil && len(found) == 1 {
			if parts := strings.Split(filepath.Base(found[0]), "_"); len(parts) == 3 {
				return parts[1], parts[0]
			}
		}
	}
	found, err := filepath.Glob(filepath.Join(logs, "pods", "*_"+uid))
	if err != nil || len(found) != 1 {
		return "", ""
	}
	if parts := strings.Split(filepath.Base(found[0]), "_"); len(parts) == 3 {
		return parts[0], parts[1]
	}
	return "", ""
}

package annotate

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
)

// Origin is where a crashed process ran: its container and pod, or its unit.
type Origin struct {
	Container     crash.Container
	ContainerName string // within its pod
	Unit          string // systemd unit
	Service       string // service.name, when the configuration names none
	Version       string
}

// Annotate writes the origin into a record. A service that the configuration
// names is kept. The name of the container and the unit are attributes
// (k8s.container.name or container.name, systemd.unit).
func (o Origin) Annotate(r *crash.Record) {
	if o == (Origin{}) {
		return
	}
	node, cluster := r.Container.Node, r.Container.Cluster
	r.Container = o.Container
	r.Container.Node, r.Container.Cluster = node, cluster
	if r.Process.ServiceName == "" {
		r.Process.ServiceName, r.Process.ServiceVersion = o.Service, o.Version
	}
	name := "container.name"
	if o.Container.Pod != "" {
		name = "k8s.container.name"
	}
	addAttribute(r, name, o.ContainerName)
	addAttribute(r, "systemd.unit", o.Unit)
}

// addAttribute adds an attribute where there is room and none of that name.
func addAttribute(r *crash.Record, name, value string) {
	if value == "" || len(value) > crash.MaxAttributeValue || len(r.Attributes) >= crash.MaxAttributes {
		return
	}
	if _, fixed := r.Attributes[name]; fixed {
		return
	}
	if r.Attributes == nil {
		r.Attributes = make(map[string]string)
	}
	r.Attributes[name] = value
}

// Origins finds out where crashed processes ran. The cgroup decides, never a
// host name. A process is in /proc only while its core is being written, often
// for a millisecond, and its container's state may go as fast. So it is looked up
// when its core appears (see [Origins.Appeared]), and processes and states of
// containers are read ahead (see [Origins.Refresh]), which finds whatever ran for
// longer than the time between two refreshes.
//
// Limits: of a process in a pid namespace of its own, such as a container's, the
// core's name must tell the pid on the host (%P, or systemd-coredump's names). Its
// methods may be called at the same time.
type Origins struct {
	roots Roots
	names *Names
	now   func() time.Time // replaced by tests

	mu         sync.Mutex
	processes  map[string]seenProcess // by path of the core
	living     living
	containers map[string]seenState // by id
}

type seenProcess struct {
	process
	origin Origin
	seen   time.Time
}

type seenState struct {
	containerState
	found bool
	seen  time.Time
}

const (
	// maxProcesses and maxContainers bound what is remembered, keepFor for
	// how long after the last use.
	maxProcesses  = 4096
	maxContainers = 4096
	keepFor       = 15 * time.Minute
	// notFoundFor is how long the absence of a state is believed.
	notFoundFor = 5 * time.Second
)

// NewOrigins returns an empty memory; names read the pids of cores' names.
func NewOrigins(roots Roots, names *Names) *Origins {
	return &Origins{
		roots: roots.withDefaults(), names: names, now: time.Now,
		processes: make(map[string]seenProcess), containers: make(map[string]seenState),
	}
}

// Appeared looks up the process of a core that has just appeared. It is to be
// called at once, and takes some 50 µs.
func (o *Origins) Appeared(path string) {
	if name := o.names.Read(filepath.Base(path)); name.HostPID {
		o.look(path, name.PID)
	}
}

// look remembers the process of a core when it is still there.
func (o *Origins) look(path string, pid int64) {
	p, ok := readEnding(o.roots, pid)
	if !ok {
		return
	}
	o.remember(path, p)
}

func (o *Origins) remember(path string, p process) {
	origin := o.of(p.cgroup)
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.processes) >= maxProcesses {
		maps.DeleteFunc(o.processes, func(_ string, s seenProcess) bool { return o.now().Sub(s.seen) > keepFor })
		if len(o.processes) >= maxProcesses {
			return
		}
	}
	o.processes[path] = seenProcess{p, origin, o.now()}
}

// OfCore returns where the process of a core ran. pid and comm are those that
// the core itself tells and owner is the user whose file it is, so that a core
// that took the name of another, or a forged one, gets no foreign origin.
func (o *Origins) OfCore(path string, pid int64, comm string, owner uint32) Origin {
	if o == nil {
		return Origin{}
	}
	if origin, known := o.remembered(path, pid, comm, owner); known {
		return origin
	}
	host := pid
	if name := o.names.Read(filepath.Base(path)); name.HostPID {
		host = name.PID
	}
	o.look(path, host) // a large core is still being written
	if origin, known := o.remembered(path, pid, comm, owner); known {
		return origin
	}
	p, known := o.living.ended(o.roots, host)
	if !known || !p.is(pid, comm, owner) {
		return Origin{}
	}
	o.remember(path, p)
	origin, _ := o.remembered(path, pid, comm, owner)
	return origin
}

func (o *Origins) remembered(path string, pid int64, comm string, owner uint32) (Origin, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s, ok := o.processes[path]
	if !ok || !s.is(pid, comm, owner) {
		return Origin{}, false
	}
	s.seen = o.now()
	o.processes[path] = s
	return s.origin, true
}

// OfCgroup returns the origin of a process by its cgroup, as /proc/pid/cgroup
// or journald's COREDUMP_CGROUP give it.
func (o *Origins) OfCgroup(text string) Origin {
	if o == nil {
		return Origin{}
	}
	return o.of(ParseCgroup(text))
}

func (o *Origins) of(c Cgroup) Origin {
	if c.Container == "" && c.Pod == "" {
		return Origin{Unit: c.Unit, Service: serviceOfUnit(c.Unit)}
	}
	var s containerState
	if c.Container != "" {
		s = o.state(c.Container)
	}
	if c.Pod != "" && (s.Namespace == "" || s.Pod == "") {
		s.Namespace, s.Pod = podOf(o.roots, c.Container, c.Pod)
	}
	origin := Origin{
		Container:     crash.Container{ID: c.Container, Image: s.Image, Namespace: s.Namespace, Pod: s.Pod},
		ContainerName: s.Name, Service: s.Service, Version: s.Version,
	}
	if origin.Service == "" {
		origin.Service = s.Name
	}
	if origin.Version == "" {
		origin.Version = versionOfImage(s.Image)
	}
	return origin
}

// state returns the state of a container, from memory or from disk.
func (o *Origins) state(id string) containerState {
	o.mu.Lock()
	defer o.mu.Unlock()
	s, known := o.containers[id]
	if !known || (!s.found && o.now().Sub(s.seen) > notFoundFor) {
		s.containerState, s.found = readState(o.roots, id)
	}
	s.seen = o.now()
	if known || len(o.containers) < maxContainers {
		o.containers[id] = s
	}
	return s.containerState
}

var wholeID = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Refresh reads the processes and the states of containers that are new, and
// forgets those that ended a while ago. It is to be called now and then.
func (o *Origins) Refresh() {
	for _, dir := range stateDirs(o.roots) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if wholeID.MatchString(e.Name()) {
				o.state(e.Name())
			}
		}
	}
	o.living.refresh(o.roots, o.now())
	o.mu.Lock()
	defer o.mu.Unlock()
	maps.DeleteFunc(o.containers, func(_ string, s seenState) bool { return o.now().Sub(s.seen) > keepFor })
	maps.DeleteFunc(o.processes, func(_ string, s seenProcess) bool { return o.now().Sub(s.seen) > keepFor })
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

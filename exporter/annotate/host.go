package annotate

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
)

// maxSmallFile bounds what is read of any descriptive file.
const maxSmallFile = 64 << 10

// Machine is the machine that the exporter runs on.
type Machine struct {
	Host      crash.Host
	Cloud     crash.Cloud
	Container crash.Container // Cluster and Node only
	// Attributes are given to every crash.
	Attributes map[string]string
	// Booted is when the kernel started; zero when unknown.
	Booted time.Time
	// Live tells what may change while the machine runs; nil for nothing.
	Live *Live

	fixed []fixedField // of SetStatic
}

// ReadMachine reads who this machine is. Facts that are not to be found stay
// empty; missing names them, for a log line at the start.
func ReadMachine(roots Roots) (m Machine, missing []string) {
	roots = roots.withDefaults()
	note := func(what string, found bool) {
		if !found {
			missing = append(missing, what)
		}
	}
	kernel := filepath.Join(roots.Proc, "sys/kernel")
	h := &m.Host
	// In a container the kernel tells the container's name, not the host's.
	if roots.under {
		h.Name = firstLine(filepath.Join(roots.Etc, "hostname"))
	}
	if h.Name == "" {
		h.Name = firstLine(filepath.Join(kernel, "hostname"))
	}
	h.ID = firstLine(filepath.Join(roots.Etc, "machine-id"))
	if len(h.ID) != 32 { // machine-id(5): 32 hex digits, or "uninitialized"
		h.ID = ""
	}
	h.BootID = firstLine(filepath.Join(kernel, "random/boot_id"))
	h.KernelRelease = firstLine(filepath.Join(kernel, "osrelease"))
	h.CPUModel, h.Microcode = readCPU(filepath.Join(roots.Proc, "cpuinfo"))
	if v := firstLine(filepath.Join(roots.Sys, "devices/system/cpu/cpu0/microcode/version")); v != "" {
		h.Microcode = v
	}
	m.Booted = readBootTime(filepath.Join(roots.Proc, "stat"))
	note("host.name", h.Name != "")
	note("host.id", h.ID != "")
	note("host.boot_id", h.BootID != "")
	note("host.cpu.model.name", h.CPUModel != "")
	note("boot time", !m.Booted.IsZero())
	return m, missing
}

// Annotate writes the machine into a record whose Time is set. Boot id and
// uptime are those of the running kernel, so a crash from before its start (a
// core found after a reboot) gets neither, nor anything else that a reboot may
// have changed: kernel release, microcode and physical host. A CPU or boot id
// that the record already has is kept.
func (m *Machine) Annotate(r *crash.Record) {
	cpu, boot := r.Host.CPU, r.Host.BootID
	r.Host, r.Cloud, r.Container.Node, r.Container.Cluster = m.Place()
	r.Host.CPU = cpu
	for name, value := range m.Attributes {
		if r.Attributes == nil {
			r.Attributes = make(map[string]string)
		}
		r.Attributes[name] = value
	}
	if m.Live != nil {
		addAttribute(r, "cloud.instance.id", m.Live.instance())
	}
	up := r.Time.Sub(m.Booted)
	switch {
	case (boot != "" && boot != m.Host.BootID) || (!m.Booted.IsZero() && up < 0):
		r.Host.BootID = boot
		r.Host.KernelRelease, r.Host.Microcode, r.Host.PhysicalID = "", "", ""
		m.fix(r)
	case !m.Booted.IsZero():
		r.Host.UptimeSeconds = crash.Some(int64(up / time.Second))
	}
}

// Place returns the host, the cloud, and the names of its Kubernetes node and
// cluster as they are now.
func (m *Machine) Place() (host crash.Host, cloud crash.Cloud, node, cluster string) {
	r := crash.Record{Host: m.Host, Cloud: m.Cloud, Container: m.Container}
	if m.Live != nil {
		m.Live.annotate(&r)
		m.fix(&r)
	}
	return r.Host, r.Cloud, r.Container.Node, r.Container.Cluster
}

// readCPU reads the first processor of /proc/cpuinfo. arm64 kernels give no
// model name there; its place is taken by implementer and part.
func readCPU(path string) (model, microcode string) {
	text, err := readSmall(path)
	if err != nil {
		return "", ""
	}
	fields := make(map[string]string)
	for line := range strings.Lines(string(text)) {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			if len(fields) > 0 {
				break // the end of the first processor
			}
			continue
		}
		fields[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	model = fields["model name"]
	if impl, part := fields["CPU implementer"], fields["CPU part"]; model == "" && impl != "" {
		model = fmt.Sprintf("implementer %s part %s", impl, part)
	}
	return model, fields["microcode"]
}

// readBootTime reads "btime" of /proc/stat: seconds since the epoch.
func readBootTime(path string) time.Time {
	f, err := os.Open(path)
	if err != nil {
		return time.Time{}
	}
	defer f.Close()
	lines := bufio.NewScanner(io.LimitReader(f, 8<<20)) // a line a CPU and one of all interrupts precede it
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		if text, ok := bytes.CutPrefix(lines.Bytes(), []byte("btime ")); ok {
			seconds, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
			if err != nil || seconds <= 0 {
				return time.Time{}
			}
			return time.Unix(seconds, 0).UTC()
		}
	}
	return time.Time{}
}

func readSmall(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxSmallFile))
}

// firstLine returns the first line of a small file, "" when there is none.
func firstLine(path string) string {
	text, err := readSmall(path)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSpace(line)
}

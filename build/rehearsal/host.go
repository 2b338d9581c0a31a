package rehearsal

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/epicurve/epicurve/build/process"
)

// host is a simulated host: its exporter, with directories of its own.
type host struct {
	vm
	dir      string
	mu       sync.Mutex // guards exporter: the killer and the story both stop it
	exporter *process.Program
	expected int // crashes so far
}

// newHost prepares a host below dir; nothing runs yet.
func newHost(dir, binary string, v vm) (*host, error) {
	h := &host{vm: v, dir: filepath.Join(dir, v.name)}
	if err := os.MkdirAll(h.cores(), 0o700); err != nil {
		return nil, fmt.Errorf("host %s: %w", v.name, err)
	}
	if err := h.furnish(); err != nil {
		return nil, fmt.Errorf("host %s: %w", v.name, err)
	}
	var err error
	h.exporter, err = process.New(binary, filepath.Join(h.dir, "exporter.log"), "watch", "--config.file", h.config())
	if err != nil {
		return nil, fmt.Errorf("host %s: %w", v.name, err)
	}
	return h, nil
}

// furnish writes the files in which a host tells who it is and since when it
// runs, as they are mounted into a container.
func (h *host) furnish() error {
	for name, text := range map[string]string{
		"etc/hostname":                    h.name,
		"etc/machine-id":                  h.id,
		"proc/stat":                       fmt.Sprintf("cpu  0 0 0 0\nbtime %d", h.booted.Unix()),
		"proc/cpuinfo":                    "processor\t: 0\nmodel name\t: " + h.cpu,
		"proc/sys/kernel/osrelease":       kernel,
		"proc/sys/kernel/random/boot_id":  h.boot,
		"proc/sys/kernel/hostname":        h.name,
		"sys/devices/system/cpu/possible": "0",
	} {
		path := filepath.Join(h.root(), name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (h *host) root() string   { return filepath.Join(h.dir, "root") }
func (h *host) cores() string  { return filepath.Join(h.dir, "cores") }
func (h *host) config() string { return filepath.Join(h.dir, "exporter.yml") }

// move configures the host for a chapter and starts its exporter, or starts it
// anew: the machine below it and the build on it may have changed.
func (h *host) move(archive, machine, version string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.exporter.Stop(os.Interrupt); err != nil {
		return fmt.Errorf("host %s: %w", h.name, err)
	}
	text := fmt.Sprintf(`core: {dirs: [%q], name_patterns: [%q], symbols: false, root: %q}
state: {dir: %q}
archive: {url: %q}
services: [{name: storage, version: %q, executable: "*"}]
annotations:
  physical_host_file: %q
  static: {cloud.region: %q}
`, h.cores(), corePattern, h.root(), filepath.Join(h.dir, "state"), archive, version, filepath.Join(h.dir, "physical"), h.region)
	if err := os.WriteFile(h.config(), []byte(text), 0o600); err != nil {
		return fmt.Errorf("host %s: %w", h.name, err)
	}
	if err := os.WriteFile(filepath.Join(h.dir, "physical"), []byte(machine+"\n"), 0o600); err != nil {
		return fmt.Errorf("host %s: %w", h.name, err)
	}
	return h.exporter.Start()
}

// kill ends the exporter as the kernel's out-of-memory killer would, and starts
// it again.
func (h *host) kill() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.exporter.Stop(syscall.SIGKILL); err != nil {
		return fmt.Errorf("host %s: %w", h.name, err)
	}
	return h.exporter.Start()
}

// stop ends the exporter at the end of the story.
func (h *host) stop() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.exporter.Stop(os.Interrupt)
}

// counted tells whether the exporter has counted every crash and handed it on;
// more than happened is an error.
func (h *host) counted(ctx context.Context) (bool, error) {
	page := h.exporter.Page(ctx, "/metrics")
	n, ok := process.Metric(page, "coredump_crashes_total")
	if !ok {
		return false, nil
	}
	if int(n) > h.expected {
		return false, fmt.Errorf("%w: %s counts %v crashes of %d", ErrWrong, h.name, n, h.expected)
	}
	pending, ok := process.Metric(page, "epicurve_exporter_spool_pending_records")
	return ok && int(n) == h.expected && pending == 0, nil
}

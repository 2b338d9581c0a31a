package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/epicurve/epicurve/exporter/annotate"
	"github.com/epicurve/epicurve/exporter/annotate/cloud"
	"github.com/epicurve/epicurve/exporter/annotate/command"
)

// Annotations tell where this node stands.
type Annotations struct {
	// Static fixes fields of the place (host.*, cloud.*, k8s.node.name,
	// k8s.cluster.name); other names become attributes of every crash.
	Static map[string]string `yaml:"static"`
	// Cloud says whose metadata server is asked.
	Cloud Cloud `yaml:"cloud"`
	// PhysicalHostFile names the machine under this virtual machine in its
	// first line, PhysicalHostCommand prints it. Without either Hyper-V's
	// key-value pool is asked, then the cloud.
	PhysicalHostFile string `yaml:"physical_host_file"`
	// PhysicalHostCommand is a program and its arguments, run without a
	// shell, every five minutes.
	PhysicalHostCommand []string `yaml:"physical_host_command"`
	PhysicalHostTimeout Duration `yaml:"physical_host_timeout"`
}

// Cloud says whose metadata server is asked.
type Cloud struct {
	// Provider is auto, aws, gce, azure or off.
	Provider string `yaml:"provider"`
	// Endpoint is where the server is, when not at http://169.254.169.254. It
	// is taken from here only, never from a flag or the environment.
	Endpoint string `yaml:"endpoint"`
	// Timeout of one request.
	Timeout Duration `yaml:"timeout"`
}

func (a *Annotations) validate() error {
	errs := []error{new(annotate.Machine).SetStatic(a.Static)}
	if !slices.Contains(cloud.Providers(), a.Cloud.Provider) {
		errs = append(errs, fmt.Errorf("annotations.cloud.provider: %.40q: want one of %s", a.Cloud.Provider, strings.Join(cloud.Providers(), ", ")))
	}
	if err := cloud.CheckEndpoint(a.Cloud.Endpoint); err != nil {
		errs = append(errs, fmt.Errorf("annotations.cloud.endpoint: %w", err))
	}
	errs = append(errs, between("annotations.cloud.timeout", a.Cloud.Timeout, 50*time.Millisecond, 10*time.Second),
		between("annotations.physical_host_timeout", a.PhysicalHostTimeout, 100*time.Millisecond, time.Minute))
	if a.PhysicalHostFile != "" && !filepath.IsAbs(a.PhysicalHostFile) {
		errs = append(errs, fmt.Errorf("annotations.physical_host_file: %q: want an absolute path", a.PhysicalHostFile))
	}
	if a.PhysicalHostCommand != nil {
		if err := command.Check(a.PhysicalHostCommand); err != nil {
			errs = append(errs, fmt.Errorf("annotations.physical_host_command: %w", err))
		}
		if a.PhysicalHostFile != "" {
			errs = append(errs, errors.New("annotations: physical_host_file and physical_host_command: want at most one of the two"))
		}
	}
	return errors.Join(errs...)
}

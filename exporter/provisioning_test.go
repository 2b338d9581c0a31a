package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"testing"

	"github.com/epicurve/epicurve/exporter/config"
)

const provisioned = "../provisioning/systemd"

// The configuration that is shipped as an example is valid.
func TestProvisionedConfiguration(t *testing.T) {
	c, err := config.Load(filepath.Join(provisioned, "exporter.yml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

// It names every setting.
func TestProvisionedConfigurationIsWhole(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(provisioned, "exporter.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var walk func(reflect.Type, string)
	walk = func(typ reflect.Type, path string) {
		switch typ.Kind() {
		case reflect.Slice, reflect.Pointer:
			walk(typ.Elem(), path)
		case reflect.Struct:
			for f := range typ.Fields() {
				name := f.Tag.Get("yaml")
				if !regexp.MustCompile(`(?m)[ {]` + name + `:|^` + name + `:`).Match(text) {
					t.Errorf("exporter.yml does not name %s.%s", path, name)
				}
				walk(f.Type, path+"."+name)
			}
		default:
		}
	}
	walk(reflect.TypeFor[config.Config](), "")
}

// The unit is sandboxed as tightly as it says, and keeps one right of root's.
func TestUnitExposure(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	unit, err := filepath.Abs(filepath.Join(provisioned, "epicurve-exporter.service"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(unit)
	if err != nil {
		t.Fatal(err)
	}
	for _, set := range []string{"CapabilityBoundingSet", "AmbientCapabilities"} {
		if lines := regexp.MustCompile(`(?m)^`+set+`=.*$`).FindAllString(string(text), -1); len(lines) != 1 || lines[0] != set+"=CAP_DAC_READ_SEARCH" {
			t.Errorf("%s: %q, want CAP_DAC_READ_SEARCH only", set, lines)
		}
	}
	out, err := exec.Command(analyze, "security", "--offline=yes", "--no-pager", unit).CombinedOutput()
	m := regexp.MustCompile(`Overall exposure level for \S+: ([0-9.]+)`).FindSubmatch(bytes.TrimSpace(out))
	if m == nil {
		t.Skipf("systemd-analyze cannot judge here: %v\n%s", err, out)
	}
	if level, err := strconv.ParseFloat(string(m[1]), 64); err != nil || level >= 2 {
		t.Errorf("exposure level %s, want under 2.0\n%s", m[1], out)
	}
}

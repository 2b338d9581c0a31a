package storm

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/epicurve/epicurve/build/process"
)

// Real processes crash, one without a core and one with: the kernel log tells
// of both, and each is counted once. Others may crash on this machine meanwhile,
// so the processes are known by names of their own.
func TestKernelLog(t *testing.T) {
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("needs gcc")
	}
	kmsg, err := os.Open("/dev/kmsg")
	if err != nil {
		t.Skipf("needs the right to read the kernel log: %v", err)
	}
	kmsg.Close()
	if b, err := os.ReadFile("/proc/sys/debug/exception-trace"); err != nil || strings.TrimSpace(string(b)) != "1" {
		t.Skip("this kernel prints no crashes (debug.exception-trace)")
	}
	if b, err := os.ReadFile("/proc/sys/kernel/core_pattern"); err != nil || !regexp.MustCompile(`^[^/|@%]+\n$`).Match(b) {
		t.Skip("needs a kernel.core_pattern that writes into the working directory")
	}
	dir := t.TempDir()
	cores := filepath.Join(dir, "cores")
	if err := os.Mkdir(cores, 0o700); err != nil {
		t.Fatal(err)
	}
	without, with := compileCrash(t, gcc, dir, "n"), compileCrash(t, gcc, dir, "c")
	config := filepath.Join(dir, "exporter.yml")
	if err := os.WriteFile(config, []byte("core: {dirs: ["+cores+"]}\nlogs: {kernel: true, hold: 2s}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := process.New(exporter(t), filepath.Join(dir, "exporter.log"), "watch", "--config.file", config, "--state.dir", filepath.Join(dir, "state"))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := p.Stop(os.Interrupt); err != nil {
			t.Error(err)
		}
	}()
	said := func(what, name string) int {
		text, err := os.ReadFile(p.Log())
		if err != nil {
			t.Fatal(err)
		}
		return len(regexp.MustCompile(`msg="`+what+`".* executable=`+name+` `).FindAll(text, -1))
	}
	// The kernel prints a bounded number of messages: try until it has.
	for attempt := 0; ; attempt++ {
		crashIn(cores, without, "0")
		crashIn(cores, with, "unlimited")
		err := process.Until(t.Context(), 8*time.Second, "both counted", func() bool {
			return said("Counted a crash without a core", filepath.Base(without)) > 0 && said("Counted a crash", filepath.Base(with)) > 0
		})
		if err == nil {
			break
		}
		if attempt == 3 {
			t.Skipf("the kernel left out its messages, as it does when many processes crash: %v", err)
		}
	}
	page := p.Page(t.Context(), "/metrics")
	if err := process.Until(t.Context(), 10*time.Second, "the log joined to the core", func() bool {
		page = p.Page(t.Context(), "/metrics")
		return strings.Contains(page, `epicurve_exporter_log_crashes_total{result="joined",source="kernel_log"} `) &&
			!strings.Contains(page, `epicurve_exporter_log_crashes_total{result="joined",source="kernel_log"} 0`)
	}); err != nil {
		t.Error(err)
	}
	if n := said("Counted a crash without a core", filepath.Base(with)); n != 0 {
		t.Errorf("the crash with a core was counted from the log %d times as well", n)
	}
}

// compileCrash builds a program that writes through a null pointer.
func compileCrash(t *testing.T, gcc, dir, kind string) string {
	t.Helper()
	name := filepath.Join(dir, fmt.Sprintf("ek%s%d", kind, os.Getpid()))
	source := name + ".c"
	if err := os.WriteFile(source, []byte("int main(void) { *(volatile int *)16 = 1; return 0; }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(gcc, "-o", name, source).CombinedOutput(); err != nil {
		t.Skipf("gcc: %v\n%s", err, out)
	}
	return name
}

// crashIn runs a program in a directory under a limit of core size.
func crashIn(dir, program, limit string) {
	cmd := exec.Command("/bin/sh", "-c", "ulimit -c "+limit+"; exec "+program)
	cmd.Dir = dir
	_ = cmd.Run() // it is meant to crash
}

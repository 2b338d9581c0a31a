package storm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/epicurve/epicurve/build/process"
	"github.com/epicurve/epicurve/exporter/spool"
	"github.com/epicurve/epicurve/pkg/crash"
)

// handlerProgram faults; its handler reports the fault to a log and lets it
// happen again, so that the kernel prints it too and dumps core.
const handlerProgram = `#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <fcntl.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
static const char *path;
static void handler(int sig, siginfo_t *info, void *context) {
	ucontext_t *c = context;
	char text[512];
	int n = snprintf(text, sizeof text, "CRASH signal %d code %d addr %p pid %d pc %llx sp %llx time %ld\n", sig, info->si_code, info->si_addr,
		getpid(), (unsigned long long)c->uc_mcontext.gregs[REG_RIP], (unsigned long long)c->uc_mcontext.gregs[REG_RSP], (long)time(0));
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
	if (write(fd, text, n) < 0) _exit(1);
	close(fd);
}
int main(int argc, char **argv) {
	path = argv[1];
	struct sigaction a = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESETHAND};
	sigaction(SIGSEGV, &a, 0);
	printf("%d\n", getpid());
	fflush(stdout);
	*(volatile int *)16 = 1;
}
`

// appendEntry writes systemd-coredump's entry of a crash to a journal export.
func appendEntry(t *testing.T, path, boot, exe, pid string, at time.Time) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	message := fmt.Sprintf("Process %s (%s) of user 0 dumped core.\n", pid, exe)
	text := fmt.Sprintf("__CURSOR=s=%s\n_BOOT_ID=%s\n_UID=0\n_SYSTEMD_UNIT=systemd-coredump@1-%s-0.service\nMESSAGE_ID=fc2e22bc6ee647b6b90729ab34a250b1\n"+
		"COREDUMP_PID=%s\nCOREDUMP_SIGNAL=11\nCOREDUMP_TIMESTAMP=%d\nCOREDUMP_EXE=/opt/%s\nCOREDUMP_COMM=%s\nCOREDUMP_UNIT=lab.service\nMESSAGE\n",
		pid, strings.ReplaceAll(boot, "-", ""), pid, pid, at.Unix()*1e6, exe, exe)
	text += string(binary.LittleEndian.AppendUint64(nil, uint64(len(message)))) + message + "\n\n"
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// Real processes crash, with and without a core; the kernel, their own handler
// and a journal tell of each. The exporter is killed while they do and started
// again, several times: each crash is on record once.
func TestFourSources(t *testing.T) {
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("needs gcc")
	}
	if f, err := os.Open("/dev/kmsg"); err != nil {
		t.Skipf("needs the right to read the kernel log: %v", err)
	} else {
		f.Close()
	}
	if b, err := os.ReadFile("/proc/sys/kernel/core_pattern"); err != nil || !regexp.MustCompile(`^[^/|@%]+\n$`).Match(b) {
		t.Skip("needs a kernel.core_pattern that writes into the working directory")
	}
	bootID, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		t.Fatal(err)
	}
	boot := strings.TrimSpace(string(bootID))
	dir := t.TempDir()
	program := filepath.Join(dir, fmt.Sprintf("four%d", os.Getpid()))
	if err := os.WriteFile(program+".c", []byte(handlerProgram), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), gcc, "-o", program, program+".c").CombinedOutput(); err != nil {
		t.Skipf("gcc: %v\n%s", err, out)
	}
	appLog, export, state := filepath.Join(dir, "app.log"), filepath.Join(dir, "journal.export"), filepath.Join(dir, "state")
	config := filepath.Join(dir, "exporter.yml")
	if err := errors.Join(os.WriteFile(appLog, nil, 0o600), os.WriteFile(export, nil, 0o600), os.WriteFile(config, []byte(fmt.Sprintf(`core: {dirs: [%q]}
state: {dir: %s}
logs:
  kernel: true
  hold: 4s
  patterns:
    - name: ours
      start: 'CRASH signal (?P<signal>\d+) code (?P<code>\d+) addr (?P<addr>\S+) pid (?P<pid>\d+) pc (?P<pc>\S+) sp (?P<sp>\S+) time (?P<time>\d+)'
  files:
    - {name: app, path: %s, crashes: [ours], executable: %s}
    - {name: journald, path: %s, format: journal_export}
`, filepath.Join(dir, "cores*"), state, appLog, filepath.Base(program), export)), 0o600)); err != nil {
		t.Fatal(err)
	}
	p, err := process.New(exporter(t), filepath.Join(dir, "exporter.log"), "watch", "--config.file", config)
	if err != nil {
		t.Fatal(err)
	}
	const n = 12
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		cores := filepath.Join(dir, fmt.Sprint("cores", i)) // one each: they have one name
		if err := os.Mkdir(cores, 0o700); err != nil {
			t.Fatal(err)
		}
		limit := []string{"0", "unlimited"}[i%2]
		at := time.Now()
		cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", "ulimit -c "+limit+"; exec "+program+" "+appLog)
		cmd.Dir = cores
		out, err := cmd.Output()
		if err == nil {
			t.Fatal("it did not crash")
		}
		t.Logf("crash of %s at %s, core size %s", strings.TrimSpace(string(out)), at.Format(time.TimeOnly), limit)
		appendEntry(t, export, boot, filepath.Base(program), strings.TrimSpace(string(out)), at)
		if i%3 == 2 { // while some are held
			if err := p.Stop(os.Kill); err != nil {
				t.Fatal(err)
			}
			if err := p.Start(); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(300 * time.Millisecond)
	}
	time.Sleep(6 * time.Second) // the hold, and some to read what was written last
	if err := process.Until(t.Context(), 2*time.Minute, "nothing held", func() bool {
		page := p.Page(t.Context(), "/metrics")
		return strings.Contains(page, "\nepicurve_exporter_log_held_crashes 0\n") && strings.Contains(page, "\nepicurve_exporter_pending_files 0\n")
	}); err != nil {
		t.Error(err)
	}
	if err := p.Stop(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	bySource := recordsOf(t, state, filepath.Base(program))
	t.Logf("%d crashes, on record by source: %v", n, bySource)
	total := 0
	for _, c := range bySource {
		total += c
	}
	if total != n || bySource[crash.SourceCore] == 0 || total == bySource[crash.SourceCore] {
		t.Errorf("%d records of %d crashes: %v", total, n, bySource)
	}
}

// recordsOf counts the records of a program in a spool, by source.
func recordsOf(t *testing.T, state, executable string) map[crash.Source]int {
	t.Helper()
	s, err := spool.Open(spool.Config{Dir: state})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	batch, err := s.Batch(100000, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	n := make(map[crash.Source]int)
	for _, e := range batch {
		if r := e.Record; r != nil && r.Process.Executable == executable {
			n[r.Source]++
			t.Logf("%s pid %d at %s from %s: %s (%s)", r.ID, r.Process.PID.Value, r.Time.Format(time.TimeOnly), r.Source, r.Finding.Kind, r.Finding.Confidence)
		}
	}
	return n
}

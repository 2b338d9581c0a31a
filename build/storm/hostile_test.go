package storm

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/epicurve/epicurve/build/process"
)

// attacker is a user without rights; 65534 is nobody on every Linux.
const attacker = 65534

// plant is what the attacker does in the core directory, as a shell script: all
// that a hostile user can make there. $FORGED is a well-formed core.
const plant = `
ln -s /etc/shadow core.symlink
ln -s /dev/zero core.zero
mkfifo core.fifo
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("core.socket")' 2>/dev/null
ln /etc/shadow core.hardlink 2>/dev/null
truncate -s 4T core.monster
(printf '\177ELF\002\001\001'; head -c 57 /dev/zero; printf '\377\377\377\377') > core.elf
head -c 70000 /dev/urandom > core.random
printf '\050\265\057\375\377\377\377\377\377' > core.zst
printf 'x' > "$(printf 'core.\n2026 level=ERROR msg=forged\033[2J\033]0;owned\007')"
mkdir core.directory
i=0; while [ $i -lt 10000 ]; do : > core.fake.$i; i=$((i+1)); done
i=0; while [ $i -lt 300 ]; do cp $FORGED/core.$i .; i=$((i+1)); done
`

// The hostile directory: a real user without rights plants everything that can
// be planted, and the exporter, running as root and so with the most to lose,
// goes on counting the crashes of others.
func TestHostileDirectory(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to become another user")
	}
	root, err := os.MkdirTemp("", "hostile") // t.TempDir is closed to other users
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(root)
	dir, forged := filepath.Join(root, "cores"), filepath.Join(root, "forged")
	for path, mode := range map[string]os.FileMode{root: 0o755, dir: 0o777 | os.ModeSticky, forged: 0o755} {
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 300 {
		if err := os.WriteFile(filepath.Join(forged, "core."+strconv.Itoa(i)), core(i+1, 0), 0o644); err != nil { //nolint:gosec // the attacker reads it
			t.Fatal(err)
		}
	}
	config := filepath.Join(root, "exporter.yml")
	if err := os.WriteFile(config, []byte("core: {dirs: ["+dir+"], settle: 300ms, rescan: 5s, user_rate: 0.001, user_burst: 100}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := process.New(exporter(t), filepath.Join(root, "exporter.log"), "watch", "--config.file", config, "--state.dir", filepath.Join(root, "state"))
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
	ctx := t.Context()
	if err := process.Until(ctx, time.Minute, "exporter ready", func() bool { return p.Page(ctx, "/-/ready") != "" }); err != nil {
		t.Fatal(err)
	}
	series := strings.Count(p.Page(ctx, "/metrics"), "\ncoredump_")

	plantAs(ctx, t, dir, forged)
	read := func(name string) float64 { v, _ := process.Metric(p.Page(ctx, "/metrics"), name); return v }
	if err := process.Until(ctx, 2*time.Minute, "the fakes found and the limit reached", func() bool {
		return read("epicurve_exporter_cores_found_total") >= 10000 && read("epicurve_exporter_rate_limited_total") > 0
	}); err != nil {
		t.Fatal(err)
	}
	if err := drop(dir, 100000, core(100000, 0)); err != nil { // a true crash, of root
		t.Fatal(err)
	}
	if err := process.Until(ctx, time.Minute, "the true crash counted", func() bool { return read("coredump_crashes_total") >= 101 }); err != nil {
		t.Error(err)
	}
	page := p.Page(ctx, "/metrics")
	for _, kind := range []string{"symlink", "fifo"} {
		if v, _ := process.Metric(strings.ReplaceAll(page, `{type="`+kind+`"}`, "_"+kind), "epicurve_exporter_files_refused_total_"+kind); v < 1 {
			t.Errorf("no %s was refused", kind)
		}
	}
	// 100 of the burst, 1 of root, and broken cores that are recognisably cores.
	if n := read("coredump_crashes_total"); n > 105 {
		t.Errorf("%g crashes counted: the attacker got past the limit of 100", n)
	}
	if now := strings.Count(page, "\ncoredump_"); now != series {
		t.Errorf("%d series, %d before the attack", now, series)
	}
	if _, peak, err := p.Memory(); err != nil || peak > 64<<20 {
		t.Errorf("peak RSS %.1f MiB (%v), want less than 64", mib(peak), err)
	} else {
		t.Logf("peak RSS %.1f MiB", mib(peak))
	}
	checkLog(t, p.Log())
}

// plantAs runs the attack as the attacker.
func plantAs(ctx context.Context, t *testing.T, dir, forged string) {
	t.Helper()
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", plant)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=/usr/bin:/bin", "FORGED=" + forged}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: attacker, Gid: attacker}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("attack: %v\n%s", err, out)
	}
}

// checkLog looks for what must not be in a log: terminal escapes, forged lines,
// contents of files, and endless repetition.
func checkLog(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(string(text), "\x1b\x07") {
		t.Error("a terminal escape reached the log")
	}
	if strings.Contains(string(text), "\n2026 level=ERROR") {
		t.Error("a forged line reached the log")
	}
	if strings.Contains(string(text), "root:") {
		t.Error("content of a file reached the log")
	}
	if n := strings.Count(string(text), "\n"); n > 1500 {
		t.Errorf("%d lines of log", n)
	}
}

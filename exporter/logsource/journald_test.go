package logsource

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/epicurve/epicurve/pkg/crash"
)

// journaldScript runs a real journald in a mount namespace of its own, whose
// journal is a directory of the test, and does what its input says: "coredump
// CORE" lets the real systemd-coredump process a core of a living process,
// "forge" writes its entry as an unprivileged user, "deploy" writes evidence.
const journaldScript = `set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/journal /run/log/journal
mount --bind "$1" /run/log/journal
mkdir -p /var/lib/systemd/coredump
mount -t tmpfs tmpfs /var/lib/systemd/coredump
/lib/systemd/systemd-journald 2>/dev/null &
journald=$!
while [ ! -S /run/systemd/journal/socket ]; do sleep 0.05; done
systemd-socket-activate --seqpacket --accept -l /run/systemd/coredump /lib/systemd/systemd-coredump 2>/dev/null &
activate=$!
while [ ! -S /run/systemd/coredump ]; do sleep 0.05; done
echo ready
while read -r what core; do
	case $what in
	coredump)
		SECRET=of-the-environment sleep 300 & victim=$!
		/lib/systemd/systemd-coredump $victim 0 0 11 $(date +%s) 9223372036854775808 host 1 <"$core"
		kill $victim
		echo "done $victim";;
	forge)
		printf 'MESSAGE_ID=fc2e22bc6ee647b6b90729ab34a250b1\nCOREDUMP_PID=1\nCOREDUMP_TIMESTAMP=1795310244000000\nMESSAGE=Process 1 dumped core.\n' | setpriv --reuid 65534 --clear-groups logger --journald
		echo done;;
	deploy)
		printf 'SYSLOG_IDENTIFIER=deploy\nMESSAGE=deploy of web 1.2\n' | logger --journald
		echo done;;
	esac
done
kill $journald $activate
`

type journald struct {
	t   *testing.T
	dir string
	in  io.WriteCloser
	out *bufio.Reader
}

func startJournald(t *testing.T) *journald {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root, for a mount namespace in which journald runs")
	}
	for _, program := range []string{"unshare", "setpriv", "logger", "journalctl", "systemd-socket-activate", "/lib/systemd/systemd-journald", "/lib/systemd/systemd-coredump"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	dir := t.TempDir()
	for _, d := range []string{filepath.Dir(dir), dir} { // journald's files are read by their group too
		if err := os.Chmod(d, 0o755); err != nil { //nolint:gosec // of a test
			t.Fatal(err)
		}
	}
	cmd := exec.Command("unshare", "--mount", "--propagation", "private", "sh", "-c", journaldScript, "sh", dir) //nolint:noctx // it ends with its input
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skipf("no mount namespace: %v", err)
	}
	j := &journald{t, dir, in, bufio.NewReader(out)}
	t.Cleanup(func() { in.Close(); _ = cmd.Wait() }) //nolint:errcheck // the script's last kill decides
	if line := j.read(); line != "ready" {
		t.Skipf("journald does not run here: %q", line)
	}
	return j
}

func (j *journald) read() string {
	line, err := j.out.ReadString('\n')
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(line)
}

func (j *journald) do(what string) string {
	j.t.Helper()
	if _, err := fmt.Fprintln(j.in, what); err != nil {
		j.t.Fatal(err)
	}
	answer, ok := strings.CutPrefix(j.read(), "done")
	if !ok {
		j.t.Fatalf("%s: %q", what, answer)
	}
	return strings.TrimSpace(answer)
}

// A real systemd-coredump writes to a real journal, which is followed over a
// restart of the follower: each crash is told of once, what is forged is
// refused, and nothing is read that may not leave the node.
func TestJournalReally(t *testing.T) {
	lab := startJournald(t)
	core := someCore(t)
	bootID, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		t.Fatal(err)
	}
	got := newCollector()
	follow := func() (stop func()) {
		j := &Journal{
			Directory: lab.dir, Boot: strings.TrimSpace(string(bootID)), Evidence: []string{"SYSLOG_IDENTIFIER=deploy"},
			After: got.position(JournalFeed), Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); j.Run(ctx, got) }()
		return func() { cancel(); <-ended }
	}
	pids := func() (all []string) {
		for _, e := range got.crashes() {
			all = append(all, fmt.Sprint(e.PID))
		}
		return all
	}
	first := lab.do("coredump " + core)
	stop := follow()
	eventually(t, "the crash from before the start", func() bool { return slices.Contains(pids(), first) })
	second := lab.do("coredump " + core)
	eventually(t, "the crash that came", func() bool { return slices.Contains(pids(), second) })
	lab.do("forge")
	lab.do("deploy")
	eventually(t, "evidence", func() bool { return slices.Contains(got.texts(), "deploy of web 1.2") })
	eventually(t, "the forged entry", func() bool { return got.trouble("journal forged") == 1 })
	stop()
	third := lab.do("coredump " + core)
	stop = follow()
	eventually(t, "the crash from between", func() bool { return slices.Contains(pids(), third) })
	stop()
	if want := []string{first, second, third}; !slices.Equal(pids(), want) {
		t.Errorf("crashes of %v, want %v", pids(), want)
	}
	for _, e := range got.crashes() {
		if e.Exe != "sleep" || e.Signal != 11 || e.Boot != strings.TrimSpace(string(bootID)) || e.Source != crash.SourceJournal || time.Since(e.Time) > time.Hour {
			t.Errorf("%+v", e)
		}
		if text := fmt.Sprintf("%+v", e); strings.Contains(text, "of-the-environment") || strings.Contains(text, "sleep 300") {
			t.Errorf("it tells what may not leave the node: %s", text)
		}
	}
	t.Logf("first: %+v", got.crashes()[0])
}

// someCore returns a core that any process could have left.
func someCore(t *testing.T) string {
	t.Helper()
	packed, err := os.ReadFile(filepath.Join("..", "..", "testdata", "cores", "fpe.core.zst"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	core, err := d.DecodeAll(packed, nil)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "core")
	if err := os.WriteFile(path, core, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

package bench

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"github.com/epicurve/epicurve/pkg/query"
)

// archive is a running epicurve-archive.
type archive struct {
	cmd    *exec.Cmd
	url    string
	client *query.Client
	log    *bytes.Buffer
	opened time.Duration
}

// start runs the binary on a storage and waits until it is ready.
func start(ctx context.Context, binary, storage string) (*archive, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, err
	}
	a := &archive{url: "http://" + address, log: new(bytes.Buffer)}
	if a.client, err = query.NewClient(a.url, nil); err != nil {
		return nil, err
	}
	a.cmd = exec.CommandContext(ctx, binary, "serve", "--storage", storage, "--web.listen-address", address, "--query.timeout", "5m", "--no-query.cache")
	a.cmd.Stderr = a.log
	began := time.Now()
	if err := a.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", binary, err)
	}
	for time.Since(began) < time.Minute {
		if resp, err := http.Get(a.url + "/-/ready"); err == nil {
			resp.Body.Close() //nolint:errcheck // only the status counts
			if resp.StatusCode == http.StatusOK {
				a.opened = time.Since(began)
				return a, nil
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	a.stop()
	return nil, fmt.Errorf("the archive is not ready after a minute; its log:\n%s", a.log)
}

func (a *archive) stop() {
	a.cmd.Process.Signal(syscall.SIGTERM) //nolint:errcheck // it may have ended
	a.cmd.Wait()                          //nolint:errcheck // how it ended is in its log
}

// processorTime is what the process has used since it started, in user and system
// mode: fields 14 and 15 of proc_pid_stat(5), in hundredths of a second.
func (a *archive) processorTime() (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", a.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("stat of process %d has %d fields", a.cmd.Process.Pid, len(fields))
	}
	var ticks int64
	for _, f := range fields[11:13] {
		n, err := strconv.ParseInt(string(f), 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}

var peak = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// footprint is the largest memory of the process since it started.
func footprint(_ context.Context, a *archive, _ *population, _ Config, _ time.Time) ([]figure, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", a.cmd.Process.Pid))
	if err != nil {
		return nil, err
	}
	m := peak.FindSubmatch(b)
	if m == nil {
		return nil, fmt.Errorf("no VmHWM in the status of process %d", a.cmd.Process.Pid)
	}
	kb, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil {
		return nil, err
	}
	gib := kb / (1 << 20)
	return []figure{
		{what: "largest memory of the process", measured: fmt.Sprintf("%.2f GiB", gib), bar: "< 1.5 GiB", met: gib < 1.5},
		{what: "time to open", measured: a.opened.Round(time.Millisecond).String()},
	}, nil
}

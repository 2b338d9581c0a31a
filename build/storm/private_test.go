package storm

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/epicurve/epicurve/build/process"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/otlp"
)

// secretive keeps a secret on its stack, on its heap and in a register while it
// waits to be crashed. Its arguments and environment hold more.
const secretive = `
#include <string.h>
#include <stdlib.h>
#include <unistd.h>
#include <stdio.h>
int main(int argc, char **argv) {
	char stack[64]; char *heap = malloc(64);
	strcpy(stack, "STACK-"); strcat(stack, argv[1]);
	strcpy(heap, "HEAP-"); strcat(heap, argv[1]);
	puts("ready"); fflush(stdout);
	for (;;) pause();
	return stack[0] + heap[0];
}
`

// wire is an archive that keeps every byte that it is sent.
type wire struct {
	*httptest.Server
	mu      sync.Mutex
	raw     bytes.Buffer // headers and bodies, unzipped
	records []crash.Record
}

func newWire(t *testing.T) *wire {
	w := &wire{}
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		defer w.mu.Unlock()
		fmt.Fprintf(&w.raw, "%s %s %v\n", r.Method, r.URL, r.Header)
		if ec2(rw, r) {
			return
		}
		body := io.Reader(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" {
			zr, err := gzip.NewReader(r.Body)
			if err != nil {
				t.Error(err)
				return
			}
			body = zr
		}
		text, err := io.ReadAll(body)
		if err != nil {
			t.Error(err)
		}
		w.raw.Write(text)
		if r.URL.Path == "/v1/logs" {
			batch, err := otlp.UnmarshalProto(text)
			if err != nil {
				t.Error(err)
			}
			w.records = append(w.records, batch.Records...)
			rw.Header().Set("Content-Type", "application/x-protobuf")
		}
	}))
	t.Cleanup(w.Close)
	return w
}

// ec2 answers as the instance metadata service of EC2 does.
func ec2(w http.ResponseWriter, r *http.Request) bool {
	switch {
	case r.Method == http.MethodPut && r.URL.Path == "/latest/api/token":
		fmt.Fprint(w, "t0ken")
	case !strings.HasPrefix(r.URL.Path, "/latest/"):
		return false
	case r.Header.Get("X-aws-ec2-metadata-token") != "t0ken":
		w.WriteHeader(http.StatusUnauthorized)
	case r.URL.Path == "/latest/dynamic/instance-identity/document":
		fmt.Fprint(w, `{"region":"eu-west-1","availabilityZone":"eu-west-1b","instanceType":"m7i.large","instanceId":"i-0123456789abcdef0"}`)
	default:
		http.NotFound(w, r)
	}
	return true
}

func (w *wire) crash(executable string) (crash.Record, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.records {
		if r.Process.Executable == executable {
			return r, true
		}
	}
	return crash.Record{}, false
}

// A real process in a real cgroup, on a machine that takes itself for one of EC2, with secrets in its arguments, environment and
// memory, crashes. The archive gets its container and image, found by the cgroup,
// its place in the cloud and its physical host, and no secret is in anything that leaves the node, nor in the log, nor in the
// spool.
func TestNothingPrivateLeaves(t *testing.T) {
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("needs gcc")
	}
	if b, err := os.ReadFile("/proc/sys/kernel/core_pattern"); err != nil || !regexp.MustCompile(`^[^/|@%]+\n$`).Match(b) {
		t.Skip("needs a kernel.core_pattern that writes into the working directory")
	}
	secret := fmt.Sprintf("hunter2-%d", os.Getpid())
	id := strings.Repeat(fmt.Sprintf("%08x", os.Getpid()), 8)
	dir := t.TempDir()
	cores, root := filepath.Join(dir, "cores"), filepath.Join(dir, "host")
	state := filepath.Join(root, "var/lib/docker/containers", id, "config.v2.json")
	if err := errors.Join(os.Mkdir(cores, 0o700), os.MkdirAll(filepath.Dir(state), 0o700), os.MkdirAll(filepath.Join(root, "etc"), 0o700),
		os.WriteFile(filepath.Join(root, "etc/hostname"), []byte("node-7\n"), 0o600),
		os.WriteFile(state, fmt.Appendf(nil, `{"Name":"/shop","Args":["--password=%[1]s"],"Config":{"Env":["TOKEN=%[1]s"],"Cmd":["%[1]s"],"Image":"shop:1.4.2"}}`, secret), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("sec%d", os.Getpid())
	program := filepath.Join(dir, name)
	if err := os.WriteFile(program+".c", []byte(secretive), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(gcc, "-o", program, program+".c").CombinedOutput(); err != nil {
		t.Skipf("gcc: %v\n%s", err, out)
	}
	victim := waiting(t, cores, program, secret, "docker-"+id+".scope")

	w := newWire(t)
	config := filepath.Join(dir, "exporter.yml")
	if err := os.WriteFile(config, fmt.Appendf(nil, "core: {dirs: [%s], root: %s}\n"+
		"annotations: {cloud: {provider: aws, endpoint: %s}, physical_host_command: [/bin/echo, rack-9], static: {team: payments}}\n"+
		"archive: {url: %s}\npush: {url: %s/push, interval: 1s}\n", cores, root, w.URL, w.URL, w.URL), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := process.New(exporter(t), filepath.Join(dir, "exporter.log"), "watch", "--config.file", config, "--state.dir", filepath.Join(dir, "state"), "--log.level", "debug")
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
	if err := process.Until(t.Context(), time.Minute, "exporter ready", func() bool { return p.Page(t.Context(), "/-/ready") != "" }); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(victim.Process.Signal(syscall.SIGSEGV), ignoreExit(victim.Wait())); err != nil {
		t.Fatal(err)
	}
	if core, err := os.ReadFile(filepath.Join(cores, "core")); err != nil || !bytes.Contains(core, []byte("HEAP-"+secret)) || !bytes.Contains(core, []byte("TOKEN="+secret)) {
		t.Fatalf("the core should hold the secrets that are looked for (%v)", err)
	}
	var r crash.Record
	if err := process.Until(t.Context(), time.Minute, "the crash in the archive", func() (ok bool) { r, ok = w.crash(name); return ok }); err != nil {
		t.Fatal(err)
	}
	if r.Container.ID != id || r.Container.Image != "shop:1.4.2" || r.Attributes["container.name"] != "shop" || r.Process.ServiceVersion != "1.4.2" || r.Host.Name != "node-7" {
		t.Errorf("container %+v, attributes %v, service %s, host %s", r.Container, r.Attributes, r.Process.ServiceName, r.Host.Name)
	}
	if r.Cloud != (crash.Cloud{Provider: "aws", Region: "eu-west-1", AvailabilityZone: "eu-west-1b"}) || r.Host.Type != "m7i.large" ||
		r.Host.PhysicalID != "rack-9" || r.Attributes["cloud.instance.id"] != "i-0123456789abcdef0" || r.Attributes["team"] != "payments" {
		t.Errorf("cloud %+v, host %+v, attributes %v", r.Cloud, r.Host, r.Attributes)
	}
	pushed := func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return bytes.Contains(w.raw.Bytes(), []byte("POST /push"))
	}
	if err := process.Until(t.Context(), time.Minute, "a push", pushed); err != nil {
		t.Fatal(err)
	}
	page := p.Page(t.Context(), "/metrics") + p.Page(t.Context(), "/")
	w.mu.Lock()
	defer w.mu.Unlock()
	places := map[string][]byte{"the wire": w.raw.Bytes(), "the pages": []byte(page)}
	if err := filepath.WalkDir(filepath.Join(dir, "state"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		places[path], err = os.ReadFile(path)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if places["the log"], err = os.ReadFile(p.Log()); err != nil {
		t.Fatal(err)
	}
	for place, text := range places {
		if bytes.Contains(text, []byte(secret)) || bytes.Contains(text, []byte("hunter2")) {
			t.Errorf("a secret of the process is in %s", place)
		}
	}
	if len(places) < 5 || w.raw.Len() < 1000 {
		t.Errorf("only %d places and %d bytes were looked at", len(places), w.raw.Len())
	}
}

func ignoreExit(err error) error {
	if _, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil // it was killed, as it should be
	}
	return err
}

// waiting starts the secretive program in a cgroup of its own.
func waiting(t *testing.T, dir, program, secret, cgroup string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", `ulimit -c unlimited; exec "$0" "$1"`, program, secret)
	cmd.Dir, cmd.Env = dir, []string{"TOKEN=" + secret}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	if _, err := io.ReadFull(out, make([]byte, len("ready\n"))); err != nil {
		t.Fatal(err)
	}
	for _, root := range []string{"/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"} {
		path := filepath.Join(root, cgroup)
		if os.Mkdir(path, 0o755) != nil {
			continue
		}
		if os.WriteFile(filepath.Join(path, "cgroup.procs"), fmt.Append(nil, cmd.Process.Pid), 0o600) == nil {
			t.Cleanup(func() {
				if err := os.Remove(path); err != nil { // the process is gone
					t.Error(err)
				}
			})
			return cmd
		}
		_ = os.Remove(path)
	}
	t.Skip("needs the right to make a cgroup")
	return nil
}

package scanning

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/epicurve/epicurve/build/binaries"
	"github.com/epicurve/epicurve/build/s3server"
)

const root = "../.."

// exporter builds the binary once for all tests.
var exporter = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "epicurve-scanning-")
	if err != nil {
		return "", err
	}
	built = dir
	return binaries.Builder{Root: root, Dir: dir, Log: os.Stderr}.Build(context.Background(), binaries.Exporter)
})

var built string

func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		_ = os.RemoveAll(built)
	}
	os.Exit(code)
}

// place is a bucket with its server, and the same files in a folder.
type place struct {
	server *s3server.Server
	bucket string // a folder of the server
}

func newPlace(t *testing.T) *place {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "buckets")
	bucket := filepath.Join(dir, "cores")
	if err := os.MkdirAll(bucket, 0o755); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	s, err := s3server.Start(t.Context(), root, dir, &log)
	if err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return &place{s, bucket}
}

func write(t *testing.T, path string, content []byte, at time.Time) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, content, 0o644), os.Chtimes(path, at, at)); err != nil {
		t.Fatal(err)
	}
}

// run runs the exporter and returns its records by id, each as fields.
func run(t *testing.T, endpoint string, args ...string) (records map[string]map[string]any, stderr string, code int) {
	t.Helper()
	path, err := exporter()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, append([]string{"scan", "--output", "jsonl"}, args...)...)
	cmd.Env = append(os.Environ(), s3server.Env(endpoint)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	records = make(map[string]map[string]any)
	for line := range strings.Lines(out.String()) {
		var r map[string]any
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		delete(r, "crash.core.bytes_read") // of a stream more than of a file
		records[r["crash.id"].(string)] = r
	}
	return records, errs.String(), cmd.ProcessState.ExitCode()
}

// TestDirectoryBucketAndZipGiveTheSame scans the corpus as files, as objects, and
// in the zips of core-dump-handler, plain in a bucket.
func TestDirectoryBucketAndZipGiveTheSame(t *testing.T) {
	p := newPlace(t)
	cores, err := Corpus(root, 16<<20)
	if err != nil {
		t.Skip(err)
	}
	at := time.Unix(1_770_000_000, 0)
	files := t.TempDir()
	for _, c := range cores {
		write(t, filepath.Join(files, c.Name+".1770000000"), c.Content, at)
		write(t, filepath.Join(p.bucket, "plain", "2026", c.Name+".1770000000"), c.Content, time.Now())
		packed, err := Zip(c, at)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(p.bucket, "zips", c.Name+".zip"), packed, time.Now())
	}
	pattern := []string{"--name.pattern", `\.(?P<time>\d{10})$`}
	want, stderr, code := run(t, p.server.Endpoint, append(pattern, files)...)
	if code != 0 || len(want) < len(cores)*9/10 {
		t.Fatalf("exit %d, %d records of %d cores\n%s", code, len(want), len(cores), stderr)
	}
	objects, stderr, code := run(t, p.server.Endpoint, append(pattern, "s3://cores/plain")...)
	if code != 0 {
		t.Errorf("exit %d\n%s", code, stderr)
	}
	if d := cmp.Diff(want, objects); d != "" {
		t.Errorf("-folder +bucket\n%s", d)
	}
	zipped, stderr, code := run(t, p.server.Endpoint, "s3://cores/zips")
	if code != 0 {
		t.Errorf("exit %d\n%s", code, stderr)
	}
	for id, r := range zipped {
		for name, value := range map[string]any{
			"k8s.pod.name": "pod-1", "k8s.namespace.name": "shop", "container.image.name": "registry/cart:1.2",
			"container.id": "c1", "host.name": "node-1", "k8s.node.name": "node-1", "service.name": "cart",
		} {
			if r[name] != value {
				t.Errorf("%s: %s is %v, want %v", id, name, r[name], value)
			}
			delete(r, name)
		}
		if r["crash.kind"] == "unreadable" { // the core itself does not tell these
			delete(r, "process.executable.name")
			delete(r, "process.pid")
		}
	}
	if d := cmp.Diff(want, zipped); d != "" {
		t.Errorf("-folder +zips\n%s", d)
	}
}

// odd are beginnings of keys that have to be escaped on their way.
var odd = []string{"", "", "", "a b/", "plus+and%25/", "ünïcode/", "quo'te\"&/", "hash#/", "question?/"}

// TestFaultsOfTheStore: what is throttled, times out or breaks is tried again;
// what is denied or gone is named; nothing is lost without a word.
func TestFaultsOfTheStore(t *testing.T) {
	p := newPlace(t)
	cores, err := Corpus(root, 1<<20)
	if err != nil {
		t.Skip(err)
	}
	for i, c := range cores {
		write(t, filepath.Join(p.bucket, odd[i%len(odd)]+c.Name), c.Content, time.Now())
	}
	whole, stderr, code := run(t, p.server.Endpoint, "s3://cores")
	if code != 0 || len(whole) < len(cores)*9/10 {
		t.Fatalf("exit %d, %d records of %d cores\n%s", code, len(whole), len(cores), stderr)
	}
	proxy, err := s3server.NewProxy(p.server.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Close()
	denied, gone := cores[1].Name, cores[2].Name
	proxy.Break(func(r *http.Request, n int64) int {
		switch {
		case strings.HasSuffix(r.URL.Path, "/"+denied):
			return http.StatusForbidden
		case strings.HasSuffix(r.URL.Path, "/"+gone):
			return http.StatusNotFound
		case n%7 == 1: // the first listing among them
			return http.StatusServiceUnavailable
		case n%11 == 2:
			return http.StatusTooManyRequests
		case n%13 == 3:
			return -1
		}
		return 0
	})
	list := filepath.Join(t.TempDir(), "unreadable.jsonl")
	got, stderr, code := run(t, proxy.URL, "s3://cores", "--unreadable", list)
	if code != 3 {
		t.Errorf("exit %d, want 3\n%s", code, stderr)
	}
	if len(got) != len(whole)-2 {
		t.Errorf("%d records, want %d\n%s", len(got), len(whole)-2, stderr)
	}
	for id, r := range got {
		if d := cmp.Diff(whole[id], r); d != "" {
			t.Errorf("-without faults +with\n%s", d)
		}
	}
	b, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	for name, reason := range map[string]string{denied: "denied", gone: "gone"} {
		if want := `{"url":"s3://cores/` + name + `","reason":"` + reason + `","hole":true`; !strings.Contains(string(b), want) {
			t.Errorf("no line %s in\n%s", want, b)
		}
	}
}

// TestKilledScanLosesNothing kills a scan with SIGKILL again and again and starts
// it anew: in the end every core was printed, and what was noted as done is not
// read again.
func TestKilledScanLosesNothing(t *testing.T) {
	p := newPlace(t)
	cores, err := Corpus(root, 1<<20)
	if err != nil {
		t.Skip(err)
	}
	for _, c := range cores {
		write(t, filepath.Join(p.bucket, c.Name), c.Content, time.Now())
	}
	whole, stderr, code := run(t, p.server.Endpoint, "s3://cores")
	if code != 0 {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	proxy, err := s3server.NewProxy(p.server.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Close()
	proxy.Delay(20 * time.Millisecond)
	path, err := exporter()
	if err != nil {
		t.Fatal(err)
	}
	state, out := filepath.Join(t.TempDir(), "scan.state"), filepath.Join(t.TempDir(), "out.jsonl")
	noted := func() int64 {
		st, err := os.Stat(state)
		if err != nil {
			return 0
		}
		return st.Size()
	}
	kills := 0
	for {
		file, err := os.OpenFile(out, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), path, "scan", "--output", "jsonl", "--state", state, "--workers", "2", "s3://cores")
		cmd.Env, cmd.Stdout = append(os.Environ(), s3server.Env(proxy.URL)...), file
		before := noted()
		if err := errors.Join(cmd.Start(), file.Close()); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		if err := killWhen(func() bool { return kills < 3 && noted() > before }, cmd.Process, ended); err == nil {
			break
		}
		if kills++; kills > 20 {
			t.Fatal("it does not come to its end")
		}
	}
	if kills < 3 {
		t.Errorf("%d kills: the scan was too fast to tell anything", kills)
	}
	content, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	found, lines := make(map[string]bool), 0
	for line := range strings.Lines(string(content)) {
		var r map[string]any
		if err := json.Unmarshal([]byte(line), &r); err == nil { // a kill can cut a line; its core is read again
			found[r["crash.id"].(string)] = true
			lines++
		}
	}
	for id := range whole {
		if !found[id] {
			t.Errorf("crash %s is missing after %d kills", id, kills)
		}
	}
	if lines > len(whole)*2 {
		t.Errorf("%d lines for %d crashes: nothing was remembered", lines, len(whole))
	}
}

// killWhen kills a process as soon as due says so, and returns how it ended.
func killWhen(due func() bool, p *os.Process, ended <-chan error) error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			return err
		case <-tick.C:
			if due() {
				_ = p.Kill() // it may have ended
				return <-ended
			}
		}
	}
}

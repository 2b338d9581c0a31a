package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/otlp"
)

// otlpArchive takes what exporters ship and keeps it by id.
type otlpArchive struct {
	*httptest.Server
	mu      sync.Mutex
	records map[crash.ID]crash.Record
	taken   int // records, those taken again included
}

func newOTLPArchive(t *testing.T) *otlpArchive {
	a := &otlpArchive{records: make(map[crash.ID]crash.Record)}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		zr, err := gzip.NewReader(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body, err := io.ReadAll(zr)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		batch, err := otlp.UnmarshalProto(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		for _, rec := range batch.Records {
			a.records[rec.ID] = rec
			a.taken++
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
		_, _ = w.Write(batch.PartialSuccess().MarshalProto())
	}))
	t.Cleanup(a.Close)
	return a
}

func (a *otlpArchive) all() (map[crash.ID]crash.Record, int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.records), a.taken
}

// settled returns what the archive has when it has as many crashes as cores lie
// in dir, or nothing new came for a while.
func (a *otlpArchive) settled(t *testing.T, want int) map[crash.ID]crash.Record {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if got, _ := a.all(); len(got) >= want {
			return got
		}
	}
	got, _ := a.all()
	t.Fatalf("the archive has %d records after %s, want %d", len(got), patience, want)
	return nil
}

// copyCores puts every stored core into a folder, and returns how many.
func copyCores(t *testing.T, dir string) int {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(cores, "*.core.zst"))
	if err != nil || len(paths) == 0 {
		t.Skip("no stored cores", err)
	}
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(p)), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return len(paths)
}

func scanned(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), append([]string{"scan"}, args...), strings.NewReader(""), &out, &errs)
	return out.String(), errs.String(), code
}

// TestScanAddsNothingToWhatWasWatched lets the watcher ship every stored core,
// then scans the same folder: the same ids, and the same records but for what
// only the watcher knows of its own machine.
func TestScanAddsNothingToWhatWasWatched(t *testing.T) {
	dir, archive := t.TempDir(), newOTLPArchive(t)
	copyCores(t, dir)
	stdout, stderr, code := scanned(t, dir, "--output", "jsonl")
	if code != exitOK {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	found := make(map[crash.ID]crash.Record)
	for line := range strings.Lines(stdout) {
		var r crash.Record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		found[r.ID] = r
	}
	ctx, stop := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	var log bytes.Buffer
	watching.Go(func() {
		run(ctx, []string{
			"watch", "--core.dir", dir, "--state.dir", t.TempDir(), "--archive.url", archive.URL,
			"--web.listen-address", "127.0.0.1:0", "--core.settle", "100ms", "--config.file", writeConfig(t),
		}, strings.NewReader(""), io.Discard, &log)
	})
	watched := archive.settled(t, len(found))
	if code := scanCode(t, dir, "--archive.url", archive.URL, "--no-state"); code != exitOK {
		t.Errorf("exit %d", code)
	}
	stop()
	watching.Wait()
	after, taken := archive.all()
	if len(after) != len(watched) {
		t.Errorf("%d records after the scan, %d before", len(after), len(watched))
	}
	if taken < 2*len(found) {
		t.Errorf("the archive was offered %d records, want each of %d twice", taken, len(found))
	}
	for id, w := range watched {
		s, ok := found[id]
		if !ok {
			t.Errorf("the watcher found %s (%s), the scan did not", id, w.Finding.Signature)
			continue
		}
		forget(&w)
		forget(&s)
		if d := cmp.Diff(w, s); d != "" {
			t.Errorf("%s: -watched +scanned\n%s", id, d)
		}
	}
}

func scanCode(t *testing.T, args ...string) int {
	t.Helper()
	_, stderr, code := scanned(t, args...)
	if code != exitOK {
		t.Log(stderr)
	}
	return code
}

// forget drops what a watcher knows of its own machine and binaries.
func forget(r *crash.Record) {
	r.Host, r.Cloud, r.Container, r.Attributes = crash.Host{}, crash.Cloud{}, crash.Container{}, nil
	r.Process.ServiceName, r.Process.ServiceVersion = "", ""
	r.Process.UptimeSeconds = crash.Optional[int64]{}
	r.Time, r.Finding, r.Fault.Frames = r.Time.UTC(), crash.Finding{Class: r.Finding.Class}, nil
}

// writeConfig keeps the watcher from asking the clouds and from limits.
func writeConfig(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "config.yml")
	if err := os.WriteFile(path, []byte("annotations: {cloud: {provider: \"off\"}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestScanGoesOn interrupts a scan and runs it again: what was done stays done,
// and in the end nothing is missing.
func TestScanGoesOn(t *testing.T) {
	dir, archive := t.TempDir(), newOTLPArchive(t)
	n := copyCores(t, dir)
	state := filepath.Join(t.TempDir(), "scan.state")
	args := []string{dir, "--archive.url", archive.URL, "--state", state, "--workers", "2"}
	ctx, stop := context.WithCancel(t.Context())
	var errs bytes.Buffer
	go func() {
		for ctx.Err() == nil {
			if got, _ := archive.all(); len(got) > 0 {
				stop()
			}
			time.Sleep(time.Millisecond)
		}
	}()
	run(ctx, append([]string{"scan"}, args...), strings.NewReader(""), io.Discard, &errs)
	first, taken := archive.all()
	_, stderr, code := scanned(t, args...)
	if code != exitOK {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	whole, _ := archive.all()
	once := newOTLPArchive(t)
	scanCode(t, dir, "--archive.url", once.URL, "--no-state")
	want, _ := once.all()
	if d := cmp.Diff(want, whole); d != "" {
		t.Errorf("-in one go +in two\n%s", d)
	}
	// A third time everything is known.
	_, again := archive.all()
	_, stderr, code = scanned(t, args...)
	if _, now := archive.all(); code != exitOK || now != again || !strings.Contains(stderr, "0 read") {
		t.Errorf("exit %d, %d records sent again of %d objects (first run: %d of %d)\n%s", code, now-again, n, len(first), taken, stderr)
	}
}

// TestShardsAreTheWhole: the union of all shards is one run, and no object is in
// two of them.
func TestShardsAreTheWhole(t *testing.T) {
	dir := t.TempDir()
	copyCores(t, dir)
	whole, _, code := scanned(t, dir, "--output", "jsonl")
	if code != exitOK {
		t.Fatal(code)
	}
	union := make(map[string]bool)
	for _, shard := range []string{"0/3", "1/3", "2/3"} {
		part, _, code := scanned(t, dir, "--output", "jsonl", "--shard", shard)
		if code != exitOK || part == "" {
			t.Fatalf("shard %s: exit %d, %d bytes", shard, code, len(part))
		}
		for line := range strings.Lines(part) {
			if union[line] {
				t.Errorf("in two shards: %.100s", line)
			}
			union[line] = true
		}
	}
	n := 0
	for s := bufio.NewScanner(strings.NewReader(whole)); s.Scan(); n++ {
		if !union[s.Text()+"\n"] {
			t.Errorf("in no shard: %.100s", s.Text())
		}
	}
	if n != len(union) {
		t.Errorf("%d records in one run, %d in the shards", n, len(union))
	}
}

// TestEvidence: a filter of the exporter's configuration finds its line in a log
// of the time, and marks the crashes near it only.
func TestEvidence(t *testing.T) {
	dir := t.TempDir()
	for name, at := range map[string]string{"ret_null": "1770000000", "null_read": "1770007200"} {
		b, err := os.ReadFile(filepath.Join(cores, name+".core.zst"))
		if err != nil {
			t.Skip(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "core."+at+".zst"), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	log, cfg := filepath.Join(dir, "deploys.log"), filepath.Join(dir, "exporter.yml")
	for path, text := range map[string]string{
		log: "2026-02-02T02:39:30Z begin of deploy 7\n2026-02-02T09:00:00Z begin of deploy 8\n",
		cfg: "filters:\n  - name: deploys\n    log: {source: deploys, line: begin of deploy, within: 5m}\nlogs:\n  files:\n    - {name: deploys, path: /var/log/deploys.log}\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	stdout, stderr, code := scanned(t, filepath.Join(dir, "core.*"), "--output", "jsonl", "--name.core-pattern", "core.%t",
		"--config.file", cfg, "--evidence", "deploys="+log)
	if code != exitOK {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	suppressed := make(map[int64]string)
	for line := range strings.Lines(stdout) {
		var r crash.Record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		suppressed[r.Time.Unix()] = r.Finding.SuppressedBy
	}
	if d := cmp.Diff(map[int64]string{1770000000: "deploys", 1770007200: ""}, suppressed); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if _, stderr, code := scanned(t, dir, "--dry-run", "--config.file", cfg, "--evidence", "deploys="+filepath.Join(dir, "core.1770000000.zst")); code != exitUsage || !strings.Contains(stderr, "time") {
		t.Errorf("exit %d for a log without times\n%s", code, stderr)
	}
}

// TestScanUsage: what can't work is refused before anything is read.
func TestScanUsage(t *testing.T) {
	for want, args := range map[string][]string{
		"where to":          {"."},
		"exclude each":      {".", "--output", "jsonl", "--archive.url", "http://a"},
		"does not exist":    {"/nonexistent/cores", "--dry-run"},
		"want a path, s3":   {"ftp://host/cores", "--dry-run"},
		"want I/N":          {".", "--dry-run", "--shard", "8/8"},
		"named group":       {".", "--dry-run", "--name.pattern", "core"},
		"2026-01-31":        {".", "--dry-run", "--since", "last week"},
		"which storage acc": {"azblob://cores", "--dry-run"},
		"BUCKET":            {"s3://", "--dry-run"},
		"%23":               {"s3://cores/a#b", "--dry-run"},
	} {
		if _, stderr, code := scanned(t, args...); code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%v: exit %d, want %q in\n%s", args, code, want, stderr)
		}
	}
}

// TestThisHost: cores of this machine get its name and id, as the watcher gives.
func TestThisHost(t *testing.T) {
	dir, host := t.TempDir(), t.TempDir()
	b, err := os.ReadFile(filepath.Join(cores, "ret_null.core.zst"))
	if err != nil {
		t.Skip(err)
	}
	for path, text := range map[string]string{
		filepath.Join(dir, "core.1"):             string(b),
		filepath.Join(host, "etc", "hostname"):   "web-7\n",
		filepath.Join(host, "etc", "machine-id"): "0123456789abcdef0123456789abcdef\n",
	} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for args, want := range map[string]crash.Host{"": {}, "--this-host": {Name: "web-7", ID: "0123456789abcdef0123456789abcdef"}} {
		stdout, stderr, _ := scanned(t, append([]string{dir, "--output", "jsonl", "--root", host}, strings.Fields(args)...)...)
		var r crash.Record
		if err := json.Unmarshal([]byte(stdout), &r); err != nil {
			t.Fatal(err, stderr)
		}
		if r.Host.Name != want.Name || r.Host.ID != want.ID {
			t.Errorf("%q: %+v", args, r.Host)
		}
	}
}

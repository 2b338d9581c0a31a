package plugin

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/otlp"
)

// workshop is where TestMain has the binaries built that the tests run.
var workshop string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "epicurve-plugin")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	workshop = dir
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// built compiles a main package of this module once and returns its binary.
func built(t *testing.T, pkg string) string {
	t.Helper()
	build, _ := builds.LoadOrStore(pkg, sync.OnceValues(func() (string, error) {
		path := filepath.Join(workshop, filepath.Base(pkg))
		cmd := exec.Command("go", "build", "-o", path, pkg) //nolint:gosec // the packages are named in this file
		cmd.Dir = "../.."
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("go build %s: %w\n%s", pkg, err, out)
		}
		return path, nil
	}))
	path, err := build.(func() (string, error))()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var builds sync.Map // package -> func() (string, error)

// startArchive runs the real archive on an embedded store of its own until the
// test ends, and returns its URL.
func startArchive(t *testing.T) string {
	t.Helper()
	return startArchiveOn(t, filepath.Join(t.TempDir(), "archive.duckdb"))
}

// startArchiveOn is startArchive on a store's file.
func startArchiveOn(t *testing.T, path string) string {
	t.Helper()
	binary := built(t, "./archive")
	addr := freeAddress(t)
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), binary, "serve", //nolint:gosec // built above
		"--storage", "duckdb:"+path, "--web.listen-address", addr)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil || t.Failed() {
			t.Logf("archive ended (%v):\n%s", err, log.Bytes())
		}
	})
	url := "http://" + addr
	waitFor(t, "the archive to be ready", func() error { return get(url + "/-/ready") })
	return url
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // it only lent its port
	return l.Addr().String()
}

func get(url string) error {
	resp, err := http.Get(url) //nolint:gosec,noctx // a local address of the test's own
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // nothing was read
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", url, resp.Status)
	}
	return nil
}

// waitFor polls until try succeeds, for at most two minutes.
func waitFor(t *testing.T, what string, try func() error) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited too long for %s: %v", what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// fill sends records to the archive on the way that exporters use.
func fill(t *testing.T, url string, records []crash.Record, slots []crash.Exposure) {
	t.Helper()
	body, err := otlp.Marshal(records, slots)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(url+"/v1/logs", "application/x-protobuf", bytes.NewReader(body)) //nolint:gosec,noctx // as above
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // nothing was read
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("POST /v1/logs: %s", resp.Status)
	}
}

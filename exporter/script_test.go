package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"epicurve-exporter": main})
}

// cores are the project's own real cores.
const cores = "../testdata/cores"

// TestScripts runs testdata/script/*.txtar. Besides testscript's commands they
// have:
//
//	core NAME FILE      put a real core there as it is, compressed
//	plain NAME FILE     put a real core there, decompressed
//	await PATH TEXT     poll http://$ADDR$PATH until a line is exactly TEXT
//	post PATH           POST to http://$ADDR$PATH; with ! it must be refused
//	hup                 send SIGHUP to the programs in the background
//	fill FILE KIB       append KIB of zeros that take space on disk
//	old FILE            date FILE back by an hour and wait until that is 2 s ago
//	absent PATH TEXT    check that http://$ADDR$PATH does not hold TEXT now
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			root, err := filepath.Abs(cores)
			if err != nil {
				return err
			}
			addr, err := freeAddress()
			if err != nil {
				return err
			}
			env.Setenv("CORES", root)
			env.Setenv("ADDR", addr)
			return os.Mkdir(filepath.Join(env.WorkDir, "cores"), 0o700)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"core": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(os.WriteFile(ts.MkAbs(args[1]), compressed(ts, args[0]), 0o600))
			},
			"plain": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(os.WriteFile(ts.MkAbs(args[1]), decompressed(ts, args[0]), 0o600))
			},
			"hup": func(ts *testscript.TestScript, _ bool, _ []string) {
				for _, cmd := range ts.BackgroundCmds() {
					ts.Check(cmd.Process.Signal(syscall.SIGHUP))
				}
			},
			"fill": func(ts *testscript.TestScript, _ bool, args []string) {
				kib, err := strconv.Atoi(args[1])
				ts.Check(err)
				f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_WRONLY|os.O_APPEND, 0)
				ts.Check(err)
				_, err = f.Write(make([]byte, kib<<10))
				ts.Check(errors.Join(err, f.Close()))
			},
			"old":    old,
			"post":   post,
			"await":  await,
			"absent": absent,
		},
	})
}

func compressed(ts *testscript.TestScript, name string) []byte {
	b, err := os.ReadFile(filepath.Join(ts.Getenv("CORES"), name+".core.zst"))
	ts.Check(err)
	return b
}

func decompressed(ts *testscript.TestScript, name string) []byte {
	d, err := zstd.NewReader(nil)
	ts.Check(err)
	defer d.Close()
	b, err := d.DecodeAll(compressed(ts, name), nil)
	ts.Check(err)
	return b
}

// patience is far beyond any delay on a machine that works.
const patience = 30 * time.Second

func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await PATH LINE")
	}
	var body string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if body = page(ts, args[0]); strings.Contains("\n"+body, "\n"+args[1]+"\n") {
			return
		}
	}
	ts.Logf("%s", body)
	ts.Fatalf("no line %s in %s after %s", args[1], args[0], patience)
}

func post(ts *testscript.TestScript, neg bool, args []string) {
	resp, err := http.Post("http://"+ts.Getenv("ADDR")+args[0], "", nil)
	ts.Check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	ts.Logf("%s: %s", resp.Status, body)
	if (resp.StatusCode == http.StatusOK) == neg {
		ts.Fatalf("POST %s answered %s", args[0], resp.Status)
	}
}

func absent(ts *testscript.TestScript, _ bool, args []string) {
	if body := page(ts, args[0]); body == "" || strings.Contains(body, args[1]) {
		ts.Fatalf("%s is empty or holds %s", args[0], args[1])
	}
}

// old dates a file back. Retention looks at the last change of a file, which
// nobody can set, so that time has to pass.
func old(ts *testscript.TestScript, _ bool, args []string) {
	changed := time.Now()
	ts.Check(os.Chtimes(ts.MkAbs(args[0]), time.Time{}, changed.Add(-time.Hour)))
	for time.Since(changed) < 2*time.Second {
		time.Sleep(10 * time.Millisecond)
	}
}

func page(ts *testscript.TestScript, path string) string {
	resp, err := http.Get("http://" + ts.Getenv("ADDR") + path)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return ""
	}
	return string(body)
}

// freeAddress returns an address of this machine on which nothing listens.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

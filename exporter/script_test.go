package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
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

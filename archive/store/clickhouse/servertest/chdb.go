package servertest

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// shimDir is the folder of the shim and its npm packages.
func shimDir() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "chdb")
}

// StartChDB runs a present ClickHouse engine, that of the npm package chdb,
// behind a loopback port, and returns its address. It ends with the test.
func StartChDB(t testing.TB) string {
	t.Helper()
	if _, err := os.Stat(filepath.Join(shimDir(), "node_modules", "chdb")); err != nil {
		t.Skip("no npm package chdb, a present ClickHouse engine of 550 MB (npm ci in archive/store/clickhouse/servertest/chdb)")
	}
	var log bytes.Buffer
	cmd := exec.Command("node", filepath.Join(shimDir(), "shim.cjs"), t.TempDir())
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	hold, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skipf("no node: %v", err)
	}
	t.Cleanup(func() {
		hold.Close()       //nolint:errcheck // it ends by that
		cmd.Process.Kill() //nolint:errcheck // or by this
		cmd.Wait()         //nolint:errcheck // it was killed
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	port, numberErr := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || numberErr != nil {
		t.Fatalf("the shim of chdb printed %q, %v\n%s", line, err, &log)
	}
	return fmt.Sprintf("127.0.0.1:%d", port)
}

package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// writeRows writes the population as CSV and returns its largest cluster.
func writeRows(path string, p *population, n int) (class, signature string, err error) {
	f, err := os.Create(path)
	if err != nil {
		return "", "", err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	counts := make(map[[2]string]int)
	var top [2]string
	for range n {
		r := p.record()
		key := [2]string{string(r.Finding.Class), r.Finding.Signature}
		if counts[key]++; counts[key] > counts[top] {
			top = key
		}
		if _, err := w.WriteString(strings.Join(cellsOf(&r), ",") + "\n"); err != nil {
			return "", "", err
		}
	}
	if err := w.Flush(); err != nil {
		return "", "", err
	}
	return top[0], top[1], f.Close()
}

const table = "CREATE TABLE crash (ts BIGINT, id %s, class TEXT, signature TEXT, host TEXT, region TEXT, zone TEXT, service TEXT, version TEXT, build TEXT, kernel TEXT, cpu TEXT, type TEXT);"

// indexes serve the questions: each covers one, as far as an index can.
var indexes = []string{
	"CREATE INDEX by_time ON crash (ts, class);",
	"CREATE INDEX by_cluster ON crash (class, signature, ts, host);",
	"CREATE INDEX newest ON crash (region, service, class, ts);",
}

// sqlite is SQLite's own command line, with a write-ahead log and 256 MB of cache.
func sqlite() peer {
	return peer{
		name: "SQLite",
		open: func(ctx context.Context, dir string) (*shell, func(), error) {
			binary, err := exec.LookPath("sqlite3")
			if err != nil {
				return nil, nil, err
			}
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return nil, nil, err
			}
			cmd := exec.CommandContext(ctx, binary, "-batch", filepath.Join(dir, "crash.sqlite"))
			s, err := newShell(cmd, ".print "+markText)
			if err != nil {
				return nil, nil, err
			}
			return s, func() {
				s.in.Close() //nolint:errcheck // it ends by that
				cmd.Wait()   //nolint:errcheck // it was only asked
			}, nil
		},
		create: []string{"PRAGMA journal_mode = WAL;", "PRAGMA cache_size = -262144;", "PRAGMA temp_store = MEMORY;", fmt.Sprintf(table, "TEXT")},
		load:   func(path string) string { return ".import --csv " + path + " crash" },
		index:  append(slices.Clip(indexes), "ANALYZE;"),
	}
}

// postgres is a server of its own, started on a socket in the directory.
func postgres() peer {
	return peer{
		name: "PostgreSQL",
		open: openPostgres,
		create: []string{
			"SET work_mem = '64MB';", "SET maintenance_work_mem = '256MB';", fmt.Sprintf(table, "UUID"),
		},
		load:  func(path string) string { return `\copy crash from '` + path + `' csv` },
		index: append(slices.Clip(indexes), "VACUUM ANALYZE crash;"),
	}
}

// postgresDir is where Debian's packages put the server's programs.
const postgresDir = "/usr/lib/postgresql"

func openPostgres(ctx context.Context, dir string) (*shell, func(), error) {
	found, err := filepath.Glob(filepath.Join(postgresDir, "*", "bin", "initdb"))
	if err != nil || len(found) == 0 {
		return nil, nil, exec.ErrNotFound
	}
	bin := filepath.Dir(found[len(found)-1])
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, nil, err
	}
	as, err := owner(dir)
	if err != nil {
		return nil, nil, err
	}
	data := filepath.Join(dir, "data")
	run := func(name string, args ...string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Dir, cmd.SysProcAttr = dir, as
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		return cmd
	}
	if out, err := run(filepath.Join(bin, "initdb"), "-D", data, "-U", "bench", "-A", "trust", "--locale=C.UTF-8").CombinedOutput(); err != nil {
		return nil, nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	start := run(filepath.Join(bin, "pg_ctl"), "-D", data, "-w", "-l", filepath.Join(dir, "log"), "-o",
		"-k "+dir+" -c listen_addresses='' -c shared_buffers=512MB -c max_wal_size=4GB -c random_page_cost=1.1", "start")
	var log bytes.Buffer
	start.Stdout, start.Stderr = &log, &log
	if err := start.Run(); err != nil {
		return nil, nil, fmt.Errorf("start: %w: %s", err, &log)
	}
	stop := func() {
		run(filepath.Join(bin, "pg_ctl"), "-D", data, "-m", "immediate", "stop").Run() //nolint:errcheck // its directory is removed
	}
	s, err := newShell(run(filepath.Join(bin, "psql"), "-h", dir, "-U", "bench", "-qAt", "postgres"), `\echo `+markText)
	if err != nil {
		stop()
		return nil, nil, err
	}
	return s, func() { s.in.Close(); stop() }, nil //nolint:errcheck // it ends by that
}

// owner gives a directory to the user whom the server runs as: root can't.
func owner(dir string) (*syscall.SysProcAttr, error) {
	if os.Getuid() != 0 {
		return nil, nil //nolint:nilnil // this user will do
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("%w: PostgreSQL does not run as root: %w", exec.ErrNotFound, err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, os.Chown(dir, int(uid), int(gid))
}

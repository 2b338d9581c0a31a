package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
)

// peer is another database with the same crashes: one table of texts, of which
// it keeps only what the questions need, so that it has less to do than the
// archive, with indexes made for the questions.
type peer struct {
	name string
	// open starts it on an empty directory.
	open func(ctx context.Context, dir string) (*shell, func(), error)
	// create makes the table, index what is made after loading.
	create, index []string
	// load is how rows, as CSV, are read by the shell from a file.
	load func(path string) string
}

// shell is a database's command line: a statement in, its rows and a mark out.
type shell struct {
	in   io.WriteCloser
	out  *bufio.Reader
	mark string // the command that prints markText
}

const markText = "--done--"

// run sends a statement, or a command of the shell, and reads to its end.
func (s *shell) run(statement string) error {
	if _, err := io.WriteString(s.in, statement+"\n"+s.mark+"\n"); err != nil {
		return err
	}
	for {
		line, err := s.out.ReadString('\n')
		if err != nil {
			return fmt.Errorf("%.80s: %w", statement, err)
		}
		if line = strings.TrimSpace(line); line == markText {
			return nil
		}
		if strings.HasPrefix(line, "ERROR:") || strings.HasPrefix(line, "Error:") || strings.HasPrefix(line, "Parse error") || strings.HasPrefix(line, "psql:") {
			return fmt.Errorf("%.80s: %s", statement, line)
		}
	}
}

// newShell starts a command line.
func newShell(cmd *exec.Cmd, mark string) (*shell, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &shell{in: in, out: bufio.NewReaderSize(out, 1<<20), mark: mark}, nil
}

// cellsOf returns what a record has in the columns of a peer's table.
func cellsOf(r *crash.Record) []string {
	return []string{
		fmt.Sprint(r.Time.UnixMicro()), r.ID.String(), string(r.Finding.Class), r.Finding.Signature, r.Host.Name, r.Cloud.Region, r.Cloud.AvailabilityZone,
		r.Process.ServiceName, r.Process.ServiceVersion, r.Process.BuildID, r.Host.KernelRelease, r.Host.CPUModel, r.Host.Type,
	}
}

// statements are the questions in SQL that both peers take.
func statements(end time.Time, class, signature string) []question {
	since := func(span time.Duration) int64 { return end.Add(-span).UnixMicro() }
	one := fmt.Sprintf("class = '%s' AND signature = '%s'", class, signature)
	const dayWide, hourWide = 86_400_000_000, 3_600_000_000
	contrast := make([]string, 0, 8)
	for _, d := range []string{"host", "region", "zone", "version", "build", "kernel", "cpu", "type"} {
		contrast = append(contrast, fmt.Sprintf("SELECT '%s', %s, count(*), sum(CASE WHEN %s THEN 1 ELSE 0 END) FROM crash WHERE ts >= %d GROUP BY 2", d, d, one, since(90*day)))
	}
	ask := func(name, sql string) question {
		return question{name: name, sql: sql}
	}
	return []question{
		ask("Q1 daily by class, one year", fmt.Sprintf("SELECT ts / %d, class, count(*) FROM crash WHERE ts >= %d GROUP BY 1, 2;", dayWide, since(year))),
		ask("Q2 hourly by host of one cluster, 30 days", fmt.Sprintf("SELECT ts / %d, host, count(*) FROM crash WHERE %s AND ts >= %d GROUP BY 1, 2;", hourWide, one, since(30*day))),
		ask("Q3 top 50 clusters of 90 days, first, last, hosts", fmt.Sprintf("SELECT class, signature, count(*), min(ts), max(ts), count(DISTINCT host) FROM crash WHERE ts >= %d GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 50;", since(90*day))),
		ask("Q4 contrast of one cluster, 90 days (8 dimensions, counts only)", strings.Join(contrast, " UNION ALL ")+";"),
		ask("Q5 newest 100 with three filters", "SELECT * FROM crash WHERE region = 'region-03' AND service = 'svc-07' AND class = 'other' ORDER BY ts DESC LIMIT 100;"),
		ask("Q6 clusters first seen in the last day", fmt.Sprintf("SELECT class, signature, min(ts) FROM crash GROUP BY 1, 2 HAVING min(ts) >= %d;", since(day))),
	}
}

// measurePeers loads the population into every peer that is installed and asks
// it the questions. One that is not is named as such.
func measurePeers(ctx context.Context, dir string, c Config, end time.Time) (figures []figure, err error) {
	for _, p := range []peer{sqlite(), postgres()} {
		f, err := p.measure(ctx, filepath.Join(dir, p.name), c, end)
		if errors.Is(err, exec.ErrNotFound) {
			f = []figure{{what: p.name, measured: "not installed"}}
			err = nil
		}
		if err != nil {
			return figures, fmt.Errorf("%s: %w", p.name, err)
		}
		figures = append(figures, f...)
	}
	return figures, nil
}

func (p peer) measure(ctx context.Context, dir string, c Config, end time.Time) ([]figure, error) {
	s, stop, err := p.open(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer stop()
	for _, statement := range p.create {
		if err := s.run(statement); err != nil {
			return nil, err
		}
	}
	file := filepath.Join(dir, "rows.csv")
	// The same population as the archive's: it begins anew from its seed.
	class, signature, err := writeRows(file, newPopulation(end.Add(-year), year, c.Records), c.Records)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	for _, statement := range append([]string{p.load(file)}, p.index...) {
		if err := s.run(statement); err != nil {
			return nil, err
		}
	}
	figures := []figure{{what: p.name + ": load and index", measured: fmt.Sprintf("%.0f records/s", float64(c.Records)/time.Since(began).Seconds())}}
	for _, q := range statements(end, class, signature) {
		took, err := repeated(ctx, min(c.Runs, peerRuns), func(context.Context) error { return s.run(q.sql) })
		if err != nil {
			return nil, err
		}
		figures = append(figures, figure{what: p.name + ": " + q.name, measured: fmt.Sprintf("median %d ms, max %d ms", took[len(took)/2].Milliseconds(), took[len(took)-1].Milliseconds())})
	}
	return figures, nil
}

// peerRuns is how often a peer is asked: some need many seconds for an answer.
const peerRuns = 5

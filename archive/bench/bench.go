// Package bench measures an archive: the real binary on its embedded store, with
// the population of a large fleet, asked and fed over HTTP.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/archive/store/open"
	"github.com/epicurve/epicurve/pkg/crash"
)

// Config says what is measured.
type Config struct {
	// Archive is the path of the epicurve-archive binary.
	Archive string
	// Records is the size of the population, spread over a year.
	Records int
	// Runs is how often each question is asked; 0 is 21.
	Runs int
	// Dir holds the store's file for the run, about 400 bytes a record; ""
	// is a temporary directory.
	Dir string
	// Storage is where the store is; "" is a DuckDB file in Dir.
	Storage string
	// Peers adds SQLite and PostgreSQL on the same population.
	Peers bool
}

// year is the span of the population. It ends now, so that "the last day" has
// crashes.
const year = 365 * 24 * time.Hour

// batch is the number of records of one request; fillBatch that of one commit
// while filling.
const (
	batch     = 2000
	fillBatch = 10_000
)

// figure is one measured value beside its bar.
type figure struct {
	what, measured, bar string
	met                 bool
}

// Run measures and prints a table. It fails when something broke, not when a bar
// was missed.
func Run(ctx context.Context, out io.Writer, c Config) error {
	if c.Runs == 0 {
		c.Runs = 21
	}
	dir, err := os.MkdirTemp(c.Dir, "epicurve-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)                      //nolint:errcheck // a temporary directory
	if err := os.Chmod(dir, 0o755); err != nil { // a peer's server runs as another user
		return err
	}
	storage := c.Storage
	if storage == "" {
		storage = "duckdb:" + filepath.Join(dir, "archive.duckdb")
	}
	end := time.Now().UTC().Truncate(time.Hour)
	p := newPopulation(end.Add(-year), year, c.Records)
	fmt.Fprintf(out, "archive bench: %s, %d records over a year, %d hosts, %d signatures; load %s\n", open.Scheme(storage), c.Records, hosts, signatures, load())

	var figures []figure
	filled, err := fill(ctx, storage, p, c.Records)
	if err != nil {
		return fmt.Errorf("fill the store: %w", err)
	}
	figures = append(figures, filled...)
	a, err := start(ctx, c.Archive, storage)
	if err != nil {
		return err
	}
	defer a.stop() // harmless when it ended
	for _, measure := range []func(context.Context, *archive, *population, Config, time.Time) ([]figure, error){idle, ingest, busy, footprint} {
		f, err := measure(ctx, a, p, c, end)
		if err != nil {
			return fmt.Errorf("%w; the archive's log:\n%s", err, a.log)
		}
		figures = append(figures, f...)
	}
	a.stop()
	if c.Peers {
		f, err := measurePeers(ctx, dir, c, end)
		figures = append(figures, f...)
		if err != nil {
			fmt.Fprintln(out, err)
		}
	}
	fmt.Fprintf(out, "load afterwards %s\n", load())
	write(out, figures)
	return nil
}

// fill writes the population straight into the store: what is measured over HTTP
// later would only take longer.
func fill(ctx context.Context, storage string, p *population, n int) ([]figure, error) {
	s, err := open.Store(ctx, storage)
	if err != nil {
		return nil, err
	}
	inside, err := appended(ctx, s, p, n)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	perRecord, err := onDisk(ctx, storage, n)
	if err != nil {
		return nil, err
	}
	return []figure{
		{what: fmt.Sprintf("store: append in durable batches of %d", fillBatch), measured: fmt.Sprintf("%.0f records/s", float64(n)/inside.Seconds())},
		{what: "bytes on disk a record", measured: fmt.Sprintf("%.0f", perRecord), bar: "< 400", met: perRecord < 400},
	}, nil
}

// onDisk asks a store that was closed, and so has written everything, for the
// bytes that a record takes.
func onDisk(ctx context.Context, storage string, n int) (float64, error) {
	s, err := open.Store(ctx, storage)
	if err != nil {
		return 0, err
	}
	st, err := s.Stats(ctx)
	return float64(st.Bytes) / float64(n), errors.Join(err, s.Close())
}

// appended appends n records, made beside, and returns the time that the store
// took.
func appended(ctx context.Context, s store.Store, p *population, n int) (inside time.Duration, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	made := make(chan []crash.Record)
	go func() {
		defer close(made)
		for done := 0; done < n; done += fillBatch {
			select {
			case made <- p.records(min(fillBatch, n-done)):
			case <-ctx.Done():
				return
			}
		}
	}()
	for records := range made {
		start := time.Now()
		if _, err := s.Append(ctx, records); err != nil {
			return 0, err
		}
		inside += time.Since(start)
	}
	return inside, ctx.Err()
}

func write(out io.Writer, figures []figure) {
	for _, f := range figures {
		verdict := ""
		switch {
		case f.bar != "" && f.met:
			verdict = "met"
		case f.bar != "":
			verdict = "MISSED"
		}
		fmt.Fprintf(out, "%-58s %28s  %-22s %s\n", f.what, f.measured, f.bar, verdict)
	}
}

// load is the machine's load average of the last minute.
func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	one, _, _ := strings.Cut(string(b), " ")
	return one
}

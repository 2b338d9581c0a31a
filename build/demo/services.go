package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/epicurve/epicurve/pkg/query"
)

// services are the two programs, running.
type services struct {
	archive     string // path of the binary, also for reports
	archiveURL  string
	exporterURL string
	cores       string // the watched folder
	client      *query.Client
	children    []*child // in the order of their start
}

// startServices starts the archive, then the exporter that ships to it, and
// waits until both are ready.
func startServices(ctx context.Context, c Config, dir string) (s *services, err error) {
	s = &services{archive: c.Archive, cores: filepath.Join(dir, "cores")}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if err := os.Mkdir(s.cores, 0o755); err != nil {
		return s, err
	}
	storage := "duckdb:" + filepath.Join(dir, "archive.duckdb")
	if s.archiveURL, err = s.start(ctx, dir, "archive", c.Archive, "serve", "--storage", storage); err != nil {
		return s, err
	}
	fmt.Fprintf(c.Out, "archive   %s, keeps its records in %s\n", s.archiveURL, storage)
	if s.client, err = query.NewClient(s.archiveURL, nil); err != nil {
		return s, err
	}
	s.exporterURL, err = s.start(ctx, dir, "exporter", c.Exporter, "watch", "--core.dir", s.cores,
		"--state.dir", filepath.Join(dir, "state"), "--archive.url", s.archiveURL)
	if err != nil {
		return s, err
	}
	fmt.Fprintf(c.Out, "exporter  %s/metrics, watches %s\n", s.exporterURL, s.cores)
	return s, nil
}

// start starts a program on a free port and returns its URL when it is ready.
func (s *services) start(ctx context.Context, dir, name, path string, args ...string) (string, error) {
	addr, err := freePort()
	if err != nil {
		return "", err
	}
	c, err := start(ctx, dir, name, path, nil, append(args, "--web.listen-address", addr)...)
	if err != nil {
		return "", err
	}
	s.children = append(s.children, c)
	url := "http://" + addr
	return url, c.answers(ctx, url+"/-/ready")
}

// arrived waits until the archive holds as many crashes as were made, and
// returns how long that took.
func (s *services) arrived(ctx context.Context, made counts, window query.Range) (time.Duration, error) {
	began := time.Now()
	var held counts
	err := s.children[1].until(ctx, arrival, "shipped every crash", func(ctx context.Context) (bool, error) {
		var err error
		held, err = archived(ctx, s.client, window)
		return held.sum() >= made.sum(), err
	})
	if errors.Is(err, context.DeadlineExceeded) {
		return 0, fmt.Errorf("%w: %d were made, %d arrived: %w", ErrCounts, made.sum(), held.sum(), err)
	}
	return time.Since(began), err
}

// report prints what the archive knows, through its own command.
func (s *services) report(ctx context.Context, out io.Writer, r query.Range) error {
	cmd := exec.CommandContext(ctx, s.archive, "report", "--archive.url", s.archiveURL,
		"--from", r.From.UTC().Format(time.RFC3339), "--to", r.To.UTC().Add(time.Second).Format(time.RFC3339))
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("epicurve-archive report: %w", err)
	}
	return nil
}

// Close stops the programs, the last started first, so that the exporter can
// still ship while it stops.
func (s *services) Close() error {
	var errs []error
	for _, c := range slices.Backward(s.children) {
		errs = append(errs, c.Close())
	}
	s.children = nil
	return errors.Join(errs...)
}

// Package demo runs the whole of Epicurve on one machine: the real archive, the
// real exporter, real crashes, and a Grafana where there is one. It prints what
// the archive then knows, and checks that what was made, what the exporter
// counted and what the archive holds are the same.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/epicurve/epicurve/pkg/query"
)

// ErrCounts is wrapped when crashes were lost, made up or counted as another kind.
var ErrCounts = errors.New("the counts differ from what was made")

// arrival is how long the last crash may take from its core file to the archive.
const arrival = 90 * time.Second

// Config says how the demo runs.
type Config struct {
	Root     string // of the checkout; its dist/ and provisioning/ are Grafana's
	Exporter string // path of the exporter's binary
	Archive  string // path of the archive's binary
	Out      io.Writer
	// Rounds is the length of the made-up outbreak, about a second each.
	Rounds int
	// Interactive keeps everything running until the context ends.
	Interactive bool
	// Stored uses the stored cores even where real ones can be made.
	Stored bool
	// Grafana looks for a Grafana to show the dashboard in.
	Grafana bool
}

// Run runs the demo. Without Interactive it returns an error that wraps
// ErrCounts when the counts differ. It cleans up after itself, unless it failed:
// then it says where the programs' output is.
func Run(ctx context.Context, c Config) (err error) {
	dir, err := os.MkdirTemp("", "epicurve-demo-")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("demo: %w (everything it left is in %s)", err, dir)
			return
		}
		if err = os.RemoveAll(dir); err != nil {
			err = fmt.Errorf("demo: clean up: %w", err)
		}
	}()
	began := time.Now()
	s, err := startServices(ctx, c, dir)
	if err != nil {
		return err
	}
	err = c.show(ctx, s, dir, began)
	if err != nil && c.Interactive && ctx.Err() != nil {
		err = nil // Ctrl-C is how a person leaves
	}
	return errors.Join(err, s.Close())
}

// show makes the crashes, waits for them to arrive and tells what is known.
func (c Config) show(ctx context.Context, s *services, dir string, began time.Time) error {
	source, err := c.openSource(ctx, dir, s.cores)
	if err != nil {
		return err
	}
	first := time.Now()
	made, err := source.outbreak(ctx, c.Rounds)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.Out, "          %d made in %s\n", made.sum(), time.Since(first).Round(100*time.Millisecond))
	window := query.Range{From: began.Add(-2 * time.Second), To: time.Now().Add(arrival)}
	took, err := s.arrived(ctx, made, window)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.Out, "arrived   all %d, %s after the last crash\n\n", made.sum(), took.Round(10*time.Millisecond))
	if err := s.report(ctx, c.Out, query.Range{From: first.Add(-time.Second), To: time.Now()}); err != nil {
		return err
	}
	if err := c.check(ctx, s, made, window); err != nil {
		return err
	}
	return c.linger(ctx, s, dir, source)
}

// check compares the three counts.
func (c Config) check(ctx context.Context, s *services, made counts, window query.Range) error {
	archive, err := archived(ctx, s.client, window)
	if err != nil {
		return err
	}
	metrics, err := exported(ctx, s.exporterURL+"/metrics")
	if err != nil {
		return err
	}
	fmt.Fprintln(c.Out)
	differ, err := compare(c.Out, made, metrics, archive)
	if err != nil {
		return err
	}
	if len(differ) > 0 {
		return fmt.Errorf("%w: %v", ErrCounts, differ)
	}
	fmt.Fprintln(c.Out, "\nThe counts agree.")
	return nil
}

// linger shows the dashboard, and on a terminal keeps everything running, with a
// further crash now and then, until the context ends.
func (c Config) linger(ctx context.Context, s *services, dir string, source *source) error {
	if c.Grafana {
		if err := c.dashboard(ctx, s, dir); err != nil {
			return err
		}
	}
	if !c.Interactive {
		return nil
	}
	fmt.Fprintf(c.Out, "\nRunning, with a further crash every %s, until Ctrl-C. Meanwhile, try:\n", pause)
	fmt.Fprintf(c.Out, "  curl -s %s/metrics | grep %s\n", s.exporterURL, counterName)
	fmt.Fprintf(c.Out, "  %s report --archive.url %s\n", c.Archive, s.archiveURL)
	fmt.Fprintf(c.Out, "  %s classify --output json %s\n", c.Exporter, filepath.Join(s.cores, "*"))
	return source.trickle(ctx)
}

// dashboard prints the link to a Grafana with the stock dashboard, or how to
// get one. A Grafana that does not start is told, and is no failure of the demo.
func (c Config) dashboard(ctx context.Context, s *services, dir string) error {
	root, err := filepath.Abs(c.Root)
	if err != nil {
		return err
	}
	link, child, err := dashboards{root: root, dir: dir, archive: s.archiveURL}.open(ctx)
	switch {
	case errors.Is(err, errNoGrafana):
		fmt.Fprintln(c.Out, "\n"+howToGetGrafana)
	case err != nil:
		fmt.Fprintln(c.Out, "\nThe dashboard can't be shown:", err)
	default:
		if child != nil {
			s.children = append(s.children, child)
		}
		fmt.Fprintln(c.Out, "\nDashboard:", link)
	}
	return ctx.Err()
}

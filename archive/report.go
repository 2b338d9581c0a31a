package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/epicurve/epicurve/archive/report"
	"github.com/epicurve/epicurve/pkg/query"
)

// reportTimeout bounds one question of a report.
const reportTimeout = 2 * time.Minute

// reportFlags are the flags of the report command.
type reportFlags struct {
	url      string
	token    string // path of a file
	from, to string
	since    string
	filters  []string
	output   string
	options  report.Options
}

func (c *cli) addReport() {
	f := &reportFlags{}
	cmd := c.command("report", "Print what an archive knows of a time range.", func(ctx context.Context) error {
		return f.run(ctx, c.stdout)
	})
	cmd.Flag("archive.url", "URL of the archive.").Default("http://localhost" + defaultAddress).Envar("EPICURVE_ARCHIVE_URL").StringVar(&f.url)
	cmd.Flag("archive.token-file", "File with a bearer token of the role read, for an archive that asks for one.").StringVar(&f.token)
	cmd.Flag("format", "One of "+strings.Join(report.Formats(), ", ")+".").Default(report.Formats()[0]).EnumVar(&f.options.Format, report.Formats()...)
	cmd.Flag("from", "First moment of the range, RFC 3339 (2026-03-01T00:00:00Z) or a day (2026-03-01). Overrides --since.").StringVar(&f.from)
	cmd.Flag("to", "End of the range, in the same forms; now when absent.").StringVar(&f.to)
	cmd.Flag("since", "Length of the range, such as 90m, 24h or 7d.").Default("7d").StringVar(&f.since)
	cmd.Flag("group-by", "Dimension that the epi curve is split by.").Default("crash.class").StringVar(&f.options.GroupBy)
	cmd.Flag("filter", "DIMENSION=VALUE, or with !=, =~, !~; repeatable.").StringsVar(&f.filters)
	cmd.Flag("cluster", "A cluster's key (class/signature), or a class.").StringVar(&f.options.Cluster)
	cmd.Flag("limit", "Clusters shown.").Default(fmt.Sprint(report.DefaultLimit)).IntVar(&f.options.Limit)
	cmd.Flag("columns", "Width of the epi curve in columns, at most.").Default(fmt.Sprint(report.DefaultColumns)).IntVar(&f.options.Columns)
	cmd.Flag("output", "File to write; - is standard output.").Short('o').Default("-").StringVar(&f.output)
}

// run asks the archive and writes the report.
func (f *reportFlags) run(ctx context.Context, stdout io.Writer) error {
	o := f.options
	var err error
	if o.Range, err = f.window(time.Now()); err != nil {
		return err
	}
	for _, text := range f.filters {
		filter, err := parseFilter(text)
		if err != nil {
			return err
		}
		o.Filters = append(o.Filters, filter)
	}
	transport, err := f.transport()
	if err != nil {
		return err
	}
	client, err := query.NewClient(f.url, &http.Client{Timeout: reportTimeout, Transport: transport})
	if err != nil {
		return err
	}
	if f.output == "-" {
		return report.Write(ctx, stdout, client, o)
	}
	return writeFile(f.output, func(w io.Writer) error { return report.Write(ctx, w, client, o) })
}

// bearer adds a token to every request.
type bearer struct{ token string }

// RoundTrip implements [http.RoundTripper].
func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token)
	return http.DefaultTransport.RoundTrip(r)
}

// transport is nil, which is the default one, without a token.
func (f *reportFlags) transport() (http.RoundTripper, error) {
	if f.token == "" {
		return nil, nil //nolint:nilnil // http.Client takes nil for its default
	}
	text, err := os.ReadFile(f.token)
	if err != nil {
		return nil, fmt.Errorf("--archive.token-file: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return nil, fmt.Errorf("--archive.token-file: %s is empty", f.token)
	}
	return bearer{token}, nil
}

// window is the range that the flags ask for.
func (f *reportFlags) window(now time.Time) (r query.Range, err error) {
	r.To = now
	if f.to != "" {
		if r.To, err = parseTime("to", f.to); err != nil {
			return r, err
		}
	}
	if f.from != "" {
		r.From, err = parseTime("from", f.from)
		return r, err
	}
	since, err := model.ParseDuration(f.since)
	if err != nil || since == 0 {
		return r, fmt.Errorf("--since %q: want a length such as 90m, 24h or 7d", f.since)
	}
	r.From = r.To.Add(-time.Duration(since))
	return r, nil
}

func parseTime(flag, text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("--%s %q: want a time such as 2026-03-01T15:04:05Z or a day such as 2026-03-01", flag, text)
}

// parseFilter reads DIMENSION, operator, VALUE.
func parseFilter(text string) (query.Filter, error) {
	i := strings.IndexAny(text, "=!")
	if i > 0 {
		for _, op := range []query.Op{query.OpNotIn, query.OpMatch, query.OpNotMatch, query.OpIn} {
			if value, ok := strings.CutPrefix(text[i:], string(op)); ok {
				return query.Filter{Dimension: strings.TrimSpace(text[:i]), Op: op, Values: []string{value}}, nil
			}
		}
	}
	return query.Filter{}, fmt.Errorf("--filter %q: want DIMENSION=VALUE, or !=, =~, !~ in place of =", text)
}

// writeFile writes a file that is either complete or not there.
func writeFile(path string, write func(io.Writer) error) (err error) {
	part, err := os.CreateTemp(filepath.Dir(path), ".report-*")
	if err != nil {
		return fmt.Errorf("--output: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(part.Name()))
		}
	}()
	if err := write(part); err != nil {
		return errors.Join(err, part.Close())
	}
	if err := part.Close(); err != nil {
		return fmt.Errorf("--output: %w", err)
	}
	if err := os.Chmod(part.Name(), 0o644); err != nil {
		return fmt.Errorf("--output: %w", err)
	}
	return os.Rename(part.Name(), path)
}

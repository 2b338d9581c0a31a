// Package report prints what an archive knows of a time range: the clusters,
// the hosts and the epi curve, as text for a terminal, as Markdown for a ticket,
// or as one HTML file that needs nothing else.
package report

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/epicurve/epicurve/pkg/query"
)

// Archive is what a report asks; *query.Client answers it.
type Archive interface {
	Status(ctx context.Context) (query.Status, error)
	Clusters(ctx context.Context, r query.Request) (query.Clusters, error)
	Timeseries(ctx context.Context, r query.Request) (query.Timeseries, error)
	DimensionValues(ctx context.Context, dimension string, r query.Range, search string, limit int) (query.DimensionValues, error)
}

// ErrFormat is wrapped for a format that is not one of Formats.
var ErrFormat = errors.New("unknown report format")

// Formats returns the closed set of formats.
func Formats() []string { return []string{"text", "md", "html", "json"} }

// Bounds of a report.
const (
	DefaultLimit   = 20   // clusters shown
	DefaultColumns = 60   // buckets of the epi curve, at most
	maxColumns     = 400  // wider than any terminal
	maxHosts       = 1000 // counted; more are "1000 or more"
	shownHosts     = 8
)

// Options choose what is reported.
type Options struct {
	Format string // one of Formats; "" is text
	// Range is the interval of crash times that is counted.
	Range query.Range
	// GroupBy is the dimension that the epi curve is split by; "" is crash.class.
	GroupBy string
	Filters []query.Filter
	Cluster string // "class/signature", a class, or "" for all
	Limit   int    // clusters shown; 0 is DefaultLimit
	Columns int    // buckets of the epi curve; 0 is DefaultColumns
}

// Report is what was asked and answered.
type Report struct {
	Range    query.Range            `json:"range"`
	Cluster  string                 `json:"cluster,omitempty"`
	Status   query.Status           `json:"status"`
	Clusters query.Clusters         `json:"clusters"`
	Curve    query.Timeseries       `json:"curve"`
	GroupBy  string                 `json:"groupBy"`
	Hosts    []query.DimensionValue `json:"hosts"` // most frequent first; all crashes of the range, unfiltered
	Notices  []string               `json:"notices,omitempty"`
	// Verdict and Contrast are those of the one cluster that was asked for.
	Verdict  *query.Verdict  `json:"verdict,omitempty"`
	Contrast *query.Contrast `json:"contrast,omitempty"`
}

// Crashes counts the crashes of the range that the filters let through.
func (r *Report) Crashes() int64 {
	var n float64
	for _, s := range r.Curve.Series {
		n += s.Total
	}
	return int64(n)
}

// Write asks the archive and prints the report to w.
func Write(ctx context.Context, w io.Writer, a Archive, o Options) error {
	write, err := printer(o.Format)
	if err != nil {
		return err
	}
	r, err := Collect(ctx, a, o)
	if err != nil {
		return err
	}
	if err := write(w, r); err != nil {
		return fmt.Errorf("report: write: %w", err)
	}
	return nil
}

func printer(format string) (func(io.Writer, *Report) error, error) {
	switch format {
	case "", "text":
		return writeText, nil
	case "md":
		return writeMarkdown, nil
	case "html":
		return writeHTML, nil
	case "json":
		return writeJSON, nil
	default:
		return nil, fmt.Errorf("%w: %.40q; possible are %v", ErrFormat, format, Formats())
	}
}

// Collect asks the archive for everything that a report shows.
func Collect(ctx context.Context, a Archive, o Options) (*Report, error) {
	o = o.withDefaults()
	if !o.Range.To.After(o.Range.From) {
		return nil, fmt.Errorf("report: the range ends (%s) before it begins (%s)", o.Range.To.Format(time.RFC3339), o.Range.From.Format(time.RFC3339))
	}
	r := &Report{Range: o.Range, Cluster: o.Cluster, GroupBy: o.GroupBy}
	var err error
	if r.Status, err = a.Status(ctx); err != nil {
		return nil, fmt.Errorf("report: status: %w", err)
	}
	base := query.Request{Range: o.Range, Filters: o.Filters, Cluster: o.Cluster}
	clusters, curve := base, base
	clusters.Limit = o.Limit
	if r.Clusters, err = a.Clusters(ctx, clusters); err != nil {
		return nil, fmt.Errorf("report: clusters: %w", err)
	}
	curve.GroupBy = []string{o.GroupBy}
	curve.Interval = query.Duration(query.NiceInterval(o.Range.To.Sub(o.Range.From), o.Columns))
	curve.TopK = len(symbols) - 1
	if r.Curve, err = a.Timeseries(ctx, curve); err != nil {
		return nil, fmt.Errorf("report: epi curve: %w", err)
	}
	hosts, err := a.DimensionValues(ctx, "host.name", o.Range, "", maxHosts)
	if err != nil {
		return nil, fmt.Errorf("report: hosts: %w", err)
	}
	r.Hosts = hosts.Values
	r.Notices = notices(r.Clusters.Meta, r.Curve.Meta, hosts.Meta)
	if err := r.judge(ctx, a, base); err != nil {
		return nil, fmt.Errorf("report: verdict: %w", err)
	}
	return r, nil
}

func (o Options) withDefaults() Options {
	if o.GroupBy == "" {
		o.GroupBy = "crash.class"
	}
	if o.Limit <= 0 {
		o.Limit = DefaultLimit
	}
	if o.Columns <= 0 {
		o.Columns = DefaultColumns
	}
	o.Columns = min(o.Columns, maxColumns)
	return o
}

// notices joins the notices of several answers, each once.
func notices(metas ...query.Meta) []string {
	var all []string
	seen := make(map[string]bool)
	add := func(s string) {
		if !seen[s] {
			seen[s] = true
			all = append(all, s)
		}
	}
	for _, m := range metas {
		if m.Partial {
			add("a part of the archive did not answer: the counts are too low")
		}
		for _, n := range m.Notices {
			add(n)
		}
	}
	return all
}

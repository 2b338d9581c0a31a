package demo

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// counterName is the exporter's counter of crashes.
const counterName = "coredump_crashes_total"

// finding is what the counts are compared by.
type finding struct {
	Class crash.Class
	Kind  crash.Kind
}

func (f finding) String() string { return string(f.Class) + "/" + string(f.Kind) }

// counts are crashes by finding; a finding without crashes is not in it.
type counts map[finding]int

func (c counts) sum() int {
	n := 0
	for _, v := range c {
		n += v
	}
	return n
}

// archived asks the archive what it holds.
func archived(ctx context.Context, archive *query.Client, r query.Range) (counts, error) {
	answer, err := archive.Timeseries(ctx, query.Request{
		Range: r, GroupBy: []string{"crash.class", "crash.kind"}, TopK: len(crash.Kinds()),
		Suppressed: query.SuppressedInclude,
	})
	if err != nil {
		return nil, fmt.Errorf("count the archive's crashes: %w", err)
	}
	got := make(counts)
	for _, s := range answer.Series {
		got[finding{crash.Class(s.Labels["crash.class"]), crash.Kind(s.Labels["crash.kind"])}] += int(s.Total)
	}
	return got, nil
}

// exported reads the exporter's counters from its /metrics.
func exported(ctx context.Context, url string) (counts, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("read the exporter's counters: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // the body was read; closing it can't lose anything
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("read the exporter's counters: %w", err)
	}
	family, ok := families[counterName]
	if !ok {
		return nil, fmt.Errorf("%s has no %s", url, counterName)
	}
	got := make(counts)
	for _, m := range family.GetMetric() {
		labels := make(map[string]string)
		for _, l := range m.GetLabel() {
			labels[l.GetName()] = l.GetValue()
		}
		if v := int(m.GetCounter().GetValue()); v != 0 {
			got[finding{crash.Class(labels["class"]), crash.Kind(labels["kind"])}] += v
		}
	}
	return got, nil
}

// compare prints what was made, exported and archived side by side and returns
// the findings whose numbers differ.
func compare(w io.Writer, made, metrics, archive counts) ([]finding, error) {
	var all []finding
	for _, c := range []counts{made, metrics, archive} {
		for f := range c {
			if !slices.Contains(all, f) {
				all = append(all, f)
			}
		}
	}
	slices.SortFunc(all, func(a, b finding) int { return strings.Compare(a.String(), b.String()) })
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "CLASS\tKIND\tMADE\tON /metrics\tIN THE ARCHIVE\t")
	var differ []finding
	for _, f := range all {
		verdict := ""
		if made[f] != metrics[f] || made[f] != archive[f] {
			differ = append(differ, f)
			verdict = "differs"
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%d\t%s\n", f.Class, f.Kind, made[f], metrics[f], archive[f], verdict)
	}
	fmt.Fprintf(t, "all\t\t%d\t%d\t%d\t\n", made.sum(), metrics.sum(), archive.sum())
	return differ, t.Flush()
}

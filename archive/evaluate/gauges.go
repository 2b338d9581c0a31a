package evaluate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/epi"
	"github.com/epicurve/epicurve/pkg/query"
)

// gaugedClusters bounds the clusters on /metrics: those with the most crashes in
// the last gaugedSpan.
const (
	gaugedClusters = 100
	gaugedSpan     = 90 * 24 * time.Hour
)

// gauge is one metric of clusters.
type gauge struct {
	name, help string
	of         func(epi.Assessment) float64 // NaN leaves the series out
}

var gauges = []gauge{
	{"epicurve_cluster_episodes", "Episodes of the cluster in the evaluated population.", func(a epi.Assessment) float64 { return float64(a.Episodes) }},
	{"epicurve_cluster_hosts", "Hosts that the cluster was seen on.", func(a epi.Assessment) float64 { return float64(a.Hosts) }},
	{"epicurve_cluster_last_seen_timestamp_seconds", "Time of the cluster's newest crash.", func(a epi.Assessment) float64 { return float64(a.LastSeen.Unix()) }},
	{"epicurve_cluster_new", "Whether the cluster is new and frequent enough for an alert.", func(a epi.Assessment) float64 { return truth(a.New.Alert) }},
	{"epicurve_cluster_cusum_score", "CUSUM of the cluster's daily episodes; a surge when it reaches the limit.", func(a epi.Assessment) float64 {
		if a.Surge == nil {
			return math.NaN()
		}
		return a.Surge.Score
	}},
	{"epicurve_cluster_cusum_limit", "Limit of the cluster's CUSUM.", func(a epi.Assessment) float64 {
		if a.Surge == nil {
			return math.NaN()
		}
		return a.Surge.Limit
	}},
}

// WriteGauges writes the states and scores of the largest clusters in
// Prometheus' text format.
func (e *Evaluator) WriteGauges(ctx context.Context, w io.Writer) error {
	v, err := e.view(ctx, e.Now())
	if err != nil {
		return err
	}
	req := query.Request{Type: query.TypeClusters, Range: query.Range{From: v.at.Add(-gaugedSpan), To: v.at.Add(time.Second)}, Limit: gaugedClusters}
	req.Normalize()
	list, err := e.Store.Clusters(ctx, req)
	if err != nil {
		return err
	}
	var assessed []epi.Assessment
	seen := map[string]bool{}
	for _, c := range list.Clusters {
		if err := ctx.Err(); err != nil {
			return err
		}
		a, err := v.assess(c.Key, v.at, false)
		if errors.Is(err, store.ErrNotFound) || seen[a.Cluster] {
			continue // newer than the view, or merged into one that stands here
		}
		if err != nil {
			return err
		}
		seen[a.Cluster] = true
		assessed = append(assessed, a)
	}
	_, err = io.WriteString(w, exposition(assessed))
	return err
}

// exposition prints the gauges of assessed clusters. The value of each state is
// there, 1 for the one that holds, so that a rule sees every change.
func exposition(assessed []epi.Assessment) string {
	var b strings.Builder
	header := func(name, help string) { fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name) }
	if len(assessed) == 0 {
		return ""
	}
	header("epicurve_cluster_state", "State of the cluster: 1 for the one that holds.")
	for _, a := range assessed {
		for _, s := range epi.States() {
			fmt.Fprintf(&b, "epicurve_cluster_state{cluster=%s,state=%s} %g\n", label(a.Cluster), label(string(s)), truth(a.State == s))
		}
	}
	for _, g := range gauges {
		header(g.name, g.help)
		for _, a := range assessed {
			if value := g.of(a); !math.IsNaN(value) {
				fmt.Fprintf(&b, "%s{cluster=%s} %g\n", g.name, label(a.Cluster), value)
			}
		}
	}
	return b.String()
}

// label quotes a label's value as the text format escapes it.
func label(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`).Replace(value) + `"`
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

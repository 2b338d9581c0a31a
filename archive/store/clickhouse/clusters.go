package clickhouse

import (
	"context"
	"fmt"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// Clusters finds the largest clusters first, then asks for the details of those
// only.
func (s *Store) Clusters(ctx context.Context, req query.Request) (query.Clusters, error) {
	w, err := selectCrashes(req)
	if err != nil {
		return query.Clusters{}, err
	}
	r := s.reading()
	out, err := r.clusters(ctx, req, w)
	if err == nil {
		out.Meta, err = r.meta(ctx)
	}
	if err != nil {
		return query.Clusters{}, fmt.Errorf("clickhouse: clusters: %w", err)
	}
	return out, nil
}

// clusterRows finds the row of a cluster in the answer.
type clusterRows map[string]*query.Cluster

func (r *reading) clusters(ctx context.Context, req query.Request, w selection) (query.Clusters, error) {
	out, err := r.largest(ctx, w, req.Limit)
	if err != nil || len(out.Clusters) == 0 {
		return out, err
	}
	rows := make(clusterRows, len(out.Clusters))
	var signatures []string
	for i := range out.Clusters {
		c := &out.Clusters[i]
		rows[c.Key] = c
		signatures = append(signatures, c.Signature)
	}
	theirs := "crash_signature IN " + quoteAll(signatures)
	if err := r.clusterDetails(ctx, req, w.with(theirs), rows); err != nil {
		return query.Clusters{}, err
	}
	return out, r.clusterSpans(ctx, req.Suppressed, theirs, rows)
}

// clusterKey is crash.ClusterKey in SQL, over columns c and s.
const clusterKey = "if(s = '', c, concat(c, '/', s))"

// largest returns the clusters with the most crashes, at most limit, with their
// hosts, and the number of all.
func (r *reading) largest(ctx context.Context, w selection, limit int) (query.Clusters, error) {
	out := query.Clusters{Clusters: []query.Cluster{}}
	// One pass gives both the number of clusters and the first of them: the
	// few columns of all clusters are sorted as an array.
	groups := "SELECT toString(crash_class) AS c, toString(crash_signature) AS s, toInt64(count()) AS n, " + distinctHosts + " AS h" +
		final(tableCrashes) + w.where() + " GROUP BY crash_class, crash_signature"
	q := "SELECT total, tupleElement(x, 3), tupleElement(x, 4), -tupleElement(x, 1), tupleElement(x, 5) FROM (" +
		"SELECT toInt64(count()) AS total, arraySlice(arraySort(groupArray((-n, " + clusterKey + ", c, s, h))), 1, " + integer(limit) + ") AS top FROM (" + groups + "))" +
		" ARRAY JOIN top AS x"
	err := r.rows(ctx, q, func(d *rowDecoder) {
		out.Total = d.int64()
		c := query.Cluster{Class: crash.Class(d.text()), Signature: d.text(), Crashes: d.int64(), Hosts: d.int64()}
		c.Key = crash.ClusterKey(c.Class, c.Signature)
		out.Clusters = append(out.Clusters, c)
	})
	return out, err
}

// clusterSpans reads when the clusters were first and last seen in the whole
// archive. Rows that are there twice do no harm to a minimum, so that this is
// not read FINAL.
func (r *reading) clusterSpans(ctx context.Context, how query.Suppressed, theirs string, rows clusterRows) error {
	w := selection{theirs}
	if condition := suppressed(how); condition != "" {
		w = append(w, condition)
	}
	q := "SELECT crash_class, crash_signature, min(ts), max(ts) FROM " + tableCrashes + w.where() + " GROUP BY crash_class, crash_signature"
	return r.rows(ctx, q, func(d *rowDecoder) {
		key := crash.ClusterKey(crash.Class(d.text()), d.text())
		first, last := d.int64(), d.int64()
		if c := rows[key]; c != nil {
			c.FirstSeen, c.LastSeen = fromMicro(first), fromMicro(last)
		}
	})
}

// maxTexts is the number of most frequent values that a cluster's row shows.
const maxTexts = 3

// clusterDetails reads the trend and the most frequent kinds, executables and
// signals of each cluster in one pass: within a signature these are few.
func (r *reading) clusterDetails(ctx context.Context, req query.Request, w selection, rows clusterRows) error {
	from, width := store.TrendParts(req.Range)
	const by = "crash_class, crash_signature, p, crash_kind, process_executable_name, crash_signal"
	q := fmt.Sprintf("SELECT crash_class, crash_signature, toInt64(intDiv(ts - (%d), %d)) AS p, crash_kind, process_executable_name, crash_signal, toInt64(count())", from, width) +
		final(tableCrashes) + w.where() + " GROUP BY " + by
	found := make(map[*query.Cluster]*[3]map[string]int64)
	err := r.rows(ctx, q, func(d *rowDecoder) {
		key := crash.ClusterKey(crash.Class(d.text()), d.text())
		part := d.int64()
		texts := [3]string{d.text(), d.text(), d.text()}
		n := d.int64()
		c := rows[key]
		if c == nil || part < 0 || part >= query.TrendBuckets {
			return
		}
		if c.Trend == nil {
			c.Trend = make([]int64, query.TrendBuckets)
			found[c] = &[3]map[string]int64{{}, {}, {}}
		}
		c.Trend[part] += n
		for i, text := range texts {
			found[c][i][text] += n
		}
	})
	for c, counts := range found {
		if kinds := mostFrequent(counts[0]); len(kinds) > 0 {
			c.Kind = crash.Kind(kinds[0])
		}
		c.Executables, c.Signals = mostFrequent(counts[1]), mostFrequent(counts[2])
	}
	return err
}

// mostFrequent returns the most frequent known texts.
func mostFrequent(counts map[string]int64) []string {
	var values []query.DimensionValue
	for text, n := range counts {
		if text != "" {
			values = append(values, query.DimensionValue{Value: text, Crashes: n})
		}
	}
	store.SortValues(values)
	texts := make([]string, 0, maxTexts)
	for _, v := range values[:min(len(values), maxTexts)] {
		texts = append(texts, v.Value)
	}
	return texts
}

// DimensionValues lists the most frequent values, at most req.Limit.
func (s *Store) DimensionValues(ctx context.Context, dimension string, req query.Request) (query.DimensionValues, error) {
	w, err := selectCrashes(req)
	if err != nil {
		return query.DimensionValues{}, err
	}
	out := query.DimensionValues{Values: []query.DimensionValue{}}
	col := column(dimension)
	q := "SELECT " + col + ", toInt64(count()) AS n" + final(tableCrashes) + w.where() + " GROUP BY " + col + " ORDER BY n DESC, " + col + " LIMIT " + integer(req.Limit)
	r := s.reading()
	err = r.rows(ctx, q, func(d *rowDecoder) {
		out.Values = append(out.Values, query.DimensionValue{Value: d.text(), Crashes: d.int64()})
	})
	if err == nil {
		out.Meta, err = r.meta(ctx)
	}
	if err != nil {
		return query.DimensionValues{}, fmt.Errorf("clickhouse: values of %s: %w", dimension, err)
	}
	return out, nil
}

package evaluate

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/epicurve/epicurve/archive/ledger"
	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// selections says how the store picks a cluster that was split or merged; nil
// when it is picked by its key.
func (e *Evaluator) selections(ctx context.Context, cluster string) ([]ledger.Selection, error) {
	if cluster == "" {
		return nil, nil
	}
	events, err := e.Store.LedgerEvents(ctx)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	book := ledger.Fold(events)
	key := book.Canonical(cluster)
	all := book.Selections(key)
	entry, _ := book.Entry(key)
	for _, merged := range entry.Merged {
		all = append(all, book.Selections(merged)...)
	}
	if len(all) == 1 && all[0].Of == cluster && len(all[0].Filters) == 0 {
		return nil, nil
	}
	return all, nil
}

// narrowed is a request for one selection.
func narrowed(req query.Request, s ledger.Selection) query.Request {
	req.Cluster = s.Of
	req.Filters = append(slices.Clone(req.Filters), s.Filters...)
	return req
}

// Records lists records, also of clusters that were split or merged.
func (e *Evaluator) Records(ctx context.Context, req query.Request) (query.Records, error) {
	parts, err := e.selections(ctx, req.Cluster)
	if err != nil || parts == nil {
		if err != nil {
			return query.Records{}, err
		}
		return e.Store.Records(ctx, req)
	}
	out := query.Records{Records: []crash.Record{}}
	for _, part := range parts {
		found, err := e.Store.Records(ctx, narrowed(req, part))
		if err != nil {
			return query.Records{}, err
		}
		out.Meta = found.Meta
		out.Records = append(out.Records, found.Records...)
	}
	slices.SortFunc(out.Records, func(a, b crash.Record) int {
		if c := b.Time.Compare(a.Time); c != 0 {
			return c
		}
		return bytes.Compare(a.ID[:], b.ID[:])
	})
	out.Records = out.Records[:min(len(out.Records), req.Limit)]
	return out, nil
}

// Timeseries counts, also in clusters that were split. Of one that others were
// merged into, or that consists of parts of several, the parts are separate
// questions: only the first is drawn, and a notice says so.
func (e *Evaluator) Timeseries(ctx context.Context, req query.Request) (query.Timeseries, error) {
	parts, err := e.selections(ctx, req.Cluster)
	if err != nil {
		return query.Timeseries{}, err
	}
	if parts == nil {
		return e.timeseries(ctx, req)
	}
	answer, err := e.timeseries(ctx, narrowed(req, parts[0]))
	if len(parts) > 1 {
		answer.Notices = append(answer.Notices, fmt.Sprintf("The cluster is made of %d parts; the curve shows the first, %s.", len(parts), parts[0].Of))
	}
	return answer, err
}

// timeseries counts, or divides by the exposure that belongs to what is counted.
func (e *Evaluator) timeseries(ctx context.Context, req query.Request) (query.Timeseries, error) {
	switch {
	case req.Measure != query.MeasureRate:
		return e.Store.Timeseries(ctx, req)
	case aboutWorkflows(req):
		return e.runRate(ctx, req)
	default:
		return e.Store.Timeseries(ctx, withoutWorkflows(req))
	}
}

// withParts puts the clusters that splits changed in place of what the store
// lists under their keys.
func (e *Evaluator) withParts(ctx context.Context, req query.Request, list query.Clusters, book *ledger.Book) (query.Clusters, error) {
	changed := map[string]bool{}
	for _, s := range book.Splits() {
		changed[s.Cluster], changed[s.Into] = true, true
	}
	if len(changed) == 0 {
		return list, nil
	}
	before := len(list.Clusters)
	list.Clusters = slices.DeleteFunc(list.Clusters, func(c query.Cluster) bool { return changed[c.Key] })
	list.Total -= int64(before - len(list.Clusters))
	for key := range changed {
		if req.Cluster != "" && req.Cluster != key {
			continue
		}
		c, err := e.partCluster(ctx, req, key, book.Selections(key))
		if err != nil {
			return list, err
		}
		if c.Crashes > 0 {
			list.Clusters = append(list.Clusters, c)
			list.Total++
		}
	}
	slices.SortFunc(list.Clusters, func(a, b query.Cluster) int {
		if a.Crashes != b.Crashes {
			return int(b.Crashes - a.Crashes)
		}
		return strings.Compare(a.Key, b.Key)
	})
	list.Clusters = list.Clusters[:min(len(list.Clusters), req.Limit)]
	return list, nil
}

// partCluster adds up the selections of one cluster. A host that is in several
// counts in each.
func (e *Evaluator) partCluster(ctx context.Context, req query.Request, key string, parts []ledger.Selection) (query.Cluster, error) {
	class, signature, err := query.ParseCluster(key)
	if err != nil {
		return query.Cluster{}, err
	}
	sum := query.Cluster{Key: key, Class: class, Signature: signature, Trend: make([]int64, query.TrendBuckets)}
	for _, part := range parts {
		found, err := e.Store.Clusters(ctx, narrowed(req, part))
		if err != nil {
			return query.Cluster{}, err
		}
		for _, c := range found.Clusters {
			sum.Crashes += c.Crashes
			sum.Hosts += c.Hosts
			for i := range c.Trend {
				sum.Trend[i] += c.Trend[i]
			}
			if sum.Kind == "" {
				sum.Kind, sum.Executables, sum.Signals = c.Kind, c.Executables, c.Signals
			}
			if sum.FirstSeen.IsZero() || c.FirstSeen.Before(sum.FirstSeen) {
				sum.FirstSeen = c.FirstSeen
			}
			if c.LastSeen.After(sum.LastSeen) {
				sum.LastSeen = c.LastSeen
			}
		}
	}
	return sum, nil
}

// recordStore is what the evaluation passes on to the store.
type recordStore interface {
	Records(ctx context.Context, req query.Request) (query.Records, error)
	Timeseries(ctx context.Context, req query.Request) (query.Timeseries, error)
}

var _ recordStore = store.Store(nil)

package storetest

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// Oracle is a store in memory that answers by looking at every record, as
// plainly as the contract is written. It is what other stores are compared with.
type Oracle struct {
	// Now is the clock that says when records are received; time.Now.
	Now func() time.Time

	mu       sync.Mutex
	records  []crash.Record
	received []time.Time // of records
	slots    []crash.Exposure
	events   []query.LedgerEvent
	runs     []crash.Runs
}

var _ store.Store = (*Oracle)(nil)

// NewOracle returns an empty oracle.
func NewOracle() *Oracle { return &Oracle{Now: time.Now} }

// Append implements store.Store.
func (o *Oracle) Append(_ context.Context, records []crash.Record) (store.Appended, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var done store.Appended
	now := o.Now()
	for _, r := range records {
		known := slices.ContainsFunc(o.records, func(k crash.Record) bool {
			return k.ID == r.ID && k.Time.Sub(r.Time).Abs() <= store.DedupeWindow
		})
		if known {
			done.Duplicates++
			continue
		}
		o.records = append(o.records, r)
		o.received = append(o.received, now)
		done.Added++
	}
	return done, nil
}

// AppendExposure implements store.Store.
func (o *Oracle) AppendExposure(_ context.Context, slots []crash.Exposure) (store.Appended, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var done store.Appended
	for _, e := range slots {
		known := slices.ContainsFunc(o.slots, func(k crash.Exposure) bool {
			return store.SlotHost(k.Host) == store.SlotHost(e.Host) && k.Start.Equal(e.Start)
		})
		if known {
			done.Duplicates++
			continue
		}
		o.slots = append(o.slots, e)
		done.Added++
	}
	return done, nil
}

// Stats implements store.Store.
func (o *Oracle) Stats(context.Context) (store.Stats, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return store.Stats{Records: int64(len(o.records)), Exposure: int64(len(o.slots)), Bytes: -1}, nil
}

// expireExposure drops the slots that begin before a moment, and counts them.
func (o *Oracle) expireExposure(before time.Time) int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := len(o.slots)
	o.slots = slices.DeleteFunc(o.slots, func(e crash.Exposure) bool { return e.Start.Before(before) })
	return int64(n - len(o.slots))
}

// Close implements store.Store.
func (o *Oracle) Close() error { return nil }

// selected returns the records that a request asks for.
func (o *Oracle) selected(req query.Request) []*crash.Record {
	o.mu.Lock()
	defer o.mu.Unlock()
	var found []*crash.Record
	for i := range o.records {
		if r := &o.records[i]; !r.Time.Before(req.Range.From) && r.Time.Before(req.Range.To) && attributesMatch(r, req) {
			found = append(found, r)
		}
	}
	return found
}

func attributesMatch(r *crash.Record, req query.Request) bool {
	if !suppressedMatches(r, req.Suppressed) {
		return false
	}
	if req.Cluster != "" {
		class, signature, err := query.ParseCluster(req.Cluster)
		if err != nil || r.Finding.Class != class || signature != "" && r.Finding.Signature != signature {
			return false
		}
	}
	for _, f := range req.Filters {
		if !filterMatches(f, dimensionText(r, f.Dimension)) {
			return false
		}
	}
	return true
}

func suppressedMatches(r *crash.Record, how query.Suppressed) bool {
	switch how {
	case query.SuppressedInclude:
		return true
	case query.SuppressedOnly:
		return r.Finding.SuppressedBy != ""
	default:
		return r.Finding.SuppressedBy == ""
	}
}

func filterMatches(f query.Filter, text string) bool {
	switch f.Op {
	case query.OpIn:
		return slices.Contains(f.Values, text)
	case query.OpNotIn:
		return !slices.Contains(f.Values, text)
	}
	re, err := query.CompileMatch(f.Values[0])
	return err == nil && re.MatchString(text) == (f.Op == query.OpMatch)
}

func dimensionText(r *crash.Record, name string) string {
	f, _ := crash.DimensionByName(name)
	return f.Text(r)
}

// Records implements store.Store.
func (o *Oracle) Records(_ context.Context, req query.Request) (query.Records, error) {
	out := query.Records{Records: []crash.Record{}}
	for _, r := range o.selected(req) {
		out.Records = append(out.Records, *r)
	}
	slices.SortFunc(out.Records, func(a, b crash.Record) int {
		if c := b.Time.Compare(a.Time); c != 0 {
			return c
		}
		return strings.Compare(a.ID.String(), b.ID.String())
	})
	out.Records = out.Records[:min(len(out.Records), req.Limit)]
	return out, nil
}

// DimensionValues implements store.Store.
func (o *Oracle) DimensionValues(_ context.Context, dimension string, req query.Request) (query.DimensionValues, error) {
	values := o.mostFrequent(o.selected(req), dimension)
	return query.DimensionValues{Values: values[:min(len(values), req.Limit)]}, nil
}

func (o *Oracle) mostFrequent(records []*crash.Record, dimension string) []query.DimensionValue {
	counts := make(map[string]int64)
	for _, r := range records {
		counts[dimensionText(r, dimension)]++
	}
	values := []query.DimensionValue{}
	for v, n := range counts {
		values = append(values, query.DimensionValue{Value: v, Crashes: n})
	}
	store.SortValues(values)
	return values
}

// Clusters implements store.Store.
func (o *Oracle) Clusters(_ context.Context, req query.Request) (query.Clusters, error) {
	groups := make(map[string][]*crash.Record)
	for _, r := range o.selected(req) {
		groups[r.ClusterKey()] = append(groups[r.ClusterKey()], r)
	}
	out := query.Clusters{Clusters: []query.Cluster{}, Total: int64(len(groups))}
	for key, records := range groups {
		out.Clusters = append(out.Clusters, o.cluster(key, records, req))
	}
	slices.SortFunc(out.Clusters, func(a, b query.Cluster) int {
		if a.Crashes != b.Crashes {
			return int(b.Crashes - a.Crashes)
		}
		return strings.Compare(a.Key, b.Key)
	})
	out.Clusters = out.Clusters[:min(len(out.Clusters), req.Limit)]
	return out, nil
}

func (o *Oracle) cluster(key string, records []*crash.Record, req query.Request) query.Cluster {
	c := query.Cluster{
		Key: key, Class: records[0].Finding.Class, Signature: records[0].Finding.Signature, Crashes: int64(len(records)),
		Trend: make([]int64, query.TrendBuckets),
	}
	hosts := make(map[string]bool)
	from, width := store.TrendParts(req.Range)
	for _, r := range records {
		if h := store.HostKey(r.Host); h != "" {
			hosts[h] = true
		}
		c.Trend[(r.Time.UnixMicro()-from)/width]++
	}
	c.Hosts = int64(len(hosts))
	c.Kind = crash.Kind(o.topTexts(records, "crash.kind")[0])
	c.Executables = o.topTexts(records, "process.executable.name")
	c.Signals = o.topTexts(records, "crash.signal")
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range o.records {
		r := &o.records[i]
		if r.ClusterKey() != key || !suppressedMatches(r, req.Suppressed) {
			continue
		}
		if c.FirstSeen.IsZero() || r.Time.Before(c.FirstSeen) {
			c.FirstSeen = r.Time
		}
		if r.Time.After(c.LastSeen) {
			c.LastSeen = r.Time
		}
	}
	return c
}

func (o *Oracle) topTexts(records []*crash.Record, dimension string) []string {
	var texts []string
	for _, v := range o.mostFrequent(records, dimension) {
		if v.Value != "" && len(texts) < 3 {
			texts = append(texts, v.Value)
		}
	}
	return texts
}

package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// Timeseries implements store.Store.
func (o *Oracle) Timeseries(_ context.Context, req query.Request) (query.Timeseries, error) {
	b := store.NewBuckets(req)
	out := query.Timeseries{Interval: query.Duration(b.Interval), Times: b.Starts, Series: []query.Series{}}
	records := o.selected(req)
	groups, rest := o.groups(records, req)
	for _, g := range groups {
		s := query.Series{Labels: labels(g[0], req), Values: o.values(g, records, req, b)}
		if req.Measure == query.MeasureCrashes {
			s.Total = float64(len(g))
		}
		out.Series = append(out.Series, s)
	}
	if len(rest) > 0 {
		s := query.Series{Labels: map[string]string{}, Other: true, Values: o.values(rest, records, req, b)}
		if req.Measure == query.MeasureCrashes {
			s.Total = float64(len(rest))
		}
		out.Series = append(out.Series, s)
	}
	if len(req.GroupBy) == 0 && len(records) == 0 {
		out.Series = []query.Series{{Labels: map[string]string{}, Values: o.values(nil, nil, req, b)}}
	}
	o.relate(out.Series, req, b)
	store.SortSeries(out.Series, req.GroupBy)
	return out, nil
}

func labels(r *crash.Record, req query.Request) map[string]string {
	l := make(map[string]string)
	for _, d := range req.GroupBy {
		l[d] = dimensionText(r, d)
	}
	return l
}

// groups returns the records of the largest groups, and of all others.
func (o *Oracle) groups(records []*crash.Record, req query.Request) (groups [][]*crash.Record, rest []*crash.Record) {
	by := make(map[string][]*crash.Record)
	for _, r := range records {
		var key []string
		for _, d := range req.GroupBy {
			key = append(key, dimensionText(r, d))
		}
		k := strings.Join(key, "\x00")
		by[k] = append(by[k], r)
	}
	for _, g := range by {
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b []*crash.Record) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		for _, d := range req.GroupBy {
			if c := strings.Compare(dimensionText(a[0], d), dimensionText(b[0], d)); c != 0 {
				return c
			}
		}
		return 0
	})
	if len(groups) > req.TopK {
		for _, g := range groups[req.TopK:] {
			rest = append(rest, g...)
		}
		groups = groups[:req.TopK]
	}
	return groups, rest
}

// values counts one series, before exposure is considered.
func (o *Oracle) values(group, all []*crash.Record, req query.Request, b store.Buckets) []*float64 {
	values := make([]*float64, len(b.Starts))
	for i := range values {
		end := b.End
		if i+1 < len(b.Starts) {
			end = b.Starts[i+1]
		}
		in := func(r *crash.Record) bool { return !r.Time.Before(b.Starts[i]) && r.Time.Before(end) }
		n, hosts, total := 0.0, make(map[string]bool), 0.0
		for _, r := range group {
			if in(r) {
				n++
				if h := store.HostKey(r.Host); h != "" {
					hosts[h] = true
				}
			}
		}
		for _, r := range all {
			if in(r) {
				total++
			}
		}
		switch req.Measure {
		case query.MeasureHosts:
			n = float64(len(hosts))
		case query.MeasureShare:
			if total == 0 {
				continue
			}
			n /= total
		}
		values[i] = &n
	}
	return values
}

// relate divides by exposure and marks what is not known.
func (o *Oracle) relate(series []query.Series, req query.Request, b store.Buckets) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if req.Measure == query.MeasureShare || len(o.slots) == 0 && req.Measure != query.MeasureRate {
		return
	}
	for i := range series {
		days := make([]float64, len(b.Starts))
		for j := range days {
			days[j] = o.hostDays(series[i], series, req, b, j)
		}
		if req.Measure == query.MeasureRate {
			store.Rate(&series[i], days)
			continue
		}
		for j, v := range series[i].Values {
			if days[j] < store.LeastExposure && *v == 0 {
				series[i].Values[j] = nil
			}
		}
	}
}

// Exposure implements store.Store: each group is one series of hostDays.
func (o *Oracle) Exposure(_ context.Context, req query.Request) (query.Timeseries, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	b := store.NewBuckets(req)
	by, all := make(map[string]*store.Coverage), make(map[string]map[string]string)
	o.eachSlot(req, func(r *crash.Record, start time.Time, length, _ time.Duration) {
		l := labels(r, req)
		key := fmt.Sprint(l)
		if slices.ContainsFunc(req.Filters, func(f query.Filter) bool { return !filterMatches(f, dimensionText(r, f.Dimension)) }) ||
			by[key] != nil || !start.Before(req.Range.To) || !start.Add(length).After(req.Range.From) {
			return
		}
		c := store.NewCoverage(b, req.Range)
		for i := range c.Days {
			c.Days[i] = o.hostDays(query.Series{Labels: l}, nil, req, b, i)
		}
		by[key], all[key] = c, l
	})
	return store.ExposureSeries(req, b, by, all), nil
}

// hostDays adds up the exposure of one series in one bucket.
func (o *Oracle) hostDays(s query.Series, all []query.Series, req query.Request, b store.Buckets, bucket int) float64 {
	dims := store.HostDimensions()
	if store.AboutBuilds(req) {
		dims = append(dims, store.BuildDimensions()...)
	}
	var shared []string
	for _, d := range req.GroupBy {
		if slices.Contains(dims, d) {
			shared = append(shared, d)
		}
	}
	belongs := func(r *crash.Record, labels map[string]string) bool {
		return !slices.ContainsFunc(shared, func(d string) bool { return dimensionText(r, d) != labels[d] })
	}
	sum := 0.0
	o.eachSlot(req, func(r *crash.Record, start time.Time, length, covered time.Duration) {
		for _, f := range req.Filters {
			if slices.Contains(dims, f.Dimension) && !filterMatches(f, dimensionText(r, f.Dimension)) {
				return
			}
		}
		switch {
		case !s.Other && !belongs(r, s.Labels):
			return
		case s.Other && len(shared) == len(req.GroupBy):
			if slices.ContainsFunc(all, func(a query.Series) bool { return !a.Other && belongs(r, a.Labels) }) {
				return
			}
		}
		from, to := b.Starts[bucket], b.End
		if bucket+1 < len(b.Starts) {
			to = b.Starts[bucket+1]
		}
		from = latest(from, req.Range.From, start)
		to = earliest(to, req.Range.To, start.Add(length))
		if overlap := to.Sub(from); overlap > 0 {
			sum += covered.Hours() / 24 * float64(overlap) / float64(length)
		}
	})
	return sum
}

// eachSlot visits the slots, or the builds that ran in them when the request is
// about builds.
func (o *Oracle) eachSlot(req query.Request, visit func(r *crash.Record, start time.Time, length, covered time.Duration)) {
	for i := range o.slots {
		e := &o.slots[i]
		if !store.AboutBuilds(req) {
			r := store.SlotRecord(e, crash.ExposedBuild{})
			visit(&r, e.Start, e.Length, e.Covered)
			continue
		}
		for _, b := range e.Builds {
			r := store.SlotRecord(e, b)
			visit(&r, e.Start, e.Length, b.Running)
		}
	}
}

func latest(ts ...time.Time) time.Time { return slices.MaxFunc(ts, time.Time.Compare) }

func earliest(ts ...time.Time) time.Time { return slices.MinFunc(ts, time.Time.Compare) }

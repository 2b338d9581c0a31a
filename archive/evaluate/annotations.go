package evaluate

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/epi"
	"github.com/epicurve/epicurve/pkg/query"
)

// Annotations lists what happened to the request's cluster, or to the largest
// clusters, within the range: onsets, fixes, relapses, births, verdicts reached.
func (e *Evaluator) Annotations(ctx context.Context, req query.Request) (query.Annotations, error) {
	v, err := e.view(ctx, req.Range.To)
	if err != nil {
		return query.Annotations{}, err
	}
	keys := []string{v.book.Canonical(req.Cluster)}
	if req.Cluster == "" {
		list, err := e.Store.Clusters(ctx, req)
		if err != nil {
			return query.Annotations{}, err
		}
		keys = v.ledgerKeys(list, req)
	}
	out := query.Annotations{Meta: v.meta(), Annotations: []query.Annotation{}}
	for _, key := range keys {
		a, err := v.assess(key, v.moment(req), false)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return query.Annotations{}, err
		}
		out.Annotations = append(out.Annotations, v.annotations(key, a)...)
	}
	out.Annotations = append(out.Annotations, v.deployments(req.Cluster)...)
	if req.Cluster == "" && v.population != nil {
		blind, err := v.blind(epi.DayOf(v.moment(req)))
		if err != nil {
			return query.Annotations{}, err
		}
		out.Annotations = append(out.Annotations, blind...)
	}
	out.Annotations = slices.DeleteFunc(out.Annotations, func(a query.Annotation) bool { return !within(a, req.Range) })
	slices.SortStableFunc(out.Annotations, func(a, b query.Annotation) int { return a.Time.Compare(b.Time) })
	if len(out.Annotations) > req.Limit {
		out.Notices = append(out.Notices, "There are more annotations than the limit; the newest are shown.")
		out.Annotations = out.Annotations[len(out.Annotations)-req.Limit:]
	}
	return out, nil
}

// within reports whether an annotation touches a range.
func within(a query.Annotation, r query.Range) bool {
	end := a.TimeEnd
	if end.IsZero() {
		end = a.Time
	}
	return a.Time.Before(r.To) && !end.Before(r.From)
}

func (v *view) annotations(key string, a epi.Assessment) []query.Annotation {
	name := key
	entry, _ := v.book.Entry(key)
	if entry.Label != "" {
		name = entry.Label
	}
	var all []query.Annotation
	add := func(kind query.AnnotationKind, from, to time.Time, title, text string) *query.Annotation {
		all = append(all, query.Annotation{Kind: kind, Time: from, TimeEnd: to, Cluster: key, Title: title + ": " + name, Text: text})
		return &all[len(all)-1]
	}
	for _, f := range entry.Fixes {
		if f.Waiting {
			continue
		}
		title := "Fix"
		if f.Removal {
			title = f.Value + " removed"
		}
		add(query.AnnotationFix, f.At, time.Time{}, title, f.Text+" (marked by "+f.Actor+")").Event = f.Event
	}
	if o := a.Onset; o != nil && !o.Censored {
		add(query.AnnotationOnset, o.Earliest, o.First, "Onset", "Began between "+minute(o.Earliest)+" and "+minute(o.First)+" (95 %).")
	}
	if r := a.Relapse; r != nil {
		add(query.AnnotationRelapse, r.First, r.First.Add(time.Duration(r.Days*float64(24*time.Hour))), "Relapse", a.Sentence)
	}
	if a.New.Alert && !a.New.Since.IsZero() {
		add(query.AnnotationNew, a.New.Since, time.Time{}, "New cluster", a.Sentence)
	}
	if a.State == epi.StateGone && !a.Since.IsZero() {
		add(query.AnnotationGone, a.Since, time.Time{}, "Gone", a.Sentence)
	}
	return all
}

// deployments lists the builds that were deployed: all of them, or those that
// carry a fix of the cluster.
func (v *view) deployments(cluster string) []query.Annotation {
	carries := map[string]bool{}
	entry, _ := v.book.Entry(cluster)
	for _, f := range entry.Fixes {
		for _, build := range f.Builds {
			carries[build] = true
		}
	}
	var all []query.Annotation
	for _, e := range v.book.Deployments() {
		d := e.Deploy
		if d == nil || cluster != "" && !carries[d.Build] {
			continue
		}
		title := "Deployed " + d.Build
		if d.Environment != "" {
			title += " to " + d.Environment
		}
		text := e.Text
		if d.Service != "" {
			text = strings.TrimSpace(d.Service + " " + text)
		}
		all = append(all, query.Annotation{Kind: query.AnnotationDeploy, Time: d.At, Cluster: cluster, Title: title, Text: text + " (" + e.Actor + ")", Event: e.ID})
	}
	return all
}

// regionDimension is the dimension whose values can go blind by themselves.
const regionDimension = "cloud.region"

// blind lists the intervals in which the whole fleet's feed, or a region's,
// looks dead: next to no crash of any cluster where many were expected.
func (v *view) blind(now float64) ([]query.Annotation, error) {
	scopes := map[string]epi.Predicate{"the fleet": nil}
	for d, dim := range v.input.Dimensions {
		if dim.Name != regionDimension {
			continue
		}
		for code, value := range dim.Values {
			if value != "" {
				scopes[value] = epi.Predicate{{Dimension: d, Value: int32(code)}}
			}
		}
	}
	var all []query.Annotation
	for _, name := range slices.Sorted(maps.Keys(scopes)) {
		intervals, err := v.population.Blind(scopes[name], now)
		if err != nil {
			return nil, err
		}
		for _, i := range intervals {
			all = append(all, query.Annotation{
				Kind: query.AnnotationBlind, Time: epi.TimeOf(i.From), TimeEnd: epi.TimeOf(i.To), Title: "Blind: " + name,
				Text: "Next to no crash of any cluster was seen where many were expected: the feed may have been dead, or the largest cluster ended.",
			})
		}
	}
	return all, nil
}

func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

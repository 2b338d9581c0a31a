package api

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/common/model"

	"github.com/epicurve/epicurve/archive/report"
	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/query"
)

// pageSpan is the range of the page when it is asked for none.
const pageSpan = 7 * 24 * time.Hour

// servePage writes the report of the whole population, or of one cluster: what
// people without a Grafana look at. It needs nothing else, so nothing else is
// allowed to it.
func (a *API) servePage(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	o := report.Options{Format: "html", Cluster: q.Get("cluster"), GroupBy: q.Get("groupBy")}
	span := pageSpan
	if s := q.Get("since"); s != "" {
		d, err := model.ParseDuration(s)
		if err != nil || d <= 0 {
			return &query.FieldError{Field: "since", Message: fmt.Sprintf("%.40q is not a length such as 24h, 7d or 1y", s)}
		}
		span = time.Duration(d)
	}
	now := a.now().UTC()
	o.Range = query.Range{From: now.Add(-span), To: now}
	var page bytes.Buffer
	err := a.timed(r.Context(), "page", query.Request{Range: o.Range, Cluster: o.Cluster}, func(ctx context.Context) error {
		return report.Write(ctx, &page, inside{a: a, t: a.tenant(ctx)}, o)
	})
	if err != nil {
		return err
	}
	head := w.Header()
	head.Set("Content-Type", "text/html; charset=utf-8")
	head.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Referrer-Policy", "no-referrer")
	head.Set("Cache-Control", "private, no-store")
	page.WriteTo(w) //nolint:errcheck // the client left
	return nil
}

// inside asks a tenant's archive from within the process.
type inside struct {
	a *API
	t *tenant
}

var (
	_ report.Archive = inside{}
	_ report.Judge   = inside{}
)

// Status implements [report.Archive].
func (i inside) Status(ctx context.Context) (query.Status, error) { return i.a.statusOf(ctx, i.t) }

// Clusters implements [report.Archive].
func (i inside) Clusters(ctx context.Context, r query.Request) (query.Clusters, error) {
	return askInside[query.Clusters](ctx, i.t, query.TypeClusters, r)
}

// Timeseries implements [report.Archive].
func (i inside) Timeseries(ctx context.Context, r query.Request) (query.Timeseries, error) {
	return askInside[query.Timeseries](ctx, i.t, query.TypeTimeseries, r)
}

// Verdict implements [report.Judge].
func (i inside) Verdict(ctx context.Context, r query.Request) (query.Verdict, error) {
	return askInside[query.Verdict](ctx, i.t, query.TypeVerdict, r)
}

// Contrast implements [report.Judge].
func (i inside) Contrast(ctx context.Context, r query.Request) (query.Contrast, error) {
	return askInside[query.Contrast](ctx, i.t, query.TypeContrast, r)
}

// DimensionValues implements [report.Archive].
func (i inside) DimensionValues(ctx context.Context, dimension string, r query.Range, _ string, limit int) (query.DimensionValues, error) {
	req := query.Request{Type: query.TypeClusters, Suppressed: query.SuppressedInclude, Range: r, Limit: limit}
	req.Normalize()
	if err := req.Validate(); err != nil {
		return query.DimensionValues{}, err
	}
	return i.t.Store.DimensionValues(ctx, dimension, req)
}

// askInside answers one question as a client would get it, refusals included.
func askInside[T any](ctx context.Context, t *tenant, kind query.Type, r query.Request) (T, error) {
	var zero T
	r.Type = kind
	r.Normalize()
	if err := r.Validate(); err != nil {
		return zero, err
	}
	answer := t.answers[kind]
	err := fmt.Errorf("query type %s: %w", kind, store.ErrUnsupported)
	var v any
	if answer != nil {
		v, err = answer(ctx, r)
	}
	if err != nil {
		if p := asProblem(err); p.Status == http.StatusNotFound || p.Status == http.StatusNotImplemented {
			return zero, &query.Problem{Status: p.Status, Detail: p.Detail}
		}
		return zero, err
	}
	typed, ok := v.(T)
	if !ok {
		return zero, fmt.Errorf("query type %s was answered with a %T", kind, v)
	}
	return typed, nil
}

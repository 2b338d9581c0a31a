package api

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// answersOf returns what answers each question of a tenant: its store, unless
// the tenant has something that knows more.
func answersOf(t *Tenant) map[query.Type]Answer {
	answers := map[query.Type]Answer{
		query.TypeTimeseries: func(ctx context.Context, r query.Request) (any, error) { return t.Store.Timeseries(ctx, r) },
		query.TypeExposure: func(ctx context.Context, r query.Request) (any, error) {
			if err := store.CheckExposure(r); err != nil {
				return nil, err
			}
			return t.Store.Exposure(ctx, r)
		},
		query.TypeClusters: func(ctx context.Context, r query.Request) (any, error) { return t.Store.Clusters(ctx, r) },
		query.TypeRecords:  func(ctx context.Context, r query.Request) (any, error) { return t.Store.Records(ctx, r) },
	}
	maps.Copy(answers, t.Answers)
	return answers
}

// serveQuery answers one question.
func (a *API) serveQuery(w http.ResponseWriter, r *http.Request) error {
	body, err := a.readBody(w, r)
	if err != nil {
		return err
	}
	req, err := query.Parse(body)
	if err != nil {
		a.tenant(r.Context()).metrics.badQueries.Inc()
		return err
	}
	answer := a.tenant(r.Context()).answers[req.Type]
	if answer == nil {
		return fmt.Errorf("query type %s: %w", req.Type, store.ErrUnsupported)
	}
	return a.answer(w, r, req, string(req.Type), cacheKey(a.tenant(r.Context()).name, req), func(ctx context.Context) (any, error) { return answer(ctx, req) })
}

// answer answers a question, out of the cache when nothing has changed since.
func (a *API) answer(w http.ResponseWriter, r *http.Request, req query.Request, name, key string, ask func(context.Context) (any, error)) error {
	t := a.tenant(r.Context())
	// The version is asked before the answer is made: one that is made of newer
	// data is then thrown away too soon, never too late.
	version, versionErr := t.Store.Version(r.Context())
	if versionErr == nil && key != "" {
		if body, age := a.cache.find(key, version, a.now()); body != nil {
			t.metrics.cached.Inc()
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Age", strconv.Itoa(int(age.Seconds())))
			w.Write(body) //nolint:errcheck // the client left
			return nil
		}
	}
	return a.timed(r.Context(), name, req, func(ctx context.Context) error {
		v, err := ask(ctx)
		if err != nil {
			return err
		}
		body, err := writeAnswer(w, v)
		if err == nil && body != nil && versionErr == nil && key != "" {
			a.cache.keep(&kept{key: key, version: version, at: a.now(), body: body})
		}
		return err
	})
}

// timed runs a question within the time limit, measures it, and logs it when it
// is slow.
func (a *API) timed(ctx context.Context, name string, req query.Request, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, a.QueryTimeout)
	defer cancel()
	ctx, span := child(ctx, "answer "+name)
	start := time.Now()
	err := ask(ctx)
	ended(span, err)
	took := time.Since(start)
	a.tenant(ctx).metrics.query(name, took, err)
	if took > a.SlowQuery {
		a.Logger.Warn("Slow query", "tenant", a.tenant(ctx).name, "type", name, "took", took, "from", req.Range.From, "to", req.Range.To,
			"group_by", req.GroupBy, "filters", len(req.Filters), "cluster", req.Cluster, "err", err)
	}
	return err
}

func (a *API) serveDimensions(w http.ResponseWriter, _ *http.Request) error {
	var out query.Dimensions
	for _, d := range crash.Dimensions() {
		out.Dimensions = append(out.Dimensions, query.DimensionInfo{Name: d.Name, Help: d.Help})
	}
	return writeJSON(w, out)
}

// defaultSpan is the range of a look-up of values that names none.
const defaultSpan = 90 * 24 * time.Hour

// serveValues lists the values of a dimension.
func (a *API) serveValues(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	if _, ok := crash.DimensionByName(name); !ok {
		return refuse(http.StatusNotFound, fmt.Sprintf("%.60q is not a dimension; /api/v1/dimensions lists them", name))
	}
	req, err := a.valuesRequest(r, name)
	if err != nil {
		return err
	}
	return a.timed(r.Context(), "values", req, func(ctx context.Context) error {
		v, err := a.tenant(ctx).Store.DimensionValues(ctx, name, req)
		if err != nil {
			return err
		}
		return writeJSON(w, v)
	})
}

func (a *API) valuesRequest(r *http.Request, name string) (query.Request, error) {
	q := r.URL.Query()
	now := a.now().UTC()
	req := query.Request{Type: query.TypeClusters, Suppressed: query.SuppressedInclude, Range: query.Range{From: now.Add(-defaultSpan), To: now}}
	for field, to := range map[string]*time.Time{"from": &req.Range.From, "to": &req.Range.To} {
		if s := q.Get(field); s != "" {
			t, err := parseTime(s)
			if err != nil {
				return query.Request{}, &query.FieldError{Field: field, Message: err.Error()}
			}
			*to = t
		}
	}
	if s := q.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			return query.Request{}, &query.FieldError{Field: "limit", Message: fmt.Sprintf("%.40q is not a number", s)}
		}
		req.Limit = n
	}
	if s := q.Get("search"); s != "" {
		req.Filters = []query.Filter{{Dimension: name, Op: query.OpMatch, Values: []string{"(?i).*" + regexp.QuoteMeta(s) + ".*"}}}
	}
	req.Normalize()
	return req, req.Validate()
}

// parseTime reads an RFC 3339 time or milliseconds since the epoch.
func parseTime(s string) (time.Time, error) {
	if ms, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.UnixMilli(ms).UTC(), nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("%.40q is neither an RFC 3339 time nor milliseconds since 1970", s)
	}
	return t.UTC(), nil
}

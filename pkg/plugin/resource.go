package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/log"
	"github.com/grafana/grafana-plugin-sdk-go/backend/resource/httpadapter"

	"github.com/epicurve/epicurve/pkg/query"
)

// maxChoices bounds the values of a dimension that an editor is offered.
const maxChoices = 1000

// CallResource serves the editors, which list what can be asked for, and the
// dialog that writes to the ledger.
func (d *Datasource) CallResource(ctx context.Context, req *backend.CallResourceRequest, sender backend.CallResourceResponseSender) error {
	return d.resources.CallResource(ctx, req, sender)
}

func newResources(d *Datasource) backend.CallResourceHandler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /dimensions", d.serve(d.dimensions))
	mux.HandleFunc("GET /dimensions/{name}/values", d.serve(d.dimensionValues))
	mux.HandleFunc("GET /clusters", d.serve(d.clusters))
	mux.HandleFunc("POST /ledger", d.serve(d.appendLedger))
	return httpadapter.New(mux)
}

// route answers one request with a value that is printed as JSON.
type route func(r *http.Request) (any, error)

func (d *Datasource) serve(answer route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var (
			v   any
			err = d.broken
		)
		if err == nil {
			v, err = answer(r)
		}
		code := http.StatusOK
		if err != nil {
			code, v = statusOf(err), map[string]string{"message": err.Error()}
		}
		body, err := json.Marshal(v)
		if err != nil {
			code, body = http.StatusInternalServerError, []byte(`{"message":"answer can't be printed"}`)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		if _, err := w.Write(body); err != nil {
			log.DefaultLogger.FromContext(r.Context()).Debug("resource answer was not delivered", "path", r.URL.Path, "error", err)
		}
	}
}

func (d *Datasource) dimensions(r *http.Request) (any, error) {
	return d.archive.Dimensions(r.Context())
}

func (d *Datasource) dimensionValues(r *http.Request) (any, error) {
	rng, err := rangeOf(r)
	if err != nil {
		return nil, err
	}
	limit, err := limitOf(r, query.DefaultLimit, maxChoices)
	if err != nil {
		return nil, err
	}
	return d.archive.DimensionValues(r.Context(), r.PathValue("name"), rng, r.FormValue("search"), limit)
}

// choice is a cluster as an editor offers it.
type choice struct {
	Key     string `json:"key"`
	Crashes int64  `json:"crashes"`
	Hosts   int64  `json:"hosts"`
}

func (d *Datasource) clusters(r *http.Request) (any, error) {
	rng, err := rangeOf(r)
	if err != nil {
		return nil, err
	}
	limit, err := limitOf(r, query.DefaultLimit, maxChoices)
	if err != nil {
		return nil, err
	}
	req := query.Request{Type: query.TypeClusters, Range: rng, Limit: limit}
	req.Normalize()
	if err := req.Validate(); err != nil {
		return nil, err
	}
	answer, err := d.archive.Clusters(r.Context(), req)
	if err != nil {
		return nil, err
	}
	choices := make([]choice, 0, len(answer.Clusters))
	for _, c := range answer.Clusters {
		choices = append(choices, choice{Key: c.Key, Crashes: c.Crashes, Hosts: c.Hosts})
	}
	return map[string]any{"clusters": choices}, nil
}

// rangeOf reads from and to, in milliseconds of the Unix epoch as Grafana's
// front end has them.
func rangeOf(r *http.Request) (query.Range, error) {
	var out query.Range
	for name, at := range map[string]*time.Time{"from": &out.From, "to": &out.To} {
		ms, err := strconv.ParseInt(r.FormValue(name), 10, 64)
		if err != nil {
			return query.Range{}, &query.FieldError{Field: name, Message: fmt.Sprintf("%.40q is not a time in milliseconds", r.FormValue(name))}
		}
		*at = time.UnixMilli(ms).UTC()
	}
	return out, nil
}

func limitOf(r *http.Request, otherwise, most int) (int, error) {
	text := r.FormValue("limit")
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, &query.FieldError{Field: "limit", Message: fmt.Sprintf("%.20q is not a number within 1 to %d", text, most)}
	}
	return n, nil
}

package api

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/query"
)

// problem is RFC 9457 problem details, with the fields that are wrong.
type problem struct {
	Status int                `json:"status"`
	Title  string             `json:"title"`
	Detail string             `json:"detail,omitempty"`
	Errors []query.FieldError `json:"errors,omitempty"`
	// RetryAfter is when the request may be sent again, in the header of the
	// same name; 0 is defaultRetry where one is due.
	RetryAfter time.Duration `json:"-"`
}

const defaultRetry = 5 * time.Second

// Error implements error.
func (p *problem) Error() string { return p.Detail }

func refuse(status int, detail string) error { return &problem{Status: status, Detail: detail} }

func writeProblem(w http.ResponseWriter, p *problem) {
	if p.Title == "" {
		p.Title = http.StatusText(p.Status)
	}
	body, err := json.Marshal(p)
	if err != nil {
		body = []byte(`{"status":500,"title":"Internal Server Error"}`)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	if p.Status == http.StatusServiceUnavailable || p.Status == http.StatusTooManyRequests {
		retry := p.RetryAfter
		if retry == 0 {
			retry = defaultRetry
		}
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(retry.Seconds()))))
	}
	if p.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="epicurve"`)
	}
	w.WriteHeader(p.Status)
	w.Write(body) //nolint:errcheck // the client left
}

// fail answers a request that could not be served. What is the client's fault is
// told to it; what is ours is logged, and only its sort is told.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := asProblem(err)
	if p.Status >= 500 && p.Status != http.StatusNotImplemented {
		a.Logger.Error("A request failed", "method", r.Method, "path", r.URL.Path, "err", err)
	}
	writeProblem(w, p)
}

// statusClientClosedRequest is what proxies log for a client that left; nobody
// reads it.
const statusClientClosedRequest = 499

func asProblem(err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	if p := accessProblem(err); p != nil {
		return p
	}
	if fe, ok := errors.AsType[*query.FieldError](err); ok {
		return &problem{Status: http.StatusBadRequest, Detail: "the query is not valid", Errors: []query.FieldError{*fe}}
	}
	switch {
	case errors.Is(err, query.ErrInvalid):
		return &problem{Status: http.StatusBadRequest, Detail: err.Error()}
	case errors.Is(err, store.ErrUnsupported):
		return &problem{Status: http.StatusNotImplemented, Detail: err.Error()}
	case errors.Is(err, store.ErrNotFound):
		return &problem{Status: http.StatusNotFound, Detail: err.Error()}
	case errors.Is(err, context.Canceled):
		return &problem{Status: statusClientClosedRequest, Title: "Client Closed Request"}
	case errors.Is(err, context.DeadlineExceeded):
		return &problem{Status: http.StatusGatewayTimeout, Detail: "the question took too long; narrow its range or filters"}
	default:
		return &problem{Status: http.StatusServiceUnavailable, Detail: "the archive's store failed; its log says why, and the request may be sent again"}
	}
}

func writeJSON(w http.ResponseWriter, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write(append(body, '\n'))
	if err != nil {
		return nil //nolint:nilerr // the client left; there is nobody to tell
	}
	return nil
}

package query

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxAnswer bounds how much of an answer the client reads, in bytes.
const maxAnswer = 256 << 20

// ErrUnreachable is wrapped when no answer came from the archive at all.
var ErrUnreachable = errors.New("archive can't be reached")

// ErrNotArchive is wrapped when something answered that is no crash archive.
var ErrNotArchive = errors.New("answer is not a crash archive's")

// Problem is an archive's refusal: RFC 9457 problem details.
type Problem struct {
	Status int          `json:"status"`
	Title  string       `json:"title"`
	Detail string       `json:"detail,omitempty"`
	Errors []FieldError `json:"errors,omitempty"`
}

// Error implements error.
func (p *Problem) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "archive answered %d %s", p.Status, p.Title)
	if p.Detail != "" {
		b.WriteString(": " + p.Detail)
	}
	for _, e := range p.Errors {
		b.WriteString("; " + e.Error())
	}
	return b.String()
}

// Client asks a crash archive. It is safe for concurrent use.
type Client struct {
	base *url.URL
	http *http.Client
}

// NewClient returns a client of the archive at base, such as
// "http://localhost:9932"; a path in it is kept, for archives behind a reverse
// proxy. A nil hc is http.DefaultClient.
func NewClient(base string, hc *http.Client) (*Client, error) {
	u, err := url.Parse(strings.TrimSpace(base))
	if err != nil {
		return nil, fmt.Errorf("archive URL: %w", err)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("archive URL %q: want http:// or https:// and a host, such as http://localhost:9932", base)
	}
	if hc == nil {
		hc = http.DefaultClient
	}
	return &Client{base: u, http: hc}, nil
}

// Timeseries asks a TypeTimeseries question.
func (c *Client) Timeseries(ctx context.Context, r Request) (Timeseries, error) {
	return ask[Timeseries](ctx, c, TypeTimeseries, r)
}

// Exposure asks a TypeExposure question; the answer is in host-days.
func (c *Client) Exposure(ctx context.Context, r Request) (Timeseries, error) {
	return ask[Timeseries](ctx, c, TypeExposure, r)
}

// Clusters asks a TypeClusters question.
func (c *Client) Clusters(ctx context.Context, r Request) (Clusters, error) {
	return ask[Clusters](ctx, c, TypeClusters, r)
}

// Records asks a TypeRecords question.
func (c *Client) Records(ctx context.Context, r Request) (Records, error) {
	return ask[Records](ctx, c, TypeRecords, r)
}

// Verdict asks a TypeVerdict question.
func (c *Client) Verdict(ctx context.Context, r Request) (Verdict, error) {
	return ask[Verdict](ctx, c, TypeVerdict, r)
}

// Contrast asks a TypeContrast question.
func (c *Client) Contrast(ctx context.Context, r Request) (Contrast, error) {
	return ask[Contrast](ctx, c, TypeContrast, r)
}

// Split asks a TypeSplit question.
func (c *Client) Split(ctx context.Context, r Request) (Split, error) {
	return ask[Split](ctx, c, TypeSplit, r)
}

// Ledger asks a TypeLedger question.
func (c *Client) Ledger(ctx context.Context, r Request) (Ledger, error) {
	return ask[Ledger](ctx, c, TypeLedger, r)
}

// Annotations asks a TypeAnnotations question.
func (c *Client) Annotations(ctx context.Context, r Request) (Annotations, error) {
	return ask[Annotations](ctx, c, TypeAnnotations, r)
}

// Append adds events to the ledger; ids and times that are zero are given by
// the archive. It returns the events as they were kept.
func (c *Client) Append(ctx context.Context, events []LedgerEvent) ([]LedgerEvent, error) {
	answer, err := post[LedgerEvents](ctx, c, LedgerEvents{Events: events}, "api", "v1", "ledger")
	return answer.Events, err
}

// Dimensions lists what can be filtered and grouped by.
func (c *Client) Dimensions(ctx context.Context) (Dimensions, error) {
	return get[Dimensions](ctx, c, nil, "api", "v1", "dimensions")
}

// DimensionValues lists the most frequent values of a dimension within a
// range, at most limit, those that contain search in either case.
func (c *Client) DimensionValues(ctx context.Context, dimension string, r Range, search string, limit int) (DimensionValues, error) {
	q := url.Values{}
	q.Set("from", r.From.UTC().Format(time.RFC3339Nano))
	q.Set("to", r.To.UTC().Format(time.RFC3339Nano))
	if search != "" {
		q.Set("search", search)
	}
	if limit > 0 {
		q.Set("limit", strconv.Itoa(limit))
	}
	return get[DimensionValues](ctx, c, q, "api", "v1", "dimensions", dimension, "values")
}

// Status asks what the archive is and how much it holds.
func (c *Client) Status(ctx context.Context) (Status, error) {
	return get[Status](ctx, c, nil, "api", "v1", "status")
}

func ask[T any](ctx context.Context, c *Client, t Type, r Request) (T, error) {
	r.Type = t
	return post[T](ctx, c, r, "api", "v1", "query")
}

func post[T any](ctx context.Context, c *Client, question any, path ...string) (T, error) {
	var zero T
	body, err := json.Marshal(question)
	if err != nil {
		return zero, fmt.Errorf("query: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base.JoinPath(path...).String(), bytes.NewReader(body))
	if err != nil {
		return zero, fmt.Errorf("query: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	return do[T](c, req)
}

func get[T any](ctx context.Context, c *Client, q url.Values, path ...string) (T, error) {
	u := c.base
	for _, p := range path {
		u = u.JoinPath(url.PathEscape(p))
	}
	u.RawQuery = q.Encode()
	var zero T
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return zero, fmt.Errorf("query: %w", err)
	}
	return do[T](c, req)
}

func do[T any](c *Client, req *http.Request) (T, error) {
	var answer T
	req.Header.Set("Accept", "application/json, application/problem+json")
	resp, err := c.http.Do(req)
	if err != nil {
		return answer, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	defer resp.Body.Close() //nolint:errcheck // the body was read; closing it can't lose anything
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return answer, fmt.Errorf("%w: answer broke off: %w", ErrUnreachable, err)
	}
	if len(body) > maxAnswer {
		return answer, fmt.Errorf("%w: answer is larger than %d bytes; narrow the range or lower the limit", ErrNotArchive, maxAnswer)
	}
	if resp.StatusCode != http.StatusOK {
		return answer, refusal(resp, body)
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return answer, fmt.Errorf("%w: %s %s: %w", ErrNotArchive, req.Method, req.URL.Redacted(), err)
	}
	return answer, nil
}

// refusal makes a Problem of any answer that is not 200, also of a proxy's that
// knows nothing of problem details.
func refusal(resp *http.Response, body []byte) error {
	p := Problem{}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/problem+json") {
		if err := json.Unmarshal(body, &p); err != nil {
			p = Problem{Detail: "its problem details are not JSON"}
		}
	} else if len(body) > 0 {
		p.Detail = strings.TrimSpace(string(body[:min(len(body), 200)]))
	}
	p.Status = resp.StatusCode
	if p.Title == "" {
		p.Title = http.StatusText(resp.StatusCode)
	}
	return &p
}

package query

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/epicurve/epicurve/pkg/crash"
)

// Accepted answers what was sent to be kept.
type Accepted struct {
	Added      int          `json:"added"`
	Duplicates int          `json:"duplicates"`
	Refused    []FieldError `json:"refused,omitempty"`
}

// Events lists every event of the ledger.
func (c *Client) Events(ctx context.Context) ([]LedgerEvent, error) {
	answer, err := get[LedgerEvents](ctx, c, nil, "api", "v1", "ledger")
	return answer.Events, err
}

// Categories lists the categories of failures of AI workflows.
func (c *Client) Categories(ctx context.Context) ([]Category, error) {
	answer, err := get[Categories](ctx, c, nil, "api", "v1", "categories")
	return answer.Categories, err
}

// SendRecords sends records as JSON lines.
func (c *Client) SendRecords(ctx context.Context, records []crash.Record) (Accepted, error) {
	var body bytes.Buffer
	for _, r := range records {
		line, err := json.Marshal(r)
		if err != nil {
			return Accepted{}, fmt.Errorf("record %s: %w", r.ID, err)
		}
		body.Write(line)
		body.WriteByte('\n')
	}
	return c.send(ctx, "application/x-ndjson", &body, "api", "v1", "records")
}

// SendRuns sends the runs of AI workflows as CSV, as the archive takes it.
func (c *Client) SendRuns(ctx context.Context, csv io.Reader) (Accepted, error) {
	return c.send(ctx, "text/csv", csv, "api", "v1", "runs")
}

func (c *Client) send(ctx context.Context, contentType string, body io.Reader, path ...string) (Accepted, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base.JoinPath(path...).String(), body)
	if err != nil {
		return Accepted{}, fmt.Errorf("send: %w", err)
	}
	req.Header.Set("Content-Type", contentType)
	return do[Accepted](c, req)
}

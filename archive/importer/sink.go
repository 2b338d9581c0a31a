package importer

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
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// tries is how often a batch is sent to an archive that is busy or away, with
// pauses that double from firstPause.
const (
	tries      = 8
	firstPause = 500 * time.Millisecond
	longest    = 30 * time.Second
)

// HTTP returns a sink that posts JSON lines to the archive at base, such as
// "http://localhost:9932".
func HTTP(base string, client *http.Client) (Sink, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("archive URL %q: want http:// or https:// and a host, such as http://localhost:9932", base)
	}
	target := u.JoinPath("api", "v1", "records").String()
	return func(ctx context.Context, records []crash.Record) (Kept, error) {
		body, err := encode(records)
		if err != nil {
			return Kept{}, err
		}
		pause := firstPause
		for try := 1; ; try++ {
			kept, retry, err := post(ctx, client, target, body)
			if err == nil || retry < 0 || try == tries {
				return kept, err
			}
			timer := time.NewTimer(max(pause, min(retry, longest)))
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return Kept{}, ctx.Err()
			}
			pause = min(2*pause, longest)
		}
	}, nil
}

// encode writes records as JSON lines, compressed.
func encode(records []crash.Record) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	lines := json.NewEncoder(z)
	for i := range records {
		if err := lines.Encode(&records[i]); err != nil {
			return nil, fmt.Errorf("record %s: %w", records[i].ID, err)
		}
	}
	err := z.Close()
	return b.Bytes(), err
}

// post sends one batch. retry is how long the archive asks to wait, 0 when it
// does not say, negative when sending again is of no use.
func post(ctx context.Context, client *http.Client, target string, body []byte) (kept Kept, retry time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return Kept{}, -1, err
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	req.Header.Set("Content-Encoding", "gzip")
	resp, err := client.Do(req)
	if err != nil {
		return Kept{}, 0, fmt.Errorf("%w: %w", query.ErrUnreachable, err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was read
	reply, err := io.ReadAll(io.LimitReader(resp.Body, 8<<20))
	if err != nil {
		return Kept{}, 0, fmt.Errorf("%w: %w", query.ErrUnreachable, err)
	}
	var answer struct {
		Added, Duplicates int
		Refused           []query.FieldError
		Errors            []query.FieldError
		Detail            string
	}
	if err := json.Unmarshal(reply, &answer); err != nil && resp.StatusCode == http.StatusOK {
		return Kept{}, -1, fmt.Errorf("%w: %.200s", query.ErrNotArchive, reply)
	}
	refused := append(answer.Refused, answer.Errors...)
	if resp.StatusCode != http.StatusOK && len(refused) == 0 {
		again := time.Duration(-1)
		if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= http.StatusInternalServerError {
			seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
			again = time.Duration(seconds) * time.Second
		}
		return Kept{}, again, errors.New("archive answered " + resp.Status + ": " + answer.Detail)
	}
	kept = Kept{Added: answer.Added, Duplicates: answer.Duplicates}
	for i := range refused {
		kept.Refused = append(kept.Refused, fmt.Errorf("the archive refused: %w", &refused[i]))
	}
	return kept, 0, nil
}

// Package grafana picks up fixes that people mark where they look at the boards:
// annotations of a Grafana with the tag "fix" and the key of a cluster.
package grafana

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/epicurve/epicurve/pkg/query"
)

// Config is what a Poller needs. The zero value of all but URL and Append means
// the default.
type Config struct {
	URL      string // of Grafana, such as http://grafana:3000
	Token    string // of a service account that may read annotations
	Interval time.Duration
	Lookback time.Duration // how old an annotation may be when it is first seen
	Client   *http.Client
	Logger   *slog.Logger
	Now      func() time.Time
	// Append keeps events in the ledger, idempotent by id, and returns how many
	// were new.
	Append func(ctx context.Context, events []query.LedgerEvent) (int, error)
}

// The defaults of a Config.
const (
	DefaultInterval = time.Minute
	DefaultLookback = 30 * 24 * time.Hour
)

// maxPage is how many annotations are asked for at once, maxAnswer how many
// bytes of an answer are read.
const (
	maxPage   = 1000
	maxAnswer = 32 << 20
	maxPages  = 100
)

// Poller asks a Grafana for its annotations, again and again.
type Poller struct {
	Config
	base    *url.URL
	refused map[int64]bool // annotations whose tags were complained of
}

// New returns a Poller.
func New(c Config) (*Poller, error) {
	base, err := url.Parse(strings.TrimSpace(c.URL))
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("grafana URL %q: want http:// or https:// and a host", c.URL)
	}
	if c.Interval == 0 {
		c.Interval = DefaultInterval
	}
	if c.Lookback == 0 {
		c.Lookback = DefaultLookback
	}
	if c.Client == nil {
		c.Client = &http.Client{Timeout: 30 * time.Second}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Poller{Config: c, base: base, refused: map[int64]bool{}}, nil
}

// Run polls until ctx ends. A Grafana that doesn't answer is said once, until it
// does again.
func (p *Poller) Run(ctx context.Context) {
	tick := time.NewTicker(p.Interval)
	defer tick.Stop()
	failing := false
	for {
		added, err := p.Poll(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !failing:
			failing = true
			p.Logger.Error("Grafana's annotations were not read; it is tried again", "url", p.base.Redacted(), "every", p.Interval, "err", err)
		case err == nil:
			if failing {
				p.Logger.Info("Grafana's annotations are read again", "url", p.base.Redacted())
			}
			failing = false
		}
		if added > 0 {
			p.Logger.Info("Fixes were picked up from Grafana", "events", added)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Poll reads the annotations once and returns how many events were new.
func (p *Poller) Poll(ctx context.Context) (added int, err error) {
	to := p.Now()
	from := to.Add(-p.Lookback)
	to = to.Add(24 * time.Hour) // a fix that is planned, and clocks that differ
	for range maxPages {
		page, err := p.annotations(ctx, from, to)
		if err != nil {
			return added, err
		}
		n, err := p.keep(ctx, page)
		added += n
		if err != nil || len(page) < maxPage {
			return added, err
		}
		oldest := page[0].Time
		for _, a := range page {
			oldest = min(oldest, a.Time)
		}
		if next := time.UnixMilli(oldest); next.Before(to) {
			to = next
			continue
		}
		return added, fmt.Errorf("grafana has more than %d annotations in one millisecond", maxPage)
	}
	return added, fmt.Errorf("grafana has more than %d annotations tagged fix in %s", maxPage*maxPages, p.Lookback)
}

func (p *Poller) keep(ctx context.Context, page []annotation) (added int, err error) {
	var events []query.LedgerEvent
	for _, a := range page {
		found, err := a.events(p.base.String(), p.Now())
		if err != nil && !p.refused[a.ID] {
			p.refused[a.ID] = true
			p.Logger.Warn("An annotation of Grafana marks no fix that the ledger can keep", "id", a.ID, "tags", a.Tags, "err", err)
		}
		events = append(events, found...)
	}
	if len(events) == 0 {
		return 0, nil
	}
	return p.Append(ctx, events)
}

// annotations asks GET /api/annotations for one page, the newest first.
func (p *Poller) annotations(ctx context.Context, from, to time.Time) (page []annotation, err error) {
	u := p.base.JoinPath("api", "annotations")
	u.RawQuery = url.Values{
		"from": {strconv.FormatInt(from.UnixMilli(), 10)}, "to": {strconv.FormatInt(to.UnixMilli(), 10)},
		"tags": {tagFix}, "type": {"annotation"}, "limit": {strconv.Itoa(maxPage)},
	}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	if p.Token != "" {
		req.Header.Set("Authorization", "Bearer "+p.Token)
	}
	resp, err := p.Client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("answer broke off: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("grafana answered %s: %.200s", resp.Status, body)
	}
	if err := json.Unmarshal(body, &page); err != nil {
		return nil, fmt.Errorf("answer is not a list of annotations: %w", err)
	}
	return page, nil
}

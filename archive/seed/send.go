package seed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/otlp"
	"github.com/epicurve/epicurve/pkg/query"
)

// ErrNotEmpty is wrapped when an archive holds crashes already: made-up ones must
// never stand beside real ones.
var ErrNotEmpty = errors.New("archive is not empty")

// batch bounds what one request carries, in records or slots.
const batch = 5000

// recent is for how long before now exposure is sent in short slots, as
// exporters send it; before that, one slot a day is enough.
const (
	recent = 2 * day
	slot   = time.Hour
)

// Target is an archive to fill.
type Target struct {
	URL  string
	HTTP *http.Client
}

// Fill sends a fleet's whole history to an archive, which must be empty. An
// archive that holds nothing but a made-up fleet is left as it is.
func (t Target) Fill(ctx context.Context, f *Fleet) (crashes int, err error) {
	c, err := query.NewClient(t.URL, t.HTTP)
	if err != nil {
		return 0, fmt.Errorf("seed: %w", err)
	}
	st, err := c.Status(ctx)
	if err != nil {
		return 0, fmt.Errorf("seed: %w", err)
	}
	if st.Records > 0 || st.Exposure > 0 {
		return int(st.Records), t.madeUp(ctx, c, f.now)
	}
	start, turn := f.ago(history), f.now.Add(-recent).Truncate(slot)
	slots := append(f.Exposure(start, turn, day), f.Exposure(turn, f.now, slot)...)
	for len(slots) > 0 {
		n := min(batch, len(slots))
		if err := t.send(ctx, nil, slots[:n]); err != nil {
			return 0, err
		}
		slots = slots[n:]
	}
	records := f.Crashes(start, f.now)
	for rest := records; len(rest) > 0; rest = rest[min(batch, len(rest)):] {
		if err := t.send(ctx, rest[:min(batch, len(rest))], nil); err != nil {
			return 0, err
		}
	}
	if _, err := c.Append(ctx, f.Ledger()); err != nil {
		return 0, fmt.Errorf("seed: ledger: %w", err)
	}
	return len(records), nil
}

// madeUp checks that an archive holds nothing that is real.
func (t Target) madeUp(ctx context.Context, c *query.Client, now time.Time) error {
	all := query.Range{From: now.AddDate(-10, 0, 0), To: now.AddDate(1, 0, 0)}
	values, err := c.DimensionValues(ctx, "cloud.provider", all, "", 2)
	if err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	if len(values.Values) != 1 || values.Values[0].Value != provider {
		return fmt.Errorf("seed: %w: %s holds real crashes or exposure; a made-up fleet goes into an archive of its own", ErrNotEmpty, t.URL)
	}
	return nil
}

// Follow goes on with the fleet's life: every pause it sends what was watched
// since the last time, and what crashed. It ends with the context.
func (t Target) Follow(ctx context.Context, f *Fleet, pause time.Duration) error {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for from := f.now; ; {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			to := now.UTC().Truncate(time.Second)
			err := t.send(ctx, f.Crashes(from, to), f.Exposure(from, to, to.Sub(from)))
			if ctx.Err() != nil {
				return nil //nolint:nilerr // it was to end
			}
			if err != nil {
				return err
			}
			from = to
		}
	}
}

func (t Target) send(ctx context.Context, records []crash.Record, slots []crash.Exposure) error {
	body, err := otlp.Marshal(records, slots)
	if err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(t.URL, "/")+"/v1/logs", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	resp, err := t.HTTP.Do(req)
	if err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was read
	text, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
	if err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("seed: the archive answered %s: %s", resp.Status, bytes.TrimSpace(text))
	}
	return nil
}

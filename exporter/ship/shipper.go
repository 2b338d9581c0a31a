package ship

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/epicurve/epicurve/exporter/spool"
)

// Outbox is where the entries come from; *spool.Spool is one.
type Outbox interface {
	Batch(maxEntries int, maxBytes int64) ([]spool.Entry, error)
	Shipped(seq uint64) error
	Refuse(lines []byte) error
	Wake() <-chan struct{}
}

// Observer is told how shipping goes.
type Observer interface {
	// Requested counts a request by its result: ok, refused, retry or unreachable.
	Requested(result string)
	// Shipped reports entries that the archive committed and those it will
	// never take.
	Shipped(committed, refused int, at time.Time)
	// Skew reports how far the archive's clock is ahead of this host's.
	Skew(ahead time.Duration)
}

// Bounds of one request.
const (
	maxEntries = 500
	maxBytes   = 1 << 20
)

// Pauses between attempts: doubled each time, and spread by half either way.
const (
	firstPause = time.Second
	longest    = time.Minute
)

// Shipper empties an outbox. Make one with [New].
type Shipper struct {
	client   *Client
	outbox   Outbox
	observer Observer
	logger   *slog.Logger
	failures int
}

// New returns a shipper; call Run.
func New(client *Client, outbox Outbox, observer Observer, logger *slog.Logger) *Shipper {
	return &Shipper{client: client, outbox: outbox, observer: observer, logger: logger}
}

// Run ships until ctx is done.
func (s *Shipper) Run(ctx context.Context) {
	for ctx.Err() == nil {
		pause, idle := s.once(ctx)
		if idle {
			select {
			case <-ctx.Done():
			case <-s.outbox.Wake():
			}
			continue
		}
		if pause > 0 {
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
		}
	}
}

// once ships one batch. It returns how long to wait before the next, and
// whether there was nothing to ship.
func (s *Shipper) once(ctx context.Context) (pause time.Duration, idle bool) {
	batch, err := s.outbox.Batch(maxEntries, maxBytes)
	if err != nil {
		s.logger.Error("Cannot read the spool", "err", err)
		return s.backOff(0), false
	}
	if len(batch) == 0 {
		return 0, true
	}
	d := delivery{Shipper: s}
	d.undecodable(batch)
	err = d.deliver(ctx, batch)
	if err == nil {
		err = s.conclude(&d, batch)
	}
	if err != nil {
		if ctx.Err() != nil {
			return 0, false
		}
		pause = s.backOff(d.after)
		s.logger.Warn("Cannot ship to the archive, trying again; the spool holds the records",
			"err", err, "again_in", pause.Round(time.Millisecond), "attempt", s.failures)
		return pause, false
	}
	if s.failures > 0 {
		s.logger.Info("Shipping to the archive works again", "after_attempts", s.failures)
	}
	s.failures = 0
	return 0, false
}

// conclude sets aside what was refused, then lets the batch go.
func (s *Shipper) conclude(d *delivery, batch []spool.Entry) error {
	if len(d.refused) > 0 {
		if err := s.outbox.Refuse(d.refused); err != nil {
			return err
		}
	}
	if err := s.outbox.Shipped(batch[len(batch)-1].Seq); err != nil {
		return fmt.Errorf("note what was shipped: %w", err)
	}
	s.observer.Shipped(d.committed, d.refusedCount, time.Now())
	return nil
}

func (s *Shipper) backOff(atLeast time.Duration) time.Duration {
	pause := min(firstPause<<min(s.failures, 10), longest)
	s.failures++
	pause = pause/2 + rand.N(pause) //nolint:gosec // spreads load, keeps no secret
	return max(pause, atLeast)
}

package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/model"

	"github.com/epicurve/epicurve/archive/store"
)

// retention says how long what is kept; zero is for ever.
type retention struct {
	records, exposure, ledger string
}

// retentionEvery is how often what is too old is deleted.
const retentionEvery = time.Hour

func (r *retention) addFlags(cmd *kingpin.CmdClause) {
	cmd.Flag("retention.records", "How long crashes are kept, such as 2y; 0 for ever.").Default("0").StringVar(&r.records)
	cmd.Flag("retention.exposure", "How long exposure is kept; 0 for ever.").Default("0").StringVar(&r.exposure)
	cmd.Flag("retention.ledger", "How long events of the ledger are kept; 0 for ever.").Default("0").StringVar(&r.ledger)
}

// before returns what is too old at a moment.
func (r *retention) before(now time.Time) (out store.Retention, err error) {
	for _, p := range []struct {
		text string
		to   *time.Time
	}{{r.records, &out.Records}, {r.exposure, &out.Exposure}, {r.ledger, &out.Ledger}} {
		d, err := model.ParseDuration(p.text)
		if err != nil {
			return store.Retention{}, err
		}
		if d > 0 {
			*p.to = now.Add(-time.Duration(d))
		}
	}
	return out, nil
}

// keep deletes what is too old, now and then every hour, until the returned
// function is called.
func (r *retention) keep(ctx context.Context, s store.Store, logger *slog.Logger) (stop func()) {
	m, ok := s.(store.Maintainer)
	if limits, err := r.before(time.Now()); !ok || err != nil || limits == (store.Retention{}) {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(retentionEvery)
		defer tick.Stop()
		for {
			r.expire(ctx, m, logger)
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

func (r *retention) expire(ctx context.Context, m store.Maintainer, logger *slog.Logger) {
	limits, err := r.before(time.Now())
	if err == nil {
		var d store.Deleted
		if d, err = m.Expire(ctx, limits, false); err == nil && d != (store.Deleted{}) {
			logger.Info("Audit", "did", "retention deleted what was too old", "records", d.Records, "exposure", d.Exposure, "ledger", d.Ledger)
		}
	}
	if err != nil && ctx.Err() == nil {
		logger.Error("Retention failed; it is tried again", "after", retentionEvery, "err", err)
	}
}

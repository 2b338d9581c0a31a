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
	records, exposure, ledger, registers string
}

func (r *retention) addFlags(cmd *kingpin.CmdClause) {
	cmd.Flag("retention.records", "How long crashes are kept, such as 2y; 0 for ever.").Default("0").StringVar(&r.records)
	cmd.Flag("retention.exposure", "How long exposure is kept; 0 for ever.").Default("0").StringVar(&r.exposure)
	cmd.Flag("retention.registers", "How long the registers of crashes are kept, the rest of which stays; 0 as long as the crash.").Default("0").StringVar(&r.registers)
	cmd.Flag("retention.ledger", "How long events of the ledger are kept; 0 for ever.").Default("0").StringVar(&r.ledger)
}

// before returns what is too old at a moment.
func (r *retention) before(now time.Time) (out store.Retention, err error) {
	for _, p := range []struct {
		text string
		to   *time.Time
	}{{r.records, &out.Records}, {r.exposure, &out.Exposure}, {r.ledger, &out.Ledger}, {r.registers, &out.Registers}} {
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

// expire deletes what is too old in one store.
func (r *retention) expire(ctx context.Context, m store.Maintainer, logger *slog.Logger) error {
	limits, err := r.before(time.Now())
	if err != nil || limits == (store.Retention{}) {
		return err
	}
	d, err := m.Expire(ctx, limits, false)
	if err == nil && d != (store.Deleted{}) {
		logger.Info("Audit", "did", "retention deleted what was too old", "records", d.Records, "exposure", d.Exposure, "ledger", d.Ledger, "registers", d.Registers)
	}
	return err
}

package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/epicurve/epicurve/archive/api"
	"github.com/epicurve/epicurve/archive/store"
)

// upkeepEvery is how often stores are looked after.
const upkeepEvery = time.Hour

// upkeep looks after every tenant's store, now and then every hour, until the
// returned function is called.
func upkeep(ctx context.Context, visit func(context.Context, func(name string, t *api.Tenant)) error, r *retention, logger *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(upkeepEvery)
		defer tick.Stop()
		for {
			err := visit(ctx, func(name string, t *api.Tenant) {
				lookAfter(ctx, t.Store, r, logger.With("tenant", name))
				reopen(ctx, t, logger.With("tenant", name))
			})
			if err != nil && ctx.Err() == nil {
				logger.Error("A tenant's store was not looked after; it is tried again", "after", upkeepEvery, "err", err)
			}
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

// foldAfter is how old slots of exposure are before they are folded: by then
// those of most hosts have come.
const foldAfter = time.Hour

// lookAfter deletes what is too old and folds what can be kept in less room.
func lookAfter(ctx context.Context, s store.Store, r *retention, logger *slog.Logger) {
	if m, ok := s.(store.Maintainer); ok {
		if err := r.expire(ctx, m, logger); err != nil && ctx.Err() == nil {
			logger.Error("Retention failed; it is tried again", "after", upkeepEvery, "err", err)
		}
	}
	if f, ok := s.(store.Folder); ok {
		saved, err := f.Fold(ctx, time.Now().Add(-foldAfter))
		if err != nil && ctx.Err() == nil {
			logger.Error("Slots of exposure were not folded; it is tried again", "after", upkeepEvery, "err", err)
		}
		if saved > 0 {
			logger.Info("Slots of exposure were folded", "rows_saved", saved)
		}
	}
}

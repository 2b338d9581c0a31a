package main

import (
	"context"
	"fmt"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/epicurve/epicurve/pkg/query"
)

func (f *ledgerFlags) addWatch(cmd *kingpin.CmdClause) {
	var every time.Duration
	var times, limit int
	watch := f.command(cmd, "watch", "Print each change of a cluster's state, until interrupted.", func(ctx context.Context, client *query.Client) error {
		return f.watch(ctx, client, every, times, limit)
	})
	watch.Flag("interval", "How often the archive is asked.").Default("30s").DurationVar(&every)
	watch.Flag("limit", "Most clusters that are watched, the largest first.").Default("200").IntVar(&limit)
	watch.Flag("times", "End after asking so often; 0 is never.").Default("0").IntVar(&times)
}

// watch prints every cluster's state at first, then what changes. An archive that
// doesn't answer is said once, and asked again.
func (f *ledgerFlags) watch(ctx context.Context, client *query.Client, every time.Duration, times, limit int) error {
	if every < time.Second {
		return fmt.Errorf("--interval %s is shorter than 1s", every)
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	states := map[string]string{}
	failing := false
	for n := 1; ; n++ {
		entries, err := f.entries(ctx, client, "", limit)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && n == 1:
			return err
		case err != nil && !failing:
			failing = true
			fmt.Fprintf(f.cli.stderr, "%s %v; it is asked again every %s\n", minutes(time.Now()), err, every)
		case err == nil:
			failing = false
			f.tellChanges(states, entries)
		}
		if n == times {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (f *ledgerFlags) tellChanges(states map[string]string, entries []query.LedgerEntry) {
	for _, e := range entries {
		was, known := states[e.Cluster]
		if known && was == e.State || e.State == "" {
			continue
		}
		states[e.Cluster] = e.State
		change := e.State
		if known {
			change = was + " -> " + e.State
		}
		name := e.Cluster
		if e.Label != "" {
			name = e.Label + " (" + e.Cluster + ")"
		}
		fmt.Fprintf(f.cli.stdout, "%s  %s: %s. %s\n", minutes(time.Now()), change, name, e.Proof)
	}
}

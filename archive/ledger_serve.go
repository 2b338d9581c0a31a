package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/epicurve/epicurve/archive/access"
	"github.com/epicurve/epicurve/archive/api"
	"github.com/epicurve/epicurve/archive/deploys"
	"github.com/epicurve/epicurve/archive/grafana"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// recordFlags say what the archive takes in and writes into the ledger beside
// what people send.
type recordFlags struct {
	key         string
	hooks       string
	relapses    time.Duration
	grafana     string
	grafanaFile string
	grafanaPoll time.Duration
}

func (f *recordFlags) addFlags(cmd *kingpin.CmdClause) {
	cmd.Flag("workflow.cluster-key", "Dimensions that cluster failures of AI workflows, separated by commas.").
		Default(strings.Join(crash.DefaultWorkflowKey(), ",")).StringVar(&f.key)
	cmd.Flag("hooks.file", "YAML file of deploy webhooks ("+strings.Join(deploys.Sources(), ", ")+") and their secrets.").StringVar(&f.hooks)
	cmd.Flag("ledger.interval", "How often clusters are looked at for relapses, which reopen them.").Default("1m").DurationVar(&f.relapses)
	cmd.Flag("grafana.url", "URL of a Grafana whose annotations tagged fix are picked up; none by default.").StringVar(&f.grafana)
	cmd.Flag("grafana.token-file", "File with the token of a service account that may read annotations.").StringVar(&f.grafanaFile)
	cmd.Flag("grafana.interval", "How often its annotations are read.").Default(grafana.DefaultInterval.String()).DurationVar(&f.grafanaPoll)
}

// configure sets what the API needs of the flags.
func (f *recordFlags) configure(c *api.Config) error {
	for name := range strings.SplitSeq(f.key, ",") {
		c.WorkflowKey = append(c.WorkflowKey, crash.IngestName(strings.TrimSpace(name)))
	}
	if err := c.WorkflowKey.Validate(); err != nil {
		return fmt.Errorf("--workflow.cluster-key: %w", err)
	}
	if f.relapses < time.Second || f.grafanaPoll < time.Second {
		return fmt.Errorf("--ledger.interval %s and --grafana.interval %s must be 1s or longer", f.relapses, f.grafanaPoll)
	}
	if f.hooks == "" {
		return nil
	}
	var err error
	c.Hooks, err = access.LoadHooks(f.hooks, deploys.Sources())
	return err
}

// keep writes relapses and Grafana's fixes into the ledger of the default tenant
// until the returned function is called.
func (f *recordFlags) keep(ctx context.Context, t *api.Tenant, logger *slog.Logger) (stop func(), err error) {
	poller, err := f.poller(t, logger)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() {
		tick := time.NewTicker(f.relapses)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				reopen(ctx, t, logger)
			}
		}
	})
	if poller != nil {
		running.Go(func() { poller.Run(ctx) })
	}
	return func() {
		cancel()
		running.Wait()
	}, nil
}

func (f *recordFlags) poller(t *api.Tenant, logger *slog.Logger) (*grafana.Poller, error) {
	if f.grafana == "" {
		return nil, nil //nolint:nilnil // there is no Grafana to poll
	}
	c := grafana.Config{URL: f.grafana, Interval: f.grafanaPoll, Logger: logger}
	if f.grafanaFile != "" {
		token, err := os.ReadFile(f.grafanaFile)
		if err != nil {
			return nil, fmt.Errorf("--grafana.token-file: %w", err)
		}
		c.Token = strings.TrimSpace(string(token))
	}
	c.Append = func(ctx context.Context, events []query.LedgerEvent) (int, error) {
		done, err := t.Store.AppendLedger(ctx, events)
		return done.Added, err
	}
	p, err := grafana.New(c)
	if err != nil {
		return nil, fmt.Errorf("--grafana.url: %w", err)
	}
	return p, nil
}

// reopen appends the relapses that are new, and says each once.
func reopen(ctx context.Context, t *api.Tenant, logger *slog.Logger) {
	if t.Relapses == nil {
		return
	}
	events, err := t.Relapses(ctx)
	if err != nil {
		if ctx.Err() == nil {
			logger.Error("Clusters were not looked at for relapses; it is tried again", "err", err)
		}
		return
	}
	for _, e := range events {
		done, err := t.Store.AppendLedger(ctx, []query.LedgerEvent{e})
		if err != nil && ctx.Err() == nil {
			logger.Error("A relapse was not written into the ledger; it is tried again", "cluster", e.Cluster, "err", err)
		}
		if done.Added > 0 {
			logger.Warn("A cluster relapsed; its entry is open again", "cluster", e.Cluster, "sentence", e.Text)
		}
	}
}

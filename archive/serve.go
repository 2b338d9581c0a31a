package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/alecthomas/units"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"

	"github.com/epicurve/epicurve/archive/access"
	"github.com/epicurve/epicurve/archive/api"
	"github.com/epicurve/epicurve/archive/evaluate"
	"github.com/epicurve/epicurve/archive/store/open"
	"github.com/epicurve/epicurve/archive/tracing"
)

// defaultAddress is where the archive listens.
const defaultAddress = ":9932"

// serveFlags are the flags of the serve command.
type serveFlags struct {
	storage      string
	tokens       string
	backupDir    string
	retention    retention
	tenants      tenantFlags
	record       recordFlags
	rate         float64
	cache        bool
	tracing      tracing.Config
	web          *web.FlagConfig
	maxBody      units.Base2Bytes
	maxRecords   int
	queryTimeout time.Duration
	slowQuery    time.Duration
	grace        time.Duration
}

func (c *cli) addServe() {
	f := &serveFlags{}
	cmd := c.command("serve", "Run the archive.", func(ctx context.Context) error {
		return serve(ctx, f, promslog.New(&c.log))
	}).Default()
	cmd.Flag("storage", "Where the crashes are kept: "+strings.Join(open.Schemes(), ", ")+".").Default("duckdb:epicurve.duckdb").StringVar(&f.storage)
	cmd.Flag("auth.tokens-file", "YAML file of bearer tokens and their roles; without it everybody may do everything. See the token command.").StringVar(&f.tokens)
	f.web = kingpinflag.AddFlags(cmd, defaultAddress)
	cmd.Flag("ingest.max-body", "Largest request body, after decompression.").Default("64MiB").BytesVar(&f.maxBody)
	cmd.Flag("ingest.max-records", "Most records in one request.").Default(fmt.Sprint(api.DefaultMaxRecords)).IntVar(&f.maxRecords)
	cmd.Flag("query.timeout", "Longest time that a question may take.").Default(api.DefaultQueryTimeout.String()).DurationVar(&f.queryTimeout)
	cmd.Flag("query.slow", "Questions that take longer are logged.").Default(api.DefaultSlowQuery.String()).DurationVar(&f.slowQuery)
	cmd.Flag("query.cache", "Keep answers for seconds, until the data changes.").Default("true").BoolVar(&f.cache)
	cmd.Flag("backup.dir", "Directory into which POST /api/v1/admin/backup writes; none by default.").StringVar(&f.backupDir)
	f.retention.addFlags(cmd)
	f.tenants.addFlags(cmd)
	f.record.addFlags(cmd)
	cmd.Flag("access.rate", "Requests a second that a token may send, five seconds' worth at once; 0 is without limit. A token's own rate stands in the tokens file.").Default("0").Float64Var(&f.rate)
	cmd.Flag("tracing.endpoint", "URL of an OTLP/HTTP receiver of traces, such as http://localhost:4318/v1/traces; none by default.").StringVar(&f.tracing.Endpoint)
	cmd.Flag("tracing.ratio", "Part of the traces that begin here, 0 to 1; those of others are traced when they are.").Default("0.1").Float64Var(&f.tracing.Ratio)
	cmd.Flag("shutdown.grace", "Longest time to finish requests at shutdown.").Default("20s").DurationVar(&f.grace)
}

// serve wires the archive and runs it until ctx ends:
//
//	HTTP ─▶ exporter-toolkit (TLS, basic auth) ─▶ access (tokens) ─▶ api ─▶ store (open: scheme ─▶ duckdb)
//	                                               ├─▶ tenants (token's tenant ─▶ a store of its own)
//	                                               ├─▶ evaluate (store + ledger + epi)
//	                                               └─▶ /metrics
func serve(ctx context.Context, f *serveFlags, logger *slog.Logger) (err error) {
	if path := *f.web.WebConfigFile; path != "" {
		if err := web.Validate(path); err != nil {
			return fmt.Errorf("web configuration %s: %w", path, err)
		}
	}
	if _, err := f.retention.before(time.Now()); err != nil {
		return fmt.Errorf("retention: %w", err)
	}
	var keys *access.Keys
	if f.tokens != "" {
		if keys, err = access.Load(f.tokens); err != nil {
			return err
		}
	} else {
		logger.Warn("Everybody who reaches the archive may read and change everything; name a tokens file, or let only a proxy that asks for a name reach it", "flag", "--auth.tokens-file")
	}
	s, err := open.Store(ctx, f.storage)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	evaluator := evaluate.New(evaluate.Config{Store: s})
	defer evaluator.Close()
	others := f.tenants.pool(f.storage)
	defer func() { err = errors.Join(err, others.Close()) }()
	config := api.Config{
		Store: s, Storage: open.Scheme(f.storage), Version: version.Version, Logger: logger,
		MaxBody: int64(f.maxBody), MaxRecords: f.maxRecords, QueryTimeout: f.queryTimeout, SlowQuery: f.slowQuery, NoCache: !f.cache,
		Access: keys, Rate: f.rate, BackupDir: f.backupDir, Answers: evaluator.Answers(), Gauges: evaluator.WriteGauges, Tenants: others,
	}
	if err := f.record.configure(&config); err != nil {
		return err
	}
	a := api.New(config)
	recorded, err := f.record.keep(ctx, &api.Tenant{Store: s, Relapses: evaluator.Relapses}, logger)
	if err != nil {
		return err
	}
	defer recorded()
	stop := upkeep(ctx, func(ctx context.Context, visit func(string, *api.Tenant)) error {
		return stores(ctx, &api.Tenant{Store: s}, keys, others, visit)
	}, &f.retention, logger)
	defer stop()
	logger.Info("Archive is open", "storage", f.storage, "version", version.Version)
	f.tracing.Version = version.Version
	tracer, err := tracing.New(f.tracing)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tracer.Close(ctx)) }()
	server := &http.Server{Handler: tracer.Handler(a.Handler(), a.Operation), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 5 * time.Minute, IdleTimeout: 2 * time.Minute}
	return listen(ctx, server, f, a, logger)
}

// listen serves until ctx ends, then lets the requests that are under way finish.
func listen(ctx context.Context, server *http.Server, f *serveFlags, a *api.API, logger *slog.Logger) error {
	failed := make(chan error, 1)
	go func() { failed <- web.ListenAndServe(server, f.web, logger) }()
	select {
	case err := <-failed:
		return fmt.Errorf("web server: %w", err)
	case <-ctx.Done():
	}
	logger.Info("Shutting down")
	a.Drain()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.grace)
	defer cancel()
	err := server.Shutdown(grace)
	if err != nil {
		err = fmt.Errorf("requests were still running after %s: %w", f.grace, errors.Join(err, server.Close()))
	}
	if serving := <-failed; !errors.Is(serving, http.ErrServerClosed) {
		err = errors.Join(err, fmt.Errorf("web server: %w", serving))
	}
	return err
}

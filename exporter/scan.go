package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/prometheus/common/promslog"
	"github.com/prometheus/common/version"

	"github.com/epicurve/epicurve/exporter/annotate"
	"github.com/epicurve/epicurve/exporter/binaries"
	"github.com/epicurve/epicurve/exporter/scan"
	"github.com/epicurve/epicurve/exporter/scan/objects"
	"github.com/epicurve/epicurve/exporter/ship"
	"github.com/epicurve/epicurve/pkg/corefile"
)

// exitHoles: the scan came to its end, but some objects could not be read.
const exitHoles = 3

// archivePatience is how long a scan tries to reach the archive.
const archivePatience = 5 * time.Minute

// scanMaxWindow bounds the memory of one decoder; maxDecoding those at work. 128
// workers stay below 256 MiB with these.
const (
	scanMaxWindow = 16 << 20
	maxDecoding   = 4
)

// scanMaxTime bounds the time of one decoder; the network's is in it.
const scanMaxTime = 10 * time.Minute

func (c *cli) scan(ctx context.Context, f *scanFlags) int {
	logger := promslog.New(&c.log)
	batchMemory(scanGoal)
	err := f.check()
	var cfg scan.Config
	if err == nil {
		cfg, err = f.config(os.Getenv, logger)
	}
	if err != nil {
		fmt.Fprintf(c.stderr, "epicurve-exporter: %v\n", err)
		return exitUsage
	}
	tally := cfg.Tally
	if f.state != "" && !f.dryRun {
		if cfg.State, err = scan.OpenState(f.state); err != nil {
			fmt.Fprintf(c.stderr, "epicurve-exporter: %v\n", err)
			return exitError
		}
		defer cfg.State.Close()
	}
	if f.symbols {
		store := binaries.New(binaries.Config{Root: f.root, Log: logger})
		defer store.Close()
		cfg.Reader.Rules.Binaries = store
	}
	archive, err := f.sink(&cfg, c.stdout, logger)
	if err != nil {
		fmt.Fprintf(c.stderr, "epicurve-exporter: %v\n", err)
		return exitUsage
	}
	err = runScan(ctx, cfg, c.stderr)
	if archive != nil {
		archive.Close()
	}
	return c.concludeScan(ctx, f, tally, archive, err)
}

// runScan runs a scan and shows how it goes.
func runScan(ctx context.Context, cfg scan.Config, out io.Writer) error {
	shown, stop := context.WithCancel(context.WithoutCancel(ctx))
	var show sync.WaitGroup
	show.Go(func() { scan.Show(shown, out, cfg.Tally) })
	err := scan.Run(ctx, cfg)
	stop()
	show.Wait()
	return err
}

// concludeScan prints the summary and finds the exit code.
func (c *cli) concludeScan(ctx context.Context, f *scanFlags, tally *scan.Tally, archive *scan.Archive, err error) int {
	if printed := tally.Summary(c.stderr); printed != nil {
		err = errors.Join(err, printed)
	}
	if f.unreadable != "" {
		err = errors.Join(err, writeUnread(f.unreadable, tally.Unread()))
	}
	refused := 0
	if archive != nil {
		refused = archive.Refused()
	}
	switch {
	case ctx.Err() != nil:
		again := "."
		if f.state != "" && !f.dryRun {
			again = ": the same command goes on where it was."
		}
		fmt.Fprintf(c.stderr, "epicurve-exporter: interrupted%s\n", again)
		return exitError
	case err != nil:
		fmt.Fprintf(c.stderr, "epicurve-exporter: scan: %v\n", err)
		return exitError
	case refused > 0:
		fmt.Fprintf(c.stderr, "epicurve-exporter: the archive refused %d records for good; the log has the reasons\n", refused)
		return exitError
	case tally.Now().Holes > 0:
		return exitHoles
	}
	return exitOK
}

// sink makes where the records go; archive is nil unless it is one.
func (f *scanFlags) sink(cfg *scan.Config, stdout io.Writer, logger *slog.Logger) (archive *scan.Archive, err error) {
	switch {
	case f.dryRun:
		cfg.Sink = scan.Nothing{}
	case f.archive.URL == "":
		cfg.Sink = scan.NewLines(stdout, cfg.State.Done)
	default:
		client, err := ship.NewClient(f.archive, version.Version)
		if err != nil {
			return nil, err
		}
		archive = scan.NewArchive(client, cfg.State.Done, archivePatience, logger)
		cfg.Sink = archive
	}
	return archive, nil
}

// config turns the flags into a scan; what opens files or costs time comes later.
func (f *scanFlags) config(env func(string) string, logger *slog.Logger) (scan.Config, error) {
	cfg := scan.Config{Workers: f.workers, Shard: f.shard, Tally: scan.NewTally()}
	if f.shard == (scan.Shard{}) {
		var by string
		var err error
		if cfg.Shard, by, err = scan.ShardFromEnv(env); err != nil {
			return cfg, err
		}
		if by != "" {
			logger.Info("Scanning a shard", "shard", cfg.Shard.String(), "from", by)
		}
	}
	retry := objects.Retry{Attempts: f.attempts, Timeout: f.timeout, Waiting: func(reason objects.Reason, pause time.Duration) {
		cfg.Tally.Retried()
		logger.Debug("Trying again", "reason", reason, "in", pause)
	}}
	for _, text := range f.urls {
		store, err := objects.Open(text, objects.Config{Retry: retry, Env: env, Workers: f.workers})
		if err != nil {
			return cfg, err
		}
		cfg.Stores = append(cfg.Stores, store)
	}
	var err error
	if cfg.Filter, err = f.filter(time.Now()); err != nil {
		return cfg, err
	}
	cfg.Reader, err = f.reader()
	return cfg, err
}

func (f *scanFlags) reader() (*scan.Reader, error) {
	r := &scan.Reader{
		Options:  corefile.Options{MaxWindow: scanMaxWindow, MaxDecompressed: f.maxDecompressed, MaxTime: scanMaxTime},
		Decoding: make(chan struct{}, maxDecoding),
	}
	var err error
	if r.Names, err = annotate.NamesOf(f.corePatterns); err != nil {
		return nil, err
	}
	if f.pattern != "" {
		if r.Pattern, err = scan.ParsePattern(f.pattern); err != nil {
			return nil, err
		}
	}
	if f.thisHost {
		machine, _ := annotate.ReadMachine(annotate.RootsUnder(f.root)) // what is missing stays unknown
		r.Machine = machine.Annotate
	}
	if f.mapping != "" {
		file, err := os.Open(f.mapping)
		if err != nil {
			return nil, fmt.Errorf("mapping: %w", err)
		}
		defer file.Close()
		if r.Mapping, err = scan.ReadMapping(file); err != nil {
			return nil, fmt.Errorf("%s: %w", f.mapping, err)
		}
	}
	r.Filters, err = f.filters()
	return r, err
}

// writeUnread writes one JSON object a line.
func writeUnread(path string, unread []scan.Unread) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("list of unreadable objects: %w", err)
	}
	enc := json.NewEncoder(file)
	for _, u := range unread {
		if err := enc.Encode(u); err != nil {
			return errors.Join(fmt.Errorf("list of unreadable objects: %w", err), file.Close())
		}
	}
	return file.Close()
}

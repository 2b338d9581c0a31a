package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/alecthomas/units"

	"github.com/epicurve/epicurve/exporter/annotate"
	"github.com/epicurve/epicurve/exporter/config"
	"github.com/epicurve/epicurve/exporter/scan"
	"github.com/epicurve/epicurve/exporter/ship"
)

// scanFlags are the flags of the scan command.
type scanFlags struct {
	urls                     []string
	archive                  ship.Config
	output                   string
	dryRun                   bool
	workers, attempts        int
	timeout                  time.Duration
	shardText                string
	shard                    scan.Shard
	state                    string
	noState                  bool
	since, until             string
	minSize, maxSize         units.Base2Bytes
	include, exclude         *regexp.Regexp
	pattern                  string
	corePatterns             []string
	mapping                  string
	configFile               string
	evidence                 []string
	unreadable               string
	symbols                  bool
	root                     string
	maxDecompressed          int64
	maxDecompressedFlag      units.Base2Bytes
	includeText, excludeText string
	thisHost                 bool
}

func (c *cli) addScan() {
	f := &scanFlags{}
	cmd := c.command("scan", "Label every core in directories and buckets, once, and hand the records to an archive.",
		func(ctx context.Context) int { return c.scan(ctx, f) })
	cmd.Arg("url", "Directory, file, glob, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or azblob://CONTAINER/PREFIX.").Required().StringsVar(&f.urls)
	cmd.Flag("archive.url", "URL of the archive, such as http://archive:9932.").StringVar(&f.archive.URL)
	cmd.Flag("archive.token-file", "File with the bearer token for the archive.").StringVar(&f.archive.TokenFile)
	cmd.Flag("archive.ca-file", "Certificates that the archive's must descend from (default: the system's).").StringVar(&f.archive.CAFile)
	cmd.Flag("output", "Without an archive: jsonl prints one record a line, as the archive takes them.").EnumVar(&f.output, "jsonl")
	cmd.Flag("dry-run", "Read and count, but send, print and remember nothing.").BoolVar(&f.dryRun)
	cmd.Flag("state", "File that remembers what is done, so that the same command goes on after an interruption (default with an archive: in $XDG_STATE_HOME/epicurve).").StringVar(&f.state)
	cmd.Flag("no-state", "Remember nothing, and read everything again.").BoolVar(&f.noState)
	cmd.Flag("unreadable", "File for the list of objects without a whole core, as JSON lines.").StringVar(&f.unreadable)
	f.addReading(cmd)
	f.addChoosing(cmd)
	f.addAnnotating(cmd)
}

func (f *scanFlags) addReading(cmd *kingpin.CmdClause) {
	cmd.Flag("workers", "Objects that are read at the same time.").Default("32").IntVar(&f.workers)
	cmd.Flag("attempts", "How often a request to a store is tried, with growing pauses.").Default("8").IntVar(&f.attempts)
	cmd.Flag("timeout", "Timeout of one request to a store.").Default("30s").DurationVar(&f.timeout)
	cmd.Flag("max-decompressed", "How far a compressed core is read at most, in decompressed bytes.").Default("256MB").BytesVar(&f.maxDecompressedFlag)
	cmd.Flag("symbols", "Look up function names and text in the executables of this machine that have the build id of the core's.").BoolVar(&f.symbols)
	cmd.Flag("root", "Directory to put before the paths of executables, such as /host in a container.").StringVar(&f.root)
}

func (f *scanFlags) addChoosing(cmd *kingpin.CmdClause) {
	cmd.Flag("shard", "Read only part I of N of the objects, 0 <= I < N. Taken from Kubernetes Indexed Jobs, AWS Batch and SLURM arrays when not given.").
		PlaceHolder("I/N").StringVar(&f.shardText)
	cmd.Flag("since", "Only objects changed at or after this time (RFC 3339, a date, or a duration ago such as 720h).").StringVar(&f.since)
	cmd.Flag("until", "Only objects changed before this time.").StringVar(&f.until)
	cmd.Flag("min-size", "Only objects of at least this size.").BytesVar(&f.minSize)
	cmd.Flag("max-size", "Only objects of at most this size.").BytesVar(&f.maxSize)
	cmd.Flag("include", "Only objects whose URL matches this expression.").StringVar(&f.includeText)
	cmd.Flag("exclude", "No objects whose URL matches this expression.").StringVar(&f.excludeText)
}

func (f *scanFlags) addAnnotating(cmd *kingpin.CmdClause) {
	cmd.Flag("name.pattern", "Expression with named groups (host, service, build, time, pid, or a dimension such as cloud_region) that is matched against URLs.").StringVar(&f.pattern)
	cmd.Flag("name.core-pattern", "core_pattern by which the cores were named, such as core.%e.%p.%t. Repeatable.").StringsVar(&f.corePatterns)
	cmd.Flag("this-host", "The cores are of this machine (of the one below --root): its name, id and hardware are theirs.").BoolVar(&f.thisHost)
	cmd.Flag("mapping", "CSV file with a column host and others such as region, zone, type, physical_host.").StringVar(&f.mapping)
	cmd.Flag("config.file", "Configuration of the exporter, whose filters of false positives are applied.").StringVar(&f.configFile)
	cmd.Flag("evidence", "Log of the time, for the filters: NAME=FILE of text, or of a journal (journalctl --output=export or json). Repeatable.").
		PlaceHolder("NAME=FILE").StringsVar(&f.evidence)
}

// check finds contradictions and reads what is not text.
func (f *scanFlags) check() (err error) {
	switch {
	case f.archive.URL == "" && f.output == "" && !f.dryRun:
		return errors.New("scan: where to? Give --archive.url, --output=jsonl or --dry-run")
	case f.archive.URL != "" && f.output != "":
		return errors.New("scan: --archive.url and --output exclude each other")
	case f.workers < 1 || f.workers > 4096:
		return fmt.Errorf("scan: --workers=%d: want 1 to 4096", f.workers)
	case f.attempts < 1:
		return fmt.Errorf("scan: --attempts=%d: want at least 1", f.attempts)
	case f.maxDecompressedFlag <= 0:
		return errors.New("scan: --max-decompressed: want more than 0")
	case len(f.evidence) > 0 && f.configFile == "":
		return errors.New("scan: --evidence serves filters; give the --config.file that has them")
	}
	f.maxDecompressed = int64(f.maxDecompressedFlag)
	if f.shardText != "" {
		if f.shard, err = scan.ParseShard(f.shardText); err != nil {
			return err
		}
	}
	if f.include, err = expression("include", f.includeText); err != nil {
		return err
	}
	if f.exclude, err = expression("exclude", f.excludeText); err != nil {
		return err
	}
	if f.noState {
		f.state = ""
	} else if f.state == "" && f.archive.URL != "" {
		f.state = f.defaultState(os.Getenv)
	}
	return nil
}

func expression(flag, text string) (*regexp.Regexp, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // no expression
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("scan: --%s: %w", flag, err)
	}
	return re, nil
}

func (f *scanFlags) filter(now time.Time) (scan.Filter, error) {
	out := scan.Filter{MinSize: int64(f.minSize), MaxSize: int64(f.maxSize), Include: f.include, Exclude: f.exclude}
	var err error
	if out.Since, err = moment("since", f.since, now); err != nil {
		return out, err
	}
	out.Until, err = moment("until", f.until, now)
	return out, err
}

// moment reads a time, or how long ago it was.
func moment(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	return time.Time{}, fmt.Errorf("scan: --%s=%q: want a time such as 2026-01-31T08:00:00Z, a date such as 2026-01-31, or a duration such as 720h", flag, text)
}

// defaultState is a file for this archive, URLs and shard.
func (f *scanFlags) defaultState(env func(string) string) string {
	dir := env("XDG_STATE_HOME")
	if dir == "" {
		home := env("HOME")
		if home == "" {
			return ""
		}
		dir = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(dir, "epicurve", "scan-"+scan.NameOf(append([]string{f.archive.URL}, f.urls...))+".state")
}

// filters are those of the configuration, with the evidence that was given.
func (f *scanFlags) filters() (*annotate.Filters, error) {
	if f.configFile == "" {
		return nil, nil //nolint:nilnil // nil filters match nothing
	}
	cfg, err := config.Load(f.configFile)
	if err != nil {
		return nil, err
	}
	compiled := cfg.Compiled()
	evidence, err := f.loadEvidence(compiled)
	if err != nil {
		return nil, err
	}
	return annotate.NewFilters(compiled, evidence)
}

// named splits NAME=FILE; the name of a bare file is left open.
func named(text string) (name, file string) {
	if name, file, ok := strings.Cut(text, "="); ok {
		return name, file
	}
	return "", text
}

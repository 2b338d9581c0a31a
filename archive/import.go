package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/epicurve/epicurve/archive/importer"
	"github.com/epicurve/epicurve/pkg/crash"
)

// importFlags are the flags of the import command.
type importFlags struct {
	url, token string
	format     string
	files      []string
	fields     map[string]string
	constants  map[string]string
	mapping    importer.Mapping
	batch      int
	dryRun     bool
	progress   string
}

// importTimeout bounds the sending of one batch.
const importTimeout = 5 * time.Minute

func (c *cli) addImport() {
	f := &importFlags{fields: map[string]string{}, constants: map[string]string{}}
	cmd := c.command("import", "Send crashes that another system kept to an archive. A second run changes nothing: what is known is left out.", func(ctx context.Context) error {
		return f.run(ctx, c)
	})
	cmd.Flag("archive.url", "URL of the archive.").Default("http://localhost" + defaultAddress).Envar("EPICURVE_ARCHIVE_URL").StringVar(&f.url)
	cmd.Flag("archive.token-file", "File with a bearer token of the role ingest, for an archive that asks for one.").StringVar(&f.token)
	cmd.Flag("format", "csv and jsonl (with a mapping), journal (journalctl -o export or -o json), clickhouse (system.crash_log in FORMAT JSONEachRow), ceph (meta files, or ceph crash info).").Required().EnumVar(&f.format, importer.Formats()...)
	cmd.Flag("map", "COLUMN=FIELD: what a column or key (nested ones joined with dots) means; COLUMN= drops it; repeatable. Others are fields by their name, or further attributes.").StringMapVar(&f.fields)
	cmd.Flag("set", "FIELD=VALUE for every record that has no other value; repeatable.").StringMapVar(&f.constants)
	cmd.Flag("time-format", "Go layout of crash.time, such as \"2006-01-02 15:04:05\"; RFC 3339 and numbers since 1970 are known.").StringVar(&f.mapping.TimeFormat)
	cmd.Flag("batch", "Records of one request.").Default(fmt.Sprint(importer.DefaultBatch)).IntVar(&f.batch)
	cmd.Flag("dry-run", "Read and check everything, send nothing.").BoolVar(&f.dryRun)
	cmd.Flag("resume", "File that keeps how far the import of one file came, so that the next run goes on there.").StringVar(&f.progress)
	cmd.Arg("file", "Files to read, also compressed (.gz, .zst); - or none is standard input.").StringsVar(&f.files)
}

func (f *importFlags) run(ctx context.Context, c *cli) error {
	f.mapping.Fields, f.mapping.Constants = f.fields, f.constants
	if len(f.files) == 0 {
		f.files = []string{"-"}
	}
	if f.progress != "" && (len(f.files) != 1 || f.files[0] == "-") {
		return errors.New("--resume goes with one file")
	}
	if f.batch < 1 {
		return fmt.Errorf("--batch %d: want 1 or more", f.batch)
	}
	sink, err := f.sink()
	if err != nil {
		return err
	}
	var all importer.Counts
	for _, name := range f.files {
		counts, err := f.one(ctx, c, name, sink)
		add(&all, counts)
		if err != nil {
			return errors.Join(fmt.Errorf("%s: %w", name, err), f.print(c.stdout, all))
		}
	}
	if err := f.print(c.stdout, all); err != nil {
		return err
	}
	if all.Bad+all.Refused > 0 {
		return fmt.Errorf("%d items were not imported", all.Bad+all.Refused)
	}
	return nil
}

func add(all *importer.Counts, c importer.Counts) {
	all.Items += c.Items
	all.Skipped += c.Skipped
	all.Other += c.Other
	all.Bad += c.Bad
	all.Sent += c.Sent
	all.Added += c.Added
	all.Duplicates += c.Duplicates
	all.Refused += c.Refused
}

func (f *importFlags) print(out io.Writer, c importer.Counts) error {
	b, err := json.MarshalIndent(struct {
		importer.Counts
		DryRun bool `json:"dryRun,omitempty"`
	}{c, f.dryRun}, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s\n", b)
	return err
}

// sink sends to the archive, or nowhere in a dry run.
func (f *importFlags) sink() (importer.Sink, error) {
	if f.dryRun {
		return func(context.Context, []crash.Record) (importer.Kept, error) { return importer.Kept{}, nil }, nil
	}
	transport, err := (&reportFlags{token: f.token}).transport()
	if err != nil {
		return nil, err
	}
	return importer.HTTP(f.url, &http.Client{Timeout: importTimeout, Transport: transport})
}

// one imports one file.
func (f *importFlags) one(ctx context.Context, c *cli, name string, sink importer.Sink) (counts importer.Counts, err error) {
	file, size, err := c.source(name)
	if err != nil {
		return counts, err
	}
	defer file.Close() //nolint:errcheck // it was read
	var state importer.Progress
	if f.progress != "" {
		if state, err = importer.LoadProgress(f.progress, f.format, file); err != nil {
			return counts, err
		}
	}
	shown := newProgress(c.stderr, name, size)
	defer func() { shown.end(err) }()
	plain, err := decompressed(name, shown.reader(file))
	if err != nil {
		return counts, err
	}
	source, err := importer.Open(f.format, plain, f.mapping)
	if err != nil {
		return counts, err
	}
	run := importer.Run{Source: source, Sink: sink, Batch: f.batch, Skip: state.Items, Failed: shown.failed}
	run.Done = func(done importer.Counts) error {
		shown.counts(done)
		if f.progress == "" || f.dryRun {
			return nil
		}
		state.Items = done.Items
		return state.Save(f.progress)
	}
	return run.Do(ctx)
}

// source opens a file, or standard input; size is -1 when it is not known.
func (c *cli) source(name string) (file io.ReadSeekCloser, size int64, err error) {
	if name == "-" {
		return stdinFile{c.stdin}, -1, nil
	}
	opened, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	info, err := opened.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("is a directory; name the files in it, such as %s/*/meta", strings.TrimSuffix(name, "/"))
	}
	if err != nil {
		return nil, 0, errors.Join(err, opened.Close())
	}
	return opened, info.Size(), nil
}

// stdinFile is standard input where a file is wanted.
type stdinFile struct{ io.Reader }

// Seek implements [io.Seeker]: it can't.
func (stdinFile) Seek(int64, int) (int64, error) { return 0, errors.ErrUnsupported }

// Close implements [io.Closer].
func (stdinFile) Close() error { return nil }

// decompressed undoes the compression that a file's name tells of.
func decompressed(name string, r io.Reader) (io.Reader, error) {
	switch {
	case strings.HasSuffix(name, ".gz"):
		return gzip.NewReader(r)
	case strings.HasSuffix(name, ".zst"):
		return zstd.NewReader(r)
	default:
		return r, nil
	}
}

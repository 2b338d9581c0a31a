package scan

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/epicurve/epicurve/exporter/pipeline"
	"github.com/epicurve/epicurve/pkg/classify"
	"github.com/epicurve/epicurve/pkg/corefile"
	"github.com/epicurve/epicurve/pkg/crash"
)

// Bounds of one archive.
const (
	maxEntries = 4096
	maxCores   = 64
)

// readZip reads every core in an archive, with what core-dump-handler puts
// beside it.
func (r *Reader) readZip(ctx context.Context, in *headed, res *Result) {
	z, err := zip.NewReader(in, res.Object.Size)
	if err == nil && len(z.File) > maxEntries {
		err = fmt.Errorf("it has %d entries, more than %d", len(z.File), maxEntries)
	}
	if err != nil {
		res.Err, res.Reason = fmt.Errorf("zip: %w", err), reasonZip
		return
	}
	cores := coresIn(z)
	if len(cores) == 0 {
		res.Err, res.Reason = errors.New("zip: there is no core in it (an entry NAME.core)"), reasonNoCore
		return
	}
	beside := besideIn(z)
	for _, f := range cores {
		r.readEntry(ctx, in, f, beside, res)
	}
}

// coresIn returns the entries that are cores by their name: NAME.core, or what
// is neither a report nor a log.
func coresIn(z *zip.Reader) []*zip.File {
	var named, other []*zip.File
	for _, f := range z.File {
		switch {
		case f.FileInfo().IsDir() || f.UncompressedSize64 == 0:
		case strings.HasSuffix(f.Name, ".core"):
			named = append(named, f)
		case !strings.HasSuffix(f.Name, ".json") && !strings.HasSuffix(f.Name, ".log") && !strings.HasSuffix(f.Name, ".txt"):
			other = append(other, f)
		}
	}
	if len(named) == 0 {
		named = other
	}
	return named[:min(len(named), maxCores)]
}

func (r *Reader) readEntry(ctx context.Context, in *headed, f *zip.File, beside beside, res *Result) {
	record, err := r.coreOf(ctx, in, f)
	if err != nil {
		res.Err, res.Reason = fmt.Errorf("%s: %w", f.Name, err), reasonOf(err)
	}
	if record == nil {
		return
	}
	object := res.Object
	if !f.Modified.IsZero() && f.Modified.Year() >= 1990 {
		object.Modified = f.Modified
	}
	r.annotate(record, origin{
		object: object, name: res.Object.URL + "!" + f.Name, metadata: in.src.Metadata(), inside: beside.annotate,
	})
	res.Records = append(res.Records, *record)
}

// coreOf reads one entry: by ranges where it is stored as it is, otherwise as a
// stream that can be begun anew.
func (r *Reader) coreOf(ctx context.Context, in *headed, f *zip.File) (*crash.Record, error) {
	opt := r.Options
	opt.Context = ctx
	size := int64(f.UncompressedSize64) //nolint:gosec // only told, and compared
	if f.Method == zip.Store {
		off, err := f.DataOffset()
		if err != nil {
			return nil, err
		}
		return r.recordOf(corefile.Read(io.NewSectionReader(in, off, size), size, opt))(func() io.ReaderAt { return io.NewSectionReader(in, off, size) }, size)
	}
	var last io.Closer
	defer func() {
		if last != nil {
			_ = last.Close() // a checksum of what was not read to its end says nothing
		}
	}()
	open := func() (io.Reader, error) {
		if last != nil {
			_ = last.Close()
		}
		rc, err := f.Open()
		if err != nil {
			return nil, err
		}
		last = rc
		return rc, nil
	}
	prefix := func() io.ReaderAt { return streamed{open} }
	return r.recordOf(corefile.ReadAgain(open, size, opt))(prefix, size)
}

// recordOf makes a record of facts, or of a broken core, whose beginning the
// function that it returns is given.
func (r *Reader) recordOf(facts *corefile.Facts, err error) func(func() io.ReaderAt, int64) (*crash.Record, error) {
	return func(content func() io.ReaderAt, size int64) (*crash.Record, error) {
		if err != nil {
			return pipeline.Broken(content(), size, corefile.Reason(reasonOf(err))), err
		}
		record := classify.Record(facts, r.Rules)
		return &record, nil
	}
}

// streamed is a ReaderAt of the beginning of what can only be read forward.
type streamed struct{ open func() (io.Reader, error) }

// ReadAt implements io.ReaderAt for offset 0.
func (s streamed) ReadAt(p []byte, off int64) (int, error) {
	if off != 0 {
		return 0, errors.ErrUnsupported
	}
	r, err := s.open()
	if err != nil {
		return 0, err
	}
	n, err := io.ReadFull(r, p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return n, err
}

package scan

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path"
	"sync"
	"time"

	"github.com/epicurve/epicurve/exporter/annotate"
	"github.com/epicurve/epicurve/exporter/pipeline"
	"github.com/epicurve/epicurve/exporter/scan/objects"
	"github.com/epicurve/epicurve/pkg/classify"
	"github.com/epicurve/epicurve/pkg/corefile"
	"github.com/epicurve/epicurve/pkg/crash"
)

// Reader makes records of objects. It is safe for concurrent use.
type Reader struct {
	Options corefile.Options
	Rules   classify.Options
	// Names read core file names; Pattern, Mapping, Filters and Machine may
	// be nil.
	Names   *annotate.Names
	Pattern *Pattern
	Mapping *Mapping
	Filters *annotate.Filters
	// Machine annotates cores of this very machine.
	Machine func(*crash.Record)
	// Decoding bounds how many compressed cores are read at the same time: a
	// decoder needs memory of the size of its window.
	Decoding chan struct{}

	large sync.Mutex // held by the one that reads with a large window
}

// largeWindow is the window of a second attempt, as in the pipeline.
const largeWindow = 128 << 20

// Result is what became of one object.
type Result struct {
	Object  objects.Object
	Records []crash.Record
	// Reason and Err say why there are not more records: the object holds no
	// (whole) core, or it could not be read.
	Reason string
	Err    error
	// Hole is true when the store failed, not the object: what it holds is
	// unknown, and it is to be read again.
	Hole bool
	// Bytes were taken from the store in so many requests.
	Bytes    int64
	Requests int
}

// Reasons besides those of corefile and objects.
const (
	reasonZip    = "zip"     // an archive that can't be read
	reasonNoCore = "no_core" // an archive without a core
)

// headSize is what is read of every object at first: the headers and notes of an
// ordinary core, and the magic bytes of everything else.
const headSize = 20 << 10

// Read reads one object.
func (r *Reader) Read(ctx context.Context, store objects.Store, o objects.Object) Result {
	res := Result{Object: o}
	if o.Size <= 0 {
		res.Reason, res.Err = string(corefile.ReasonEmpty), &corefile.Error{Reason: corefile.ReasonEmpty, Offset: -1}
		return res
	}
	src, err := store.Open(ctx, o)
	if err != nil {
		return res.failed(err)
	}
	defer src.Close() //nolint:errcheck // read-only: nothing can be lost
	in := &headed{src: src}
	if err := in.fetch(min(o.Size, headSize)); err != nil {
		res.Bytes, res.Requests = src.Taken()
		return res.failed(err)
	}
	r.read(ctx, in, &res)
	res.Bytes, res.Requests = src.Taken()
	if in.err != nil { // a record of half of what there is would be another's
		res.Records = nil
		return res.failed(in.err)
	}
	return res
}

func (res Result) failed(err error) Result {
	res.Err, res.Hole, res.Reason = err, true, string(objects.ReasonIO)
	if oe := (*objects.Error)(nil); errors.As(err, &oe) {
		res.Reason = string(oe.Reason)
	}
	return res
}

func (r *Reader) read(ctx context.Context, in *headed, res *Result) {
	switch {
	case isZip(in.head):
		r.decode(ctx, func() { r.readZip(ctx, in, res) })
	case isCompressed(in.head):
		r.decode(ctx, func() { r.readPlain(ctx, in, res) })
	default:
		r.readPlain(ctx, in, res)
	}
}

// decode calls f when there is room for a decoder.
func (r *Reader) decode(ctx context.Context, f func()) {
	if r.Decoding == nil {
		f()
		return
	}
	select {
	case r.Decoding <- struct{}{}:
		defer func() { <-r.Decoding }()
		f()
	case <-ctx.Done():
	}
}

// readPlain reads an object that is a core by itself, compressed or not.
func (r *Reader) readPlain(ctx context.Context, in *headed, res *Result) {
	opt := r.Options
	opt.Context = ctx
	facts, err := corefile.Read(in, res.Object.Size, opt)
	if errors.Is(err, corefile.ErrLimit) && in.err == nil && ctx.Err() == nil {
		// Such as of zstd --long: rare enough for a large decoder, one at a time.
		r.large.Lock()
		opt.MaxWindow = largeWindow
		facts, err = corefile.Read(in, res.Object.Size, opt)
		r.large.Unlock()
	}
	var record *crash.Record
	if err != nil {
		res.Err, res.Reason = err, reasonOf(err)
		record = pipeline.Broken(in, res.Object.Size, corefile.Reason(res.Reason))
	} else {
		one := classify.Record(facts, r.Rules)
		record = &one
	}
	if record != nil {
		r.annotate(record, origin{object: res.Object, name: res.Object.URL, metadata: in.src.Metadata()})
		res.Records = append(res.Records, *record)
	}
}

func reasonOf(err error) string {
	if ce := (*corefile.Error)(nil); errors.As(err, &ce) {
		return string(ce.Reason)
	}
	return string(corefile.ReasonIO)
}

// origin is where a core was found.
type origin struct {
	object   objects.Object
	name     string // that patterns are matched against
	metadata map[string]string
	inside   func(*crash.Record) // what the archive around it tells; nil for none
}

// annotate writes what is known besides the core. What people say (the pattern)
// counts more than what machines noted; the mapping only fills what is open.
func (r *Reader) annotate(record *crash.Record, from origin) {
	written := from.object.Modified
	if text, ok := modified(from.metadata); ok {
		if t, ok := parseTime(text); ok {
			written = t
		}
	}
	if written.IsZero() {
		written = time.Unix(0, 0)
	}
	r.Names.Annotate(record, path.Base(from.name), annotate.CoreName{}, written)
	if r.Machine != nil {
		r.Machine(record)
	}
	if from.inside != nil {
		from.inside(record)
	}
	annotateMetadata(record, from.metadata)
	r.Pattern.Annotate(record, from.name)
	r.Mapping.Annotate(record)
	r.Filters.Annotate(record)
	pipeline.Bound(record)
}

// headed is an object whose beginning was read already. It remembers the first
// failure of the store, which a reader of cores may pass over.
type headed struct {
	src  objects.Source
	head []byte
	err  error
}

func (h *headed) fetch(n int64) error {
	h.head = make([]byte, n)
	got, err := h.src.ReadAt(h.head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	h.head = h.head[:got]
	return nil
}

// ReadAt implements io.ReaderAt.
func (h *headed) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	if off < int64(len(h.head)) {
		n = copy(p, h.head[off:])
	}
	if n == len(p) {
		return n, nil
	}
	m, err := h.src.ReadAt(p[n:], off+int64(n))
	if err != nil && !errors.Is(err, io.EOF) && h.err == nil {
		h.err = err
	}
	return n + m, err
}

// isCompressed knows the formats that need a decoder: zstd (and its skippable
// frames), gzip, xz, lz4.
func isCompressed(head []byte) bool {
	for _, magic := range []string{"\x28\xb5\x2f\xfd", "\x1f\x8b", "\xfd7zXZ\x00", "\x04\x22\x4d\x18"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return true
		}
	}
	return len(head) >= 4 && head[0]&0xf0 == 0x50 && string(head[1:4]) == "\x2a\x4d\x18"
}

// isZip reports whether an object begins as a zip does.
func isZip(head []byte) bool { return bytes.HasPrefix(head, []byte("PK\x03\x04")) }

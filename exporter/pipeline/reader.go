package pipeline

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/epicurve/epicurve/exporter/annotate"
	"github.com/epicurve/epicurve/exporter/watch"
	"github.com/epicurve/epicurve/pkg/classify"
	"github.com/epicurve/epicurve/pkg/corefile"
	"github.com/epicurve/epicurve/pkg/crash"
)

// Reasons for which a file is not a usable core, besides those of corefile.
const (
	reasonPermission = "permission" // the exporter may not open it
	reasonIrregular  = "irregular"  // it turned into a link, FIFO or device
)

// ReadReasons lists the closed set of reasons for which a file is not a usable
// core.
func ReadReasons() []string {
	return []string{
		string(corefile.ReasonEmpty), string(corefile.ReasonNotELF), string(corefile.ReasonNotCore),
		string(corefile.ReasonTruncated), string(corefile.ReasonMalformed), string(corefile.ReasonUnsupported),
		string(corefile.ReasonNoRegisters), string(corefile.ReasonLimit), string(corefile.ReasonIO),
		reasonPermission, reasonIrregular,
	}
}

// maxStall is how long a file that somebody has open for writing may stand
// still before what is there is taken for all that will come.
const maxStall = 5 * time.Minute

// Reader makes records of files.
type Reader struct {
	Options corefile.Options
	Rules   classify.Options
	Machine annotate.Machine
	Names   *annotate.Names
	// Services name the service of an executable.
	Services annotate.Services
	// Filters mark false positives.
	Filters *annotate.Filters
	// Logs add what they tell of a core's crash; nil for none.
	Logs *Logs

	// Origins find where processes ran; nil for nobody to ask.
	Origins *annotate.Origins

	limit   *limiter      // set by New
	reading chan struct{} // bounds the decoders at work, set by New
	large   sync.Mutex    // held by the one that reads with a large window
}

// largeWindow is the window of a second attempt: that of zstd --long=27.
const largeWindow = 128 << 20

// maxReading bounds the files that are read at the same time. A decoder needs
// memory of the size of its window, which whoever writes the file chooses up to
// Options.MaxWindow.
const maxReading = 2

// Reading is what became of one look at a file.
type Reading struct {
	// Key is the state of the file that was read.
	Key watch.Key
	// Complete is false while more is to come; the rest then means nothing
	// but Provisional, the label of a core that is readable so far.
	Complete    bool
	Provisional *Label
	// Limited is true when the file's owner has no crash left to make now.
	Limited bool
	UID     uint32
	// Record is the crash, nil when the file is none; Witnesses are what logs
	// tell of it.
	Record    *crash.Record
	Witnesses Witnesses
	// Reason is one of ReadReasons when the file is not a usable core; Err
	// is the whole story.
	Reason string
	Err    error
	// Bytes and Compression describe the read.
	Bytes       int64
	Compression string
}

// Read looks at a file once.
func (r *Reader) Read(ctx context.Context, f watch.File) Reading {
	file, err := watch.Open(f.Path)
	if err != nil {
		return unopened(f, err)
	}
	defer file.Close()
	before, uid, err := watch.KeyOf(file)
	if err != nil {
		return unopened(f, err)
	}
	if !r.limit.ready(uid, time.Now()) {
		return Reading{Key: before, UID: uid, Limited: true}
	}
	facts, readErr := r.read(ctx, file, before.Size)
	after, _, err := watch.KeyOf(file)
	if err != nil || after.Size != before.Size || after.Mtime != before.Mtime { // it was written to meanwhile
		return Reading{Key: before, Provisional: r.provisional(f.Path, facts, uid, readErr)}
	}
	if ctx.Err() != nil {
		return Reading{Key: before}
	}
	if readErr != nil {
		reading := r.unusable(file, f, before, readErr)
		reading.UID = uid
		return reading
	}
	if !complete(facts, before.Size, watch.WritersOf(file), f) {
		return Reading{Key: before, Provisional: r.provisional(f.Path, facts, uid, nil)}
	}
	record := classify.Record(facts, r.Rules)
	told := r.annotate(&record, f.Path, before, annotate.XattrsOf(file), r.origin(f.Path, facts, uid))
	return Reading{
		Key: before, UID: uid, Complete: true, Record: &record, Witnesses: told,
		Bytes: facts.BytesRead, Compression: facts.Compression,
	}
}

func (r *Reader) read(ctx context.Context, file *os.File, size int64) (*corefile.Facts, error) {
	r.reading <- struct{}{}
	defer func() { <-r.reading }()
	opt := r.Options
	opt.Context = ctx
	facts, err := corefile.Read(file, size, opt)
	if errors.Is(err, corefile.ErrLimit) && ctx.Err() == nil {
		// Such as of zstd --long: rare enough for a large decoder, one at a time.
		r.large.Lock()
		defer r.large.Unlock()
		opt.MaxWindow = largeWindow
		return corefile.Read(file, size, opt)
	}
	return facts, err
}

// provisional labels a core that is not complete, nil when it is not readable.
func (r *Reader) provisional(path string, facts *corefile.Facts, uid uint32, err error) *Label {
	if err != nil || facts == nil {
		return nil
	}
	record := classify.Record(facts, r.Rules)
	r.origin(path, facts, uid) // remembered until the core is complete, when the process is gone
	r.Names.Annotate(&record, path, annotate.CoreName{}, time.Now())
	record.Host.BootID = r.Machine.Host.BootID
	s := sightingOf(&record)
	if s.Late {
		s.Time = time.Time{} // it happened when the dump began
	}
	return &Label{record.Finding.Class, record.Finding.Kind, s, joinIDs(&record)}
}

// origin looks up where the process of a core ran. The process exists as long
// as the kernel writes the core.
func (r *Reader) origin(path string, facts *corefile.Facts, uid uint32) annotate.Origin {
	return r.Origins.OfCore(path, facts.Process.PID, facts.Process.Name, uid)
}

// complete decides whether a readable core has everything that will come. A
// plain core tells its size in its program headers; of a compressed or cut one
// only the absence of writers, or silence, tells.
func complete(facts *corefile.Facts, size int64, writers watch.Writers, f watch.File) bool {
	whole := facts.Compression == "" && !facts.Truncated && size >= facts.ExpectedSize
	switch writers {
	case watch.WritersNone:
		return true
	case watch.WritersSome:
		// A writer may have reserved the size and not filled it yet.
		return (whole && f.Quiet) || f.Still >= maxStall
	default:
		return whole || f.Quiet
	}
}

// unusable decides about a file that is not a usable core. A file can become
// one, so it must have been quiet first. What is recognisably a core, only
// broken, was a crash and is counted; the rest (text files, fakes) is not.
func (r *Reader) unusable(file *os.File, f watch.File, key watch.Key, err error) Reading {
	if !f.Quiet || (watch.WritersOf(file) == watch.WritersSome && f.Still < maxStall) {
		return Reading{Key: key}
	}
	reading := Reading{Key: key, Complete: true, Reason: string(corefile.ReasonIO), Err: err}
	if ce, ok := errors.AsType[*corefile.Error](err); ok {
		reading.Reason = string(ce.Reason)
	}
	if isBrokenCore(corefile.Reason(reading.Reason)) {
		if record, ok := unreadable(file, key, reading.Reason); ok {
			reading.Witnesses = r.annotate(record, f.Path, key, annotate.XattrsOf(file), annotate.Origin{})
			reading.Record = record
		}
	}
	return reading
}

func (r *Reader) annotate(record *crash.Record, path string, key watch.Key, beside annotate.CoreName, origin annotate.Origin) Witnesses {
	hostIDs := r.hostIDs(record, path, beside)
	r.Names.Annotate(record, path, beside, key.ModTime())
	r.Machine.Annotate(record)
	r.Services.Annotate(record)
	origin.Annotate(record)
	told := r.Logs.Complete(record, hostIDs)
	r.Filters.Annotate(record)
	bound(record)
	return told
}

// hostIDs reports whether the ids in a core are those of the initial pid
// namespace: whoever named the file knew the pid there, and it is the same. The
// record is as the core tells it.
func (r *Reader) hostIDs(record *crash.Record, path string, beside annotate.CoreName) bool {
	own := record.Process.PID
	name := r.Names.Read(filepath.Base(path))
	return own.Known && own.Value > 0 && ((name.HostPID && name.PID == own.Value) || (beside.HostPID && beside.PID == own.Value))
}

// unopened decides about a file that could not be opened.
func unopened(f watch.File, err error) Reading {
	reading := Reading{Key: f.Key, Complete: true, Err: err}
	switch {
	case errors.Is(err, fs.ErrNotExist): // removed since; not worth a word
	case errors.Is(err, fs.ErrPermission):
		reading.Reason = reasonPermission
	case errors.Is(err, watch.ErrNotRegular):
		reading.Reason = reasonIrregular
	default:
		reading.Reason = string(corefile.ReasonIO)
		reading.Complete = f.Quiet // such as EMFILE; tried again later
	}
	return reading
}

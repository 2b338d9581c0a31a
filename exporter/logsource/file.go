package logsource

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
)

// Format is what a log file holds.
type Format string

// The formats.
const (
	// FormatText: lines of text.
	FormatText Format = "text"
	// FormatExport: journal entries in the Journal Export Format.
	FormatExport Format = "journal_export"
	// FormatJSON: journal entries as journalctl --output=json prints them.
	FormatJSON Format = "journal_json"
)

// Formats lists the formats.
func Formats() []Format { return []Format{FormatText, FormatExport, FormatJSON} }

// File follows a log file by name, over rotation, truncation and restarts. Its
// lines are evidence for filters, and what its patterns recognise are crashes.
//
// A file that was renamed is read on until it has been silent for a while: its
// writer may not know yet. A file that was truncated is looked for among its
// neighbours, because a rotation that copies leaves there what was written
// between the last look and the truncation. The same neighbours are looked
// through after a restart.
type File struct {
	Name     string // by which filters know it
	Path     string
	Format   Format // default FormatText
	Patterns []*Pattern
	// Executable is whose log it is, for reports that do not say.
	Executable string
	// After is where an earlier run ended; nil for the first, which begins at
	// the end of the file.
	After  *FilePosition
	Poll   time.Duration // default 1s
	Logger *slog.Logger

	current *content   // nil while there is no such file
	old     []*content // replaced, but perhaps still written to
	missing bool
	moved   FilePosition
}

const (
	maxLine = 16 << 10 // longer lines are cut
	chunk   = 64 << 10
	// drainFor is for how long a file that was replaced must be silent to be
	// closed; maxOld bounds the files that are read so.
	drainFor = 30 * time.Second
	maxOld   = 8
)

// Feed names the feed of a log file.
func (f *File) Feed() string { return "file:" + f.Name }

// Run follows until ctx is done.
func (f *File) Run(ctx context.Context, sink Sink) {
	f.begin(sink)
	f.follow(ctx, sink)
}

func (f *File) follow(ctx context.Context, sink Sink) {
	poll := f.Poll
	if poll <= 0 {
		poll = time.Second
	}
	tick := time.NewTicker(poll)
	defer tick.Stop()
	defer f.closeAll()
	for {
		f.round(ctx, sink, time.Now())
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// begin opens the file where an earlier run ended, or at its end.
func (f *File) begin(sink Sink) {
	if f.After == nil {
		if c := f.open(0, sink); c != nil {
			f.missing = false
			c.skipToEnd()
			f.current = c
		}
		return
	}
	f.resume(*f.After, sink)
}

// round reads everything that was added since the last one.
func (f *File) round(ctx context.Context, sink Sink, now time.Time) {
	for _, c := range slices.Clone(f.old) {
		f.drain(ctx, c, sink, now)
	}
	if c := f.current; c != nil {
		c.read(ctx, sink, now)
	}
	f.replace(ctx, sink, now)
	f.tell(sink)
}

// drain reads a file that was replaced and closes it when it has been silent.
func (f *File) drain(ctx context.Context, c *content, sink Sink, now time.Time) {
	c.read(ctx, sink, now)
	if ctx.Err() != nil || now.Sub(c.grew) < c.linger {
		return
	}
	c.end(sink, now)
	c.close()
	f.old = slices.DeleteFunc(f.old, func(have *content) bool { return have == c })
}

// replace opens what bears the name now, if that is another file or another
// content of the same one. While nothing does, the old one is followed.
func (f *File) replace(ctx context.Context, sink Sink, now time.Time) {
	st, err := os.Stat(f.Path)
	if err != nil {
		f.noteMissing(err)
		return
	}
	c := f.current
	if c != nil && c.is(st) && (c.steady(st) || !c.rewritten()) {
		return
	}
	generation := uint64(1)
	if c != nil {
		generation = c.generation + 1
	}
	next := f.open(generation, sink)
	if next == nil {
		return // tried again at the next round
	}
	f.missing = false
	f.current = next
	if c != nil {
		f.retire(c, next, sink, now)
	}
	next.read(ctx, sink, now)
}

// retire puts the content that was replaced among the old ones.
func (f *File) retire(c, next *content, sink Sink, now time.Time) {
	c.grew = now
	if c.sameFile(next) { // it was truncated: what was not read is perhaps in a copy
		c.truncated(f.copyOf(c), sink, f.Logger)
	}
	f.old = append(f.old, c)
	if len(f.old) > maxOld {
		first := f.old[0]
		first.end(sink, now)
		first.close()
		f.old = f.old[1:]
		sink.Trouble(crash.SourceLogFile, TroubleLost)
		f.Logger.Warn("Too many rotations of a log file at a time, the oldest is given up", "log", f.Name, "file", f.Path)
	}
}

func (f *File) noteMissing(err error) {
	if !f.missing && f.current == nil {
		f.Logger.Warn("Cannot follow a log file, waiting for it", "log", f.Name, "file", f.Path, "err", err)
		f.missing = true
	}
}

// tell reports how far the log was read: up to the oldest content that may
// still grow.
func (f *File) tell(sink Sink) {
	c := f.current
	if len(f.old) > 0 {
		c = f.old[0]
	}
	if c == nil {
		return
	}
	if p := c.position(); p != f.moved {
		f.moved = p
		sink.Moved(f.Feed(), Position{File: &p})
	}
}

func (f *File) closeAll() {
	for _, c := range f.old {
		c.close()
	}
	if f.current != nil {
		f.current.close()
	}
	f.old, f.current = nil, nil
}

package logsource

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/epicurve/epicurve/pkg/crash"
)

// newFramer returns the framer of the file's format for one content.
func (f *File) newFramer(c *content, sink Sink) framer {
	if f.Format == FormatExport || f.Format == FormatJSON {
		return &entryFramer{file: f, content: c, sink: sink}
	}
	return &lineFramer{file: f, content: c, sink: sink, blocks: blocks{patterns: f.Patterns, exe: f.Executable}}
}

// lineFramer cuts text into lines and passes them on, with the crashes that the
// patterns recognise in them.
type lineFramer struct {
	file    *File
	content *content
	sink    Sink
	blocks  blocks
	partial []byte // a line without its end, cut to its bound
	skipped int64  // bytes of it beyond
}

func (l *lineFramer) feed(b []byte, when moment) {
	end := l.content.offset // of what is fed
	for len(b) > 0 {
		line, rest, whole := bytes.Cut(b, []byte("\n"))
		kept := min(len(line), maxLine-len(l.partial))
		l.partial = append(l.partial, line[:kept]...)
		l.skipped += int64(len(line) - kept)
		b = rest
		if whole {
			at := end - int64(len(rest)) - 1 - int64(len(l.partial)) - l.skipped
			l.line(string(bytes.TrimSuffix(l.partial, []byte("\r"))), at, when)
			l.partial, l.skipped = l.partial[:0], 0
		}
	}
}

func (l *lineFramer) line(text string, at int64, when moment) {
	l.sink.Line(Line{Log: l.file.Name, Time: when.written, Undated: true, Text: text})
	if len(l.blocks.patterns) == 0 {
		return
	}
	dated := when.written
	if l.blocks.open == nil && l.blocks.starts(text) != nil {
		if t, ok := lineTime(text, dated); ok {
			dated = t
		}
	}
	l.pass(l.blocks.feed(text, at, dated, when.now))
}

func (l *lineFramer) pass(reports []report) {
	for _, r := range reports {
		if r.cut {
			l.sink.Trouble(crash.SourceLogFile, TroubleCut)
		}
		if r.err != nil {
			l.sink.Trouble(crash.SourceLogFile, TroubleMalformed)
			l.file.Logger.Warn("A block of a log file is no report of a crash", "log", l.file.Name, "offset", r.at, "err", r.err)
			continue
		}
		e := r.event
		e.Feed = l.file.Feed()
		e.Key = fmt.Sprintf("%d %d %x", l.content.generation, r.at, r.sum)
		p := l.content.position()
		p.Offset = r.at
		e.Before = Position{File: &p}
		l.sink.Crash(e)
	}
}

func (l *lineFramer) idle(when moment) { l.pass(l.blocks.quiet(when.now)) }

func (l *lineFramer) end(when moment) {
	if len(l.partial) > 0 {
		l.line(string(l.partial), l.content.offset-int64(len(l.partial))-l.skipped, when)
		l.partial, l.skipped = nil, 0
	}
	l.pass(l.blocks.close())
}

func (l *lineFramer) pending() int64 {
	n := int64(len(l.partial)) + l.skipped
	if o := l.blocks.open; o != nil {
		n = max(n, l.content.offset-o.at)
	}
	return n
}

// entryFramer reads journal entries from a file that grows: what is not whole is
// kept and read again when there is more.
type entryFramer struct {
	file    *File
	content *content
	sink    Sink
	rest    []byte
}

// maxEntry bounds an entry of a file. A core within the journal is larger: such
// a file is not for following.
const maxEntry = 64 << 20

func (x *entryFramer) feed(b []byte, _ moment) {
	x.rest = append(x.rest, b...)
	for {
		e, used, err := x.next()
		if used == 0 {
			return
		}
		before := x.content.position()
		x.rest = x.rest[used:]
		if err != nil {
			x.sink.Trouble(crash.SourceJournal, TroubleMalformed)
			x.file.Logger.Warn("A journal entry was left out", "log", x.file.Name, "err", err)
			continue
		}
		if len(e) > 0 {
			passEntry(e, x.file.Feed(), Position{File: &before}, x.sink, x.file.Logger)
		}
	}
}

// next reads an entry from what is there; used is 0 when it is not whole yet.
func (x *entryFramer) next() (e Entry, used int, err error) {
	end, read := exportEnd(x.rest), NewExportReader
	if x.file.Format == FormatJSON {
		end, read = bytes.IndexByte(x.rest, '\n')+1, NewJSONReader
	}
	if end == 0 {
		if len(x.rest) <= maxEntry {
			return nil, 0, nil
		}
		return nil, len(x.rest), fmt.Errorf("%w: more than %d bytes without an end", ErrEntry, maxEntry)
	}
	e, err = read(bytes.NewReader(x.rest[:end])).Next()
	if errors.Is(err, io.EOF) { // an empty line
		err = nil
	}
	return e, end, err
}

// exportEnd returns the length of the first entry in the Journal Export Format,
// 0 when it is not whole.
func exportEnd(b []byte) int {
	for at := 0; ; {
		n := bytes.IndexByte(b[at:], '\n')
		if n < 0 {
			return 0
		}
		line := b[at : at+n]
		at += n + 1
		switch {
		case n == 0:
			return at
		case bytes.IndexByte(line, '=') < 0 && fieldName(string(line)):
			if len(b)-at < 8 {
				return 0
			}
			size := binary.LittleEndian.Uint64(b[at:])
			if size >= uint64(len(b)-at-8) { //nolint:gosec // not negative
				return 0
			}
			at += 8 + int(size) + 1 //nolint:gosec // less than what is there
		}
	}
}

func (x *entryFramer) idle(moment) {}

func (x *entryFramer) end(moment) {
	if len(bytes.TrimSpace(x.rest)) > 0 {
		x.sink.Trouble(crash.SourceJournal, TroubleCut)
	}
	x.rest = nil
}

func (x *entryFramer) pending() int64 { return int64(len(x.rest)) }

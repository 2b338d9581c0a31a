package logsource

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/epicurve/epicurve/pkg/classify"
	"github.com/epicurve/epicurve/pkg/crash"
)

// FuzzLogs feeds arbitrary bytes to everything that reads what others wrote:
// nothing panics, nothing hangs, and what comes out is a crash that the
// classifier takes.
func FuzzLogs(f *testing.F) {
	for _, s := range builtinSamples {
		f.Add([]byte(s.text))
	}
	for _, name := range []string{"coredump.journal_export", "coredump.journal_json"} {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte("a[1]: unhandled exception: IABT (lower EL), ESR 0x82000006, level 2 translation fault in a[0+ffffffffffffffff]\nCPU: 3 PID: 1 Comm: a\npc : ffffffffffffffff\nsp : 0000000000000000"))
	f.Add([]byte("a[1]: segfault at 0 ip 0 sp 0 error 14 in a[1,0+ffffffffffffffff] likely on CPU 1"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var events []Event
		events = append(events, parsed(string(text))...)
		for _, r := range reportsOf(string(text), builtins...) {
			if r.err == nil {
				events = append(events, r.event)
			}
		}
		for _, in := range []EntryReader{NewExportReader(bytes.NewReader(text)), NewJSONReader(bytes.NewReader(text))} {
			for {
				e, err := in.Next()
				if err != nil && !errors.Is(err, ErrEntry) {
					break
				}
				if event, err := e.Event(); err == nil {
					events = append(events, event)
				}
			}
		}
		for i := range events {
			r := classify.FromLog(events[i].LogFacts())
			if !r.Finding.Kind.Valid() || (r.Finding.Confidence == crash.ConfidenceCertain && r.Finding.Kind != crash.KindOutOfMemory) {
				t.Errorf("%s %s of %+v", r.Finding.Kind, r.Finding.Confidence, events[i])
			}
		}
		checkFraming(t, text)
	})
}

// checkFraming: an export that comes in pieces has the entries that it has as a
// whole.
func checkFraming(t *testing.T, text []byte) {
	t.Helper()
	var whole []Entry
	in := NewExportReader(bytes.NewReader(text))
	for {
		e, err := in.Next()
		if errors.Is(err, ErrEntry) {
			continue
		}
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				return // broken: the pieces go on where the whole does not
			}
			break
		}
		whole = append(whole, e)
	}
	var pieces []Entry
	for rest := text; ; {
		end := exportEnd(rest)
		if end == 0 {
			break
		}
		if e, err := NewExportReader(bytes.NewReader(rest[:end])).Next(); err == nil {
			pieces = append(pieces, e)
		}
		rest = rest[end:]
	}
	if !slices.EqualFunc(whole, pieces, func(a, b Entry) bool { return a.Cursor() == b.Cursor() && len(a) == len(b) }) {
		t.Errorf("as a whole %v, in pieces %v", whole, pieces)
	}
}

// FuzzTimes: no text makes a time that is not one.
func FuzzTimes(f *testing.F) {
	for _, s := range []string{"2026-01-02T03:04:05Z", "Jan  2 05:04:05 x", "I0102 05:04:05.1 7", "1767323045.25", "[99999999999999]"} {
		f.Add(s)
	}
	near := time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, s string) {
		for _, read := range []func(string, time.Time) (time.Time, bool){lineTime, parseTime} {
			if at, ok := read(s, near); ok && (at.Year() < 1 || at.Year() > 9999 || strings.TrimSpace(s) == "") {
				t.Errorf("%q is %s", s, at)
			}
		}
	})
}

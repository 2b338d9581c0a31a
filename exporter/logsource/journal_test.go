package logsource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/epicurve/epicurve/pkg/classify"
	"github.com/epicurve/epicurve/pkg/crash"
)

const testBoot = "11111111-2222-3333-4444-555555555555"

// wantCoredumps are the crashes in testdata/coredump.*.
func wantCoredumps() []Event {
	return []Event{
		{
			Source: crash.SourceJournal, Time: time.Unix(1795310244, 0).UTC(), Boot: testBoot, PID: 21938, TID: 21938, HostIDs: true,
			Comm: "web-server", Exe: "web-server", Arch: "amd64", Signal: 11, PC: at(0x5602649f5132),
			Module: &Module{Name: "web-server", Start: 0x5602649f4000, End: 0x5602649f5133, HasOffset: true},
			Cgroup: "/system.slice/web.service", Unit: "web.service",
		},
		{
			Source: crash.SourceJournal, Time: time.Unix(1795310250, 0).UTC(), Boot: testBoot, PID: 21950, HostIDs: true,
			Comm: "worker", Exe: "worker", Arch: "amd64", Signal: 6, Cgroup: "/user.slice/user-1000.slice/session-1.scope",
		},
	}
}

func reader(t *testing.T, format Format) EntryReader {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "coredump."+string(format)))
	if err != nil {
		t.Fatal(err)
	}
	if format == FormatJSON {
		return NewJSONReader(bytes.NewReader(text))
	}
	return NewExportReader(bytes.NewReader(text))
}

// Both forms of the journal give the same entries, and nothing of them that may
// not leave the node.
func TestJournalForms(t *testing.T) {
	var forms [2][]Entry
	for i, format := range []Format{FormatExport, FormatJSON} {
		for in := reader(t, format); ; {
			e, err := in.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			forms[i] = append(forms[i], e)
			for name, value := range e {
				if strings.Contains(value, "hunter2") || strings.Contains(value, "secret") || strings.HasPrefix(name, "COREDUMP_CMDLINE") {
					t.Errorf("%s: the field %s was kept: %q", format, name, value)
				}
			}
		}
	}
	if diff := cmp.Diff(forms[0], forms[1]); diff != "" || len(forms[0]) != 4 {
		t.Errorf("%d entries (-export +json):\n%s", len(forms[0]), diff)
	}
	got := newCollector()
	for _, e := range forms[0] {
		passEntry(e, JournalFeed, Position{}, got, slog.New(slog.DiscardHandler))
	}
	if diff := cmp.Diff(wantCoredumps(), unplaced(got.crashes())); diff != "" {
		t.Errorf("crashes (-want +got):\n%s", diff)
	}
	if got.trouble("journal forged") != 1 {
		t.Error("a forged entry was taken, or not told of")
	}
	if lines := got.texts(); len(lines) != 3 || lines[0] != "Started web.service." {
		t.Errorf("evidence %q", lines)
	}
	for i, want := range []crash.Kind{crash.KindUnknown, crash.KindAbort} { // SIGSEGV without an address can be anything
		f := classify.FromLog(got.crashes()[i].LogFacts()).Finding
		if f.Kind != want || f.Confidence == crash.ConfidenceCertain {
			t.Errorf("%s %s %q", f.Kind, f.Confidence, f.Signature)
		}
	}
}

// Whatever a stream holds, reading it ends, with an error where it is broken.
func TestBrokenEntries(t *testing.T) {
	for name, text := range map[string]string{
		"cut in a field":   "__CURSOR=a\nMESSAGE\n\x05\x00\x00\x00\x00\x00\x00\x00ab",
		"cut in a length":  "MESSAGE\n\x05\x00",
		"no entry's end":   "__CURSOR=a\n",
		"no field's end":   "MESSAGE\n\x01\x00\x00\x00\x00\x00\x00\x00abc\n\n",
		"absurd length":    "MESSAGE\n\xff\xff\xff\xff\xff\xff\xff\xff\n",
		"no name":          "some text that is no field\n\n",
		"lower-case names": "message\n\x01\x00\x00\x00\x00\x00\x00\x00a\n\n",
	} {
		if e, err := NewExportReader(strings.NewReader(text)).Next(); err == nil {
			t.Errorf("%s: %v", name, e)
		}
	}
	in := NewJSONReader(strings.NewReader("{\"MESSAGE\": 5\n{\"MESSAGE\":\"a\"}\n[1]\n{\"MESSAGE\":[[97],[98]]}\n{\"MESSAGE\":null}\n"))
	var entries, broken int
	for {
		_, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if errors.Is(err, ErrEntry) {
			broken++
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		entries++
	}
	if entries != 3 || broken != 2 {
		t.Errorf("%d entries, %d broken; want 3 and 2", entries, broken)
	}
}

func TestBadCoredumpEntries(t *testing.T) {
	for want, e := range map[string]Entry{
		"COREDUMP_PID":       {"COREDUMP_PID": "x", "COREDUMP_TIMESTAMP": "1795310244000000"},
		"COREDUMP_TIMESTAMP": {"COREDUMP_PID": "4"},
	} {
		if _, err := e.Event(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %s", e, err, want)
		}
	}
}

// script writes a program that stands in for journalctl where it is not there.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journalctl")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// journalctl is started anew where the last entry was, when it ends; a cursor
// that it does not know is given up.
func TestJournalRestarts(t *testing.T) {
	dir := t.TempDir()
	said := filepath.Join(dir, "arguments")
	program := script(t, fmt.Sprintf(`echo "$*" >> %s
case "$*" in
*after-cursor=gone*) echo "Failed to seek to cursor: Invalid argument" >&2; exit 1;;
*after-cursor=c2*) exec sleep 60;;
*) echo '{"__CURSOR":"c0","_MACHINE_ID":"ffff","MESSAGE":"of another machine"}'; echo '{"__CURSOR":"c1","_MACHINE_ID":"0a0b","MESSAGE":"a"}'; echo '{"__CURSOR":"c2","MESSAGE":"b"}';;
esac
`, said))
	got := newCollector()
	j := &Journal{Command: program, Boot: testBoot, Machine: "0a0b", Evidence: []string{"_SYSTEMD_UNIT=deploy.service"}, After: Position{Cursor: "gone"}, Logger: slog.New(slog.DiscardHandler)}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); j.Run(ctx, got) }()
	eventually(t, "two starts after the cursor was given up", func() bool {
		text, err := os.ReadFile(said)
		return err == nil && strings.Count(string(text), "\n") == 3
	})
	cancel()
	<-ended
	text, err := os.ReadFile(said)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if !strings.Contains(lines[0], "--after-cursor=gone") || strings.Contains(lines[0], "_BOOT_ID") {
		t.Errorf("first start: %s", lines[0])
	}
	if want := "MESSAGE_ID=" + coredumpMessage + " _BOOT_ID=11111111222233334444555555555555 + _SYSTEMD_UNIT=deploy.service _BOOT_ID=11111111222233334444555555555555"; !strings.HasSuffix(lines[1], want) {
		t.Errorf("second start: %s", lines[1])
	}
	if !strings.Contains(lines[2], "--after-cursor=c2") {
		t.Errorf("third start: %s", lines[2])
	}
	if texts := got.texts(); len(texts) != 2 || got.position(JournalFeed).Cursor != "c2" || got.trouble("journal unreadable") != 2 {
		t.Errorf("lines %q, position %+v, troubles %v", texts, got.position(JournalFeed), got.troubles)
	}
	for _, l := range lines {
		if strings.Contains(l, "CMDLINE") || strings.Contains(l, "ENVIRON") {
			t.Errorf("asks for what may not be read: %s", l)
		}
	}
}

// A node without journalctl says so and goes on trying.
func TestJournalWithoutProgram(t *testing.T) {
	got := newCollector()
	j := &Journal{Command: "/does/not/exist", Logger: slog.New(slog.DiscardHandler)}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); j.Run(ctx, got) }()
	eventually(t, "the trouble", func() bool { return got.trouble("journal unreadable") == 1 })
	cancel()
	<-ended
}

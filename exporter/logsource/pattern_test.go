package logsource

import (
	"bytes"
	"os"
	"os/exec"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/epicurve/epicurve/pkg/crash"
)

// reportsOf feeds a text to the patterns and ends it.
func reportsOf(text string, patterns ...*Pattern) []report {
	b := blocks{patterns: patterns}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var done []report
	var offset int64
	for line := range strings.Lines(text) {
		done = append(done, b.feed(strings.TrimSuffix(line, "\n"), offset, now, now)...)
		offset += int64(len(line))
	}
	return append(done, b.close()...)
}

var builtinSamples = []struct {
	pattern, name, text string
	want                []Event
}{
	{"folly", "a fault", `I0102 15:04:05.000000 12 main.cpp:3] hello
*** Aborted at 1447284014 (Unix time, try 'date -d @1447284014') ***
*** Signal 11 (SIGSEGV) (0x8) received by PID 1234 (pthread TID 0x7f5d9e1fb700) (linux TID 1240) (code: address not mapped to object), stack trace: ***
    @ 0000000000a1b2c3 folly::symbolizer::(anonymous namespace)::signalHandler(int, siginfo_t*, void*)
                       ./folly/experimental/symbolizer/SignalHandler.cpp:449
    @ 000000000001441f (unknown)
    @ 00000000004a8f10 web::Session::close()
    @ 00000000004a9000 main
I0102 15:04:06.000000 12 main.cpp:3] started again
`, []Event{{Signal: 11, Code: code(1), Addr: at(8), PID: 1234, TID: 1240, PC: at(0x4a8f10), Time: time.Unix(1447284014, 0).UTC()}}},
	{"folly", "a signal that was sent: the address is the sender", `*** Aborted at 1447284014 (Unix time, try 'date -d @1447284014') ***
*** Signal 6 (SIGABRT) (0x3e8000004d2) received by PID 1234 (pthread TID 0x7f5d9e1fb700) (linux TID 1234) (maybe from PID 1234, UID 1000) (code: -6), stack trace: ***
`, []Event{{Signal: 6, Code: code(-6), PID: 1234, TID: 1234, Time: time.Unix(1447284014, 0).UTC()}}},
	{"glog", "", `*** Aborted at 1400000000 (unix time) try "date -d @1400000000" if you are using GNU date ***
PC: @           0x40f0e4 main
*** SIGSEGV (@0x8) received by PID 1234 (TID 0x7f0000) from PID 8; stack trace: ***
    @     0x7f8a1c0a0330 (unknown)
`, []Event{{Signal: 11, Addr: at(8), PID: 1234, PC: at(0x40f0e4), Time: time.Unix(1400000000, 0).UTC()}}},
	{"abseil", "with the prefix of raw logging", `[failure_signal_handler.cc : 332] RAW: *** SIGSEGV received at time=1565926927 on cpu 3 ***
[failure_signal_handler.cc : 340] RAW: PC: @     0x55d14a5b3e2a  (unknown)  main
    @     0x7f2b9c9ac0c0       1392  (unknown)
`, []Event{{Signal: 11, CPU: "3", PC: at(0x55d14a5b3e2a), Time: time.Unix(1565926927, 0).UTC()}}},
	{"java", "", `#
# A fatal error has been detected by the Java Runtime Environment:
#
#  SIGSEGV (0xb) at pc=0x00007f0000001234, pid=1234, tid=1240
#
`, []Event{{Signal: 11, PID: 1234, TID: 1240, PC: at(0x7f0000001234)}}},
	{"breakpad", "", `Operating system: Linux
CPU: amd64
Crash reason:  SIGSEGV /SEGV_MAPERR
Crash address: 0x8
Process uptime: not available

Thread 3 (crashed)
 0  crash!main [crash.cc : 5 + 0x3]
    rax = 0x0000000000000000   rdx = 0x00007ffd4a2c1f58
    rbp = 0x00007ffd4a2c1e40   rsp = 0x00007ffd4a2c1e30
    rip = 0x0000000000400b0d
    Found by: given as instruction pointer in context
 1  libc-2.31.so + 0x270b3
    rsp = 0x00007ffd4a2c1e50   rip = 0x00007f0000000000
`, []Event{{Signal: 11, Code: code(1), Addr: at(8), PC: at(0x400b0d), SP: at(0x7ffd4a2c1e30)}}},
	{"go", "a panic of a fault, and the next one", `panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x8 pc=0x45a1c3]

goroutine 1 [running]:
main.main()
	/src/main.go:5 +0x3
panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x8 pc=0x45a1c3]
`, []Event{
		{Signal: 11, Code: code(1), Addr: at(8), PC: at(0x45a1c3)},
		{Signal: 11, Code: code(1), Addr: at(8), PC: at(0x45a1c3)},
	}},
	{"go", "in C, with registers, behind a container runtime's prefix", `2026-01-02T03:04:05.678Z stderr F SIGSEGV: segmentation violation
2026-01-02T03:04:05.678Z stderr F PC=0x7f0000001234 m=0 sigcode=1 addr=0x0
2026-01-02T03:04:05.678Z stderr F signal arrived during cgo execution
2026-01-02T03:04:05.678Z stderr F goroutine 1 [syscall]:
2026-01-02T03:04:05.678Z stderr F rip    0x7f0000001234
2026-01-02T03:04:05.678Z stderr F rsp    0x7ffd4a2c1e30
`, []Event{{Signal: 11, Code: code(1), Addr: at(0), PC: at(0x7f0000001234), SP: at(0x7ffd4a2c1e30)}}},
	{"go", "registers of another thread are not its own", `[signal SIGSEGV: segmentation violation code=0x1 addr=0x8 pc=0x45a1c3]
SIGQUIT: quit
PC=0x46f0a1 m=2 sigcode=0
rip    0x46f0a1
rsp    0x7f00000000
`, []Event{{Signal: 11, Code: code(1), Addr: at(8), PC: at(0x45a1c3)}}},
	{"go", "recovered panics and asked-for traces are no crashes", `http: panic serving 127.0.0.1:1: runtime error: invalid memory address or nil pointer dereference
SIGQUIT: quit
PC=0x46f0a1 m=0 sigcode=0
`, nil},
}

func TestBuiltinPatterns(t *testing.T) {
	tested := make(map[string]bool)
	for _, tc := range builtinSamples {
		tested[tc.pattern] = true
		t.Run(tc.pattern+" "+tc.name, func(t *testing.T) {
			var got []Event
			// All patterns at a time: none may take the report of another.
			for _, r := range reportsOf(tc.text, builtins...) {
				if r.err != nil {
					t.Errorf("%v", r.err)
				}
				got = append(got, r.event)
			}
			for i := range tc.want {
				tc.want[i].Source, tc.want[i].Arch = crash.SourceLogFile, runtime.GOARCH
				if tc.want[i].Time.IsZero() {
					tc.want[i].Time = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	for _, name := range BuiltinPatterns() {
		if !tested[name] {
			t.Errorf("no sample of %s", name)
		}
	}
}

// What the Go runtime of today prints of a real crash is recognised, with the
// program counter of the function that crashed.
func TestGoReally(t *testing.T) {
	if os.Getenv("CRASH_FOR_TEST") == "1" {
		dereference(nil)
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestGoReally$")
	cmd.Env = append(os.Environ(), "CRASH_FOR_TEST=1", "GOTRACEBACK=crash")
	cmd.Dir = t.TempDir() // of its core, if it leaves one
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err == nil {
		t.Fatal("it did not crash")
	}
	reports := reportsOf(out.String(), builtins...)
	if len(reports) != 1 || reports[0].err != nil {
		t.Fatalf("%d reports in\n%s", len(reports), out.String())
	}
	e := reports[0].event
	// The program is the same file, without relocation, so that the address
	// is in the same function here.
	f := runtime.FuncForPC(uintptr(e.PC.Value))
	if e.Signal != 11 || !e.Addr.Known || f == nil || !strings.HasSuffix(f.Name(), "logsource.dereference") {
		name := "none"
		if f != nil {
			name = f.Name()
		}
		t.Errorf("%+v in %s, want SIGSEGV in dereference (at %#x)\n%s", e, name, reflect.ValueOf(dereference).Pointer(), out.String())
	}
}

//go:noinline
func dereference(p *int) { *p = 1 }

func mustCompile(t *testing.T, p PatternText) *Pattern {
	t.Helper()
	compiled, err := CompilePattern(p)
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

func TestUserPattern(t *testing.T) {
	p := mustCompile(t, PatternText{
		Name:  "ours",
		Start: `CRASH pid=(?P<pid>\d+) sig=(?P<signal>\w+) at (?P<time>\S+)`,
		Lines: []string{`pc=(?P<pc>[0-9a-f]+) sp=(?P<sp>[0-9a-f]+)`, `prog (?P<exe>\S+) on (?P<arch>\S+)`, `code (?P<code>\S+) addr (?P<addr>\S+)`},
		End:   `^---$`, MaxLines: 10,
	})
	got := reportsOf(`CRASH pid=77 sig=SEGV at 2026-01-02T03:04:05.5Z
pc=7f01 sp=7ffd08
pc=1 sp=2
prog /opt/x/server on arm64
code SEGV_ACCERR addr 0xdead
---
pc=9 sp=9
`, p)
	want := Event{
		Source: crash.SourceLogFile, Time: time.Date(2026, 1, 2, 3, 4, 5, 5e8, time.UTC), PID: 77, Exe: "server", Arch: "arm64", Signal: 11,
		Code: code(2), PC: at(0x7f01), SP: at(0x7ffd08), Addr: at(0xdead),
	}
	if len(got) != 1 || got[0].cut {
		t.Fatalf("%+v", got)
	}
	if diff := cmp.Diff(want, got[0].event); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Blocks end: at their bound, in silence, and with their log.
func TestBlocksAreBounded(t *testing.T) {
	p := mustCompile(t, PatternText{Name: "p", Start: `^crash (?P<signal>\w+)`, End: `^end$`, MaxLines: 5})
	got := reportsOf("crash SEGV\n"+strings.Repeat("noise\n", 100)+"crash WHAT\nend\n", p)
	if len(got) != 2 || !got[0].cut || got[0].err != nil || got[1].err == nil {
		t.Errorf("%+v", got)
	}
	huge := reportsOf("crash SEGV\n"+strings.Repeat(strings.Repeat("x", 16<<10)+"\n", 10), mustCompile(t, PatternText{Name: "p", Start: `^crash (?P<signal>\w+)`, End: `^end$`, MaxLines: 5000}))
	if len(huge) != 1 || !huge[0].cut {
		t.Errorf("%d reports", len(huge))
	}
	b := blocks{patterns: []*Pattern{p}}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	b.feed("crash SEGV", 0, start, start)
	if r := b.quiet(start.Add(blockQuiet - time.Millisecond)); r != nil {
		t.Errorf("ended early: %+v", r)
	}
	if r := b.quiet(start.Add(blockQuiet)); len(r) != 1 || r[0].event.Signal != 11 {
		t.Errorf("not ended by silence: %+v", r)
	}
}

func TestBadPatterns(t *testing.T) {
	for want, p := range map[string]PatternText{
		"name: want one of its own":       {Name: "go", Start: "(?P<pc>x)"},
		"start: is empty":                 {Name: "a"},
		"missing closing":                 {Name: "a", Start: "("},
		`group "pcc" is none of pc, sp`:   {Name: "a", Start: "(?P<pcc>x)"},
		"lines[1]: error parsing":         {Name: "a", Start: "(?P<pc>x)", Lines: []string{"x", "["}},
		"end: error parsing":              {Name: "a", Start: "(?P<pc>x)", End: "["},
		"max_lines: 9999 is not between":  {Name: "a", Start: "(?P<pc>x)", MaxLines: 9999},
		"lifts neither a signal nor a pc": {Name: "a", Start: "(?P<pid>x)"},
	} {
		if _, err := CompilePattern(p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", p, err, want)
		}
	}
}

// Times as logs write them.
func TestTimes(t *testing.T) {
	defer func(l *time.Location) { time.Local = l }(time.Local)
	time.Local = time.FixedZone("here", 2*3600)
	near := time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2026-01-02T03:04:05Z hello":                     at,
		"2026-01-02T05:04:05+02:00 hello":                at,
		"2026-01-02 05:04:05,250 INFO hello":             at.Add(250 * time.Millisecond),
		`{"level":"info","ts":"2026-01-02T03:04:05.5Z"}`: at.Add(500 * time.Millisecond),
		"2026/01/02 05:04:05 hello":                      at,
		"Jan  2 05:04:05 web-1 sshd[4]: hello":           at,
		"Dec 31 05:04:05 web-1 sshd[4]: a year ago":      time.Date(2025, 12, 31, 3, 4, 5, 0, time.UTC),
		"I0102 05:04:05.123456 7 main.go:3] hello":       at.Add(123456 * time.Microsecond),
		"[1767323045.250000] hello":                      at.Add(250 * time.Millisecond),
		"1767323045 hello":                               at,
	} {
		if got, ok := lineTime(text, near); !ok || !got.Equal(want) {
			t.Errorf("%q: %s %t, want %s", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "hello", "12 34", "version 2026-01", "99999999999999999999 x"} {
		if got, ok := lineTime(text, near); ok {
			t.Errorf("%q: %s", text, got)
		}
	}
	for text, want := range map[string]time.Time{
		"1767323045": at, "1767323045.5": at.Add(500 * time.Millisecond), "1767323045000": at, "1767323045000000": at, "1767323045000000000": at,
	} {
		if got, ok := parseTime(text, near); !ok || !got.Equal(want) {
			t.Errorf("%q: %s %t, want %s", text, got, ok, want)
		}
	}
}

package logsource

import (
	"context"
	"debug/elf"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/epicurve/epicurve/pkg/classify"
	"github.com/epicurve/epicurve/pkg/crash"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Lines as kernels print them: the first five are of Linux 6.18, the sixth of
// 5.15, the last ones are not about crashes of processes.
func TestParseKernel(t *testing.T) {
	for _, tc := range []struct {
		text string
		want *Event
	}{
		{
			"ncrash[19695]: segfault at 10 ip 0000563af5260132 sp 00007ffd44b78030 error 6 in ncrash[1132,563af5260000+1000] likely on CPU 1 (core 1, socket 0)",
			&Event{
				Comm: "ncrash", TID: 19695, Addr: 0x10, HasAddr: true, PC: 0x563af5260132, SP: 0x7ffd44b78030, Signal: 11, Code: 1, HasCode: true, CPU: "1",
				Module: &Module{Name: "ncrash", Start: 0x563af5260000, End: 0x563af5261000, Offset: 0x1000, HasOffset: true},
			},
		},
		{
			"rcrash[19710]: segfault at 0 ip 0000000000000000 sp 00007fff2a5bf2a8 error 14 likely on CPU 0 (core 0, socket 0)",
			&Event{Comm: "rcrash", TID: 19710, HasAddr: true, SP: 0x7fff2a5bf2a8, Signal: 11, Code: 1, HasCode: true, CPU: "0"},
		},
		{
			"a [b]: c[7]: segfault at 8 ip 0000563af5260132 sp 00007ffd44b78030 error 7",
			&Event{Comm: "a [b]: c", TID: 7, Addr: 8, HasAddr: true, PC: 0x563af5260132, SP: 0x7ffd44b78030, Signal: 11, Code: 2, HasCode: true},
		},
		{
			"traps: gcrash[19739] general protection fault ip:5639f615912d sp:7ffd6701a2c0 error:0 in gcrash[112d,5639f6159000+1000]",
			&Event{
				Comm: "gcrash", TID: 19739, PC: 0x5639f615912d, SP: 0x7ffd6701a2c0, Signal: 11, Code: 128, HasCode: true,
				Module: &Module{Name: "gcrash", Start: 0x5639f6159000, End: 0x5639f615a000, Offset: 0x1000, HasOffset: true},
			},
		},
		{
			"traps: ucrash[19801] trap invalid opcode ip:5585625c012d sp:7ffecbd64350 error:0 in ucrash[112d,5585625c0000+1000]",
			&Event{
				Comm: "ucrash", TID: 19801, PC: 0x5585625c012d, SP: 0x7ffecbd64350, Signal: 4, Code: 2, HasCode: true, Addr: 0x5585625c012d, HasAddr: true,
				Module: &Module{Name: "ucrash", Start: 0x5585625c0000, End: 0x5585625c1000, Offset: 0x1000, HasOffset: true},
			},
		},
		{
			"web[42]: segfault at 0 ip 00007f0000001234 sp 00007ffd44b78030 error 4 in libfoo.so.1[7f0000000000+2000]",
			&Event{
				Comm: "web", TID: 42, HasAddr: true, PC: 0x7f0000001234, SP: 0x7ffd44b78030, Signal: 11, Code: 1, HasCode: true,
				Module: &Module{Name: "libfoo.so.1", Start: 0x7f0000000000, End: 0x7f0000002000},
			},
		},
		{
			"traps: d[5] trap divide error ip:1234 sp:5678 error:0",
			&Event{Comm: "d", TID: 5, PC: 0x1234, SP: 0x5678, Signal: 8, Code: 1, HasCode: true, Addr: 0x1234, HasAddr: true},
		},
		{"Out of memory: Killed process 4711 (web)", nil},
		{"Code: Unable to access opcode bytes at 0xffffffffffffffd6.", nil},
		{"x[1]: segfault at zz ip 0 sp 0 error 4", nil},
	} {
		got, ok := ParseKernel(tc.text)
		if ok != (tc.want != nil) {
			t.Errorf("%s: ok %t", tc.text, ok)
			continue
		}
		if !ok {
			continue
		}
		tc.want.Source, tc.want.Machine = crash.SourceKernelLog, elf.EM_X86_64
		if diff := cmp.Diff(*tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.text, diff)
		}
	}
}

// From pc and sp alone the classifier may say only what they prove.
func TestClassifiedHonestly(t *testing.T) {
	for _, tc := range []struct {
		text    string
		kind    crash.Kind
		certain bool
	}{
		{"n[1]: segfault at 10 ip 0000563af5260132 sp 00007ffd44b78030 error 6 in ncrash[1132,563af5260000+1000]", crash.KindNullDeref, true},
		{"r[1]: segfault at 0 ip 0000000000000000 sp 00007fff2a5bf2a8 error 14", crash.KindNullCall, false},
		{"u[1]: segfault at 0 ip 0000000000000000 sp 00007fff2a5bf2a0 error 14", crash.KindReturnToNull, false},
	} {
		e, ok := ParseKernel(tc.text)
		if !ok {
			t.Fatal(tc.text)
		}
		f := classify.Classify(e.Facts(), classify.Options{})
		t.Logf("%s: %s %s %q\n%q", tc.text, f.Kind, f.Confidence, f.Signature, f.Reasons)
		if f.Kind != tc.kind || (f.Confidence == crash.ConfidenceCertain) != tc.certain {
			t.Errorf("%s: %s %s, want %s, certain %t", tc.text, f.Kind, f.Confidence, tc.kind, tc.certain)
		}
	}
}

func TestUnprinted(t *testing.T) {
	if n := Unprinted("show_signal_msg: 14 callbacks suppressed"); n != 14 {
		t.Errorf("%d", n)
	}
	if n := Unprinted("net_ratelimit: 3 callbacks suppressed"); n != 0 {
		t.Errorf("%d of another kind", n)
	}
}

func TestKmsgRecords(t *testing.T) {
	booted := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	k := Kernel{Booted: booted}
	l, ok := k.parse("6,1234,5000000,-;web[42]: segfault\n SUBSYSTEM=x\n")
	if want := (Line{"kernel", booted.Add(5 * time.Second), "web[42]: segfault"}); !ok || l != want {
		t.Errorf("%+v %t", l, ok)
	}
	for _, forged := range []string{"14,1,5,-;web[42]: segfault at 0", "nonsense", "6;x"} { // facility 1: user space
		if l, ok := k.parse(forged); ok {
			t.Errorf("%q gave %+v", forged, l)
		}
	}
}

// The real kernel log can be read and left; a FIFO stands in where it cannot.
func TestKernelRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kmsg")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	lines := make(chan Line, 1)
	ended := make(chan error, 1)
	k := Kernel{Path: path, Logger: slog.New(slog.DiscardHandler)}
	go func() { ended <- k.Run(ctx, func(l Line) { lines <- l }) }()
	if _, err := w.WriteString("4,1,7,-;hello\n"); err != nil {
		t.Fatal(err)
	}
	if l := <-lines; l.Text != "hello" {
		t.Errorf("%+v", l)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestRecent(t *testing.T) {
	var r Recent
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range maxRecent + 5 {
		r.Add(Line{"kernel", at.Add(time.Duration(i) * time.Second), "deploy of web"})
	}
	re := regexp.MustCompile("deploy")
	for _, tc := range []struct {
		log    string
		at     time.Time
		within time.Duration
		want   bool
	}{
		{"kernel", at.Add(100 * time.Second), 0, true},
		{"", at.Add(100 * time.Second), 0, true},
		{"app", at.Add(100 * time.Second), 0, false},
		{"kernel", at.Add(-time.Minute), 30 * time.Second, false},
		{"kernel", at, time.Second, false}, // the oldest five were replaced
		{"kernel", at, 10 * time.Second, true},
	} {
		if got := r.Seen(tc.log, re, tc.at, tc.within); got != tc.want {
			t.Errorf("%+v: %t", tc, got)
		}
	}
}

package logsource

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/epicurve/epicurve/pkg/classify"
	"github.com/epicurve/epicurve/pkg/crash"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func at(v uint64) crash.Optional[uint64] { return crash.Some(v) }

func code(v int64) crash.Optional[int64] { return crash.Some(v) }

// Lines as kernels print them: the first five are of Linux 6.18, the sixth of
// 5.15; the last ones are not about crashes of processes.
func TestParseLine(t *testing.T) {
	for _, tc := range []struct {
		text string
		want *Event
	}{
		{
			"ncrash[19695]: segfault at 10 ip 0000563af5260132 sp 00007ffd44b78030 error 6 in ncrash[1132,563af5260000+1000] likely on CPU 1 (core 1, socket 0)",
			&Event{
				Comm: "ncrash", TID: 19695, Addr: at(0x10), PC: at(0x563af5260132), SP: at(0x7ffd44b78030), Signal: 11, Code: code(1), CPU: "1",
				Module: &Module{Name: "ncrash", Start: 0x563af5260000, End: 0x563af5261000, Offset: 0x1000, HasOffset: true},
			},
		},
		{
			"rcrash[19710]: segfault at 0 ip 0000000000000000 sp 00007fff2a5bf2a8 error 14 likely on CPU 0 (core 0, socket 0)",
			&Event{Comm: "rcrash", TID: 19710, Addr: at(0), PC: at(0), SP: at(0x7fff2a5bf2a8), Signal: 11, Code: code(1), CPU: "0"},
		},
		{
			"a [b]: c[7]: segfault at 8 ip 0000563af5260132 sp 00007ffd44b78030 error 7",
			&Event{Comm: "a [b]: c", TID: 7, Addr: at(8), PC: at(0x563af5260132), SP: at(0x7ffd44b78030), Signal: 11, Code: code(2)},
		},
		{
			"traps: gcrash[19739] general protection fault ip:5639f615912d sp:7ffd6701a2c0 error:0 in gcrash[112d,5639f6159000+1000]",
			&Event{
				Comm: "gcrash", TID: 19739, PC: at(0x5639f615912d), SP: at(0x7ffd6701a2c0), Signal: 11, Code: code(128),
				Module: &Module{Name: "gcrash", Start: 0x5639f6159000, End: 0x5639f615a000, Offset: 0x1000, HasOffset: true},
			},
		},
		{
			"traps: ucrash[19801] trap invalid opcode ip:5585625c012d sp:7ffecbd64350 error:0 in ucrash[112d,5585625c0000+1000]",
			&Event{
				Comm: "ucrash", TID: 19801, PC: at(0x5585625c012d), SP: at(0x7ffecbd64350), Signal: 4, Code: code(2), Addr: at(0x5585625c012d),
				Module: &Module{Name: "ucrash", Start: 0x5585625c0000, End: 0x5585625c1000, Offset: 0x1000, HasOffset: true},
			},
		},
		{
			"web[42]: segfault at 0 ip 00007f0000001234 sp 00007ffd44b78030 error 4 in libfoo.so.1[7f0000000000+2000]",
			&Event{
				Comm: "web", TID: 42, Addr: at(0), PC: at(0x7f0000001234), SP: at(0x7ffd44b78030), Signal: 11, Code: code(1),
				Module: &Module{Name: "libfoo.so.1", Start: 0x7f0000000000, End: 0x7f0000002000},
			},
		},
		{"traps: d[5] trap divide error ip:1234 sp:5678 error:0", &Event{Comm: "d", TID: 5, PC: at(0x1234), SP: at(0x5678), Signal: 8, Code: code(1), Addr: at(0x1234)}},
		{"traps: d[5] general protection ip:1234 sp:5678 error:0", &Event{Comm: "d", TID: 5, PC: at(0x1234), SP: at(0x5678), Signal: 11, Code: code(128)}},
		{"traps: d[5] trap int3 ip:1234 sp:5678 error:0", &Event{Comm: "d", TID: 5, PC: at(0x1234), SP: at(0x5678), Signal: 5, Code: code(128)}},
		{"traps: d[5] trap stack segment ip:1234 sp:5678 error:0", &Event{Comm: "d", TID: 5, PC: at(0x1234), SP: at(0x5678), Signal: 7, Code: code(128)}},
		{"traps: d[5] trap alignment check ip:1234 sp:5678 error:0", &Event{Comm: "d", TID: 5, PC: at(0x1234), SP: at(0x5678), Signal: 7, Code: code(1)}},
		{
			"ret[77] control protection ip:7f0000001234 sp:7ffd00001000 ssp:7f11 error:1(near ret) in libc.so.6[28000,7f0000000000+160000]",
			&Event{
				Comm: "ret", TID: 77, PC: at(0x7f0000001234), SP: at(0x7ffd00001000), Signal: 11, Code: code(10),
				Module: &Module{Name: "libc.so.6", Start: 0x7f0000000000, End: 0x7f0000160000, Offset: 0x28000 - 0x1234, HasOffset: true},
			},
		},
		{"key[8]: segfault at 7f00 ip 1234 sp 5678 error 25", &Event{Comm: "key", TID: 8, Addr: at(0x7f00), PC: at(0x1234), SP: at(0x5678), Signal: 11, Code: code(4)}},
		{ // PowerPC, Linux 5.x and 4.18
			"a.out[123]: segfault (11) at 0 nip 100006f0 lr 3fff8 code 1 in a.out[10000000+10000]",
			&Event{
				Comm: "a.out", TID: 123, Addr: at(0), PC: at(0x100006f0), LR: at(0x3fff8), Signal: 11, Code: code(1), Arch: "ppc64le",
				Module: &Module{Name: "a.out", Start: 0x10000000, End: 0x10010000},
			},
		},
		{"a.out[123]: unhandled signal 11 at 0000000000000008 nip 0000000010000640 lr 00000fff code 30001", &Event{
			Comm: "a.out", TID: 123, Addr: at(8), PC: at(0x10000640), LR: at(0xfff), Signal: 11, Code: code(1), Arch: "ppc64le",
		}},
		{"Out of memory: Killed process 4711 (web)", nil},
		{"Code: Unable to access opcode bytes at 0xffffffffffffffd6.", nil},
		{"x[1]: segfault at zz ip 0 sp 0 error 4", nil},
	} {
		got, ok := parseLine(tc.text)
		if ok != (tc.want != nil) {
			t.Errorf("%s: ok %t", tc.text, ok)
			continue
		}
		if !ok {
			continue
		}
		tc.want.Source, tc.want.HostIDs = crash.SourceKernelLog, true
		if tc.want.Arch == "" {
			tc.want.Arch = "amd64"
		}
		got.Key = ""
		if diff := cmp.Diff(*tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.text, diff)
		}
	}
}

// parsed feeds lines, "@CALLER " before one names its printer.
func parsed(text string) []Event {
	var p KernelParser
	var events []Event
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		caller := ""
		if rest, ok := strings.CutPrefix(line, "@"); ok {
			caller, line, _ = strings.Cut(rest, " ")
		}
		events = append(events, p.Parse(Line{Text: line}, caller)...)
	}
	return append(events, p.Flush()...)
}

// Blocks as kernels print them, copied from public reports of crashes.
func TestKernelBlocks(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		want       []Event
	}{
		{"arm64 4.9", `polipo[1657]: unhandled level 3 translation fault (11) at 0xffffcd912fe0, esr 0x92000047
pgd = ffff8000215ca000
[ffffcd912fe0] *pgd=000000008117e003
, *pud=00000000bb2f4003
CPU: 0 PID: 1657 Comm: polipo Tainted: P                4.9.23-std-1 #1
Hardware name: QEMU KVM Virtual Machine, BIOS 0.0.0 02/06/2015
task: ffff80007c47de80 task.stack: ffff80004131c000
PC is at 0xaaaad8a9473c
LR is at 0xaaaad8a95b90
pc : [<0000aaaad8a9473c>] lr : [<0000aaaad8a95b90>] pstate: 80000000
sp : 0000ffffcd913020
x29: 0000ffffcd913020 x28: 0000aaaad8aa6474 `, []Event{{
			Comm: "polipo", TID: 1657, Signal: 11, Code: code(1), Addr: at(0xffffcd912fe0), CPU: "0", Arch: "arm64",
			PC: at(0xaaaad8a9473c), LR: at(0xaaaad8a95b90), SP: at(0xffffcd913020),
		}}},
		{"arm64 6.x", `web[4242]: unhandled exception: IABT (lower EL), ESR 0x0000000082000006, level 2 translation fault in web[aaaae0c40000+1000]
CPU: 3 UID: 1000 PID: 4242 Comm: web Not tainted 6.12.0 #1
Hardware name: AWS m7g.large
pstate: 80001000 (Nzcv daif -PAN -UAO -TCO -DIT +SSBS BTYPE=--)
pc : 0000000000000000
lr : 0000000000000000
sp : 0000ffffd1e4c9d0`, []Event{{
			Comm: "web", TID: 4242, Signal: 11, Code: code(1), Addr: at(0), CPU: "3", Arch: "arm64", PC: at(0), LR: at(0), SP: at(0xffffd1e4c9d0),
			Module: &Module{Name: "web", Start: 0xaaaae0c40000, End: 0xaaaae0c41000},
		}}},
		{"RISC-V 6.6", `ld[1350]: unhandled signal 11 code 0x1 at 0x0000000000000003 in libc.so.6[3f80a3e000+121000]
CPU: 32 PID: 1350 Comm: ld Not tainted 6.6.20-pioneer #1
Hardware name: Sophgo Mango (DT)
epc : 0000003f80ab6698 ra : 0000003f80bf6a2a sp : 0000003ff71d0ee0
 gp : 0000002ab536ce68 tp : 0000003f80971780 t0 : 0000003f80b629a0`, []Event{{
			Comm: "ld", TID: 1350, Signal: 11, Code: code(1), Addr: at(3), CPU: "32", Arch: "riscv64",
			PC: at(0x3f80ab6698), LR: at(0x3f80bf6a2a), SP: at(0x3ff71d0ee0),
			Module: &Module{Name: "libc.so.6", Start: 0x3f80a3e000, End: 0x3f80b5f000},
		}}},
		{"RISC-V 4.20", `hello.riscv[63]: unhandled signal 4 code 0x1 at 0x0000000080000040 in hello.riscv[80000000+1000]
CPU: 0 PID: 63 Comm: hello.riscv Not tainted 4.20.0-44631-g8fe28cb58bcb-dirty #4
sepc: 0000000080000040 ra : 0000000000000000 sp : 0000000000000000`, []Event{{
			Comm: "hello.riscv", TID: 63, Signal: 4, Code: code(1), Addr: at(0x80000040), CPU: "0", Arch: "riscv64",
			PC: at(0x80000040), LR: at(0), SP: at(0), Module: &Module{Name: "hello.riscv", Start: 0x80000000, End: 0x80001000},
		}}},
		{"two at a time, told apart by their printers", `@T1 a[1]: unhandled exception: DABT (lower EL), ESR 0x0000000092000046, level 2 translation fault
@T2 b[2]: unhandled exception: BRK (lower EL), ESR 0x00000000f2000001, Unexpected BRK exception
@T1 CPU: 0 PID: 1 Comm: a Not tainted
@T2 CPU: 1 PID: 2 Comm: b Not tainted
@T1 pc : 0000000000001111
@T2 pc : 0000000000002222
@T2 sp : 0000000000002220
@T1 sp : 0000000000001110`, []Event{
			{Comm: "b", TID: 2, Signal: 5, CPU: "1", Arch: "arm64", PC: at(0x2222), SP: at(0x2220)},
			{Comm: "a", TID: 1, Signal: 11, Code: code(1), CPU: "0", Arch: "arm64", PC: at(0x1111), SP: at(0x1110)},
		}},
		{"two at a time, told apart by the line of their thread", `a[1]: unhandled exception: DABT (lower EL), ESR 0x0000000092000046, level 2 translation fault
b[2]: unhandled exception: SP/PC alignment exception
CPU: 1 PID: 2 Comm: b Not tainted
pc : 0000000000002222
sp : 0000000000002221
CPU: 0 PID: 1 Comm: a Not tainted
pc : 0000000000001111
sp : 0000000000001110`, []Event{
			{Comm: "b", TID: 2, Signal: 7, Code: code(1), CPU: "1", Arch: "arm64", PC: at(0x2222), SP: at(0x2221)},
			{Comm: "a", TID: 1, Signal: 11, Code: code(1), CPU: "0", Arch: "arm64", PC: at(0x1111), SP: at(0x1110)},
		}},
		{"registers that never come", `a[1]: unhandled exception: undefined instruction
usb 1-1: new high-speed USB device`, []Event{{Comm: "a", TID: 1, Signal: 4, Code: code(1), Arch: "arm64"}}},
		{"out of memory", `oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=x,mems_allowed=0,oom_memcg=/kubepods/podx,task_memcg=/kubepods/podx/abc,task=we(b),pid=4711,uid=1000
Memory cgroup out of memory: Killed process 4711 (we(b)) total-vm:1234kB, anon-rss:1000kB, file-rss:0kB, shmem-rss:0kB, UID:1000 pgtables:60kB oom_score_adj:0
Out of memory: Kill process 12 (old) score 900 or sacrifice child
Killed process 12 (old) total-vm:8kB, anon-rss:4kB, file-rss:0kB`, []Event{
			{Comm: "we(b)", Exe: "we(b)", PID: 4711, Signal: 9, OutOfMemory: true, Cgroup: "/kubepods/podx/abc"},
			{Comm: "old", Exe: "old", PID: 12, Signal: 9, OutOfMemory: true},
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := parsed(tc.text)
			for i := range got {
				got[i].Key = ""
			}
			for i := range tc.want {
				tc.want[i].Source, tc.want[i].HostIDs = crash.SourceKernelLog, true
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Blocks without an end must not pile up.
func TestKernelBlocksAreBounded(t *testing.T) {
	var p KernelParser
	var events int
	for i := range 1000 {
		events += len(p.Parse(Line{Text: "a[" + string(rune('0'+i%10)) + "1]: unhandled exception: undefined instruction"}, ""))
		events += len(p.Parse(Line{Text: "b[1" + strings.Repeat("0", i%9) + "]: unhandled exception: undefined instruction"}, ""))
		if len(p.open) > maxOpenBlocks {
			t.Fatalf("%d blocks are open", len(p.open))
		}
	}
	if events += len(p.Flush()); events != 2000 {
		t.Errorf("%d crashes of 2000", events)
	}
}

// From what a line tells the classifier may say only what that proves; it is
// certain of nothing but the OOM killer's own word.
func TestClassifiedHonestly(t *testing.T) {
	for _, tc := range []struct {
		text       string
		kind       crash.Kind
		confidence crash.Confidence
	}{
		{"n[1]: segfault at 10 ip 0000563af5260132 sp 00007ffd44b78030 error 6 in ncrash[1132,563af5260000+1000]", crash.KindNullDeref, crash.ConfidenceLikely},
		{"r[1]: segfault at 0 ip 0000000000000000 sp 00007fff2a5bf2a8 error 14", crash.KindNullCall, crash.ConfidenceAmbiguous},
		{"u[1]: segfault at 0 ip 0000000000000000 sp 00007fff2a5bf2a0 error 14", crash.KindReturnToNull, crash.ConfidenceLikely},
		{"Out of memory: Killed process 4711 (web) total-vm:1234kB, anon-rss:1000kB", crash.KindOutOfMemory, crash.ConfidenceCertain},
		{"w[1]: unhandled exception: IABT (lower EL), ESR 0x82000006, level 2 translation fault\nCPU: 0 PID: 1 Comm: w\npc : 0000000000000000\nlr : 0000000000000000\nsp : 0000ffffd1e4c9d0", crash.KindReturnToNull, crash.ConfidenceLikely},
		{"w[1]: unhandled exception: DABT (lower EL), ESR 0x92000006, level 2 translation fault\nCPU: 0 PID: 1 Comm: w\npc : 0000aaaad8a9473c\nlr : 0000aaaad8a95b90\nsp : 0000ffffd1e4c9d0", crash.KindUnknown, crash.ConfidenceAmbiguous},
		{"ret[77] control protection ip:7f0000001234 sp:7ffd00001000 ssp:7f11 error:1(near ret)", crash.KindBadReturn, crash.ConfidenceLikely},
	} {
		events := parsed(tc.text)
		if len(events) != 1 {
			t.Fatalf("%s: %d events", tc.text, len(events))
		}
		f := classify.FromLog(events[0].LogFacts()).Finding
		t.Logf("%s: %s %s %q\n%q", tc.text, f.Kind, f.Confidence, f.Signature, f.Reasons)
		if f.Kind != tc.kind || f.Confidence != tc.confidence {
			t.Errorf("%s: %s %s, want %s %s", tc.text, f.Kind, f.Confidence, tc.kind, tc.confidence)
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
	r, ok := k.parse("6,1234,5000000,-,caller=T42;caf\\xc3\\xa9[42]: segfault\n SUBSYSTEM=x\n")
	want := record{line: Line{Log: "kernel", Time: booted.Add(5 * time.Second), Text: "café[42]: segfault"}, caller: "T42", number: 1234}
	if !ok || r != want {
		t.Errorf("%+v %t", r, ok)
	}
	for _, forged := range []string{"14,1,5,-;web[42]: segfault at 0", "nonsense", "6;x"} { // facility 1: user space
		if r, ok := k.parse(forged); ok {
			t.Errorf("%q gave %+v", forged, r)
		}
	}
}

// collector is a sink that keeps everything.
type collector struct {
	mu       sync.Mutex
	lines    []Line
	events   []Event
	moved    map[string]Position
	troubles map[string]int
}

func newCollector() *collector {
	return &collector{moved: make(map[string]Position), troubles: make(map[string]int)}
}

func (c *collector) locked(f func()) { c.mu.Lock(); defer c.mu.Unlock(); f() }

func (c *collector) Line(l Line) { c.locked(func() { c.lines = append(c.lines, l) }) }

func (c *collector) Crash(e Event)                 { c.locked(func() { c.events = append(c.events, e) }) }
func (c *collector) Moved(feed string, p Position) { c.locked(func() { c.moved[feed] = p }) }
func (c *collector) Trouble(s crash.Source, w string) {
	c.locked(func() { c.troubles[string(s)+" "+w]++ })
}

func (c *collector) texts() (all []string) {
	c.locked(func() {
		for _, l := range c.lines {
			all = append(all, l.Text)
		}
	})
	return all
}

func (c *collector) crashes() (all []Event) {
	c.locked(func() { all = append(all, c.events...) })
	return all
}

func (c *collector) position(feed string) (p Position) {
	c.locked(func() { p = c.moved[feed] })
	return p
}

func (c *collector) trouble(what string) (n int) { c.locked(func() { n = c.troubles[what] }); return n }

// eventually polls until ok or a deadline far beyond any real delay.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatal("waited in vain: " + what)
}

// A FIFO stands in for /dev/kmsg: it is polled like it.
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
	got := newCollector()
	ended := make(chan error, 1)
	var unprinted, told atomic.Int64
	k := Kernel{Path: path, Logger: slog.New(slog.DiscardHandler), Unprinted: func(n int64) { unprinted.Add(n) }, Told: &told}
	go func() { ended <- k.Run(ctx, got) }()
	say := func(record string) {
		t.Helper()
		n := len(got.texts())
		if _, err := w.WriteString(record); err != nil {
			t.Fatal(err)
		}
		eventually(t, record, func() bool { return len(got.texts()) > n })
	}
	say("4,1,7,-;hello\n")
	say("4,2,8,-;show_signal: 5 callbacks suppressed\n")
	say("4,3,9,-;a[1]: unhandled exception: undefined instruction\n")
	// Its registers do not come: it is a crash all the same, after a while.
	eventually(t, "a crash without registers", func() bool { return len(got.crashes()) == 1 })
	if e := got.crashes()[0]; e.TID != 1 || e.PC.Known || e.Feed != KernelFeed || time.Since(e.Time) > time.Minute {
		t.Errorf("%+v", e)
	}
	if unprinted.Load() != 5 {
		t.Errorf("%d messages were left out, want 5", unprinted.Load())
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	again := Kernel{Unprinted: k.Unprinted, Told: &told} // a reload reads the log anew
	if r, ok := again.parse("4,2,8,-;show_signal: 5 callbacks suppressed\n"); ok {
		again.unprinted(r)
	}
	if unprinted.Load() != 5 {
		t.Error("the same record was told of twice")
	}
}

// The kernel's own log can be read here.
func TestKernelReal(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	got := newCollector()
	k := Kernel{Logger: slog.New(slog.DiscardHandler), Booted: time.Unix(0, 0)}
	ended := make(chan error, 1)
	go func() { ended <- k.Run(ctx, got) }()
	select {
	case err := <-ended:
		cancel()
		t.Skipf("the kernel log cannot be read here: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	t.Logf("%d records, %d crashes", len(got.texts()), len(got.crashes()))
}

package annotate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sys/unix"

	"github.com/epicurve/epicurve/pkg/crash"
)

// roots writes a machine below a temporary directory.
func roots(t *testing.T, files map[string]string) Roots {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Roots{Proc: filepath.Join(root, "proc"), Sys: filepath.Join(root, "sys"), Etc: filepath.Join(root, "etc"), Var: filepath.Join(root, "var"), Run: filepath.Join(root, "run")}
}

var web1 = map[string]string{
	"proc/sys/kernel/hostname":       "web-1\n",
	"proc/sys/kernel/osrelease":      "6.18.4\n",
	"proc/sys/kernel/random/boot_id": "11111111-2222-3333-4444-555555555555\n",
	"proc/sys/kernel/core_pattern":   "/var/crash/core.%e.%P.%t.%C\n",
	"proc/cpuinfo": "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Xeon(R) 8370C\nmicrocode\t: 0xd0003a5\n\n" +
		"processor\t: 1\nmodel name\t: another\nmicrocode\t: 0x1\n",
	"proc/stat":      "cpu  1 2 3\nintr 5 6\nbtime 1767225600\nprocesses 9\n", // 2026-01-01T00:00:00Z
	"etc/machine-id": "0123456789abcdef0123456789abcdef\n",
}

func TestReadMachine(t *testing.T) {
	m, missing := ReadMachine(roots(t, web1))
	want := Machine{
		Host: crash.Host{
			Name: "web-1", ID: "0123456789abcdef0123456789abcdef", BootID: "11111111-2222-3333-4444-555555555555",
			CPUModel: "Intel(R) Xeon(R) 8370C", Microcode: "0xd0003a5", KernelRelease: "6.18.4",
		},
		Booted: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	if diff := cmp.Diff(want, m, cmpopts.IgnoreUnexported(Machine{})); diff != "" || len(missing) > 0 {
		t.Errorf("missing %v (-want +got):\n%s", missing, diff)
	}

	m, missing = ReadMachine(roots(t, map[string]string{
		"etc/machine-id": "uninitialized\n",
		"proc/cpuinfo":   "processor : 0\nCPU implementer : 0x41\nCPU part : 0xd0c\n",
		"sys/devices/system/cpu/cpu0/microcode/version": "0x2\n",
	}))
	if m.Host.ID != "" || m.Host.CPUModel != "implementer 0x41 part 0xd0c" || m.Host.Microcode != "0x2" {
		t.Errorf("an arm64 machine without an id: %+v", m.Host)
	}
	if diff := cmp.Diff([]string{"host.name", "host.id", "host.boot_id", "boot time"}, missing); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
}

// In a container the host's tree is mounted somewhere: its name and id are
// those of the host, and proc is the container's unless the host's is there.
func TestRootsUnder(t *testing.T) {
	under := roots(t, map[string]string{"etc/hostname": "node-7\n", "etc/machine-id": web1["etc/machine-id"], "var/log/x": "", "run/x": ""})
	root := filepath.Dir(under.Etc)
	r := RootsUnder(root)
	if r.Proc != "/proc" || r.Sys != "/sys" || r.Run != filepath.Join(root, "run") {
		t.Errorf("without proc: %+v", r)
	}
	m, _ := ReadMachine(r)
	if m.Host.Name != "node-7" || m.Host.ID != strings.TrimSpace(web1["etc/machine-id"]) {
		t.Errorf("%+v", m.Host)
	}
	if err := os.MkdirAll(filepath.Join(root, "proc"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "proc/stat"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := RootsUnder(root); r.Proc != filepath.Join(root, "proc") {
		t.Errorf("with proc: %+v", r)
	}
	if RootsUnder("") != RootsUnder("/") || RootsUnder("").Etc != "/etc" {
		t.Errorf("without a root: %+v", RootsUnder(""))
	}
}

// What changes while the machine runs is as it is now; what is configured wins.
func TestLive(t *testing.T) {
	m, _ := ReadMachine(roots(t, web1))
	m.Live = &Live{}
	if err := m.SetStatic(map[string]string{"cloud.region": "fixed", "team": "a"}); err != nil {
		t.Fatal(err)
	}
	later, earlier := crash.Record{Time: m.Booted.Add(time.Hour)}, crash.Record{Time: m.Booted.Add(-time.Hour)}
	m.Live.SetSurroundings(Surroundings{
		Cloud: crash.Cloud{Provider: "aws", Region: "eu-1", AvailabilityZone: "eu-1a"}, HostType: "m7.large", InstanceID: "i-1", PhysicalID: "h-1",
	})
	m.Annotate(&later)
	m.Annotate(&earlier)
	if later.Cloud != (crash.Cloud{Provider: "aws", Region: "fixed", AvailabilityZone: "eu-1a"}) || later.Host.Type != "m7.large" ||
		later.Host.PhysicalID != "h-1" || later.Attributes["cloud.instance.id"] != "i-1" || later.Attributes["team"] != "a" {
		t.Errorf("%+v %+v %v", later.Cloud, later.Host, later.Attributes)
	}
	if earlier.Host.PhysicalID != "" || earlier.Host.KernelRelease != "" || earlier.Host.Microcode != "" || earlier.Cloud.Region != "fixed" {
		t.Errorf("of before the boot: %+v", earlier.Host)
	}
	m.Live.SetPhysical("rack-9")
	m.Annotate(&later)
	if later.Host.PhysicalID != "rack-9" {
		t.Errorf("after a migration: %q", later.Host.PhysicalID)
	}
}

func TestMachineAnnotate(t *testing.T) {
	m, _ := ReadMachine(roots(t, web1))
	for _, tc := range []struct {
		name   string
		time   time.Time
		boot   string
		wantID string
		uptime crash.Optional[int64]
	}{
		{"in this boot", m.Booted.Add(time.Hour), "", m.Host.BootID, crash.Some(int64(3600))},
		{"before this boot", m.Booted.Add(-time.Hour), "", "", crash.Optional[int64]{}},
		{"in another boot, by name", m.Booted.Add(time.Hour), "other", "other", crash.Optional[int64]{}},
	} {
		r := crash.Record{Time: tc.time, Host: crash.Host{CPU: "7", BootID: tc.boot}}
		m.Annotate(&r)
		if r.Host.BootID != tc.wantID || r.Host.UptimeSeconds != tc.uptime || r.Host.CPU != "7" || r.Host.Name != "web-1" {
			t.Errorf("%s: %+v", tc.name, r.Host)
		}
	}
}

func TestPatterns(t *testing.T) {
	at := time.Unix(1767225600, 0).UTC()
	for _, tc := range []struct {
		pattern, name string
		want          CoreName
		no            bool
	}{
		{pattern: "core", name: "core"},
		{pattern: "core", name: "core.4711", want: CoreName{PID: 4711}}, // kernel.core_uses_pid
		{pattern: "core", name: "score", no: true},
		{
			pattern: "/var/crash/core.%e.%P.%t.%C", name: "core.web.server.4711.1767225600.3",
			want: CoreName{Exe: "web.server", PID: 4711, HostPID: true, Time: at, CPU: "3"},
		},
		{
			pattern: "/x/core-%e-%s-%u-%g-%p-%t", name: "core-a-b-11-1000-1000-42-1767225600.zst",
			want: CoreName{Exe: "a-b", Signal: 11, UID: "1000", PID: 42, Time: at},
		},
		{pattern: "%h!%E!%t", name: "web-1!!usr!bin!thing!1767225600", want: CoreName{Host: "web-1", Exe: "thing", Time: at}},
		{pattern: "%p.%P.%i.%I.%c.%d", name: "5.4711.5.4711.18446744073709551615.1", no: false, want: CoreName{PID: 4711, HostPID: true}},
		{pattern: "100%%.%e.%q%", name: "100%.x.", want: CoreName{Exe: "x"}},
		{pattern: "%t.%t", name: "1767225600.1", want: CoreName{Time: at}},
		{pattern: "|/usr/lib/systemd/systemd-coredump %P", name: "core", no: true},
		{pattern: "@/run/coredump.socket", name: "core", no: true},
	} {
		p, err := ParsePattern(tc.pattern)
		if err != nil {
			t.Errorf("%s: %v", tc.pattern, err)
			continue
		}
		got, ok := p.Match(tc.name)
		if ok == tc.no {
			t.Errorf("%s: match of %s is %t", tc.pattern, tc.name, ok)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s, %s (-want +got):\n%s", tc.pattern, tc.name, diff)
		}
	}
}

func TestSystemdNames(t *testing.T) {
	got, ok := MatchSystemd(`core.my\x2eserver\x20x.1000.0123456789abcdef0123456789abcdef.4711.1767225600123456.zst`)
	want := CoreName{
		Exe: "my.server x", UID: "1000", BootID: "01234567-89ab-cdef-0123-456789abcdef", PID: 4711, HostPID: true,
		Time: time.UnixMicro(1767225600123456).UTC(),
	}
	if diff := cmp.Diff(want, got); !ok || diff != "" {
		t.Errorf("ok %t (-want +got):\n%s", ok, diff)
	}
	if _, ok := MatchSystemd("core.x.1000.nothex.1.2"); ok {
		t.Error("a name of another kind matched")
	}
}

func TestNamesAnnotate(t *testing.T) {
	names, err := NewNames(roots(t, web1), []string{"dump_%t_%p"})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	written := at.Add(time.Minute)
	for _, tc := range []struct {
		path   string
		time   time.Time
		source crash.TimeSource
	}{
		{"/c/core.web.4711.1767225600.3", at, crash.TimeFromCoreName},
		{"/c/dump_1767225600_4711", at, crash.TimeFromCoreName},
		{"/c/whatever", written, crash.TimeFromMtime},
		{"/c/dump_1999999999_4711", written, crash.TimeFromMtime}, // says it happened years after it was written
	} {
		var r crash.Record
		names.Annotate(&r, tc.path, CoreName{}, written)
		if !r.Time.Equal(tc.time) || r.TimeSource != tc.source {
			t.Errorf("%s: %s from %s, want %s from %s", tc.path, r.Time, r.TimeSource, tc.time, tc.source)
		}
	}
	r := crash.Record{Process: crash.Process{Executable: "from-core"}}
	names.Annotate(&r, "/c/core.web.4711.1767225600.3", CoreName{}, written)
	if r.Process.Executable != "from-core" || r.Process.PID != crash.Some(int64(4711)) || r.Host.CPU != "3" {
		t.Errorf("%+v %+v: the core's own facts come first", r.Process, r.Host)
	}
}

func TestXattrs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "core")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := XattrsOf(f); got != (CoreName{}) {
		t.Errorf("without attributes: %+v", got)
	}
	for name, value := range map[string]string{
		"timestamp": "1767225600123456", "pid": "4711", "uid": "1000", "signal": "11", "comm": "web", "exe": "/opt/web/bin/web-server", "hostname": "web-1",
	} {
		if err := unix.Setxattr(path, "user.coredump."+name, []byte(value), 0); err != nil {
			t.Skipf("this filesystem has no user attributes: %v", err)
		}
	}
	want := CoreName{
		Time: time.UnixMicro(1767225600123456).UTC(), PID: 4711, HostPID: true, UID: "1000", Signal: 11, Exe: "web-server", Host: "web-1",
	}
	got := XattrsOf(f)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	names, err := NewNames(roots(t, web1), nil)
	if err != nil {
		t.Fatal(err)
	}
	var r crash.Record
	names.Annotate(&r, "/c/core.whatever", got, want.Time.Add(time.Minute))
	if !r.Time.Equal(want.Time) || r.Process.Executable != "web-server" || r.Process.PID.Value != 4711 {
		t.Errorf("%+v", r)
	}
}

func TestPhysicalHost(t *testing.T) {
	pair := func(key, value string) string {
		return key + strings.Repeat("\x00", kvpKeySize-len(key)) + value + strings.Repeat("\x00", kvpValueSize-len(value))
	}
	pool := pair("HostName", "cluster-7") + pair("PhysicalHostName", "BLD-42") + pair("PhysicalHostNameFullyQualified", "bld-42.example")
	r := roots(t, map[string]string{"var/" + kvpPool: pool, "etc/physical": "rack-9\nmore\n"})
	if got := PhysicalHost(r, ""); got != "bld-42.example" {
		t.Errorf("from the pool: %q", got)
	}
	if got := PhysicalHost(r, filepath.Join(r.Etc, "physical")); got != "rack-9" {
		t.Errorf("from a file: %q", got)
	}
	cut := roots(t, map[string]string{"var/" + kvpPool: pool[:kvpKeySize+100]})
	if got := PhysicalHost(cut, ""); got != "" {
		t.Errorf("from a pool that is cut short: %q", got)
	}
}

func TestStatic(t *testing.T) {
	m, _ := ReadMachine(roots(t, web1))
	err := m.SetStatic(map[string]string{"cloud.region": "eu-1", "host.type": "m7", "k8s.node.name": "n1", "team": "payments"})
	if err != nil {
		t.Fatal(err)
	}
	r := crash.Record{Time: m.Booted.Add(time.Hour)}
	m.Annotate(&r)
	if r.Cloud.Region != "eu-1" || r.Host.Type != "m7" || r.Host.Name != "web-1" || r.Container.Node != "n1" || r.Attributes["team"] != "payments" {
		t.Errorf("%+v", r)
	}
	for name, want := range map[string]string{"crash.class": "cannot be fixed", "host.boot_id": "cannot be fixed", "": "want a name"} {
		if err := m.SetStatic(map[string]string{name: "x"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

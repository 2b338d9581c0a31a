package config

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the expected errors")

// Every testdata/*.bad.yml has beside it the exact error that it must give.
func TestBad(t *testing.T) {
	files, err := filepath.Glob("testdata/*.bad.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			c, err := Load(file)
			if err == nil {
				err = c.Validate()
			}
			if err == nil {
				t.Fatal("no error")
			}
			golden := strings.TrimSuffix(file, ".yml") + ".error"
			if *update {
				if err := os.WriteFile(golden, []byte(err.Error()+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err2 := os.ReadFile(golden)
			if err2 != nil {
				t.Fatal(err2)
			}
			if diff := cmp.Diff(string(want), err.Error()+"\n"); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

// Every testdata/*.good.yml loads and is valid.
func TestGood(t *testing.T) {
	files, err := filepath.Glob("testdata/*.good.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			c, err := Load(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Validate(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestValues(t *testing.T) {
	got, err := Load("testdata/full.good.yml")
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Core = Core{
		Dirs: []string{"/var/crash", "/var/lib/*/cores"}, Ignore: []string{"*.tmp"}, NamePatterns: []string{"core.%e.%p.%t"},
		Settle: Duration(3 * time.Second), Rescan: Duration(90 * time.Second), Poll: Duration(500 * time.Millisecond),
		UserRate: 5, UserBurst: 100, Symbols: false, Root: "/host",
		Retention: Retention{MaxAge: Duration(14 * 24 * time.Hour), MaxBytes: 10 << 30, MinFree: 5 << 30, MinAge: Duration(time.Hour)},
	}
	want.State = State{Dir: "/srv/epicurve", MaxBytes: 64 << 20, WhenFull: DropNewest}
	want.Annotations = Annotations{
		Static: map[string]string{"team": "payments"}, Cloud: Cloud{Provider: "aws", Endpoint: "http://[fd00:ec2::254]", Timeout: Duration(500 * time.Millisecond)},
		PhysicalHostCommand: []string{"/usr/bin/vendor-tool", "host"}, PhysicalHostTimeout: Duration(2 * time.Second),
	}
	want.Archive = Archive{URL: "https://archive.example:9932", TokenFile: "/etc/epicurve/token", CAFile: "/etc/epicurve/ca.pem", Timeout: Duration(10 * time.Second)}
	want.Push = Push{URL: "http://victoria:8428/api/v1/import/prometheus", Interval: Duration(time.Minute), Labels: map[string]string{"instance": "web-1"}}
	want.Services = []Service{{Name: "web", Version: "1.2", Executable: "/opt/web/bin/*"}}
	want.Logs = Logs{
		Kernel: true, Hold: Duration(2 * time.Minute),
		Journal:  Journal{Follow: true, Directory: "/host/var/log/journal", Evidence: []string{"_SYSTEMD_UNIT=deploy.service"}},
		Patterns: []LogPattern{{Name: "ours", Start: `CRASH (?P<signal>\w+)`, Lines: []Expression{`pid (?P<pid>\d+)`, `pc (?P<pc>\w+)`}, End: "^END", MaxLines: 50}},
		Files: []LogFile{
			{Name: "deploys", Path: "/var/log/deploy.log"},
			{Name: "web", Path: "/var/log/web.log", Format: "text", Crashes: []string{"ours", "abseil"}, Executable: "web-server"},
			{Name: "journal-copy", Path: "/var/log/journal.export", Format: "journal_export"},
		},
	}
	want.Filters = []Filter{
		{Name: "test hosts", Fields: map[string]string{"host.name": "test-.*"}},
		{Name: "oom", Log: &LogCondition{Source: "kernel", Line: "Out of memory: Killed process", Within: Duration(time.Minute)}},
		{Name: "deploy", Log: &LogCondition{Source: "deploys", Line: "restarting web", Within: Duration(30 * time.Second)}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDefaultsNeedOnlyADirectory(t *testing.T) {
	c, err := Parse(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Default(), c); diff != "" {
		t.Errorf("an empty file differs from the defaults:\n%s", diff)
	}
	c.Core.Dirs = []string{"/var/crash"}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

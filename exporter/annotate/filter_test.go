package annotate

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
)

// lines is evidence of one line at one time.
type lines struct {
	log, text string
	at        time.Time
}

func (l lines) Seen(log string, re *regexp.Regexp, at time.Time, within time.Duration) bool {
	return (log == "" || log == l.log) && re.MatchString(l.text) && at.Sub(l.at).Abs() <= within
}

func TestFilters(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	fs, err := NewFilters([]Filter{
		{Name: "test host", Fields: map[string]string{"host.name": "test-.*"}},
		{Name: "deliberate abort", Fields: map[string]string{"crash.kind": "abort", "process.executable.name": "watchdog"}},
		{Name: "oom", Fields: map[string]string{"crash.signal": "SIGKILL|SIGABRT"}, Log: &LogCondition{Log: "kernel", Line: "Out of memory", Within: time.Minute}},
	}, lines{"kernel", "Out of memory: Killed process 1", at})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		r    crash.Record
		want string
	}{
		{"nothing", crash.Record{}, ""},
		{"whole field", crash.Record{Host: crash.Host{Name: "not-test-1"}}, ""},
		{"field", crash.Record{Host: crash.Host{Name: "test-1"}}, "test host"},
		{"one of two", crash.Record{Finding: crash.Finding{Kind: crash.KindAbort}}, ""},
		{"both", crash.Record{Finding: crash.Finding{Kind: crash.KindAbort}, Process: crash.Process{Executable: "watchdog"}}, "deliberate abort"},
		{"evidence", crash.Record{Time: at.Add(30 * time.Second), Fault: crash.Fault{Signal: "SIGABRT"}}, "oom"},
		{"evidence too old", crash.Record{Time: at.Add(2 * time.Minute), Fault: crash.Fault{Signal: "SIGABRT"}}, ""},
	} {
		if fs.Annotate(&tc.r); tc.r.Finding.SuppressedBy != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, tc.r.Finding.SuppressedBy, tc.want)
		}
	}
	var none *Filters
	none.Annotate(&crash.Record{})
}

func TestBadFilters(t *testing.T) {
	for want, f := range map[string]Filter{
		"would suppress every crash": {Name: "a"},
		"want 1 to 128":              {Fields: map[string]string{"host.name": "x"}},
		`"host.nam" is not a field`:  {Name: "a", Fields: map[string]string{"host.nam": "x"}},
		`"crash.reasons" is not`:     {Name: "a", Fields: map[string]string{"crash.reasons": "x"}},
		"missing closing":            {Name: "a", Fields: map[string]string{"host.name": "("}},
		"log.line":                   {Name: "a", Log: &LogCondition{Within: time.Second}},
		"log.within":                 {Name: "a", Log: &LogCondition{Line: "x"}},
	} {
		_, err := NewFilters([]Filter{f}, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", f, err, want)
		}
	}
}

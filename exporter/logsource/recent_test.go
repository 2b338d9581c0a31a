package logsource

import (
	"fmt"
	"regexp"
	"testing"
	"time"
)

func TestRecent(t *testing.T) {
	var r Recent
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range maxRecent + 5 {
		r.Add(Line{Log: "kernel", Time: at.Add(time.Duration(i) * time.Second), Text: "deploy of web"})
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

// A log that is written without pause does not push out the line that matters,
// and a line is dated by what it says, not by when it was read.
func TestRecentKeepsWhatIsWanted(t *testing.T) {
	re := regexp.MustCompile("deploy of")
	r := Recent{Wanted: []Wanted{{Log: "deploys", Line: re}}}
	read := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	r.Add(Line{Log: "deploys", Time: read, Undated: true, Text: "2026-01-01T00:00:00Z deploy of web"})
	r.Add(Line{Log: "app", Time: read, Text: "deploy of nothing"})
	for i := range 10 * maxRecent {
		r.Add(Line{Log: "deploys", Time: read, Text: fmt.Sprint("noise ", i)})
	}
	if len(r.lines) != 1 {
		t.Errorf("%d lines are kept, want 1", len(r.lines))
	}
	if !r.Seen("deploys", re, read.Add(-24*time.Hour), time.Second) || r.Seen("deploys", re, read, time.Hour) {
		t.Errorf("dated %s", r.lines[0].Time)
	}
}

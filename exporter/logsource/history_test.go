package logsource

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestHistory reads logs of the past in all three forms.
func TestHistory(t *testing.T) {
	deploy := regexp.MustCompile(`deploy`)
	h := &History{Wanted: []Wanted{{Line: deploy}}}
	written := time.Date(2026, 2, 2, 12, 0, 0, 0, time.Local)
	for _, tt := range []struct {
		name, text     string
		lines, undated int
	}{
		{"app", "no time here\n2026-02-02T02:40:00Z deploy of cart\n  deploy goes on\n2026-02-02T03:00:00Z idle", 4, 1},
		{"syslog", "Feb  1 08:00:00 host deploy\n", 1, 0},
		{"", `{"__CURSOR":"c","__REALTIME_TIMESTAMP":"1770010000000000","MESSAGE":"deploy by journal","_TRANSPORT":"journal"}` + "\n", 1, 0},
		{"", "__CURSOR=c\n__REALTIME_TIMESTAMP=1770020000000000\n_TRANSPORT=journal\nMESSAGE=deploy by export\n\n", 1, 0},
	} {
		lines, undated, err := h.Load(tt.name, strings.NewReader(tt.text), written)
		if err != nil || lines != tt.lines || undated != tt.undated {
			t.Errorf("%s: %d lines, %d undated, %v; want %d, %d", tt.name, lines, undated, err, tt.lines, tt.undated)
		}
	}
	h.Sort()
	for _, tt := range []struct {
		log  string
		at   time.Time
		want bool
	}{
		{"", time.Unix(1_770_000_000+50, 0), true},
		{"app", time.Unix(1_770_000_000-50, 0), true},
		{"syslog", time.Unix(1_770_000_000, 0), false},
		{"syslog", time.Date(2026, 2, 1, 8, 0, 30, 0, time.Local), true},
		{"app", time.Unix(1_770_000_000+1200, 0), false}, // idle, not deploy
		{"journal", time.Unix(1_770_010_000, 0), true},
		{"journal", time.Unix(1_770_020_001, 0), true},
		{"", time.Unix(1_770_030_000, 0), false},
	} {
		if got := h.Seen(tt.log, deploy, tt.at, time.Minute); got != tt.want {
			t.Errorf("log %q at %s: %v", tt.log, tt.at.UTC(), got)
		}
	}
}

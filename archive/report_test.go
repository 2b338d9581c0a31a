package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/epicurve/epicurve/pkg/query"
)

func TestReportWindow(t *testing.T) {
	now := time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)
	day := func(d int) time.Time { return time.Date(2026, 3, d, 0, 0, 0, 0, time.UTC) }
	for name, tt := range map[string]struct {
		flags reportFlags
		want  query.Range
		err   string
	}{
		"since":      {reportFlags{since: "7d"}, query.Range{From: now.AddDate(0, 0, -7), To: now}, ""},
		"days":       {reportFlags{since: "7d", from: "2026-03-01", to: "2026-03-02"}, query.Range{From: day(1), To: day(2)}, ""},
		"since a to": {reportFlags{since: "24h", to: "2026-03-02T00:00:00Z"}, query.Range{From: day(1), To: day(2)}, ""},
		"no time":    {reportFlags{since: "7d", from: "yesterday"}, query.Range{}, "2026-03-01T15:04:05Z"},
		"no length":  {reportFlags{since: "a week"}, query.Range{}, "24h"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tt.flags.window(now)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("error %v does not show the form %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("window (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseFilter(t *testing.T) {
	for text, want := range map[string]query.Filter{
		"host.name=web-1":       {Dimension: "host.name", Op: query.OpIn, Values: []string{"web-1"}},
		"host.name!=web=1":      {Dimension: "host.name", Op: query.OpNotIn, Values: []string{"web=1"}},
		"service.name=~api|web": {Dimension: "service.name", Op: query.OpMatch, Values: []string{"api|web"}},
		"host.name!~web-.*":     {Dimension: "host.name", Op: query.OpNotMatch, Values: []string{"web-.*"}},
		"cloud.region=":         {Dimension: "cloud.region", Op: query.OpIn, Values: []string{""}},
	} {
		got, err := parseFilter(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
	for _, text := range []string{"", "host.name", "=web", "host.name!web"} {
		if _, err := parseFilter(text); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

func TestReportSendsItsToken(t *testing.T) {
	var got string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Get("Authorization")
		http.Error(w, "no", http.StatusForbidden)
	}))
	defer s.Close()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := reportFlags{url: s.URL, token: file, since: "1h"}
	if err := f.run(t.Context(), io.Discard); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("run() = %v, want the refusal", err)
	}
	if got != "Bearer secret" {
		t.Errorf("Authorization %q", got)
	}
	f.token = filepath.Join(t.TempDir(), "absent")
	if err := f.run(t.Context(), io.Discard); err == nil || !strings.Contains(err.Error(), "--archive.token-file") {
		t.Errorf("run() = %v, want it to name the flag", err)
	}
}

package scan

import (
	"strings"
	"testing"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
)

func TestPattern(t *testing.T) {
	p, err := ParsePattern(`/(?P<cloud_region>[^/]+)/(?P<host>[^/]+)/(?P<service>\w+)-(?P<build>[\d.]+)/core\.(?P<pid>\d+)\.(?P<time>[^/!]+)$`)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ text, want string }{
		{"1770000000", "2026-02-02T02:40:00Z"},
		{"1770000000.25", "2026-02-02T02:40:00.25Z"},
		{"1770000000123", "2026-02-02T02:40:00.123Z"},
		{"1770000000123456", "2026-02-02T02:40:00.123456Z"},
		{"20260202T024000Z", "2026-02-02T02:40:00Z"},
		{"2026-02-02T02:40:00+01:00", "2026-02-02T01:40:00Z"},
		{"2026-02-02T02-40-00", "2026-02-02T02:40:00Z"},
		{"20260202-024000", "2026-02-02T02:40:00Z"},
		{"yesterday", "2026-01-01T00:00:00Z"}, // not a time: what was known stays
		{"7", "2026-01-01T00:00:00Z"},
	} {
		r := crash.Record{Time: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), TimeSource: crash.TimeFromMtime}
		if !p.Annotate(&r, "s3://cores/eu-1/web-7/cart-1.2/core.42."+tt.text) {
			t.Fatal("no match")
		}
		if got := r.Time.Format(time.RFC3339Nano); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.text, got, tt.want)
		}
		if r.Host.Name != "web-7" || r.Process.ServiceName != "cart" || r.Process.ServiceVersion != "1.2" || r.Cloud.Region != "eu-1" || r.Process.PID != crash.Some[int64](42) {
			t.Errorf("%+v", r)
		}
	}
	r := crash.Record{}
	if p.Annotate(&r, "s3://cores/readme") || r.Host.Name != "" {
		t.Errorf("annotated without a match: %+v", r)
	}
}

func TestBadPatterns(t *testing.T) {
	for expr, want := range map[string]string{
		"(": "missing closing", "core": "no named group", "(?P<hsot>.)": `group "hsot"`, "(?P<crash_class>.)": `group "crash_class"`,
	} {
		if _, err := ParsePattern(expr); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", expr, err, want)
		}
	}
}

func TestMapping(t *testing.T) {
	m, err := ReadMapping(strings.NewReader("host,region,type,physical_host,service.name\n# a comment\nweb-7,eu-1,m7.large,rack-3,\nweb-8.example.com,eu-2,m8,rack-4,cart\n"))
	if err != nil {
		t.Fatal(err)
	}
	r := crash.Record{Host: crash.Host{Name: "web-7.example.com", Type: "known already"}, Process: crash.Process{ServiceName: "shop"}}
	m.Annotate(&r)
	if r.Cloud.Region != "eu-1" || r.Host.PhysicalID != "rack-3" || r.Host.Type != "known already" || r.Process.ServiceName != "shop" {
		t.Errorf("%+v", r)
	}
	for text, want := range map[string]string{
		"": "first row", "name,region\n": "first column", "host,rgion\n": `column "rgion"`, "host,region\na,b\na,c\n": "line 3", "host,region\na\n": "wrong number of fields",
	} {
		if _, err := ReadMapping(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestMetadata(t *testing.T) {
	r := crash.Record{Time: time.Unix(0, 0), TimeSource: crash.TimeFromMtime}
	annotateMetadata(&r, map[string]string{
		"host": "web-7", "service-name": "cart", "k8s_pod_name": "cart-1", "crash-class": "other", "content": "x", "time": "1770000000",
	})
	if r.Host.Name != "web-7" || r.Process.ServiceName != "cart" || r.Container.Pod != "cart-1" || r.Finding.Class != "" ||
		r.Time.Unix() != 1_770_000_000 || r.TimeSource != crash.TimeFromObjectMetadata {
		t.Errorf("%+v", r)
	}
}

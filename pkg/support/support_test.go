package support

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func TestRedact(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"password in a URL", "url: https://ada:hunter2@archive.example:9932/x", "url: https://[redacted]@archive.example:9932/x"},
		{"user in a URL", "clickhouse://ada@ch:8123/db", "clickhouse://[redacted]@ch:8123/db"},
		{"no user", "https://archive.example/a@b", "https://archive.example/a@b"},
		{"bearer", "Authorization: Bearer abc.def-123", "Authorization: [redacted]"},
		{"bearer in a sentence", "sent Bearer abcdef123 to it", "sent Bearer [redacted] to it"},
		{"YAML", "  password: hunter2\nnext: 1", "  password: [redacted]\nnext: 1"},
		{"YAML, quoted", `api_key: "a b"`, `api_key: [redacted]`},
		{"flow YAML", "{token: abc, url: x}", "{token: [redacted], url: x}"},
		{"JSON", `{"client_secret": "abc", "n": 1}`, `{"client_secret": [redacted], "n": 1}`},
		{"file of a secret", "token_file: /etc/epicurve/token", "token_file: /etc/epicurve/token"},
		{"flag with a file", "--auth.tokens-file=/etc/epicurve/tokens.yml", "--auth.tokens-file=/etc/epicurve/tokens.yml"},
		{"environment", "GRAFANA_TOKEN=glsa_123", "GRAFANA_TOKEN=[redacted]"},
		{"parameter", "GET /x?sig=abc&n=1", "GET /x?sig=[redacted]&n=1"},
		{"metrics stay", `coredump_crashes_total{class="other"} 12`, `coredump_crashes_total{class="other"} 12`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(Redact([]byte(tt.in))); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestWrite(t *testing.T) {
	var b bytes.Buffer
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	part := func(name, text string, err error) Part {
		return Part{name, func(context.Context) ([]byte, error) { return []byte(text), err }}
	}
	parts := []Part{
		part("config.yml", "password: hunter2\n", nil),
		part("metrics.txt", "", errors.New("connection refused by https://ada:hunter2@x")),
		part("long.txt", strings.Repeat("x", MaxPart+1), nil),
	}
	if err := Write(t.Context(), &b, "epicurve-exporter", at, parts); err != nil {
		t.Fatal(err)
	}
	got := unpack(t, &b)
	const folder = "epicurve-exporter-support-20260301T120000Z/"
	if got[folder+"config.yml"] != "password: [redacted]\n" {
		t.Errorf("config.yml is %q", got[folder+"config.yml"])
	}
	if got[folder+"metrics.txt.error.txt"] != "connection refused by https://[redacted]@x\n" {
		t.Errorf("metrics.txt.error.txt is %q", got[folder+"metrics.txt.error.txt"])
	}
	if long := got[folder+"long.txt"]; len(long) > MaxPart+100 || !strings.HasSuffix(long, "[cut here]\n") {
		t.Errorf("long.txt has %d bytes", len(long))
	}
	if len(got) != len(parts) {
		t.Errorf("%d files, want %d", len(got), len(parts))
	}
	if want := "config.yml, metrics.txt, long.txt"; Summary(parts) != want {
		t.Errorf("summary %q, want %q", Summary(parts), want)
	}
}

func unpack(t *testing.T, r io.Reader) map[string]string {
	t.Helper()
	zipped, err := gzip.NewReader(r)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for all := tar.NewReader(zipped); ; {
		h, err := all.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(all)
		if err != nil {
			t.Fatal(err)
		}
		files[h.Name] = string(content)
	}
}

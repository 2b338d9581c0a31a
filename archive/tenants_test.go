package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/epicurve/epicurve/archive/access"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/otlp"
	"github.com/epicurve/epicurve/pkg/query"
)

// holder is a token that may do everything within its tenant.
type holder struct {
	tenant, token string
	crashes       int
	p             *process
}

// marker is in every text of a tenant's crashes.
func (h holder) marker() string { return "of-" + h.tenant + "-only" }

// ask sends a request with the token and returns the whole reply.
func (h holder) ask(t *testing.T, method, path, contentType string, body []byte) (int, string) {
	t.Helper()
	req, err := http.NewRequest(method, h.p.url+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if h.token != "" {
		req.Header.Set("Authorization", "Bearer "+h.token)
	}
	req.Header.Set("Content-Type", contentType)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	reply, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(reply)
}

// fill sends the tenant's crashes, a slot of exposure, and an event of the ledger.
func (h holder) fill(t *testing.T, at time.Time) {
	t.Helper()
	records := make([]crash.Record, h.crashes)
	for i := range records {
		records[i] = crash.Record{
			ID:   crash.ID{9, byte(i)}, // the same ids in every tenant
			Time: at.Add(time.Duration(i) * time.Second), SchemaVersion: 1, Host: crash.Host{Name: "host-" + h.marker()},
			Finding: crash.Finding{Class: crash.Other, Kind: crash.KindAbort, Signature: "abort " + h.marker()},
			Process: crash.Process{Executable: "exe-" + h.marker()},
		}
	}
	slot := crash.Exposure{Host: crash.Host{Name: "host-" + h.marker()}, Start: at, Length: time.Hour, Covered: time.Hour}
	body, err := otlp.Marshal(records, []crash.Exposure{slot})
	if err != nil {
		t.Fatal(err)
	}
	if status, reply := h.ask(t, "POST", "/v1/logs", "application/x-protobuf", body); status != http.StatusOK {
		t.Fatalf("%s: ingest: %d %s", h.tenant, status, reply)
	}
	event := query.LedgerEvent{Actor: "ann", Cluster: h.cluster(), Action: query.ActionNote, Text: "note " + h.marker()}
	note, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	if status, reply := h.ask(t, "POST", "/api/v1/ledger", "application/json", note); status != http.StatusOK {
		t.Fatalf("%s: ledger: %d %s", h.tenant, status, reply)
	}
}

func (h holder) cluster() string { return "other/abort " + h.marker() }

// holders makes a tokens file with a token for each of three tenants.
func holders(t *testing.T, dir string) (path string, all []holder) {
	t.Helper()
	content := "tokens:\n"
	for i, name := range []string{"", "blue", "green"} {
		token, sum := access.NewToken()
		content += fmt.Sprintf("  - {name: token-%d, sha256: %s, roles: [admin]%s}\n", i, sum, map[bool]string{true: ", tenant: " + name}[name != ""])
		all = append(all, holder{tenant: name, token: token, crashes: 3 + 2*i})
	}
	all[0].tenant = "default"
	path = filepath.Join(dir, "tokens.yml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, all
}

// TestTenantsAreApart asks everything that the API describes with the token of
// each tenant: no reply holds a text of another's crashes, and every count is
// that of the own ones. Only one tenant may be open, so that each is closed and
// opened again and again.
func TestTenantsAreApart(t *testing.T) {
	dir := t.TempDir()
	tokens, all := holders(t, dir)
	p := start(t, filepath.Join(dir, "archive.duckdb"), "--auth.tokens-file", tokens, "--tenants.max-open", "1", "--backup.dir", filepath.Join(dir, "backups"))
	at := time.Now().UTC().Add(-time.Hour).Truncate(time.Second)
	for i := range all {
		all[i].p = p
		all[i].fill(t, at)
	}
	for _, h := range all {
		for _, other := range all {
			if other.tenant != h.tenant {
				h.seesNothingOf(t, other, at)
			}
		}
		h.counts(t, at)
	}
	if status, _ := (holder{p: p}).ask(t, "GET", "/metrics", "", nil); status != http.StatusUnauthorized {
		t.Errorf("/metrics without a token: %d, want 401: it counts a tenant's crashes", status)
	}
	for _, name := range []string{"blue", "green"} {
		if _, err := os.Stat(filepath.Join(dir, "tenants", name+".duckdb")); err != nil {
			t.Errorf("tenant %s has no file of its own: %v", name, err)
		}
	}
}

// requests are what the API takes, by path and method: of some routes several.
func (h holder) requests(t *testing.T, about holder, at time.Time) (requests [][3]string) {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]struct{}
	}
	if _, reply := h.ask(t, "GET", "/openapi.json", "", nil); json.Unmarshal([]byte(reply), &doc) != nil || len(doc.Paths) < 10 {
		t.Fatalf("description of the API: %s", reply)
	}
	for path, methods := range doc.Paths {
		for method := range methods {
			method = strings.ToUpper(method)
			switch {
			case path == "/api/v1/query":
				for _, kind := range query.Types() {
					for _, cluster := range []string{"", about.cluster(), h.cluster()} {
						req := query.Request{Type: kind, Cluster: cluster, Range: query.Range{From: at.Add(-time.Hour), To: at.Add(2 * time.Hour)}}
						if kind == query.TypeTimeseries || kind == query.TypeExposure {
							req.GroupBy = []string{"host.name"}
						}
						body, err := json.Marshal(req)
						if err != nil {
							t.Fatal(err)
						}
						requests = append(requests, [3]string{method, path, string(body)})
					}
				}
			case strings.Contains(path, "{name}"):
				for _, d := range []string{"host.name", "crash.signature", "process.executable.name"} {
					requests = append(requests, [3]string{method, strings.ReplaceAll(path, "{name}", d), ""})
				}
			case method == "GET", path == "/api/v1/admin/backup":
				requests = append(requests, [3]string{method, path, ""})
			}
		}
	}
	return requests
}

func (h holder) seesNothingOf(t *testing.T, other holder, at time.Time) {
	t.Helper()
	own := 0
	for _, r := range h.requests(t, other, at) {
		status, reply := h.ask(t, r[0], r[1], "application/json", []byte(r[2]))
		secrets := []string{other.marker()}
		if strings.Contains(r[2], other.cluster()) {
			// A reply may repeat the key that it was asked for; that is no knowledge.
			secrets = []string{"host-" + other.marker(), "exe-" + other.marker(), "note " + other.marker()}
		}
		for _, secret := range secrets {
			if strings.Contains(reply, secret) {
				t.Errorf("%s sees crashes of %s: %v: %d %s", h.tenant, other.tenant, r, status, reply)
			}
		}
		if strings.Contains(reply, h.marker()) {
			own++
		}
	}
	if own < 8 {
		t.Errorf("%s sees its own crashes in %d replies only", h.tenant, own)
	}
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(h.token), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out := command(t, "report", "--archive.url", h.p.url, "--archive.token-file", file, "--since", "1d")
	if code != exitOK || strings.Contains(out, other.marker()) || !strings.Contains(out, h.marker()) {
		t.Errorf("report of %s: exit %d: %s", h.tenant, code, out)
	}
}

// counts checks that the tenant counts its own crashes only.
func (h holder) counts(t *testing.T, at time.Time) {
	t.Helper()
	var st query.Status
	if _, reply := h.ask(t, "GET", "/api/v1/status", "", nil); json.Unmarshal([]byte(reply), &st) != nil || st.Records != int64(h.crashes) || st.Exposure != 1 {
		t.Errorf("%s: status %s, want %d records and 1 slot", h.tenant, reply, h.crashes)
	}
	body, err := json.Marshal(query.Request{Type: query.TypeTimeseries, Range: query.Range{From: at.Add(-time.Hour), To: at.Add(time.Hour)}})
	if err != nil {
		t.Fatal(err)
	}
	var ts query.Timeseries
	if _, reply := h.ask(t, "POST", "/api/v1/query", "application/json", body); json.Unmarshal([]byte(reply), &ts) != nil || len(ts.Series) != 1 || int(ts.Series[0].Total) != h.crashes {
		t.Errorf("%s: time series %s, want %d crashes", h.tenant, reply, h.crashes)
	}
	_, text := h.ask(t, "GET", "/metrics", "", nil)
	for _, want := range []string{
		fmt.Sprintf("epicurve_archive_records_ingested_total{via=\"otlp\"} %d\n", h.crashes),
		fmt.Sprintf("epicurve_archive_store_records %d\n", h.crashes), "epicurve_archive_exposure_ingested_total 1\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s: metrics lack %s", h.tenant, want)
		}
	}
}

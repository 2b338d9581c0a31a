package api

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/epicurve/epicurve/archive/access"
	"github.com/epicurve/epicurve/archive/ledger"
	"github.com/epicurve/epicurve/pkg/query"
)

const hookSecret = "it is what the sender knows"

// Payloads in the shape in which their tools send them, of two deployments each
// tool tells twice.
const (
	githubPayload = `{"action":"created","deployment_status":{"id":7,"state":"success","environment":"production","created_at":"2026-05-02T10:00:00Z","description":""},
		"deployment":{"id":3,"sha":"d6cd1e2bd19e03a81132a23b2025920577f84e37","ref":"v1.4.2","environment":"production","description":"Release\nFixes: other/abort in leafd","payload":{}},
		"repository":{"full_name":"acme/leafd","name":"leafd"}}`
	fluxPayload = `{"involvedObject":{"kind":"Kustomization","namespace":"flux-system","name":"leafd","uid":"x","apiVersion":"kustomize.toolkit.fluxcd.io/v1","resourceVersion":"1"},
		"severity":"info","timestamp":"2026-05-02T10:05:00Z","message":"Reconciliation finished in 1.2s","reason":"ReconciliationSucceeded",
		"metadata":{"kustomize.toolkit.fluxcd.io/revision":"main@sha1:d6cd1e2bd19e03a81132a23b2025920577f84e37","environment":"eu"},"reportingController":"kustomize-controller"}`
	argoPayload = `{"app":{"metadata":{"name":"leafd","namespace":"argocd"},"spec":{"destination":{"name":"us","namespace":"prod"}},
		"status":{"operationState":{"phase":"Succeeded","finishedAt":"2026-05-02T10:10:00Z","message":"successfully synced","syncResult":{"revision":"d6cd1e2bd19e03a81132a23b2025920577f84e37"}},
		"summary":{"images":["registry.example/leafd:v1.4.2"]}}}}`
)

func signature(body string) string {
	mac := hmac.New(sha256.New, []byte(hookSecret))
	mac.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func hook(t *testing.T, url, source, body string, header map[string]string) (int, Hooked) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, url+"/api/v1/hooks/"+source, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	reply, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var h Hooked
	if err := json.Unmarshal(reply, &h); err != nil {
		t.Fatalf("%s: %v", reply, err)
	}
	return resp.StatusCode, h
}

func hooks() access.Hooks {
	var all access.Hooks
	for _, source := range []string{"github", "flux", "argocd"} {
		all = append(all, access.Hook{Source: source, Secret: hookSecret})
	}
	return all
}

func TestDeployHooks(t *testing.T) {
	_, k := keys(t)
	url := serve(t, Config{Hooks: hooks(), Access: k})
	sends := []struct {
		source, body string
		header       map[string]string
		added        int
	}{
		{"github", githubPayload, map[string]string{"X-GitHub-Event": "deployment_status", "X-Hub-Signature-256": signature(githubPayload)}, 2},
		{"flux", fluxPayload, map[string]string{"X-Signature": signature(fluxPayload)}, 1},
		{"argocd", argoPayload, map[string]string{"Authorization": "Bearer " + hookSecret}, 1},
	}
	for _, s := range sends {
		if status, h := hook(t, url, s.source, s.body, s.header); status != http.StatusOK || h.Added != s.added {
			t.Errorf("%s: %d %+v, want %d events", s.source, status, h, s.added)
		}
		if status, h := hook(t, url, s.source, s.body, s.header); status != http.StatusOK || h.Added != 0 {
			t.Errorf("%s again: %d %+v, want none", s.source, status, h)
		}
		for name, header := range map[string]map[string]string{
			"unsigned": {"X-GitHub-Event": "deployment_status"}, "badly signed": {"X-Hub-Signature-256": signature("x"), "X-Signature": "sha256=zz", "Authorization": "Bearer x"},
		} {
			if status, _ := hook(t, url, s.source, s.body, header); status != http.StatusUnauthorized {
				t.Errorf("%s, %s: %d, want 401", s.source, name, status)
			}
		}
	}
	ping := `{"zen":"x"}`
	if status, h := hook(t, url, "github", ping, map[string]string{"X-GitHub-Event": "ping", "X-Hub-Signature-256": signature(ping)}); status != http.StatusOK || h.Ignored == "" {
		t.Errorf("ping: %d %+v", status, h)
	}
	if status, _ := hook(t, url, "github", "{", map[string]string{"X-GitHub-Event": "deployment_status", "X-Hub-Signature-256": signature("{")}); status != http.StatusBadRequest {
		t.Errorf("half a payload: %d, want 400", status)
	}
}

// TestDeploymentDatesAFix marks a fix that waits for its build, and deploys the
// build to two environments: the fix begins when the last one has it.
func TestDeploymentDatesAFix(t *testing.T) {
	url := serve(t, Config{Hooks: hooks()})
	c := client(t, url)
	waits := query.LedgerEvent{Actor: "ann", Cluster: "other/abort in leafd", Action: query.ActionFix, Text: "unwinder", Fix: &query.Fix{Builds: []string{"d6cd1e2"}}}
	kept, err := c.Append(t.Context(), []query.LedgerEvent{waits})
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []time.Time{{}, time.Date(2026, 5, 2, 10, 5, 0, 0, time.UTC), time.Date(2026, 5, 2, 10, 10, 0, 0, time.UTC)} {
		fixes := fixesOf(t, url, "other/abort in leafd")
		if len(fixes) != 1 || fixes[0].Event != kept[0].ID || !fixes[0].At.Equal(at) || fixes[0].Waiting != at.IsZero() {
			t.Errorf("fixes %+v, want one at %s", fixes, at)
		}
		if at.IsZero() {
			hook(t, url, "flux", fluxPayload, map[string]string{"X-Signature": signature(fluxPayload)})
			continue
		}
		hook(t, url, "argocd", argoPayload, map[string]string{"Authorization": "Bearer " + hookSecret})
	}
}

func fixesOf(t *testing.T, url, cluster string) []query.LedgerFix {
	t.Helper()
	resp, err := http.Get(url + "/api/v1/ledger")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var all query.LedgerEvents
	if err := json.NewDecoder(resp.Body).Decode(&all); err != nil {
		t.Fatal(err)
	}
	entry, _ := ledger.Fold(all.Events).Entry(cluster)
	return entry.Fixes
}

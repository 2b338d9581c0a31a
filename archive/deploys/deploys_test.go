package deploys_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/epicurve/epicurve/archive/deploys"
	"github.com/epicurve/epicurve/pkg/query"
)

const sha = "d6cd1e2bd19e03a81132a23b2025920577f84e37"

var at = time.Date(2026, 5, 2, 10, 0, 0, 0, time.UTC)

func github(state, description, payload string) string {
	return `{"deployment_status":{"id":7,"state":"` + state + `","environment":"production","created_at":"2026-05-02T10:00:00Z"},
		"deployment":{"id":3,"sha":"` + sha + `","ref":"v1.4.2","description":"` + description + `","payload":` + payload + `},"repository":{"full_name":"acme/leafd","name":"leafd"}}`
}

func TestRead(t *testing.T) {
	status := http.Header{"X-Github-Event": {"deployment_status"}}
	commits := []string{sha, sha[:12], sha[:7]}
	sorted := func(more ...string) []string {
		all := append(slices.Clone(commits), more...)
		slices.Sort(all)
		return all
	}
	for name, c := range map[string]struct {
		source, body string
		header       http.Header
		want         query.Deployment
		fixes        []string
	}{
		"github, fixes in its description": {
			"github", github("success", `Release\nFixes: other/a\n fixes: other/b in c`, `{}`), status,
			query.Deployment{At: at, Build: "v1.4.2", Aliases: sorted(), Service: "leafd", Environment: "production", Source: "github"},
			[]string{"other/a", "other/b in c"},
		},
		"github, our payload": {
			"github", github("success", "", `{"epicurve":{"build":"leafd-7","service":"leaf","fixes":["other/a"]}}`), status,
			query.Deployment{At: at, Build: "leafd-7", Aliases: sorted("v1.4.2"), Service: "leaf", Environment: "production", Source: "github"},
			[]string{"other/a"},
		},
		"github, a payload of text": {
			"github", github("success", "", `"{\"epicurve\":{\"build\":\"leafd-7\"}}"`), status,
			query.Deployment{At: at, Build: "leafd-7", Aliases: sorted("v1.4.2"), Service: "leafd", Environment: "production", Source: "github"},
			nil,
		},
		"flux, a chart": {
			"flux", `{"involvedObject":{"kind":"HelmRelease","namespace":"apps","name":"leafd"},"timestamp":"2026-05-02T10:00:00Z","message":"Helm upgrade succeeded",
				"reason":"UpgradeSucceeded","metadata":{"helm.toolkit.fluxcd.io/revision":"6.3.5","helm.toolkit.fluxcd.io/app-version":"v1.4.2","fixes":"other/a\nother/b","cluster":"eu"}}`, nil,
			query.Deployment{At: at, Build: "6.3.5", Aliases: []string{"v1.4.2"}, Service: "leafd", Environment: "eu", Source: "flux"},
			[]string{"other/a", "other/b"},
		},
		"argocd, images": {
			"argocd", `{"environment":"us","app":{"metadata":{"name":"leafd","annotations":{"epicurve.dev/fixes":"other/a"}},"status":{"operationState":{"phase":"Succeeded",
				"finishedAt":"2026-05-02T10:00:00Z","syncResult":{"revision":"` + sha + `"}},"summary":{"images":["r.example:5000/leafd:v1.4.2@sha256:00","r.example:5000/side"]}}}}`, nil,
			query.Deployment{At: at, Build: sha, Aliases: []string{sha[:7], sha[:12], "v1.4.2"}, Service: "leafd", Environment: "us", Source: "argocd"},
			[]string{"other/a"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := deploys.Read(c.source, c.header, []byte(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got.Deployment); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if !slices.Equal(c.fixes, got.Fixes) {
				t.Errorf("fixes %q, want %q", got.Fixes, c.fixes)
			}
			events := got.Events(at.Add(time.Hour))
			if len(events) != 1+len(c.fixes) {
				t.Fatalf("%d events", len(events))
			}
			for i, e := range events {
				if err := e.Validate(); err != nil {
					t.Error(err)
				}
				if again := got.Events(at.Add(9 * time.Hour)); again[i].ID != e.ID {
					t.Error("delivered again, an event has another id")
				}
			}
		})
	}
}

func TestWhatIsNoDeployment(t *testing.T) {
	status := http.Header{"X-Github-Event": {"deployment_status"}}
	for name, c := range map[string]struct {
		source, body string
		header       http.Header
		want         error
	}{
		"another event":     {"github", `{}`, http.Header{"X-Github-Event": {"push"}}, deploys.ErrIgnored},
		"still in progress": {"github", github("in_progress", "", "{}"), status, deploys.ErrIgnored},
		"no time":           {"github", strings.ReplaceAll(github("success", "", "{}"), "2026-05-02T10:00:00Z", "0001-01-01T00:00:00Z"), status, deploys.ErrMalformed},
		"failing":           {"flux", `{"reason":"HealthCheckFailed"}`, nil, deploys.ErrIgnored},
		"no build":          {"flux", `{"reason":"ReconciliationSucceeded","timestamp":"2026-05-02T10:00:00Z"}`, nil, deploys.ErrMalformed},
		"syncing":           {"argocd", `{"app":{"metadata":{"name":"x"},"status":{"operationState":{"phase":"Running"}}}}`, nil, deploys.ErrIgnored},
		"not our template":  {"argocd", `{"text":"synced"}`, nil, deploys.ErrMalformed},
		"not JSON":          {"argocd", `synced`, nil, deploys.ErrMalformed},
		"unknown source":    {"jenkins", `{}`, nil, deploys.ErrMalformed},
	} {
		if got, err := deploys.Read(c.source, c.header, []byte(c.body)); !errors.Is(err, c.want) {
			t.Errorf("%s: %+v, %v; want %v", name, got, err, c.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("github", []byte(github("success", "", "{}")))
	f.Add("flux", []byte(`{"reason":"UpgradeSucceeded","timestamp":"2026-05-02T10:00:00Z","metadata":{"revision":"main@sha1:x"}}`))
	f.Add("argocd", []byte(`{"app":{"metadata":{"name":"x"},"status":{"operationState":{"phase":"Succeeded"},"summary":{"images":["a:b@c:d","@",":"]}}}}`))
	f.Fuzz(func(t *testing.T, source string, body []byte) {
		got, err := deploys.Read(source, http.Header{"X-Github-Event": {"deployment_status"}}, body)
		if err == nil && (got.Build == "" || got.At.IsZero()) {
			t.Errorf("read without build or time: %+v", got)
		}
	})
}

package plugin

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/epicurve/epicurve/pkg/query"
)

// TestLedgerWriters checks who may write to the ledger through Grafana, over a
// real archive.
func TestLedgerWriters(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the archive")
	}
	url := startArchive(t)
	fill(t, url, outbreak(week.From), watched(week.From))
	ds := instance(t, url, nil)
	editor := &backend.User{Login: "erin", Role: "Editor"}
	const fix = `{"actor":"mallory","cluster":"return_to_null/return_to_null in leafd","action":"fix","text":"x","fix":{"at":"2026-03-08T00:00:00Z"}}`
	header := func(more ...string) map[string][]string {
		h := map[string][]string{"Content-Type": {"application/json; charset=utf-8"}}
		for i := 0; i+1 < len(more); i += 2 {
			h[more[i]] = []string{more[i+1]}
		}
		return h
	}
	for name, tt := range map[string]struct {
		method  string
		user    *backend.User
		headers map[string][]string
		body    string
		status  int
		says    string
	}{
		"editor":        {"POST", editor, header("Sec-Fetch-Site", "same-origin"), fix, 200, "Fix marked for return_to_null"},
		"admin":         {"POST", &backend.User{Login: "root", Role: "Admin"}, header(), fix, 200, `"actor":"root"`},
		"service":       {"POST", &backend.User{Login: "sa-1-deploy", Role: "Editor"}, header(), fix, 200, `"actor":"sa-1-deploy"`},
		"viewer":        {"POST", &backend.User{Login: "vic", Role: "Viewer"}, header(), fix, 403, "needs Editor"},
		"anonymous":     {"POST", &backend.User{Role: "Viewer"}, header(), fix, 403, "sign in"},
		"anonymous pro": {"POST", &backend.User{Role: "Editor"}, header(), fix, 403, "sign in"},
		"nobody":        {"POST", nil, header(), fix, 403, "sign in"},
		"other site":    {"POST", editor, header("Sec-Fetch-Site", "cross-site"), fix, 403, "another site"},
		"other port":    {"POST", editor, header("Sec-Fetch-Site", "same-site"), fix, 403, "another site"},
		"form":          {"POST", editor, map[string][]string{"Content-Type": {"application/x-www-form-urlencoded"}}, fix, 403, "application/json"},
		"text":          {"POST", editor, map[string][]string{"Content-Type": {"text/plain"}}, fix, 403, "application/json"},
		"link":          {"GET", editor, header(), "", 405, ""},
		"not JSON":      {"POST", editor, header(), "{", 400, "ledger event"},
		"huge":          {"POST", editor, header(), `"` + strings.Repeat("x", maxEvent) + `"`, 400, "larger than"},
		"no action":     {"POST", editor, header(), `{"cluster":"other"}`, 400, "action"},
		"wrong cluster": {"POST", editor, header(), `{"cluster":"nonsense","action":"note","text":"x"}`, 400, "cluster"},
	} {
		t.Run(name, func(t *testing.T) {
			got := call(t, ds, &backend.CallResourceRequest{Method: tt.method, Path: "ledger", URL: "ledger", Headers: tt.headers, Body: []byte(tt.body)}, tt.user)
			if got.Status != tt.status || !strings.Contains(string(got.Body), tt.says) {
				t.Errorf("answer = %d %s, want %d and %q", got.Status, got.Body, tt.status, tt.says)
			}
		})
	}
	t.Run("actor is the Grafana user", func(t *testing.T) {
		c, err := query.NewClient(url, nil)
		if err != nil {
			t.Fatal(err)
		}
		req := query.Request{Type: query.TypeLedger, Range: query.Range{From: week.From, To: week.To}}
		req.Normalize()
		answer, err := c.Ledger(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		actors := map[string]int{}
		for _, e := range answer.Entries {
			for _, f := range e.Fixes {
				actors[f.Actor]++
			}
		}
		if actors["mallory"] > 0 || actors["erin"] != 1 || actors["root"] != 1 || actors["sa-1-deploy"] != 1 {
			t.Errorf("fixes by actor = %v, want one each of erin, root, sa-1-deploy", actors)
		}
	})
}

// TestResourcesRefuse checks what the editors are told about bad requests.
func TestResourcesRefuse(t *testing.T) {
	broken := instance(t, "", nil)
	fine := instance(t, "http://"+freeAddress(t), nil)
	for name, tt := range map[string]struct {
		ds     *Datasource
		url    string
		status int
		says   string
	}{
		"settings":    {broken, "dimensions", 400, "URL of the crash archive is missing"},
		"unreachable": {fine, "dimensions", 502, "connection refused"},
		"no range":    {fine, "clusters", 400, "not a time in milliseconds"},
		"limit":       {fine, "clusters?from=1&to=2&limit=100000", 400, "limit"},
		"empty range": {fine, "clusters?from=2&to=2", 400, "range"},
	} {
		t.Run(name, func(t *testing.T) {
			path, _, _ := strings.Cut(tt.url, "?")
			got := call(t, tt.ds, &backend.CallResourceRequest{Method: "GET", Path: path, URL: tt.url}, nil)
			var body struct{ Message string }
			if err := json.Unmarshal(got.Body, &body); err != nil || got.Status != tt.status || !strings.Contains(body.Message, tt.says) {
				t.Errorf("answer = %d %s, want %d and %q", got.Status, got.Body, tt.status, tt.says)
			}
		})
	}
}

// call makes a resource call as a user.
func call(t *testing.T, ds *Datasource, req *backend.CallResourceRequest, user *backend.User) *backend.CallResourceResponse {
	t.Helper()
	req.PluginContext = pluginContext("")
	req.PluginContext.User = user
	ctx := backend.WithUser(context.WithoutCancel(t.Context()), user)
	var got *backend.CallResourceResponse
	send := backend.CallResourceResponseSenderFunc(func(r *backend.CallResourceResponse) error {
		got = r
		return nil
	})
	if err := ds.CallResource(ctx, req, send); err != nil {
		t.Fatal(err)
	}
	return got
}
